//! A PKCS#10 request (RFC 2986) as `x509.ParseCertificateRequest` takes it apart.

use std::collections::HashSet;
use std::net::IpAddr;

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5280, rfc5912, rfc8410};

use super::element::{
    Element, Fault, Kind, Reader, bit_string, boolean, object_identifier, small_integer, string,
};
use super::{quoted, uri};
use crate::x509::anomaly::TimeForm;
use crate::x509::signature::{RequestFault, SignatureAlgorithm, is_point};
use crate::x509::subject::Subject;
use crate::x509::validity::moment;
use crate::x509::{PublicKey, alt_name};

/// What a request asks for, as far as Go sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoRequest {
    /// Whom the certificate is to be about.
    pub subject: Subject,
    /// The key.
    pub public_key: PublicKey,
    /// The DNS names, in their order.
    pub dns_names: Vec<String>,
    /// The e-mail addresses.
    pub email_addresses: Vec<String>,
    /// The IP addresses.
    pub ip_addresses: Vec<IpAddr>,
    /// The URIs, as Go writes them.
    pub uris: Vec<String>,
    info: Vec<u8>,
    signature_algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
}

impl GoRequest {
    /// Reads one request.
    ///
    /// # Errors
    /// When Go would not read it, or the key is written otherwise than Go writes it.
    pub fn from_der(der: &[u8]) -> Result<Self, Fault> {
        let mut file = Reader::new(der);
        let mut request = Reader::new(file.required(Kind::SEQUENCE, "certificateRequest")?.content);
        let info = request.required(Kind::SEQUENCE, "tbsCertificateRequest")?;
        let mut fields = Reader::new(info.content);
        small_integer(fields.required(Kind::INTEGER, "int")?.content)?;
        let subject = fields.any()?;
        let key = fields.required(Kind::SEQUENCE, "publicKeyInfo")?;
        let mut parts = Reader::new(key.content);
        let algorithm = algorithm(&mut parts)?;
        let (_, bits) = bit_string(parts.required(Kind::BIT_STRING, "BitString")?.content)?;
        let attributes = fields.required(Kind::CONTEXT_0, "")?;
        let attributes = Reader::new(attributes.content).list(None)?;
        let signature_algorithm = self::algorithm(&mut request)?;
        let (padding, signature) = bit_string(request.required(Kind::BIT_STRING, "BitString")?.content)?;
        if !file.is_finished() {
            return Err(Fault::Syntax("trailing data"));
        }
        let public_key = public_key(&key, &algorithm, bits)?;
        let mut request = Self {
            subject: self::subject(&subject)?,
            public_key,
            dns_names: Vec::new(),
            email_addresses: Vec::new(),
            ip_addresses: Vec::new(),
            uris: Vec::new(),
            info: info.whole.to_vec(),
            // What has no identifier that can be read is none that Go knows.
            signature_algorithm: SignatureAlgorithm::from_der(signature_algorithm.whole.whole)
                .map_err(|_| Fault::other(RequestFault::Unimplemented.to_string()))?,
            // No signature ends in half an octet.
            signature: if padding == 0 { signature.to_vec() } else { Vec::new() },
        };
        if let Some(names) = requested_names(&attributes)? {
            request.read_names(names)?;
        }
        Ok(request)
    }

    /// Checks that the requester holds the key.
    ///
    /// # Errors
    /// When the signature does not hold, or is one that Go does not check.
    pub fn verify_signature(&self) -> Result<(), RequestFault> {
        self.signature_algorithm.verify_request(&self.public_key, &self.info, &self.signature)
    }

