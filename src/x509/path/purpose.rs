//! Is it for this?

use const_oid::db::rfc5280;

use super::Fault;
use crate::x509::{Certificate, ExtendedKeyUsage, KeyUsage};

/// What a certificate is to be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// To identify a TLS server.
    Server,
    /// To identify a TLS client.
    Client,
    /// Whatever it may be for.
    #[default]
    Any,
}

impl Purpose {
    /// The purpose as extKeyUsage has it.
    #[must_use]
    pub fn usage(self) -> Option<ExtendedKeyUsage> {
        match self {
            Self::Server => Some(ExtendedKeyUsage::ServerAuth),
            Self::Client => Some(ExtendedKeyUsage::ClientAuth),
            Self::Any => None,
        }
    }
}

/// RFC 5280 §4.2.1.12: extKeyUsage, where it is present, has the purpose or anyExtendedKeyUsage. It is asked of every
/// certificate of a path: an intermediate with extKeyUsage can give no more than it has, as Go
/// (`checkChainForKeyUsage`), OpenSSL and rustls have it. One without any purpose, which RFC 5280 does not allow, is for
/// nothing.
pub(super) fn extended(certificate: &Certificate, purpose: Purpose) -> Option<Fault> {
    let wanted = purpose.usage()?;
    certificate.extension(rfc5280::ID_CE_EXT_KEY_USAGE)?;
    let purposes = &certificate.usages.extended;
    let has = purposes.contains(&wanted) || purposes.contains(&ExtendedKeyUsage::Any);
    (!has).then(|| Fault::Purpose { wanted, purposes: purposes.clone() })
}

/// RFC 5280 §4.2.1.12: both extensions must allow the purpose. TLS uses a key to sign (digitalSignature) or, until
/// version 1.2, to have a secret sent to it (keyEncipherment) or agree on one (keyAgreement); only a server does the
/// second. OpenSSL asks the same, Go and rustls do not.
pub(super) fn key_usage(certificate: &Certificate, purpose: Purpose) -> Option<Fault> {
    use KeyUsage::{DigitalSignature, KeyAgreement, KeyEncipherment};
    let wanted = purpose.usage()?;
    certificate.extension(rfc5280::ID_CE_KEY_USAGE)?;
    let enough: &[KeyUsage] = match purpose {
        Purpose::Client => &[DigitalSignature, KeyAgreement],
        _ => &[DigitalSignature, KeyEncipherment, KeyAgreement],
    };
    let usages = &certificate.usages.key;
    let has = usages.iter().any(|usage| enough.contains(usage));
    (!has).then(|| Fault::PurposeKeyUsage { wanted, usages: usages.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::forge::{Forge, key};
    use ExtendedKeyUsage::{Any, ClientAuth, CodeSigning, ServerAuth};

    #[test]
    fn the_purpose_is_there_or_nothing_is() {
        let key = key();
        let new = || Forge::new("a", "ca", key.public_key());
        let none = new().extension(rfc5280::ID_CE_EXT_KEY_USAGE, false, &[0x30, 0x00]);
        for (forge, server, client) in [
            (new(), true, true),
            (new().extended(&[ServerAuth]), true, false),
            (new().extended(&[ClientAuth, CodeSigning]), false, true),
            (new().extended(&[Any]), true, true),
            (none, false, false),
        ] {
            let certificate = forge.sign(&key);
            assert_eq!(extended(&certificate, Purpose::Server).is_none(), server);
            assert_eq!(extended(&certificate, Purpose::Client).is_none(), client);
            assert_eq!(extended(&certificate, Purpose::Any), None);
        }
    }

    #[test]
    fn key_usage_goes_with_the_purpose() {
        let key = key();
        let new = || Forge::new("a", "ca", key.public_key());
        for (forge, server, client) in [
            (new(), true, true),
            (new().key_usage(&[KeyUsage::DigitalSignature]), true, true),
            (new().key_usage(&[KeyUsage::KeyEncipherment]), true, false),
            (new().key_usage(&[KeyUsage::CertSign]), false, false),
        ] {
            let certificate = forge.sign(&key);
            assert_eq!(key_usage(&certificate, Purpose::Server).is_none(), server);
            assert_eq!(key_usage(&certificate, Purpose::Client).is_none(), client);
            assert_eq!(key_usage(&certificate, Purpose::Any), None);
        }
    }
}
