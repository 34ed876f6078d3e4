//! Every certificate once, with all the places where it stands.

use std::collections::HashMap;
use std::path::Path;

use indexmap::IndexMap;
use time::{Duration, OffsetDateTime};

use crate::audit::{Scene, Severity};
use crate::disk::content::{Content, Item};
use crate::moment::{date, span};
use crate::report::audit::group::{Spot, places};
use crate::report::audit::held::{Held, held};
use crate::report::audit::{AuditReport, FindingReport};
use crate::report::style::{plain, short};
use crate::target::Site;
use crate::x509::{Certificate, PublicKey};

/// Of more places than this, only some are named.
const PLACES: usize = 6;

/// More of a name than this is not told.
const NAME: usize = 400;

/// A certificate and where it stands.
#[derive(Debug)]
pub struct Stock<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// Where it stands: where it is a credential's own, or behind it, before the kubeconfigs that trust it.
    pub places: Vec<Held<'a>>,
}

/// A row of the inventory.
#[derive(Debug)]
pub struct Row {
    /// The subject; of several certificates how many there are.
    pub subject: String,
    /// The credential.
    pub role: String,
    /// The files.
    pub files: String,
    /// The issuer.
    pub issuer: String,
    /// The first day of the validity.
    pub begin: String,
    /// The last day of the validity.
    pub end: String,
    /// What that means now.
    pub state: State,
    /// The key, in words.
    pub key: String,
    /// The SHA-256 of the certificate.
    pub fingerprint: String,
}

/// How a certificate stands to the moment of the judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// In words.
    pub text: String,
    /// The class of the words: good, warn, bad.
    pub class: &'static str,
}

/// Less than this left is worth a look: what kubepki's specs reissue by default.
const SOON: Duration = Duration::days(30);

impl State {
    /// The state of what is valid between two moments.
    #[must_use]
    pub fn of(begin: OffsetDateTime, end: OffsetDateTime, now: OffsetDateTime) -> Self {
        let left = end - now;
        let (text, class) = if left.is_negative() {
            (format!("expired {} ago", span(left)), "bad")
        } else if begin > now {
            (format!("begins in {}", span(begin - now)), "bad")
        } else if left < SOON {
            (format!("{} left", span(left)), "warn")
        } else {
            (format!("{} left", span(left)), "good")
        };
        Self { text, class }
    }
}

/// Every certificate of a scene, in the order in which it is met.
#[must_use]
pub fn stock<'a>(scene: &'a Scene<'_>) -> Vec<Stock<'a>> {
    let mut all: IndexMap<&[u8], Stock<'_>> = IndexMap::new();
    let trusted = |held: &Held<'_>| held.embedded.is_some_and(|part| part.kind == "cluster");
    let held = held(scene);
    let (own, others): (Vec<_>, Vec<_>) = held.into_iter().partition(|held| !trusted(held));
    for held in own.into_iter().chain(others) {
        let Ok(certificate) = held.certificate else { continue };
        let stock =
            all.entry(certificate.as_der()).or_insert_with(|| Stock { certificate, places: Vec::new() });
        stock.places.push(held);
    }
    all.into_values().collect()
}

impl<'a> Stock<'a> {
    /// The credential that it is of.
    #[must_use]
    pub fn role(&self) -> Option<&'a str> {
        self.places.first().and_then(|held| held.role)
    }

    /// The position of the directory where it is met first.
    #[must_use]
    pub fn view(&self) -> usize {
        self.places.first().map_or(0, |held| held.view)
    }

    /// What it is called among others: its credential, else its subject.
    #[must_use]
    pub fn name(&self) -> String {
        match (self.role(), self.certificate.subject.common_name()) {
            (Some(role), _) => role.to_owned(),
            (None, Some(name)) if !name.is_empty() => name.to_owned(),
            (None, _) => self.certificate.subject.to_string(),
        }
    }

    /// The files that it is in.
    #[must_use]
    pub fn files(&self, report: &AuditReport) -> String {
        files(report, self.places.iter().map(|held| (held.view, held.site, held.path)))
    }

    /// Its row in the inventory.
    #[must_use]
    pub fn row(&self, report: &AuditReport, now: OffsetDateTime) -> Row {
        let Certificate { subject, issuer, not_before, not_after, public_key, .. } = self.certificate;
        Row {
            subject: short(&subject.to_string(), NAME),
            role: self.role().unwrap_or_default().to_owned(),
            files: self.files(report),
            issuer: if subject == issuer { "itself".to_owned() } else { short(&issuer.to_string(), NAME) },
            begin: date(*not_before),
            end: date(*not_after),
            state: State::of(*not_before, *not_after, now),
            key: public_key.to_string(),
            fingerprint: self.certificate.fingerprint(),
        }
    }
}

/// Of more credentials than this in a row by itself, only some are listed.
const CREDENTIALS: usize = 200;

