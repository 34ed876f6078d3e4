//! A subject as Go's `crypto/x509/pkix` reads and writes it, which is how Kubernetes sees who asks.
//!
//! Values are gathered by the type of their attribute, whatever their order; what has no field here is lost. A certificate
//! that is made from what was read therefore says nothing that was not looked at (Go, `pkix.Name`, `FillFromRDNSequence`
//! and `ToRDNSequence`).

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519;

use super::{Error, Name};

/// postalCode (RFC 4519 §2.23).
const POSTAL_CODE: ObjectIdentifier = rfc4519::POSTAL_CODE;

/// The attributes of a subject that Go knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// C
    pub country: Vec<String>,
    /// ST
    pub province: Vec<String>,
    /// L
    pub locality: Vec<String>,
    /// street
    pub street_address: Vec<String>,
    /// postalCode
    pub postal_code: Vec<String>,
    /// O: Kubernetes' groups.
    pub organization: Vec<String>,
    /// OU
    pub organizational_unit: Vec<String>,
    /// CN, the last one where there are several: Kubernetes' user.
    pub common_name: String,
    /// serialNumber, the last one.
    pub serial_number: String,
}

impl Subject {
    /// Takes a value in by the type of its attribute.
    pub(super) fn take(&mut self, oid: ObjectIdentifier, text: String) {
        let list = match oid {
            rfc4519::C => &mut self.country,
            rfc4519::ST => &mut self.province,
            rfc4519::L => &mut self.locality,
            rfc4519::STREET => &mut self.street_address,
            POSTAL_CODE => &mut self.postal_code,
            rfc4519::O => &mut self.organization,
            rfc4519::OU => &mut self.organizational_unit,
            rfc4519::CN => {
                self.common_name = text;
                return;
            }
            rfc4519::SERIAL_NUMBER => {
                self.serial_number = text;
                return;
            }
            _ => return,
        };
        list.push(text);
    }

    /// The name that Go writes: the values of a type in one set, types in this order.
    ///
    /// # Errors
    /// When a value is longer than DER can say.
    pub fn to_name(&self) -> Result<Name, Error> {
        let one = |text: &String| if text.is_empty() { Vec::new() } else { vec![text.clone()] };
        Name::of_sets(&[
            (rfc4519::C, self.country.clone()),
            (rfc4519::ST, self.province.clone()),
            (rfc4519::L, self.locality.clone()),
            (rfc4519::STREET, self.street_address.clone()),
            (POSTAL_CODE, self.postal_code.clone()),
            (rfc4519::O, self.organization.clone()),
            (rfc4519::OU, self.organizational_unit.clone()),
            (rfc4519::CN, one(&self.common_name)),
            (rfc4519::SERIAL_NUMBER, one(&self.serial_number)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_in_is_written_in_gos_order() {
        let mut subject = Subject::default();
        for (oid, text) in [
            (rfc4519::CN, "first"),
            (rfc4519::O, "b"),
            (rfc4519::DC, "example"),
            (rfc4519::O, "a"),
            (rfc4519::O, "b"),
            (rfc4519::C, "DE"),
            (rfc4519::CN, "last"),
        ] {
            subject.take(oid, text.to_owned());
        }
        assert_eq!(subject.organization, ["b", "a", "b"]);
        assert_eq!(subject.common_name, "last");
        assert_eq!(subject.to_name().unwrap().to_string(), "C=DE, O=a+O=b+O=b, CN=last");
    }
}
