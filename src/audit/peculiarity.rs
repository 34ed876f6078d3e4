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

/// A certificate that was made to have thousands is told of by these.
const MOST: usize = 8;

/// The faults of a certificate's anomalies of one kind. What every Go refuses is high: the component that loads it does
/// not start.
#[must_use]
pub fn peculiarities(sighting: &Sighting<'_>, about: Peculiarity) -> Vec<Fault> {
    let anomalies = sighting.certificate().anomalies.iter();
    let of_kind = anomalies.filter(|anomaly| Peculiarity::of(anomaly) == about);
    let fault = |anomaly: &Anomaly| match anomaly {
        // Harmless to everyone who reads it.
        Anomaly::ExplicitDefault(_) => sighting.graded(Severity::Low, anomaly.to_string(), Remedy::Reissue),
        // Go's releases differ: `KP-GO008`.
        Anomaly::NegativePathLength => sighting.fault(anomaly.to_string(), Remedy::Reissue),
        _ if anomaly.go_refuses() => {
            let message = format!("{anomaly}: every component refuses it");
            sighting.graded(sighting.weight(Severity::High), message, Remedy::Reissue)
        }
        _ => sighting.fault(anomaly.to_string(), Remedy::Reissue),
    };
    of_kind.take(MOST).map(fault).collect()
}
