//! Who signed whom, and who believes it: each CA with what it has signed, and with those who let in whoever shows a
//! certificate of it.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;
use time::OffsetDateTime;

use super::sheet::{Card, Lane, Sheet, sheets};
use super::stock::{Keys, State, Stock, Worst};
use crate::moment::date;
use crate::report::audit::AuditReport;
use crate::x509::{Certificate, ExtendedKeyUsage, chain};

/// More CAs than this are not drawn.
const LANES: usize = 24;

/// Of more credentials or endpoints than this, only some are drawn.
const BOXES: usize = 12;

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

/// The position of the CA that has signed each certificate.
fn issuers(stock: &[Stock<'_>]) -> Vec<Option<usize>> {
    let certificates: Vec<&Certificate> = stock.iter().map(|one| one.certificate).collect();
    let found = chain::issuers(&certificates).into_iter().enumerate();
    // A certificate that is no CA and verifies with its own key is signed by nobody else.
    let is_ca = |position: usize| certificates.get(position).is_some_and(|ca| ca.is_ca());
    found.map(|(own, issuer)| issuer.filter(|issuer| *issuer != own || is_ca(own))).collect()
}
