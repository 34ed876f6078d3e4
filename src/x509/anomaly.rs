//! What a certificate says otherwise than RFC 5280 and DER have it, though it can still be read.
//!
//! An auditor must be able to look at such a certificate; a component of a cluster may refuse it. What leaves the
//! structure unknowable is no anomaly but an [`Error`].

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::DB;

use super::Error;
use super::signature::SignatureAlgorithm;

/// A deviation. It shows as a fragment that follows "the certificate".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anomaly {
    /// The algorithm under the signature is another than the one beside it (RFC 5280 §4.1.1.2).
    SignatureAlgorithms {
        /// What is signed over.
        inner: Box<SignatureAlgorithm>,
        /// What stands beside the signature, and is used to check it.
        outer: Box<SignatureAlgorithm>,
    },
    /// The serial number is not the shortest form of an integer (X.690 §8.3.2).
    SerialNumber,
    /// The moment of a validity can be made out, but is not written as it must be (RFC 5280 §4.1.2.5).
    Time {
        /// `notBefore` or `notAfter`.
        field: &'static str,
        /// How it is written.
        form: TimeForm,
    },
    /// issuerUniqueID or subjectUniqueID is present (RFC 5280 §4.1.2.8: it must not be).
    UniqueIdentifier(&'static str),
    /// A field that RFC 5280 §4.1 does not have, or not in this place. Neither it nor what follows it is read.
    UnknownField {
        /// Its tag.
        tag: u8,
    },
    /// Extensions in a certificate whose version is not 3 (RFC 5280 §4.1.2.1).
    Version(u8),
    /// A value is written although it is the default (X.690 §11.5).
    ExplicitDefault(&'static str),
    /// A boolean that is neither TRUE nor FALSE in DER; it is read as true (X.690 §11.1).
    Boolean {
        /// What it is the value of.
        what: &'static str,
        /// How it is written.
        octet: u8,
    },
    /// An extension stands more than once; the first is read (RFC 5280 §4.2).
    DuplicateExtension(ObjectIdentifier),
    /// An extension that is read here does not decode; its field stays empty (RFC 5280 §4.2.1).
    Undecodable {
        /// Which.
        extension: ObjectIdentifier,
        /// Why.
        reason: Box<Error>,
    },
    /// An extension is critical that must not be (RFC 5280 §4.2.1.1, §4.2.1.2, §4.2.2.1).
    MarkedCritical(ObjectIdentifier),
    /// pathLenConstraint is below zero; it is read as zero (RFC 5280 §4.2.1.9).
    NegativePathLength,
    /// pathLenConstraint is above 255, and is read as that: no path is so long (RFC 5280 §4.2.1.9).
    LargePathLength {
        /// How many octets it has.
        octets: usize,
    },
    /// A subject alternative name that is passed over; the first of its kind (RFC 5280 §4.2.1.6).
    AltName(AltNameFault),
}

/// How a moment is written where RFC 5280 §4.1.2.5 does not allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// `GeneralizedTime` for a year before 2050 (§4.1.2.5: `UTCTime` through 2049).
    Generalized,
    /// Without seconds, as `UTCTime` (§4.1.2.5.1).
    UtcMinutes,
    /// Without seconds, as `GeneralizedTime` (§4.1.2.5.2).
    GeneralizedMinutes,
    /// With a fraction of a second, which is dropped (§4.1.2.5.2).
    Fraction,
    /// With an offset instead of `Z` (§4.1.2.5.1, §4.1.2.5.2).
    Offset,
    /// With an offset of nothing instead of `Z`.
    ZeroOffset,
}

/// What is wrong with a subject alternative name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AltNameFault {
    /// An address that has neither 4 nor 16 octets.
    AddressLength(usize),
    /// An IPv4 address in the clothes of an IPv6 address; it is read as IPv4.
    MappedAddress,
    /// A name that is not ASCII, by the name of its kind.
    NotAscii(&'static str),
    /// A name of a kind that there is not.
    UnknownKind {
        /// Its tag.
        tag: u8,
    },
}

