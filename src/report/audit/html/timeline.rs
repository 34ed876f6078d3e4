//! When what ends: a bar for each credential, its nodes together, the earliest end first.

use std::collections::BTreeMap;

use time::{Date, Duration, Month, OffsetDateTime};

use super::drawing::Drawing;
use super::stock::{State, Stock};
use crate::moment::date;

/// More bars than this are not drawn.
const BARS: usize = 40;

/// The time that is drawn at least, so that what is left of a day is not blown up to a page.
const SHORTEST: Duration = Duration::days(90);

/// The time that is drawn at most: beyond it an arrow says that it goes on.
const LONGEST: Duration = Duration::days(5 * 365);

/// What is drawn as one bar.
#[derive(Debug)]
struct Bar {
    name: String,
    begin: OffsetDateTime,
    /// The earliest end.
    end: OffsetDateTime,
    /// The latest end.
    last: OffsetDateTime,
    count: usize,
    authority: bool,
}

/// The bars in two shapes: wide, and for a narrow window.
#[derive(Debug)]
pub struct Timeline {
    /// The names beside the bars.
    pub wide: Drawing,
    /// The names above the bars.
    pub narrow: Drawing,
    /// What is not drawn.
    pub rest: Option<String>,
}

impl Timeline {
    /// Draws when certificates end.
    #[must_use]
    pub fn of(stock: &[Stock<'_>], now: OffsetDateTime) -> Self {
        let mut bars = bars(stock);
        let rest = bars.get(BARS).map(|first| {
            let more = bars.len() - BARS;
            format!("{more} more end no earlier than {}.", date(first.end))
        });
        bars.truncate(BARS);
        let axis = Axis::of(&bars, now);
        let draw = |shape: &Shape| draw(&bars, &axis, now, shape);
        Self { wide: draw(&WIDE), narrow: draw(&NARROW), rest }
    }

    /// Whether there is nothing to draw.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wide.shapes.is_empty()
    }
}

