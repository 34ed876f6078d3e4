//! Certificates that no signer would issue: taken apart, changed, and signed again by a CA of the testbed.

use der::Tag;
use kubepki::x509::der::{children, sequence};
use kubepki::x509::{Certificate, PrivateKey, pem};

use crate::testbed::Testbed;

/// The parts of what is signed, each of them DER.
pub struct Parts {
    pub version: Vec<u8>,
    pub serial: Vec<u8>,
    pub inner_algorithm: Vec<u8>,
    pub issuer: Vec<u8>,
    pub validity: Vec<u8>,
    pub subject: Vec<u8>,
    pub public_key: Vec<u8>,
    pub extensions: Vec<Vec<u8>>,
    /// The algorithm beside the signature.
    pub outer_algorithm: Vec<u8>,
}

/// Changes a certificate and has it signed with the P-256 key of `ca`. Names are paths without suffix, as in
/// `out/pki/apiserver`.
pub fn forge(bed: &Testbed, name: &str, ca: &str, change: impl FnOnce(&mut Parts)) {
    let path = format!("{name}.crt");
    let der = bed.certificate(&path).as_der().to_vec();
    let outer = children(&der, Tag::Sequence, "test").unwrap();
    let fields: Vec<Vec<u8>> =
        children(outer[0], Tag::Sequence, "test").unwrap().into_iter().map(<[u8]>::to_vec).collect();
    let [version, serial, inner_algorithm, issuer, validity, subject, public_key, extensions] =
        <[Vec<u8>; 8]>::try_from(fields).unwrap();
    let content = &extensions[extensions.len() - length(&extensions)..];
    let extensions =
        children(content, Tag::Sequence, "test").unwrap().into_iter().map(<[u8]>::to_vec).collect();
    let outer_algorithm = outer[1].to_vec();
    let mut parts = Parts {
        version,
        serial,
        inner_algorithm,
        issuer,
        validity,
        subject,
        public_key,
        extensions,
        outer_algorithm,
    };
    change(&mut parts);
    write(bed, &path, &parts.sign(&bed.key(&format!("{ca}.key"))));
}

/// Writes the bytes of a certificate.
pub fn write(bed: &Testbed, path: &str, der: &[u8]) {
    bed.write(path, pem::encode("CERTIFICATE", der).unwrap());
    bed.set_mode(path, 0o644);
}

/// The bytes of a certificate.
pub fn bytes(bed: &Testbed, path: &str) -> Vec<u8> {
    let certificate: Certificate = bed.certificate(path);
    certificate.as_der().to_vec()
}

impl Parts {
    fn sign(&self, key: &PrivateKey) -> Vec<u8> {
        let extensions = tlv(0xa3, &tlv(0x30, &self.extensions.concat()));
        let fields: [&[u8]; 8] = [
            &self.version,
            &self.serial,
            &self.inner_algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.public_key,
            &extensions,
        ];
        let tbs = sequence(&fields, "test").unwrap();
        let signature = [&[0][..], &key.sign(&tbs).unwrap()].concat();
        sequence(&[&tbs, &self.outer_algorithm, &tlv(0x03, &signature)], "test").unwrap()
    }

    /// Valid from and to: `UTCTime` where they are as long as that.
    pub fn valid(&mut self, from: &str, to: &str) {
        let time = |text: &str| tlv(if text.len() > 13 { 0x18 } else { 0x17 }, text.as_bytes());
        self.validity = tlv(0x30, &[time(from), time(to)].concat());
    }

    /// Valid for so many days, of which so many are over.
    pub fn aged(&mut self, days: i64, over: i64) {
        let now = time::OffsetDateTime::now_utc();
        let text = |moment: time::OffsetDateTime| {
            let compact = kubepki::moment::compact(moment).replace('T', "");
            if moment.year() < 2050 { compact[2..].to_owned() } else { compact }
        };
        let from = now - time::Duration::days(over);
        self.valid(&text(from), &text(from + time::Duration::days(days)));
    }

    /// Replaces the content of the extension with this last octet of its object identifier in 2.5.29, or adds it.
    pub fn extension(&mut self, last: u8, critical: bool, content: &[u8]) {
        self.without(last);
        let critical: &[u8] = if critical { &[0x01, 0x01, 0xff] } else { &[] };
        let oid = [0x06, 0x03, 0x55, 0x1d, last];
        self.extensions.push(tlv(0x30, &[&oid[..], critical, &tlv(0x04, content)].concat()));
    }

    /// Drops an extension.
    pub fn without(&mut self, last: u8) {
        let oid = [0x06, 0x03, 0x55, 0x1d, last];
        self.extensions.retain(|extension| !extension.windows(oid.len()).any(|window| window == oid));
    }

    /// An RSA key of this modulus, big-endian.
    pub fn rsa(&mut self, modulus: &[u8], exponent: &[u8]) {
        self.key(
            &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00],
            &rsa(modulus, exponent),
        );
    }

    /// A key of any algorithm: the content of the identifier, and that of the bit string.
    pub fn key(&mut self, identifier: &[u8], bits: &[u8]) {
        let bits = tlv(0x03, &[&[0], bits].concat());
        self.public_key = tlv(0x30, &[tlv(0x30, identifier), bits].concat());
    }
}

/// `RSAPublicKey`.
pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let sign: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
        tlv(0x02, &[sign, bytes].concat())
    };
    tlv(0x30, &[integer(modulus), integer(exponent)].concat())
}

/// A name of one attribute: the last octet of its object identifier in 2.5.4, string tag and value.
pub fn name(attribute: u8, tag: u8, value: &[u8]) -> Vec<u8> {
    let attribute = [&[0x06, 0x03, 0x55, 0x04, attribute][..], &tlv(tag, value)].concat();
    tlv(0x30, &tlv(0x31, &tlv(0x30, &attribute)))
}

/// An element.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..=0x7f => vec![tag, u8::try_from(length).unwrap()],
        0x80..=0xff => vec![tag, 0x81, u8::try_from(length).unwrap()],
        _ => [&[tag, 0x82][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
    };
    [&head, content].concat()
}

/// The length of an element's content.
fn length(element: &[u8]) -> usize {
    match element[1] {
        0x82 => usize::from(u16::from_be_bytes([element[2], element[3]])),
        0x81 => usize::from(element[2]),
        short => usize::from(short),
    }
}

/// Bytes from hexadecimal.
pub fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