impl Row {
    /// One row for all certificates of a credential; what is of none is one row by itself. The earliest end is told.
    #[must_use]
    pub fn of_credentials(report: &AuditReport, stock: &[Stock<'_>], now: OffsetDateTime) -> Vec<Self> {
        let mut groups: IndexMap<(usize, &str, bool), Vec<&Stock<'_>>> = IndexMap::new();
        for one in stock {
            let key = (one.view(), one.role().unwrap_or_default(), one.certificate.is_ca());
            groups.entry(key).or_default().push(one);
        }
        groups.values().take(CREDENTIALS).filter_map(|group| Self::of(report, group, now)).collect()
    }

    fn of(report: &AuditReport, group: &[&Stock<'_>], now: OffsetDateTime) -> Option<Self> {
        let first = *group.iter().min_by_key(|one| one.certificate.not_after)?;
        let row = first.row(report, now);
        if group.len() == 1 {
            return Some(row);
        }
        let all = |word: &dyn Fn(&Stock<'_>) -> String| {
            let mut words: Vec<String> = group.iter().map(|one| word(one)).collect();
            words.sort_unstable();
            words.dedup();
            match &words[..] {
                [one] => one.clone(),
                many => format!("{} different", many.len()),
            }
        };
        let places =
            group.iter().flat_map(|one| one.places.iter().map(|held| (held.view, held.site, held.path)));
        let last = group.iter().map(|one| one.certificate.not_after).max().map(date).unwrap_or_default();
        Some(Self {
            subject: format!("{} certificates, the first to end: {}", group.len(), row.subject),
            files: files(report, places),
            issuer: all(&|one| short(&one.certificate.issuer.to_string(), NAME)),
            end: if last == row.end { last } else { format!("{} to {last}", row.end) },
            key: all(&|one| one.certificate.public_key.to_string()),
            ..row
        })
    }
}

/// Files in words, some of them.
fn files<'a>(report: &AuditReport, all: impl Iterator<Item = Place<'a>>) -> String {
    let several = report.directories.len() > 1;
    let mut spots: Vec<(Option<&str>, Option<String>, String)> = Vec::new();
    for (view, site, path) in all {
        let directory = report.directories.get(view).map(|directory| directory.path.as_str());
        let spot = (directory.filter(|_| several), site.map(ToString::to_string), path.display().to_string());
        if spots.last() != Some(&spot) {
            spots.push(spot);
        }
    }
    let spots = spots.iter().map(|(directory, node, path)| Spot {
        directory: *directory,
        node: node.as_deref(),
        path,
    });
    plain(&places(spots, PLACES)).into_owned()
}

/// Where private keys are, by their public keys.
#[derive(Debug)]
pub struct Keys<'a>(HashMap<&'a PublicKey, Vec<Place<'a>>>);

/// The position of a directory, to whom a file in it belongs, and its path.
type Place<'a> = (usize, Option<&'a Site>, &'a Path);

impl<'a> Keys<'a> {
    /// The private keys of a scene.
    #[must_use]
    pub fn of(scene: &'a Scene<'_>) -> Self {
        let mut all = Self(HashMap::new());
        for (view, directory) in scene.views.iter().enumerate() {
            for (index, target) in directory.targets.list.iter().enumerate() {
                for entry in directory.survey.of_target(index) {
                    if let Some(present) = entry.found.present() {
                        all.add(&present.content, (view, Some(&target.site), &entry.file.path));
                    }
                }
            }
            for stray in &directory.survey.strays {
                if let Some(present) = stray.found.present() {
                    all.add(&present.content, (view, stray.site.as_ref(), &stray.path));
                }
            }
        }
        all
    }

    fn add(&mut self, content: &'a Content, place: Place<'a>) {
        for item in content.items.iter().flatten() {
            if let Item::PrivateKey(key) = item {
                self.0.entry(key.public_key()).or_default().push(place);
            }
        }
    }

    /// Where the private key of a public one is, in words.
    #[must_use]
    pub fn place(&self, key: &PublicKey) -> String {
        match self.0.get(key).map(Vec::as_slice) {
            None | Some([]) => "its key is not here".to_owned(),
            Some([(_, _, path)]) => format!("key: {}", path.display()),
            Some(many) => format!("its key is here, in {} files", many.len()),
        }
    }
}

/// The worst that was found about a credential.
#[derive(Debug)]
pub struct Worst<'a>(HashMap<(usize, &'a str), &'a FindingReport>);

impl<'a> Worst<'a> {
    /// The worst findings of a report.
    #[must_use]
    pub fn of(report: &'a AuditReport) -> Self {
        let mut worst = HashMap::new();
        // They stand with the worst first.
        for finding in &report.findings {
            if let Some(role) = &finding.role {
                worst.entry((finding.place, role.as_str())).or_insert(finding);
            }
        }
        Self(worst)
    }

    /// The class of a drawing's box.
    #[must_use]
    pub fn class(&self, stock: &Stock<'_>) -> &'static str {
        let worst = stock.role().and_then(|role| self.0.get(&(stock.view(), role)));
        match worst.map(|finding| finding.rank) {
            Some(Severity::Critical | Severity::High) => "bad",
            Some(Severity::Medium) => "warn",
            _ => "plain",
        }
    }
}