fn bars(stock: &[Stock<'_>]) -> Vec<Bar> {
    let mut bars: BTreeMap<(bool, usize, String), Bar> = BTreeMap::new();
    for one in stock {
        let certificate = one.certificate;
        let (begin, end) = (certificate.not_before, certificate.not_after);
        let (name, authority) = (one.name(), certificate.is_ca());
        let bar = bars.entry((authority, one.view(), name.clone())).or_insert_with(|| Bar {
            name,
            begin,
            end,
            last: end,
            count: 0,
            authority,
        });
        (bar.begin, bar.end, bar.last) = (bar.begin.min(begin), bar.end.min(end), bar.last.max(end));
        bar.count += 1;
    }
    let mut bars: Vec<Bar> = bars.into_values().collect();
    bars.sort_by_key(|bar| bar.end);
    bars
}

/// From when until when is drawn.
struct Axis {
    begin: OffsetDateTime,
    end: OffsetDateTime,
}

impl Axis {
    /// Up to the last end of what a CA signs, since that is what has to be watched, and some days of the past.
    fn of(bars: &[Bar], now: OffsetDateTime) -> Self {
        let leaves = || bars.iter().filter(|bar| !bar.authority);
        let last = leaves().map(|bar| bar.last).max().or_else(|| bars.iter().map(|bar| bar.last).max());
        let left = last.map_or(SHORTEST, |last| last - now).clamp(SHORTEST, LONGEST);
        let first = bars.iter().map(|bar| bar.end).min().unwrap_or(now);
        // Something that has expired is in the picture, unless that was long ago.
        let over: Duration = (now - first).clamp(Duration::ZERO, LONGEST) + left / 12;
        let shift = |span: Duration| now.checked_add(span).unwrap_or(now);
        Self { begin: shift(-over), end: shift(left + left / 12) }
    }

    /// Where a moment is, in thousandths of the axis; outside of it below 0 or above 1000.
    fn place(&self, moment: OffsetDateTime) -> i64 {
        let whole = (self.end - self.begin).whole_seconds().max(1);
        (moment - self.begin).whole_seconds().clamp(-whole, 2 * whole) * 1000 / whole
    }

    /// First days of months, few enough to be told apart.
    fn ticks(&self, most: usize) -> Vec<Date> {
        let (first, last) = (self.begin.date(), self.end.date());
        let january = first.year() * 12;
        let begin = |month: i32| {
            let name = Month::January.nth_next(u8::try_from(month.rem_euclid(12)).unwrap_or_default());
            Date::from_calendar_date(month.div_euclid(12), name, 1).ok()
        };
        // In months.
        for step in [1, 3, 6, 12, 24, 60, 120] {
            let dates = (january..).step_by(step).map_while(begin).take_while(|date| *date <= last);
            let ticks: Vec<Date> = dates.filter(|date| *date >= first).collect();
            if ticks.len() <= most {
                return ticks;
            }
        }
        Vec::new()
    }
}

/// The measures of a drawing.
struct Shape {
    width: i64,
    /// Where the axis begins and ends.
    left: i64,
    right: i64,
    row: i64,
    /// How far below the top of its row a bar is.
    bar: i64,
    /// How many ticks there is room for.
    ticks: usize,
    stacked: bool,
}

const WIDE: Shape = Shape { width: 960, left: 270, right: 800, row: 26, bar: 6, ticks: 7, stacked: false };
const NARROW: Shape = Shape { width: 360, left: 4, right: 340, row: 42, bar: 22, ticks: 4, stacked: true };

impl Shape {
    /// Where each row begins.
    fn rows(&self) -> impl Iterator<Item = i64> {
        (TOP..).step_by(usize::try_from(self.row).unwrap_or(1))
    }

    /// A line from the axis down to the last bar; where names stand above the bars, it is interrupted by them.
    fn upright(&self, drawing: &mut Drawing, x: i64, bottom: i64, class: &'static str) {
        drawing.line((x, TOP - 6), (x, if self.stacked { TOP } else { bottom + 4 }), class);
        if self.stacked {
            for top in self.rows().take_while(|top| *top < bottom) {
                drawing.line((x, top + self.bar - 3), (x, top + self.bar + THICK + 3), class);
            }
        }
    }
}

/// The height of a bar.
const THICK: i64 = 12;

/// The height of the axis.
const TOP: i64 = 28;

fn draw(bars: &[Bar], axis: &Axis, now: OffsetDateTime, shape: &Shape) -> Drawing {
    let mut drawing = Drawing::new(shape.width);
    if bars.is_empty() {
        return drawing;
    }
    let rows = i64::try_from(bars.len()).unwrap_or_default();
    let bottom = TOP + rows * shape.row;
    drawing.height = bottom + 24;
    let room = shape.right - shape.left;
    let x = |moment: OffsetDateTime| shape.left + axis.place(moment).clamp(0, 1000) * room / 1000;
    for tick in axis.ticks(shape.ticks) {
        let at = x(tick.midnight().assume_utc());
        shape.upright(&mut drawing, at, bottom, "grid");
        let text = tick.to_string();
        let text = text.get(..7).unwrap_or(&text);
        if at > shape.left + 26 && at < shape.right - 26 {
            drawing.anchored(at, TOP - 10, "middle", "muted", text, 80);
        }
    }
    for (bar, top) in bars.iter().zip(shape.rows()) {
        draw_bar(&mut drawing, bar, (axis, now, shape), top);
    }
    let today = x(now);
    shape.upright(&mut drawing, today, bottom, "now");
    let anchor = if today < shape.left + 90 { "start" } else { "middle" };
    drawing.anchored(today, bottom + 18, anchor, "now-text", &date(now), 120);
    drawing
}

fn draw_bar(drawing: &mut Drawing, bar: &Bar, (axis, now, shape): (&Axis, OffsetDateTime, &Shape), top: i64) {
    let room = shape.right - shape.left;
    let x = |moment: OffsetDateTime| shape.left + axis.place(moment).clamp(0, 1000) * room / 1000;
    let state = State::of(bar.begin, bar.end, now);
    let class = match state.class {
        "bad" => "bar bad",
        "warn" => "bar warn",
        _ if bar.authority => "bar authority",
        _ => "bar good",
    };
    let several = if bar.count > 1 { format!(" ×{}", bar.count) } else { String::new() };
    let name = format!("{}{several}", bar.name);
    let ends = if bar.last - bar.end < Duration::days(1) {
        date(bar.end)
    } else {
        format!("from {}", date(bar.end))
    };
    let (y, text_class) = (top + shape.bar, if state.class == "bad" { "bad" } else { "label" });
    if shape.stacked {
        drawing.text(shape.left, top + 15, text_class, &name, 216);
        drawing.anchored(shape.width - 4, top + 15, "end", "muted", &ends, 150);
    } else {
        drawing.anchored(shape.left - 10, y + 10, "end", text_class, &name, shape.left - 14);
        drawing.text(shape.right + 18, y + 10, "muted", &ends, shape.width - shape.right - 18);
    }
    let (begin, end) = (x(bar.begin), x(bar.end));
    drawing.rect(begin, y, (end - begin).max(3), THICK, class);
    // What some of them have more than the first to end.
    let last = x(bar.last);
    if last > end + 3 {
        drawing.rect(end, y + THICK / 4, last - end, THICK / 2, class);
    }
    if axis.place(bar.last) > 1000 {
        drawing.arrow((shape.right, y + THICK / 2), (shape.right + 12, y + THICK / 2), "edge");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn an_axis_of_any_length_has_few_ticks() {
        for (begin, end) in [
            (datetime!(2026-11-01 0:00 UTC), datetime!(2027-02-01 0:00 UTC)),
            (datetime!(2026-11-01 0:00 UTC), datetime!(2036-02-01 0:00 UTC)),
            (datetime!(9999-01-01 0:00 UTC), datetime!(9999-12-31 0:00 UTC)),
        ] {
            let axis = Axis { begin, end };
            let ticks = axis.ticks(7);
            assert!((1..=7).contains(&ticks.len()), "{ticks:?}");
            assert_eq!((axis.place(begin), axis.place(end)), (0, 1000));
        }
    }
}
