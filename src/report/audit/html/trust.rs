//! Who signed whom, and who believes it: each CA with what it has signed, and with those who let in whoever shows a
//! certificate of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use indexmap::IndexMap;
use rayon::prelude::*;
use time::OffsetDateTime;

use super::drawing::Drawing;
use super::stock::{Keys, State, Stock, Worst};
use crate::moment::date;
use crate::report::audit::AuditReport;
use crate::x509::{Certificate, ExtendedKeyUsage};

/// More CAs than this are not drawn.
const LANES: usize = 24;

/// Of more credentials or endpoints than this, only some are drawn.
const BOXES: usize = 12;

/// A CA with its surroundings.
#[derive(Debug)]
struct Lane {
    head: Card,
    /// The position of the CA that has signed it, and that is drawn before it.
    parent: Option<usize>,
    signed: Vec<Card>,
    believed: Vec<Card>,
}

/// A box with text.
#[derive(Clone, Debug)]
struct Card {
    lines: Vec<String>,
    class: &'static str,
}

/// Who lets in whoever shows a certificate of a CA.
#[derive(Clone, Debug)]
pub struct Believer {
    /// Who: `API servers`.
    pub name: String,
    /// On which nodes.
    pub nodes: Vec<String>,
}

/// The CAs with their surroundings.
#[derive(Debug)]
pub struct Trust {
    /// The drawings, one below the other.
    pub sheets: Vec<Sheet>,
    /// What is not drawn.
    pub rest: Option<String>,
}

/// As many CAs as fit on a page that is printed, in two shapes: wide, and for a narrow window.
#[derive(Debug)]
pub struct Sheet {
    /// Who believes it on the left, the CA, what it has signed on the right.
    pub wide: Drawing,
    /// One below the other.
    pub narrow: Drawing,
}

impl Trust {
    /// Draws the CAs of a stock. `believers` says for a CA who believes it.
    #[must_use]
    pub fn of(
        report: &AuditReport,
        stock: &[Stock<'_>],
        keys: &Keys<'_>,
        now: OffsetDateTime,
        believers: impl Fn(&Certificate) -> Vec<Believer>,
    ) -> Self {
        let mut lanes = Lanes { stock, keys, now, worst: Worst::of(report), all: Vec::new() };
        lanes.fill(believers);
        let lanes = lanes.all;
        let drawn = lanes.get(..LANES).unwrap_or(&lanes);
        let more = lanes.len() - drawn.len();
        let rest = (more > 0).then(|| format!("{more} more CAs are in the inventory."));
        Self { sheets: sheets(drawn), rest }
    }
}

struct Lanes<'a> {
    stock: &'a [Stock<'a>],
    keys: &'a Keys<'a>,
    now: OffsetDateTime,
    worst: Worst<'a>,
    all: Vec<Lane>,
}

impl Lanes<'_> {
    fn fill(&mut self, believers: impl Fn(&Certificate) -> Vec<Believer>) {
        let issuers = issuers(self.stock);
        let mut children: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for (index, issuer) in issuers.iter().enumerate() {
            children.entry(*issuer).or_default().push(index);
        }
        let nobody = Vec::new();
        let signed_by = |index: usize| children.get(&Some(index)).unwrap_or(&nobody);
        let is_ca = |index: &usize| self.stock.get(*index).is_some_and(|one| one.certificate.is_ca());
        // Roots, and CAs whose issuer is not there; below each the CAs that it has signed.
        let top = (0..self.stock.len())
            .filter(is_ca)
            .filter(|index| issuers.get(*index).copied().flatten().is_none_or(|issuer| issuer == *index));
        let mut open: Vec<(usize, Option<usize>)> = top.map(|index| (index, None)).rev().collect();
        let mut drawn: HashSet<usize> = HashSet::new();
        let mut lanes: Vec<Lane> = Vec::new();
        while let Some((index, parent)) = open.pop() {
            let Some(one) = self.stock.get(index) else { continue };
            if !drawn.insert(index) {
                continue;
            }
            let signed: Vec<usize> =
                signed_by(index).iter().copied().filter(|other| *other != index).collect();
            let position = lanes.len();
            open.extend(signed.iter().copied().filter(is_ca).rev().map(|child| (child, Some(position))));
            lanes.push(Lane {
                head: self.head(one, issuers.get(index).copied().flatten() == Some(index)),
                parent,
                signed: self.groups(&signed),
                believed: believed(&believers(one.certificate)),
            });
        }
        // What is left over: leaves that nobody here has signed, by the name of who did.
        let mut strangers: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for index in children.get(&None).unwrap_or(&nobody).iter().copied().filter(|index| !is_ca(index)) {
            let Some(one) = self.stock.get(index) else { continue };
            let certificate = one.certificate;
            let name = if certificate.is_self_issued() {
                "nobody: signed by themselves".to_owned()
            } else {
                certificate.issuer.to_string()
            };
            strangers.entry(name).or_default().push(index);
        }
        for (name, signed) in strangers {
            let lines = vec![name, "not among the files".to_owned()];
            let head = Card { lines, class: "stranger" };
            lanes.push(Lane { head, parent: None, signed: self.groups(&signed), believed: Vec::new() });
        }
        self.all = lanes;
    }

    fn head(&self, one: &Stock<'_>, root: bool) -> Card {
        let certificate = one.certificate;
        let state = State::of(certificate.not_before, certificate.not_after, self.now);
        let signed = if root { String::new() } else { format!("signed by {}", certificate.issuer) };
        let mut lines = vec![
            certificate.subject.to_string(),
            format!("{}, until {}", certificate.public_key, date(certificate.not_after)),
            self.keys.place(&certificate.public_key),
        ];
        lines.extend((!signed.is_empty()).then_some(signed));
        let class = if state.class == "bad" { "bad" } else { self.worst.class(one) };
        Card { lines, class: if class == "plain" { "authority" } else { class } }
    }

    /// What a CA has signed: what has one name is one box.
    fn groups(&self, signed: &[usize]) -> Vec<Card> {
        let mut groups: IndexMap<String, Vec<&Stock<'_>>> = IndexMap::new();
        for one in signed.iter().filter_map(|index| self.stock.get(*index)) {
            groups.entry(one.name()).or_default().push(one);
        }
        let mut cards: Vec<Card> = groups.iter().map(|(name, all)| self.card(name, all)).collect();
        // What is wrong is drawn, whatever else is not.
        cards.sort_by_key(|card| match card.class {
            "bad" => 0,
            "warn" => 1,
            _ => 2,
        });
        bounded(cards)
    }

    fn card(&self, name: &str, all: &[&Stock<'_>]) -> Card {
        let count = if all.len() > 1 { format!(" ×{}", all.len()) } else { String::new() };
        let end = all.iter().map(|one| one.certificate.not_after).min().unwrap_or(self.now);
        let expired = end < self.now;
        let purpose = all.first().map_or("", |one| purpose(one.certificate));
        let until = if expired { "expired" } else { "until" };
        let classes: Vec<&str> = all.iter().map(|one| self.worst.class(one)).collect();
        let worst = ["bad", "warn"].into_iter().find(|class| classes.contains(class));
        Card {
            lines: vec![format!("{name}{count}"), format!("{purpose}, {until} {}", date(end))],
            class: if expired { "bad" } else { worst.unwrap_or("plain") },
        }
    }
}

