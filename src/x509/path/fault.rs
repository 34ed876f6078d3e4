//! Why a path does not hold.

use std::fmt;

use const_oid::ObjectIdentifier;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::budget::Limit;
use super::reference::ReferenceName;
use super::strict::Forbidden;
use crate::x509::anomaly::{Anomaly, Called};
use crate::x509::signature::SignatureAlgorithm;
use crate::x509::{ExtendedKeyUsage, KeyUsage, Name, PublicKey};

/// One thing that is wrong with one certificate of a path. It shows as a fragment that follows the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A certificate that signs others has no basicConstraints, or they say that it is no CA (RFC 5280 §6.1.4 (k)).
    NotAnAuthority {
        /// Whether there are basicConstraints.
        constrained: bool,
    },
    /// It is written in a way that a careful reader refuses (RFC 5280 §4, X.690).
    Anomaly(Anomaly),
    /// A subtree that cannot be decided applies to a name (RFC 5280 §4.2.1.10).
    ConstraintUnsupported {
        /// The name.
        name: String,
        /// Whose certificate has the subtree.
        authority: Name,
    },
    /// A critical extension that is not processed here (RFC 5280 §4.2, §6.1.5 (f)).
    CriticalExtension {
        /// The first.
        oid: ObjectIdentifier,
        /// How many more there are.
        others: usize,
    },
    /// It has ended (RFC 5280 §6.1.3 (a)(2)).
    Expired {
        /// Its last moment.
        not_after: OffsetDateTime,
        /// The moment that is judged.
        at: OffsetDateTime,
    },
    /// Something that RFC 5280 forbids a CA to issue; asked for in strict mode only.
    Forbidden(Forbidden),
    /// The search for a path was given up.
    Limit(Limit),
    /// keyUsage does not allow to sign certificates (RFC 5280 §6.1.4 (n)).
    MayNotSign {
        /// What it allows.
        usages: Vec<KeyUsage>,
    },
    /// It has none of the names that are asked for (RFC 9525 §6).
    NameMismatch {
        /// The name that is asked for.
        wanted: ReferenceName,
        /// The first of its names.
        names: Vec<String>,
        /// How many more it has.
        others: usize,
    },
    /// A name that a CA above must not certify (RFC 5280 §6.1.3 (c)).
    NameExcluded {
        /// The first such name.
        name: String,
        /// How many more there are.
        others: usize,
        /// The subtree that has it.
        subtree: String,
        /// Whose certificate has the subtree.
        authority: Name,
    },
    /// A name in none of the subtrees that a CA above may certify (RFC 5280 §6.1.3 (b)).
    NameNotPermitted {
        /// The first such name.
        name: String,
        /// How many more there are.
        others: usize,
        /// Whose certificate has the subtrees.
        authority: Name,
    },
    /// Nothing that could have signed it is at hand (RFC 5280 §6.1).
    NoIssuer {
        /// Who signed it; none when it signed itself.
        issuer: Option<Name>,
    },
    /// It has not begun (RFC 5280 §6.1.3 (a)(2)).
    NotYetValid {
        /// Its first moment.
        not_before: OffsetDateTime,
        /// The moment that is judged.
        at: OffsetDateTime,
    },
    /// More CAs stand below it than it allows (RFC 5280 §6.1.4 (l), (m)).
    PathLength {
        /// How many it allows.
        allowed: u8,
        /// How many there are.
        found: usize,
    },
    /// extKeyUsage does not have the purpose that is asked for (RFC 5280 §4.2.1.12).
    Purpose {
        /// The purpose.
        wanted: ExtendedKeyUsage,
        /// The purposes that it has.
        purposes: Vec<ExtendedKeyUsage>,
    },
    /// keyUsage has no bit that goes with the purpose (RFC 5280 §4.2.1.12).
    PurposeKeyUsage {
        /// The purpose.
        wanted: ExtendedKeyUsage,
        /// What keyUsage allows.
        usages: Vec<KeyUsage>,
    },
    /// The signature is not one of the issuer's key (RFC 5280 §6.1.3 (a)(1)).
    Signature {
        /// Whose key.
        issuer: Name,
    },
    /// The signature is of a kind that is not checked with such a key (RFC 5280 §6.1.3 (a)(1)).
    SignatureUnsupported {
        /// How it is signed.
        algorithm: SignatureAlgorithm,
        /// The issuer's key.
        key: PublicKey,
    },
    /// The signature is of a kind that can be forged (RFC 6194, RFC 6151).
    SignatureWeak {
        /// How it is signed.
        algorithm: SignatureAlgorithm,
    },
    /// Its key is short enough to be found (NIST SP 800-131A).
    WeakKey {
        /// Its length in bits.
        bits: usize,
        /// The least length that is accepted.
        least: usize,
    },
}

/// Everything about a fault but its sentence.
struct Row {
    code: &'static str,
    section: &'static str,
    rank: u8,
}

