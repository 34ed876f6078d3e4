//! Boxes and arrows: CAs with what they have signed and who believes them, on sheets.

use std::ops::Range;

use super::drawing::{Drawing, Shape};

/// As many CAs as fit on a page that is printed, in two shapes: wide, and for a narrow window.
#[derive(Debug)]
pub struct Sheet {
    /// Who believes it on the left, the CA, what it has signed on the right.
    pub wide: Drawing,
    /// One below the other.
    pub narrow: Drawing,
}

/// A CA with its surroundings.
#[derive(Debug)]
pub struct Lane {
    /// The CA.
    pub head: Card,
    /// The position of the CA that has signed it, and that is drawn before it.
    pub parent: Option<usize>,
    /// What it has signed.
    pub signed: Vec<Card>,
    /// Who believes it.
    pub believed: Vec<Card>,
}

/// A box with text.
#[derive(Clone, Debug)]
pub struct Card {
    /// The lines, the first of which names it.
    pub lines: Vec<String>,
    /// The class of the box.
    pub class: &'static str,
}

/// The width of a column of the wide drawing, and of the space between two.
const COLUMN: i64 = 266;
const SPACE: i64 = 80;

/// The space in which a line turns past the boxes.
const TURN: i64 = 16;

/// What is left free at the edges, and between boxes.
const EDGE: i64 = 2;
const GAP: i64 = 8;

/// Between two lanes.
const LANE_GAP: i64 = 34;

/// The height of a drawing that fits on a page of A4 below a heading, in hundredths of its width.
const SHEET: i64 = 125;

/// The height of a line of text, and of a box beside its lines.
const LINE: i64 = 17;
const PADDING: i64 = 14;

impl Card {
    fn height(&self) -> i64 {
        i64::try_from(self.lines.len()).unwrap_or_default() * LINE + PADDING
    }

    fn draw(&self, drawing: &mut Drawing, x: i64, y: i64, width: i64) {
        drawing.rect(x, y, width, self.height(), self.class);
        for (index, (line, base)) in self.lines.iter().zip((y + 20..).step_by(17)).enumerate() {
            let class = match index {
                0 if self.class == "more" => "muted",
                0 => "label",
                _ => "muted",
            };
            drawing.text(x + 10, base, class, line, width - 20);
        }
    }
}

impl Lane {
    fn height(&self) -> i64 {
        self.head.height().max(column(&self.signed)).max(column(&self.believed))
    }
}

/// Draws CAs on as many sheets as they need.
pub fn sheets(lanes: &[Lane]) -> Vec<Sheet> {
    // Where nobody is known to believe any of them, that column is left out.
    let believed = lanes.iter().any(|lane| !lane.believed.is_empty());
    let most = width(believed) * SHEET / 100;
    let mut sheets = Vec::new();
    let mut begin = 0;
    let mut height = 0;
    for (index, lane) in lanes.iter().enumerate() {
        let own = lane.height() + LANE_GAP;
        if height > 0 && height + own > most {
            sheets.push(begin..index);
            (begin, height) = (index, 0);
        }
        height += own;
    }
    sheets.push(begin..lanes.len());
    let sheet = |range: Range<usize>| {
        let some = lanes.get(range.clone()).filter(|some| !some.is_empty())?;
        Some(Sheet { wide: wide(some, range.start, believed), narrow: narrow(some) })
    };
    sheets.into_iter().filter_map(sheet).collect()
}

fn column(cards: &[Card]) -> i64 {
    cards.iter().map(|card| card.height() + GAP).sum::<i64>() - if cards.is_empty() { 0 } else { GAP }
}

/// The width of the wide drawing.
fn width(believed: bool) -> i64 {
    let middle = if believed { COLUMN + SPACE } else { TURN };
    EDGE + middle + COLUMN + SPACE + COLUMN + EDGE
}

/// `first` is the position of the first of these CAs among all.
fn wide(lanes: &[Lane], first: usize, believed: bool) -> Drawing {
    let left = EDGE;
    let middle = if believed { left + COLUMN + SPACE } else { left + TURN };
    let right = middle + COLUMN + SPACE;
    let mut drawing = Drawing::new(width(believed));
    let mut top = EDGE;
    let mut heads: Vec<(i64, i64)> = Vec::new();
    for lane in lanes {
        let height = lane.height();
        let head = top + (height - lane.head.height()) / 2;
        let center = top + height / 2;
        for (cards, x, from, class) in
            [(&lane.believed, left, middle, "edge believes"), (&lane.signed, right, middle + COLUMN, "edge")]
        {
            let mut y = top + (height - column(cards)) / 2;
            for card in cards {
                let to = if x < from { x + COLUMN } else { x };
                drawing.arrow((from, center), (to, y + card.height() / 2), class);
                card.draw(&mut drawing, x, y, COLUMN);
                y += card.height() + GAP;
            }
        }
        if let Some((_, from)) = lane.parent.and_then(|parent| heads.get(parent.checked_sub(first)?)) {
            // Past the boxes of its siblings.
            let x = middle - TURN + 2;
            let d = format!("M{middle} {from} H{x} V{} H{}", head + 14, middle - 1);
            drawing.shapes.push(Shape::Path { d, class: "edge" });
        }
        lane.head.draw(&mut drawing, middle, head, COLUMN);
        heads.push((head, head + lane.head.height() - 14));
        top += height + LANE_GAP;
    }
    drawing.height = (top - LANE_GAP + EDGE).max(0);
    drawing
}

fn narrow(lanes: &[Lane]) -> Drawing {
    let mut drawing = Drawing::new(360);
    let width = drawing.width - 2 * EDGE;
    let mut top = EDGE;
    for lane in lanes {
        lane.head.draw(&mut drawing, EDGE, top, width);
        let begin = top + lane.head.height();
        top = begin + GAP;
        for (heading, cards, class) in
            [("is believed by", &lane.believed, "edge believes"), ("has signed", &lane.signed, "edge")]
        {
            if cards.is_empty() {
                continue;
            }
            drawing.text(EDGE + 34, top + 13, "muted", heading, width - 40);
            top += 22;
            for card in cards {
                let middle = top + card.height() / 2;
                drawing.line((EDGE + 16, begin), (EDGE + 16, middle), class);
                drawing.line((EDGE + 16, middle), (EDGE + 34, middle), class);
                card.draw(&mut drawing, EDGE + 34, top, width - 34);
                top += card.height() + GAP;
            }
        }
        top += LANE_GAP - GAP;
    }
    drawing.height = (top - LANE_GAP + EDGE).max(0);
    drawing
}