impl Anomaly {
    /// Whether Go's crypto/x509, and with it every component of a cluster, refuses to read the certificate.
    ///
    /// The source is `src/crypto/x509/parser.go` and cryptobyte's `asn1.go` at Go's commit 01f40d3: `parseCertificate`
    /// (algorithms, serial, duplicates), `processExtensions` (criticality), `parseBasicConstraintsExtension`,
    /// `parseSANExtension`, `ReadASN1Boolean`, `ReadASN1UTCTime` and `ReadASN1GeneralizedTime` (a time that does not
    /// print as it was read is refused). Of an extension that does not decode, Go reads some forms: not worth a
    /// difference.
    #[must_use]
    pub fn go_refuses(&self) -> bool {
        match self {
            Self::SignatureAlgorithms { .. }
            | Self::SerialNumber
            | Self::Boolean { .. }
            | Self::DuplicateExtension(_)
            | Self::Undecodable { .. }
            | Self::MarkedCritical(_)
            | Self::NegativePathLength => true,
            // An int, which has 64 bits wherever Kubernetes runs.
            Self::LargePathLength { octets } => *octets > 8,
            Self::Time { form, .. } => match form {
                TimeForm::GeneralizedMinutes | TimeForm::Fraction | TimeForm::ZeroOffset => true,
                TimeForm::Generalized | TimeForm::UtcMinutes | TimeForm::Offset => false,
            },
            Self::AltName(fault) => match fault {
                AltNameFault::AddressLength(_) | AltNameFault::MappedAddress | AltNameFault::NotAscii(_) => {
                    true
                }
                AltNameFault::UnknownKind { .. } => false,
            },
            // Go skips unique identifiers, leaves everything after an unknown field unread, and reads no extensions
            // but those of version 3.
            Self::UniqueIdentifier(_)
            | Self::UnknownField { .. }
            | Self::Version(_)
            | Self::ExplicitDefault(_) => false,
        }
    }

    /// The section of RFC 5280, or of X.690 (DER), that says otherwise.
    #[must_use]
    pub fn section(&self) -> &'static str {
        match self {
            Self::SignatureAlgorithms { .. } => "RFC 5280 §4.1.1.2",
            Self::SerialNumber => "X.690 §8.3.2",
            Self::Time { .. } => "RFC 5280 §4.1.2.5",
            Self::UniqueIdentifier(_) => "RFC 5280 §4.1.2.8",
            Self::UnknownField { .. } => "RFC 5280 §4.1",
            Self::Version(_) => "RFC 5280 §4.1.2.1",
            Self::ExplicitDefault(_) => "X.690 §11.5",
            Self::Boolean { .. } => "X.690 §11.1",
            Self::DuplicateExtension(_) => "RFC 5280 §4.2",
            Self::Undecodable { .. } => "RFC 5280 §4.2.1",
            Self::MarkedCritical(_) => "RFC 5280 §4.2.1.1",
            Self::NegativePathLength | Self::LargePathLength { .. } => "RFC 5280 §4.2.1.9",
            Self::AltName(_) => "RFC 5280 §4.2.1.6",
        }
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignatureAlgorithms { inner, outer } if inner.oid == outer.oid => {
                write!(f, "names {outer} twice, with different parameters")
            }
            Self::SignatureAlgorithms { inner, outer } => {
                write!(f, "names two different signature algorithms, {inner} and {outer}")
            }
            Self::SerialNumber => {
                f.write_str("has a serial number that is not the shortest form of an integer")
            }
            Self::Time { field, form } => write!(f, "has a {field} that is written {form}"),
            Self::UniqueIdentifier(field) => write!(f, "has an {field}"),
            Self::UnknownField { tag } => write!(f, "has an unknown field of tag 0x{tag:02x}"),
            Self::Version(version) => write!(f, "has extensions although its version is {version}"),
            Self::ExplicitDefault(what) => write!(f, "writes {what} although it is the default"),
            Self::Boolean { what, octet } => write!(f, "writes {what} as 0x{octet:02x} and not as 0xff"),
            Self::DuplicateExtension(oid) => write!(f, "has the extension {} twice", Called(*oid)),
            Self::Undecodable { extension, reason } => {
                write!(f, "has an extension {} that does not decode: {reason}", Called(*extension))
            }
            Self::MarkedCritical(oid) => write!(f, "has a critical {}", Called(*oid)),
            Self::NegativePathLength => f.write_str("has a path length below zero"),
            Self::LargePathLength { .. } => f.write_str("has a path length above 255"),
            Self::AltName(fault) => write!(f, "has an alternative name that is {fault}"),
        }
    }
}

impl fmt::Display for TimeForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generalized => "as GeneralizedTime although its year is before 2050",
            Self::UtcMinutes | Self::GeneralizedMinutes => "without seconds",
            Self::Fraction => "with a fraction of a second",
            Self::Offset | Self::ZeroOffset => "with an offset instead of Z",
        })
    }
}

impl fmt::Display for AltNameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressLength(octets) => {
                write!(f, "an address of {octets} octets, which are neither 4 nor 16")
            }
            Self::MappedAddress => f.write_str("an IPv4 address written as IPv6"),
            Self::NotAscii(kind) => write!(f, "{kind} that is not ASCII"),
            Self::UnknownKind { tag } => write!(f, "of an unknown kind, tag 0x{tag:02x}"),
        }
    }
}

/// An extension's name and object identifier: `keyUsage (2.5.29.15)`.
pub(super) struct Called(pub ObjectIdentifier);

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = DB.by_oid(&self.0).and_then(|name| name.rsplit('-').next());
        match name {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}
