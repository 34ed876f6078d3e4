//! Is it valid at this moment?

use time::OffsetDateTime;

use super::Fault;
use crate::x509::Certificate;

/// RFC 5280 §6.1.3 (a)(2): the moment is within the validity, both ends included (§4.1.2.5). It is asked of the trust
/// anchor too: RFC 5280 leaves that open (§6.1.1 (d)), OpenSSL and Go ask it, rustls does not.
pub(super) fn validity(certificate: &Certificate, at: OffsetDateTime) -> Option<Fault> {
    let (not_before, not_after) = (certificate.not_before, certificate.not_after);
    if at > not_after {
        Some(Fault::Expired { not_after, at })
    } else if at < not_before {
        Some(Fault::NotYetValid { not_before, at })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::forge::{Forge, key};
    use time::macros::datetime;

    #[test]
    fn both_ends_are_within() {
        let key = key();
        let certificate =
            Forge::new("a", "a", key.public_key()).valid("260101000000Z", "271231235959Z").sign(&key);
        for (at, code) in [
            (datetime!(2025-12-31 23:59:59 UTC), Some("not-yet-valid")),
            (datetime!(2026-01-01 0:00 UTC), None),
            (datetime!(2027-12-31 23:59:59 UTC), None),
            (datetime!(2028-01-01 0:00 UTC), Some("expired")),
        ] {
            assert_eq!(validity(&certificate, at).map(|fault| fault.code()), code, "{at}");
        }
        let reversed =
            Forge::new("a", "a", key.public_key()).valid("280101000000Z", "260101000000Z").sign(&key);
        assert!(validity(&reversed, datetime!(2027-01-01 0:00 UTC)).is_some(), "there is no moment within");
    }
}