    /// The names that Go knows; others are passed over (`parseSANExtension`).
    fn read_names(&mut self, extension: &[u8]) -> Result<(), Fault> {
        let malformed = |what| Fault::other(format!("x509: {what}"));
        let (tag, mut rest, _) = octets(extension).unwrap_or_default();
        if tag != 0x30 {
            return Err(malformed("invalid subject alternative names"));
        }
        while !rest.is_empty() {
            let (tag, content, after) =
                octets(rest).ok_or_else(|| malformed("invalid subject alternative name"))?;
            rest = after;
            let text = |kind| {
                let text = std::str::from_utf8(content).ok().filter(|text| text.is_ascii());
                text.map(str::to_owned).ok_or_else(|| Fault::other(format!("x509: SAN {kind} is malformed")))
            };
            match tag {
                0x81 => self.email_addresses.push(text("rfc822Name")?),
                0x82 => self.dns_names.push(text("dNSName")?),
                0x86 => {
                    let uri = text("uniformResourceIdentifier")?;
                    let normal = uri::normal(&uri);
                    self.uris.push(normal.map_err(|why| {
                        Fault::other(format!("x509: cannot parse URI {}: {why}", quoted(&uri)))
                    })?);
                }
                0x87 => {
                    let address = alt_name::address(content).ok_or_else(|| {
                        Fault::other(format!("x509: cannot parse IP address of length {}", content.len()))
                    })?;
                    if address.to_canonical() != address {
                        return Err(malformed("SAN iPAddress contains IPv4-mapped IPv6 address"));
                    }
                    self.ip_addresses.push(address);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// An `AlgorithmIdentifier`: its object identifier's content, its parameters, and the whole of it.
struct Algorithm<'a> {
    oid: &'a [u8],
    parameters: &'a [u8],
    whole: Element<'a>,
}

fn algorithm<'a>(reader: &mut Reader<'a>) -> Result<Algorithm<'a>, Fault> {
    let whole = reader.required(Kind::SEQUENCE, "AlgorithmIdentifier")?;
    let mut parts = Reader::new(whole.content);
    let oid = object_identifier(parts.required(Kind::OBJECT_IDENTIFIER, "ObjectIdentifier")?.content)?;
    let parameters = if parts.is_finished() { &[][..] } else { parts.any()?.whole };
    Ok(Algorithm { oid, parameters, whole })
}

/// The key (`parsePublicKey`). One of a kind that Go does not know is let pass here: no signature of it is checked.
fn public_key(info: &Element<'_>, algorithm: &Algorithm<'_>, bits: &[u8]) -> Result<PublicKey, Fault> {
    const CURVES: [ObjectIdentifier; 4] =
        [rfc5912::SECP_224_R_1, rfc5912::SECP_256_R_1, rfc5912::SECP_384_R_1, rfc5912::SECP_521_R_1];
    let bad = |what: &str| Err(Fault::other(format!("x509: {what}")));
    let is = |oid: ObjectIdentifier| algorithm.oid == oid.as_bytes();
    if is(rfc5912::RSA_ENCRYPTION) {
        if algorithm.parameters != [0x05, 0x00] {
            return bad("RSA key missing NULL parameters");
        }
        rsa(bits)?;
    } else if is(rfc5912::ID_EC_PUBLIC_KEY) {
        let curve = Reader::new(algorithm.parameters).optional(Kind::OBJECT_IDENTIFIER);
        let Some(curve) = curve.ok().flatten().filter(|curve| object_identifier(curve.content).is_ok())
        else {
            return bad("invalid ECDSA parameters");
        };
        if !CURVES.iter().any(|known| known.as_bytes() == curve.content) {
            return bad("unsupported elliptic curve");
        }
        if bits.first() != Some(&0x04) {
            return Err(Fault::other("ecdsa: invalid uncompressed public key"));
        }
    } else if is(rfc8410::ID_ED_25519) {
        if !algorithm.parameters.is_empty() {
            return bad("Ed25519 key encoded with illegal parameters");
        }
        if bits.len() != 32 {
            return bad("wrong Ed25519 public key size");
        }
    }
    // Its bytes go into the certificate as they are, so there may be nothing in them that is not looked at here.
    let key = PublicKey::from_der(info.whole).ok();
    let key = key.filter(|key| is_canonical(key, info, algorithm));
    let key = key.ok_or_else(|| Fault::other("x509: the public key is not in its one form"))?;
    is_point(&key).map_err(Fault::other)?;
    Ok(key)
}

/// Whether a key's information is its algorithm, its parameters and its bits, and nothing else.
fn is_canonical(key: &PublicKey, info: &Element<'_>, algorithm: &Algorithm<'_>) -> bool {
    // Tag and length of the identifier: no object identifier here is longer than 127 octets.
    let parameters = algorithm.parameters.len();
    let exact = algorithm.whole.content.len() == 2 + algorithm.oid.len() + parameters;
    // A bit string of this length follows and ends it: its tag, its length, the octet of padding.
    let bits = info.content.len().saturating_sub(algorithm.whole.whole.len());
    let header = if key.bits().len() + 1 < 0x80 { 3 } else { 3 + octets_of_length(key.bits().len() + 1) };
    exact && bits == header + key.bits().len()
}

/// How many octets the long form of a length takes beyond the first.
fn octets_of_length(length: usize) -> usize {
    (usize::BITS - length.leading_zeros()).div_ceil(8) as usize
}

/// Checks an `RSAPublicKey` (RFC 8017 §A.1.1).
fn rsa(bits: &[u8]) -> Result<(), Fault> {
    let bad = |what: &str| Fault::other(format!("x509: {what}"));
    let (tag, key, after) = octets(bits).unwrap_or_default();
    if tag != 0x30 {
        return Err(bad("invalid RSA public key"));
    }
    let integer = |bytes| {
        let (tag, content, rest) = octets(bytes)?;
        (tag == 0x02 && crate::x509::extension::is_shortest(content)).then_some((content, rest))
    };
    let (modulus, rest) = integer(key).ok_or_else(|| bad("invalid RSA modulus"))?;
    let (exponent, rest) = integer(rest)
        .filter(|(exponent, _)| exponent.len() <= 8)
        .ok_or_else(|| bad("invalid RSA public exponent"))?;
    let is_positive = |number: &[u8]| number.first().is_some_and(|first| *first < 0x80) && number != [0];
    if !is_positive(modulus) {
        return Err(bad("RSA modulus is not a positive number"));
    }
    if !is_positive(exponent) {
        return Err(bad("RSA public exponent is not a positive number"));
    }
    if rest.is_empty() && after.is_empty() {
        Ok(())
    } else {
        Err(bad("the public key is not in its one form"))
    }
}

/// The subject (`pkix.RDNSequence`).
fn subject(element: &Element<'_>) -> Result<Subject, Fault> {
    let mut subject = Subject::default();
    let sets = Reader::new(element.whole).required(Kind::SEQUENCE, "RDNSequence")?;
    for set in Reader::new(sets.content).list(Some(Kind::SET))? {
        for attribute in Reader::new(set.content).list(Some(Kind::SEQUENCE))? {
            let mut parts = Reader::new(attribute.content);
            let oid =
                object_identifier(parts.required(Kind::OBJECT_IDENTIFIER, "ObjectIdentifier")?.content)?;
            let value = parts.any()?;
            let text = match value.primitive() {
                Some(1) => boolean(value.content).map(|_| None),
                Some(2) => small_integer(value.content).map(|()| None),
                Some(3) => bit_string(value.content).map(|_| None),
                Some(6) => object_identifier(value.content).map(|_| None),
                Some(23 | 24) => time(&value).map(|()| None),
                Some(tag) => string(tag, value.content),
                None => Ok(None),
            };
            // What has no name here cannot be one that Go knows.
            if let (Some(text), Ok(oid)) = (text?, ObjectIdentifier::from_bytes(oid)) {
                subject.take(oid, text);
            }
        }
    }
    Ok(subject)
}

/// Checks a time, which Go parses and then passes over.
fn time(value: &Element<'_>) -> Result<(), Fault> {
    let plain = |forms: Vec<TimeForm>| forms.iter().all(|form| *form == TimeForm::Generalized);
    if moment(value.whole).is_ok_and(|(_, forms)| plain(forms)) {
        return Ok(());
    }
    Err(Fault::other(format!("parsing time {}", quoted(&String::from_utf8_lossy(value.content)))))
}

/// The subject alternative names inside the extensions that are asked for (`parseCSRExtensions`): of each such attribute
/// the first value counts; what does not parse as an attribute is passed over.
fn requested_names<'a>(attributes: &[Element<'a>]) -> Result<Option<&'a [u8]>, Fault> {
    let mut seen = HashSet::new();
    let mut names = None;
    for attribute in attributes {
        let Some(extensions) = request_for_extensions(attribute) else { continue };
        let extensions = Reader::new(extensions.whole).required(Kind::SEQUENCE, "")?;
        for extension in Reader::new(extensions.content).list(Some(Kind::SEQUENCE))? {
            let mut parts = Reader::new(extension.content);
            let oid =
                object_identifier(parts.required(Kind::OBJECT_IDENTIFIER, "ObjectIdentifier")?.content)?;
            if let Some(critical) = parts.optional(Kind::BOOLEAN)? {
                boolean(critical.content)?;
            }
            let value = parts.required(Kind::OCTET_STRING, "")?;
            if !seen.insert(oid) {
                return Err(Fault::other(
                    "x509: certificate request contains duplicate requested extensions",
                ));
            }
            if oid == rfc5280::ID_CE_SUBJECT_ALT_NAME.as_bytes() {
                names = Some(value.content);
            }
        }
    }
    Ok(names)
}

