//! Which rule tells of which anomaly, so that each is told once.

use const_oid::db::rfc5280;

use super::{Fault, Remedy, Severity, Sighting};
use crate::x509::Anomaly;

/// What an anomaly is about: one rule for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peculiarity {
    /// Alternative names: `KP-X5013`.
    AltNames,
    /// How something is encoded: `KP-X5019`.
    Encoding,
    /// Which extensions there are, and whether they are critical: `KP-X5015`.
    Extensions,
    /// Name constraints: `KP-X5018`.
    NameConstraints,
    /// Fields that are not of version 3, and path lengths: `KP-X5016`.
    Structure,
    /// The validity: `KP-TM011`.
    Time,
}

impl Peculiarity {
    /// What an anomaly is about.
    #[must_use]
    pub fn of(anomaly: &Anomaly) -> Self {
        match anomaly {
            Anomaly::AltName(_) => Self::AltNames,
            Anomaly::Undecodable { extension, .. } => match *extension {
                rfc5280::ID_CE_SUBJECT_ALT_NAME => Self::AltNames,
                rfc5280::ID_CE_NAME_CONSTRAINTS => Self::NameConstraints,
                _ => Self::Encoding,
            },
            Anomaly::Boolean { .. }
            | Anomaly::ExplicitDefault(_)
            | Anomaly::SerialNumber
            | Anomaly::SignatureAlgorithms { .. }
            | Anomaly::UnknownField { .. } => Self::Encoding,
            Anomaly::DuplicateExtension(_) | Anomaly::MarkedCritical(_) => Self::Extensions,
            Anomaly::LargePathLength { .. }
            | Anomaly::NegativePathLength
            | Anomaly::UniqueIdentifier(_)
            | Anomaly::Version(_) => Self::Structure,
            Anomaly::Time { .. } => Self::Time,
        }
    }
}

/// More anomalies than these are only counted.
const TOLD: usize = 3;

/// The fault of a certificate's anomalies of one kind. What every Go refuses is high: the component that loads it does not
/// start.
#[must_use]
pub fn peculiarities(sighting: &Sighting<'_>, about: Peculiarity) -> Vec<Fault> {
    let anomalies = sighting.certificate().anomalies.iter();
    let all: Vec<&Anomaly> = anomalies.filter(|anomaly| Peculiarity::of(anomaly) == about).collect();
    if all.is_empty() {
        return Vec::new();
    }
    let mut told: Vec<String> = all.iter().take(TOLD).map(ToString::to_string).collect();
    if all.len() > TOLD {
        told.push(format!("and {} more", all.len() - TOLD));
    }
    let message = told.join("; ");
    // Go's releases differ about path lengths: KP-GO008 tells which refuse it.
    let refused = all.iter().any(|one| one.go_refuses() && !matches!(one, Anomaly::NegativePathLength));
    // What is written although it is the default harms nobody who reads it.
    let harmless = all.iter().all(|one| matches!(one, Anomaly::ExplicitDefault(_)));
    vec![if refused {
        let message = format!("{message}: every component refuses it");
        sighting.graded(sighting.weight(Severity::High), message, Remedy::Reissue)
    } else if harmless {
        sighting.graded(Severity::Low, message, Remedy::Reissue)
    } else {
        sighting.fault(message, Remedy::Reissue)
    }]
}
