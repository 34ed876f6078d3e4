//! Drawings as lists of shapes; the template makes SVG of them.

use textwrap::core::display_width;

use crate::report::style::short;

/// A drawing.
#[derive(Debug, Default)]
pub struct Drawing {
    /// Its width, in its own units.
    pub width: i64,
    /// Its height.
    pub height: i64,
    /// What is on it, from back to front.
    pub shapes: Vec<Shape>,
}

/// Something on a drawing; the classes are those of the style sheet.
#[allow(missing_docs, reason = "the names are SVG's")]
#[derive(Debug)]
pub enum Shape {
    Rect { x: i64, y: i64, width: i64, height: i64, class: &'static str },
    Line { x1: i64, y1: i64, x2: i64, y2: i64, class: &'static str },
    Path { d: String, class: &'static str },
    Text { x: i64, y: i64, anchor: &'static str, class: &'static str, text: String, title: Option<String> },
}

impl Drawing {
    /// An empty drawing.
    #[must_use]
    pub fn new(width: i64) -> Self {
        Self { width, ..Self::default() }
    }

    /// A box with rounded corners.
    pub fn rect(&mut self, x: i64, y: i64, width: i64, height: i64, class: &'static str) {
        self.shapes.push(Shape::Rect { x, y, width, height, class });
    }

    /// A straight line.
    pub fn line(&mut self, from: (i64, i64), to: (i64, i64), class: &'static str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.shapes.push(Shape::Line { x1, y1, x2, y2, class });
    }

    /// A curve that leaves and arrives level, with an arrow at its end.
    pub fn arrow(&mut self, from: (i64, i64), to: (i64, i64), class: &'static str) {
        let middle = i64::midpoint(from.0, to.0);
        let d = format!("M{} {} C{middle} {} {middle} {} {} {}", from.0, from.1, from.1, to.1, to.0, to.1);
        self.shapes.push(Shape::Path { d, class });
        let back = if to.0 > from.0 { to.0 - HEAD } else { to.0 + HEAD };
        let d = format!("M{} {} L{} {} L{back} {}", back, to.1 - HEAD / 2, to.0, to.1, to.1 + HEAD / 2);
        self.shapes.push(Shape::Path { d, class });
    }

    /// Text that is cut where it is wider than `room`; the whole can be had by pointing at it.
    pub fn text(&mut self, x: i64, y: i64, class: &'static str, text: &str, room: i64) {
        self.anchored(x, y, "start", class, text, room);
    }

    /// The same, with the point at its `anchor`: start, middle or end.
    pub fn anchored(
        &mut self,
        x: i64,
        y: i64,
        anchor: &'static str,
        class: &'static str,
        text: &str,
        room: i64,
    ) {
        let character = if class == "label" || class == "bad" { BOLD } else { USUAL };
        let (text, whole) = fit(text, usize::try_from(room * 10 / character).unwrap_or_default());
        self.shapes.push(Shape::Text { x, y, anchor, class, text, title: whole });
    }
}

/// The length of an arrow's head.
const HEAD: i64 = 8;

/// Tenths of the width of a character in text of 13 units in bold, and of 12 units: in a wide face such as DejaVu Sans.
const BOLD: i64 = 88;
const USUAL: i64 = 70;

/// Of a text that is cut, so much can be had by pointing at it.
const WHOLE: usize = 400;

/// Text that fits into so many columns, and the whole if it was cut.
fn fit(text: &str, columns: usize) -> (String, Option<String>) {
    let text = short(text, WHOLE);
    if display_width(&text) <= columns {
        return (text, None);
    }
    let mut cut = String::new();
    for character in text.chars() {
        if display_width(&cut) + display_width(character.encode_utf8(&mut [0; 4])) >= columns {
            break;
        }
        cut.push(character);
    }
    cut.push('…');
    (cut, Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_to_its_columns() {
        for (text, columns, short, cut) in [
            ("apiserver", 9, "apiserver", false),
            ("apiserver", 8, "apiserv…", true),
            ("日本語", 5, "日本…", true),
            ("a\u{202e}b", 20, "a\\u{202e}b", false),
            ("abc", 0, "…", true),
        ] {
            let (text, whole) = fit(text, columns);
            assert_eq!((text.as_str(), whole.is_some()), (short, cut));
        }
    }
}
