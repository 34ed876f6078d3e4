//! PKCS#10 requests that say whatever a row wants them to say, well formed or not.
//!
//! A request is written as a list: `C= ST= L= street= postal= O= OU= CN= serial=` are what Go knows of a subject, `DC= UID=
//! mail= KUID=` what it does not (`KUID` is the user UID of Kubernetes); `dns: ip: email: uri:` are names that Go knows,
//! `other: dir: rid:` what it does not; `ca!` asks for a CA, `ku!` and `eku!` for usages, `oid!` for an extension of its own.

use std::net::IpAddr;
use std::sync::OnceLock;

use kubepki::x509::{KeyAlgorithm, PrivateKey, pem};

/// The key of every request that does not need one of its own.
pub fn key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap())
}

/// `ecdsa-with-SHA256` (RFC 5758 §3.2).
pub const ECDSA_SHA256: [u8; 12] = [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// What is signed by the requester, in parts, each of them DER.
#[derive(Clone)]
pub struct Forge {
    pub version: Vec<u8>,
    pub subject: Vec<u8>,
    pub public_key: Vec<u8>,
    /// The elements of the attributes' set.
    pub attributes: Vec<Vec<u8>>,
    /// What follows the attributes.
    pub more: Vec<u8>,
    pub algorithm: Vec<u8>,
    /// What follows the request.
    pub trailer: Vec<u8>,
    /// Whether the signature is spoilt.
    pub spoilt: bool,
}

/// An attribute of a subject: its type, the tag of its value, and that.
pub type Attribute<'a> = (&'a str, u8, &'a [u8]);

impl Forge {
    /// The request that is written so.
    pub fn new(text: &str) -> Self {
        let mut sets = Vec::new();
        let mut names = Vec::new();
        let mut extensions = Vec::new();
        for word in text.split(", ").filter(|word| !word.is_empty()) {
            if let Some((kind, value)) =
                word.split_once('=').filter(|(kind, _)| TYPES.iter().any(|(name, _)| name == kind))
            {
                let oid = TYPES.iter().find(|(name, _)| *name == kind).unwrap().1;
                sets.push(vec![(oid, 0x0c, value.as_bytes())]);
            } else if let Some((kind, value)) = word.split_once(':').filter(|(kind, _)| NAMES.contains(kind))
            {
                names.push(name(kind, value));
            } else {
                extensions.push(asked(word));
            }
        }
        if !names.is_empty() {
            extensions.push(extension("2.5.29.17", false, &tlv(0x30, &names.concat())));
        }
        Self {
            version: vec![0x02, 0x01, 0x00],
            subject: subject(&sets),
            public_key: key().public_key().as_der().to_vec(),
            attributes: if extensions.is_empty() { Vec::new() } else { vec![request_for(&[&extensions])] },
            more: Vec::new(),
            algorithm: ECDSA_SHA256.to_vec(),
            trailer: Vec::new(),
            spoilt: false,
        }
    }

    /// A request without a subject, and with these extensions.
    pub fn extensions(extensions: &[Vec<u8>]) -> Self {
        let mut forge = Self::new("CN=a");
        forge.attributes = vec![request_for(&[extensions])];
        forge
    }

    /// A request with a subject of whatever kind.
    pub fn subject(sets: &[Vec<Attribute<'_>>]) -> Self {
        Self { subject: subject(sets), ..Self::new("") }
    }

    /// Its bytes.
    pub fn der(&self) -> Vec<u8> {
        self.signed_by(key())
    }

    /// Its bytes, signed by another key than that in it.
    pub fn signed_by(&self, key: &PrivateKey) -> Vec<u8> {
        let attributes = tlv(0xa0, &self.attributes.concat());
        let parts = [&self.version[..], &self.subject, &self.public_key, &attributes, &self.more];
        let info = tlv(0x30, &parts.concat());
        let mut signature = [&[0][..], &key.sign(&info).unwrap()].concat();
        if self.spoilt {
            *signature.last_mut().unwrap() ^= 1;
        }
        let whole = [&info[..], &self.algorithm, &tlv(0x03, &signature)].concat();
        [&tlv(0x30, &whole)[..], &self.trailer].concat()
    }

    /// Its PEM.
    pub fn pem(&self) -> Vec<u8> {
        wrap(&self.der())
    }
}

/// The PEM of the request that is written so.
pub fn csr(text: &str) -> Vec<u8> {
    Forge::new(text).pem()
}

/// Bytes in the armour of a request.
pub fn wrap(der: &[u8]) -> Vec<u8> {
    pem::encode("CERTIFICATE REQUEST", der).unwrap().into_bytes()
}

/// An element of any tag octet.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut element = vec![tag];
    if length < 0x80 {
        element.push(u8::try_from(length).unwrap());
    } else {
        let octets: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
        element.push(0x80 | u8::try_from(octets.len()).unwrap());
        element.extend(octets);
    }
    element.extend(content);
    element
}

/// An object identifier.
pub fn oid(text: &str) -> Vec<u8> {
    use der::Encode;
    der::asn1::ObjectIdentifier::new_unwrap(text).to_der().unwrap()
}

/// An `Extension`.
pub fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { &[0x01, 0x01, 0xff][..] } else { &[] };
    tlv(0x30, &[&oid(id)[..], critical, &tlv(0x04, value)].concat())
}