fn believed(believers: &[Believer]) -> Vec<Card> {
    let card = |believer: &Believer| {
        let nodes = match &believer.nodes[..] {
            [] => String::new(),
            [one] => format!("on {one}"),
            [one, two] => format!("on {one} and {two}"),
            [first, .., last] => format!("on {} nodes, {first} to {last}", believer.nodes.len()),
        };
        let lines = [believer.name.clone(), nodes].into_iter().filter(|line| !line.is_empty());
        Card { lines: lines.collect(), class: "plain" }
    };
    bounded(believers.iter().map(card).collect())
}

fn bounded(mut cards: Vec<Card>) -> Vec<Card> {
    if cards.len() > BOXES {
        let more = cards.len() - (BOXES - 1);
        cards.truncate(BOXES - 1);
        cards.push(Card { lines: vec![format!("and {more} more")], class: "more" });
    }
    cards
}

fn purpose(certificate: &Certificate) -> &'static str {
    let serves = |usage: &ExtendedKeyUsage| certificate.usages.extended.contains(usage);
    match (serves(&ExtendedKeyUsage::ServerAuth), serves(&ExtendedKeyUsage::ClientAuth)) {
        _ if certificate.is_ca() => "CA",
        (true, true) => "server, client",
        (true, false) => "server",
        (false, true) => "client",
        (false, false) => "no purpose named",
    }
}

/// The position of the CA that has signed each certificate: one whose name it has for its issuer, and whose key verifies
/// its signature.
fn issuers(stock: &[Stock<'_>]) -> Vec<Option<usize>> {
    let mut names: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, one) in stock.iter().enumerate() {
        let certificate = one.certificate;
        if certificate.is_ca() || certificate.is_self_issued() {
            names.entry(certificate.subject.as_der()).or_default().push(index);
        }
    }
    let signed = |certificate: &Certificate, index: &usize| {
        let issuer = stock.get(*index).map(|one| one.certificate);
        issuer.is_some_and(|issuer| certificate.verify_signature(&issuer.public_key).is_ok())
    };
    let issuer = |one: &Stock<'_>| {
        let candidates = names.get(one.certificate.issuer.as_der())?;
        // Of thousands of CAs of one name, not every one is tried.
        candidates.iter().take(CANDIDATES).find(|index| signed(one.certificate, index)).copied()
    };
    let found: Vec<Option<usize>> = stock.par_iter().map(issuer).collect();
    // A certificate that is no CA and verifies with its own key is signed by nobody else.
    let nobody = |(index, issuer): (usize, Option<usize>)| {
        issuer.filter(|issuer| {
            stock.get(*issuer).is_some_and(|one| one.certificate.is_ca()) || *issuer != index
        })
    };
    found.into_iter().enumerate().map(nobody).collect()
}

/// More CAs of one name than any cluster has.
const CANDIDATES: usize = 16;

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

fn sheets(lanes: &[Lane]) -> Vec<Sheet> {
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
            drawing.shapes.push(super::drawing::Shape::Path { d, class: "edge" });
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
