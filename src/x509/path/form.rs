//! Is it written so that everybody reads it alike?

use super::Fault;
use crate::x509::{Anomaly, Certificate};

/// The anomalies for which it is refused: those for which Go refuses it, and what only some readers see. Go passes over
/// unknown fields, and extensions of other versions than 3; rustls refuses both. Others are told in strict mode only.
pub(super) fn form(certificate: &Certificate) -> impl Iterator<Item = Fault> + use<'_> {
    let anomalies = certificate.anomalies.iter();
    let refused = anomalies.filter(|anomaly| {
        anomaly.go_refuses() || matches!(anomaly, Anomaly::UnknownField { .. } | Anomaly::Version(_))
    });
    refused.cloned().map(Fault::Anomaly)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::forge::{Forge, key, validity};

    #[test]
    fn what_some_would_read_otherwise_is_refused() {
        let key = key();
        let new = || Forge::new("a", "ca", key.public_key());
        let (mut fields, mut time, mut serial, mut version) = (new(), new(), new(), new().dns("a"));
        version.version = Vec::new();
        fields.more = vec![0x84, 0x00];
        time.validity = validity("2601010000Z", "301231235959Z");
        serial.serial = vec![0x02, 0x02, 0x00, 0x05];
        for (forge, refused) in
            [(new(), false), (fields, true), (time, false), (serial, true), (version, true)]
        {
            assert_eq!(form(&forge.sign(&key)).count(), usize::from(refused));
        }
    }
}