/// The first value of an attribute, if it is an extensionRequest (RFC 2985 §5.4.2).
fn request_for_extensions<'a>(attribute: &Element<'a>) -> Option<Element<'a>> {
    let mut parts =
        Some(attribute).filter(|attribute| attribute.is(Kind::SEQUENCE)).map(|it| Reader::new(it.content))?;
    let oid = parts.optional(Kind::OBJECT_IDENTIFIER).ok()??;
    let values = parts.optional(Kind::SET).ok()??;
    let values = Reader::new(values.content).list(None).ok()?;
    let is_request = object_identifier(oid.content).ok()? == rfc5912::ID_EXTENSION_REQ.as_bytes();
    values.into_iter().next().filter(|_| is_request)
}

/// Tag, content, and what follows, as `cryptobyte` takes an element: a tag of one octet, a length in its shortest form.
fn octets(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, length, rest @ ..] = bytes else { return None };
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let octets = usize::from(length & 0x7f);
        let (long, rest) = rest.split_at_checked(octets).filter(|_| (1..=4).contains(&octets))?;
        let length = long.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
        // Neither in the short form, nor with a zero in front.
        (Some(length).filter(|length| *length >= 0x80 && length >> ((octets - 1) * 8) != 0)?, rest)
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((*tag, content, after))
}