/// subjectAltName with these general names.
pub fn alt_names(names: &[Vec<u8>]) -> Vec<u8> {
    extension("2.5.29.17", false, &tlv(0x30, &names.concat()))
}

/// An extensionRequest (RFC 2985 §5.4.2) with some values; there should be one.
pub fn request_for(values: &[&[Vec<u8>]]) -> Vec<u8> {
    let values: Vec<Vec<u8>> = values.iter().map(|extensions| tlv(0x30, &extensions.concat())).collect();
    tlv(0x30, &[oid("1.2.840.113549.1.9.14"), tlv(0x31, &values.concat())].concat())
}

fn subject(sets: &[Vec<Attribute<'_>>]) -> Vec<u8> {
    let set = |attributes: &Vec<Attribute<'_>>| {
        let attributes: Vec<Vec<u8>> = attributes
            .iter()
            .map(|(id, tag, value)| tlv(0x30, &[oid(id), tlv(*tag, value)].concat()))
            .collect();
        tlv(0x31, &attributes.concat())
    };
    tlv(0x30, &sets.iter().map(set).collect::<Vec<_>>().concat())
}

const TYPES: [(&str, &str); 13] = [
    ("C", "2.5.4.6"),
    ("ST", "2.5.4.8"),
    ("L", "2.5.4.7"),
    ("street", "2.5.4.9"),
    ("postal", "2.5.4.17"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("CN", "2.5.4.3"),
    ("serial", "2.5.4.5"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("mail", "1.2.840.113549.1.9.1"),
    ("KUID", "1.3.6.1.4.1.57683.2"),
];

const NAMES: [&str; 7] = ["dns", "ip", "email", "uri", "other", "dir", "rid"];

fn name(kind: &str, value: &str) -> Vec<u8> {
    match kind {
        "dns" => tlv(0x82, value.as_bytes()),
        "email" => tlv(0x81, value.as_bytes()),
        "uri" => tlv(0x86, value.as_bytes()),
        "ip" => match value.parse::<IpAddr>().unwrap() {
            IpAddr::V4(address) => tlv(0x87, &address.octets()),
            IpAddr::V6(address) => tlv(0x87, &address.octets()),
        },
        // The user principal name of Windows, which logs people in.
        "other" => {
            let value = tlv(0xa0, &tlv(0x0c, value.as_bytes()));
            tlv(0xa0, &[oid("1.3.6.1.4.1.311.20.2.3"), value].concat())
        }
        "dir" => tlv(0xa4, &subject(&[vec![("2.5.4.3", 0x0c, value.as_bytes())]])),
        "rid" => tlv(0x88, &oid(value)[2..]),
        _ => panic!("{kind}"),
    }
}

fn asked(word: &str) -> Vec<u8> {
    match word {
        "ca!" => extension("2.5.29.19", true, &tlv(0x30, &[0x01, 0x01, 0xff])),
        "ku!" => extension("2.5.29.15", true, &[0x03, 0x02, 0x01, 0x06]),
        "eku!" => extension("2.5.29.37", false, &tlv(0x30, &oid("1.3.6.1.5.5.7.3.3"))),
        "oid!" => extension("1.2.3.4.5", true, b"anything"),
        _ => panic!("{word}"),
    }
}