impl Fault {
    /// A word for machines. It never changes its meaning.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.row().code
    }

    /// Where it is written that this must not be.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.row().section
    }

    /// How far the path is from holding: of several paths, the one whose worst fault ranks lowest is the one to report.
    /// A path that is a path but for a date says more than one that leads nowhere.
    #[must_use]
    pub fn rank(&self) -> u8 {
        self.row().rank
    }

    fn row(&self) -> Row {
        let (code, section, rank) = match self {
            Self::Forbidden(forbidden) => (forbidden.code(), forbidden.section(), 10),
            Self::NameMismatch { .. } => ("name-mismatch", "RFC 9525 §6", 20),
            Self::NotYetValid { .. } => ("not-yet-valid", "RFC 5280 §6.1.3 (a)(2)", 30),
            Self::Expired { .. } => ("expired", "RFC 5280 §6.1.3 (a)(2)", 30),
            Self::WeakKey { .. } => ("weak-key", "NIST SP 800-131A", 40),
            Self::Purpose { .. } => ("purpose", "RFC 5280 §4.2.1.12", 50),
            Self::PurposeKeyUsage { .. } => ("purpose-key-usage", "RFC 5280 §4.2.1.12", 50),
            Self::NameExcluded { .. } => ("name-excluded", "RFC 5280 §6.1.3 (c)", 60),
            Self::NameNotPermitted { .. } => ("name-not-permitted", "RFC 5280 §6.1.3 (b)", 60),
            Self::ConstraintUnsupported { .. } => ("constraint-unsupported", "RFC 5280 §4.2.1.10", 60),
            Self::PathLength { .. } => ("path-length", "RFC 5280 §6.1.4 (l)(m)", 70),
            Self::CriticalExtension { .. } => ("critical-extension", "RFC 5280 §4.2", 80),
            Self::Anomaly(anomaly) => ("anomaly", anomaly.section(), 80),
            Self::MayNotSign { .. } => ("may-not-sign", "RFC 5280 §6.1.4 (n)", 90),
            Self::NotAnAuthority { .. } => ("not-an-authority", "RFC 5280 §6.1.4 (k)", 100),
            Self::SignatureWeak { .. } => ("signature-weak", "RFC 6194", 110),
            Self::SignatureUnsupported { .. } => ("signature-unsupported", "RFC 5280 §6.1.3 (a)(1)", 120),
            Self::Signature { .. } => ("signature", "RFC 5280 §6.1.3 (a)(1)", 130),
            Self::NoIssuer { .. } => ("no-issuer", "RFC 5280 §6.1", 140),
            Self::Limit(_) => ("limit", "RFC 4158 §5", 150),
        };
        Row { code, section, rank }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnAuthority { constrained: true } => {
                f.write_str("signs certificates, but its basic constraints say that it is no CA")
            }
            Self::NotAnAuthority { constrained: false } => {
                f.write_str("signs certificates, but has no basic constraints that make it a CA")
            }
            Self::Anomaly(anomaly) => write!(f, "{anomaly}"),
            Self::ConstraintUnsupported { name, authority } => {
                write!(
                    f,
                    "has {name}, to which a name constraint of {authority} applies that cannot be decided"
                )
            }
            Self::CriticalExtension { oid, others } => {
                write!(
                    f,
                    "has the critical extension {}{}, which is not processed here",
                    Called(*oid),
                    More(*others)
                )
            }
            Self::Expired { not_after, at } => {
                write!(f, "ended at {}, and it is {}", rfc3339(*not_after), rfc3339(*at))
            }
            Self::Forbidden(forbidden) => write!(f, "{forbidden}"),
            Self::Limit(limit) => write!(f, "{limit}"),
            Self::MayNotSign { usages } => {
                write!(f, "signs certificates, but its key usage is {}", List(usages))
            }
            Self::NameMismatch { wanted, names, .. } if names.is_empty() => {
                write!(f, "is not for {wanted}: it has no alternative names")
            }
            Self::NameMismatch { wanted, names, others } => {
                write!(f, "is not for {wanted}, but for {}{}", names.join(", "), More(*others))
            }
            Self::NameExcluded { name, others, subtree, authority } => {
                write!(
                    f,
                    "has {name}{}, which {authority} must not certify: it excludes {subtree}",
                    More(*others)
                )
            }
            Self::NameNotPermitted { name, others, authority } => {
                write!(
                    f,
                    "has {name}{}, which is none of the names that {authority} may certify",
                    More(*others)
                )
            }
            Self::NoIssuer { issuer: Some(issuer) } => {
                write!(f, "is signed by {issuer}, of which no certificate is at hand")
            }
            Self::NoIssuer { issuer: None } => {
                f.write_str("is signed by itself, and is none of the CA certificates")
            }
            Self::NotYetValid { not_before, at } => {
                write!(f, "begins at {}, and it is {}", rfc3339(*not_before), rfc3339(*at))
            }
            Self::PathLength { allowed, found } => {
                write!(f, "allows {allowed} CAs below it, but there are {found}")
            }
            Self::Purpose { wanted, purposes } => {
                write!(f, "is not for {wanted}, but for {}", List(purposes))
            }
            Self::PurposeKeyUsage { wanted, usages } => {
                write!(f, "is for {wanted}, but its key usage is {}", List(usages))
            }
            Self::Signature { issuer } => write!(f, "has a signature that is not one of the key of {issuer}"),
            Self::SignatureUnsupported { algorithm, key } => {
                write!(f, "is signed with {algorithm}, which is not checked with a key {key}")
            }
            Self::SignatureWeak { algorithm } => write!(f, "is signed with {algorithm}, which can be forged"),
            Self::WeakKey { bits, least } => {
                write!(f, "has an RSA key of {bits} bits, which is less than {least}")
            }
        }
    }
}

/// `2026-11-22T05:13:14Z`.
fn rfc3339(moment: OffsetDateTime) -> String {
    let moment = moment.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(moment);
    moment.format(&Rfc3339).unwrap_or_else(|_| moment.to_string())
}

/// `cert sign, crl sign`, or `nothing`.
struct List<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (index, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// ` and 3 more`, or nothing.
struct More(usize);

impl fmt::Display for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, " and {} more", self.0) }
    }
}
