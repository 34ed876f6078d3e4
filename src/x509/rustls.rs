//! The second opinion: would a peer that stands on rustls accept the certificate? It is asked of rustls-webpki, the
//! validator of rustls itself, which differs from [`super::path`]: it looks at nothing of a trust anchor but name, key and
//! name constraints, not at key usages, and decides fewer kinds of name constraints.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage,
    anchor_from_trusted_cert,
};

use super::Certificate;
use super::path::{Conditions, Purpose, ReferenceName};

/// Whether rustls would accept a certificate for the moment, purpose and names of `conditions`; strict or not makes no
/// difference to it.
///
/// # Errors
/// rustls-webpki's word for the first thing that it finds fault with, such as `UnknownIssuer`.
pub fn opinion(
    certificate: &Certificate,
    anchors: &[&Certificate],
    intermediates: &[&Certificate],
    conditions: &Conditions,
) -> Result<(), String> {
    let der = |certificate: &&Certificate| CertificateDer::from_slice(certificate.as_der()).into_owned();
    let (anchors, intermediates): (Vec<_>, Vec<_>) =
        (anchors.iter().map(der).collect(), intermediates.iter().map(der).collect());
    // A store of rustls takes what it can read.
    let trusted: Vec<TrustAnchor<'_>> =
        anchors.iter().filter_map(|anchor| anchor_from_trusted_cert(anchor).ok()).collect();
    let end = der(&certificate);
    let end = EndEntityCert::try_from(&end).map_err(word)?;
    let seconds = u64::try_from(conditions.at.unix_timestamp()).unwrap_or_default();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    end.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        &trusted,
        &intermediates,
        at,
        Usage(conditions.purpose),
        None,
        None,
    )
    .map_err(word)?;
    for name in &conditions.names {
        let name = match name {
            ReferenceName::Dns(name) => ServerName::try_from(name.as_str()).map_err(|_| "InvalidDnsName")?,
            ReferenceName::Ip(address) => ServerName::IpAddress((*address).into()),
        };
        end.verify_is_valid_for_subject_name(&name).map_err(word)?;
    }
    Ok(())
}

/// A purpose as rustls asks for it: any, where none is asked for.
struct Usage(Purpose);

impl ExtendedKeyUsageValidator for Usage {
    fn validate(&self, mut purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        match self.0 {
            Purpose::Server => KeyUsage::server_auth().validate(purposes),
            Purpose::Client => KeyUsage::client_auth().validate(purposes),
            Purpose::Any => purposes.try_for_each(|purpose| purpose.map(drop)),
        }
    }
}

/// The name of an error without what it holds: `CertExpired`.
#[allow(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn word(error: webpki::Error) -> String {
    let text = format!("{error:?}");
    let word: String = text.chars().take_while(char::is_ascii_alphanumeric).collect();
    word.strip_suffix("Context").map(str::to_owned).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::ExtendedKeyUsage;
    use crate::x509::forge::{Forge, key};
    use time::macros::datetime;

    #[test]
    fn it_is_rustlss_own() {
        let (root, leaf) = (key(), key());
        let expired = Forge::ca("root", "root", root.public_key()).valid("200101000000Z", "210101000000Z");
        let expired = expired.sign(&root);
        let leaf = Forge::new("leaf", "root", leaf.public_key())
            .extended(&[ExtendedKeyUsage::ServerAuth])
            .dns("a.example")
            .sign(&root);
        let now = || Conditions::at(datetime!(2027-01-01 0:00 UTC));
        let with = |purpose, name: &str| Conditions { purpose, names: vec![name.parse().unwrap()], ..now() };
        for (conditions, anchors, expected) in [
            // Its anchors have no validity.
            (now(), vec![&expired], Ok(())),
            (with(Purpose::Server, "a.example"), vec![&expired], Ok(())),
            (with(Purpose::Server, "b.example"), vec![&expired], Err("CertNotValidForName")),
            (with(Purpose::Server, "192.0.2.1"), vec![&expired], Err("CertNotValidForName")),
            (with(Purpose::Client, "a.example"), vec![&expired], Err("RequiredEkuNotFound")),
            (now(), vec![], Err("UnknownIssuer")),
            (Conditions::at(datetime!(2040-01-01 0:00 UTC)), vec![&expired], Err("CertExpired")),
            (Conditions::at(datetime!(1960-01-01 0:00 UTC)), vec![&expired], Err("CertNotValidYet")),
        ] {
            let opinion = opinion(&leaf, &anchors, &[], &conditions);
            assert_eq!(opinion, expected.map_err(str::to_owned));
        }
    }
}
