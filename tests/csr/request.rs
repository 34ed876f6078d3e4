//! `spec.request`: what is read out of it, and in which words it is refused. Every answer is Go 1.26.0's over the same
//! bytes, but for those that say so.

use std::fs;
use std::process::Command;

use kubepki::csr::request::Wanted;
use kubepki::x509::pem;

use crate::forge::{
    Attribute, ECDSA_SHA256, Forge, alt_names, csr, extension, key, oid, request_for, tlv, wrap,
};

type Row = (&'static str, Vec<u8>, &'static str);

/// What was read, in the words of [`Forge`].
fn told(bytes: &[u8]) -> String {
    let wanted = match Wanted::read(bytes) {
        Ok(wanted) => wanted,
        Err(error) => return error.to_string(),
    };
    let subject = &wanted.subject;
    let mut words: Vec<String> = Vec::new();
    for (name, values) in [
        ("C", &subject.country),
        ("ST", &subject.province),
        ("L", &subject.locality),
        ("street", &subject.street_address),
        ("postal", &subject.postal_code),
        ("O", &subject.organization),
        ("OU", &subject.organizational_unit),
        ("CN", &vec![subject.common_name.clone()]),
        ("serial", &vec![subject.serial_number.clone()]),
    ] {
        words.extend(values.iter().filter(|value| !value.is_empty()).map(|value| format!("{name}={value}")));
    }
    words.extend(wanted.dns_names.iter().map(|name| format!("dns:{name}")));
    words.extend(wanted.email_addresses.iter().map(|name| format!("email:{name}")));
    words.extend(wanted.ip_addresses.iter().map(|name| format!("ip:{name}")));
    words.extend(wanted.uris.iter().map(|name| format!("uri:{name}")));
    format!("ok {}", words.join(", "))
}

const CN: &str = "2.5.4.3";

fn subject(attribute: Attribute<'_>) -> Vec<u8> {
    Forge::subject(&[vec![attribute]]).pem()
}

fn mended(edit: impl FnOnce(&mut Forge)) -> Vec<u8> {
    let mut forge = Forge::new("CN=a");
    edit(&mut forge);
    forge.pem()
}

/// What it is, its bytes, and what is read or said.
pub fn rows() -> Vec<Row> {
    const TYPE: &str = "PEM block type must be CERTIFICATE REQUEST";
    let good = csr("CN=a");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let relabelled = |label: &str| pem::encode(label, &Forge::new("CN=a").der()).unwrap().into_bytes();
    let der = |edit: fn(&mut Vec<u8>)| {
        let mut der = Forge::new("CN=a").der();
        edit(&mut der);
        wrap(&der)
    };
    let san = |tag, value: &[u8]| Forge::extensions(&[alt_names(&[tlv(tag, value)])]).pem();
    let extensions = |list: &[Vec<u8>]| Forge::extensions(list).pem();
    let attributes = |list: Vec<Vec<u8>>| mended(|forge| forge.attributes = list);
    let dns = |name: &str| alt_names(&[tlv(0x82, name.as_bytes())]);
    let own = |value: &[u8]| extension("1.2.3.4", false, value);
    let point = |edit: fn(&mut Vec<u8>)| {
        mended(|forge| {
            let at = forge.public_key.len() - 65;
            let mut bits = forge.public_key[at..].to_vec();
            edit(&mut bits);
            let algorithm = forge.public_key[2..at - 3].to_vec();
            let bits = tlv(0x03, &[&[0][..], &bits].concat());
            forge.public_key = tlv(0x30, &[algorithm, bits].concat());
        })
    };
    let key_of = |algorithm: &[&[u8]], bits: &[u8]| {
        let key = [tlv(0x30, &algorithm.concat()), tlv(0x03, &[&[0][..], bits].concat())].concat();
        mended(|forge| forge.public_key = tlv(0x30, &key))
    };
    let rsa_oid = oid("1.2.840.113549.1.1.1");
    let null = &[0x05, 0x00][..];
    let integers =
        |numbers: &[&[u8]]| tlv(0x30, &numbers.iter().map(|it| tlv(0x02, it)).collect::<Vec<_>>().concat());
    let signed_as = |algorithm: Vec<u8>| mended(|forge| forge.algorithm = tlv(0x30, &algorithm));
    let sha256_rsa = [oid("1.2.840.113549.1.1.11"), null.to_vec()].concat();
    vec![
        // PEM
        ("a request", good.clone(), "ok CN=a"),
        ("text before it", [b"Certificate Request:\n", &good[..]].concat(), "ok CN=a"),
        ("text behind it", [&good[..], b"anything"].concat(), "ok CN=a"),
        ("CRLF", text(&good).replace('\n', "\r\n").into_bytes(), "ok CN=a"),
        ("no line break at its end", text(&good).trim_end().as_bytes().to_vec(), "ok CN=a"),
        (
            "one line of base64",
            {
                let mut lines: Vec<String> = text(&good).lines().map(str::to_owned).collect();
                let body = lines.drain(1..lines.len() - 1).collect::<String>();
                format!("{}\n{body}\n{}\n", lines[0], lines[1]).into_bytes()
            },
            "ok CN=a",
        ),
        ("headers", text(&good).replacen("-----\n", "-----\nA: b\nC: d\n\n", 1).into_bytes(), "ok CN=a"),
        ("two requests", [&good[..], &csr("CN=b")].concat(), "ok CN=a"),
        ("nothing", Vec::new(), TYPE),
        ("DER", Forge::new("CN=a").der(), TYPE),
        ("a blank before it", [b" ", &good[..]].concat(), TYPE),
        ("text on its first line", [b"x", &good[..]].concat(), TYPE),
        ("a certificate's block", relabelled("CERTIFICATE"), TYPE),
        ("the block of old Windows", relabelled("NEW CERTIFICATE REQUEST"), TYPE),
        ("a label in small letters", relabelled("certificate request"), TYPE),
        ("a certificate, then a request", [relabelled("CERTIFICATE"), good.clone()].concat(), TYPE),
        ("a key, then a request", [relabelled("PRIVATE KEY"), good.clone()].concat(), TYPE),
        (
            "a block that does not decode, then a request",
            [b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", &good[..]].concat(),
            "ok CN=a",
        ),
        (
            "a block without an end, then a request",
            [b"-----BEGIN CERTIFICATE-----\nAAAA\n", &good[..]].concat(),
            "ok CN=a",
        ),
        (
            "an end without a block, then a request",
            [b"-----END CERTIFICATE-----\n", &good[..]].concat(),
            "ok CN=a",
        ),
        ("a broken line of base64", text(&good).replacen("MI", "M*", 1).into_bytes(), TYPE),
        (
            "URL base64",
            b"-----BEGIN CERTIFICATE REQUEST-----\n_-__\n-----END CERTIFICATE REQUEST-----\n".to_vec(),
            TYPE,
        ),
        (
            "no padding",
            b"-----BEGIN CERTIFICATE REQUEST-----\nMA\n-----END CERTIFICATE REQUEST-----\n".to_vec(),
            TYPE,
        ),
        // DER
        ("an empty block", wrap(b""), "asn1: syntax error: sequence truncated"),
        ("one octet", wrap(&[0x30]), "asn1: syntax error: truncated tag or length"),
        ("an empty sequence", wrap(&[0x30, 0x00]), "asn1: syntax error: sequence truncated"),
        (
            "text",
            wrap(b"hello"),
            "asn1: structure error: tags don't match (16 vs {class:1 tag:8 length:101 isCompound:true}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} certificateRequest @2",
        ),
        (
            "a certificate",
            wrap(crate::bed::authority().0.as_der()),
            "asn1: structure error: tags don't match (2 vs {class:2 tag:0 length:3 isCompound:true}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} int @2",
        ),
        ("a request that is cut", der(|der| der.truncate(100)), "asn1: syntax error: data truncated"),
        ("an octet behind it", der(|der| der.push(0)), "asn1: syntax error: trailing data"),
        ("two requests in a block", der(|der| der.extend(der.clone())), "asn1: syntax error: trailing data"),
        (
            "an indefinite length",
            wrap(&[0x30, 0x80, 0x00, 0x00]),
            "asn1: syntax error: indefinite length found (not DER)",
        ),
        ("a length in the long form", wrap(&[0x30, 0x81, 0x05]), "asn1: structure error: non-minimal length"),
        (
            "a length with zeros",
            wrap(&[0x30, 0x82, 0x00, 0x85]),
            "asn1: structure error: superfluous leading zeros in length",
        ),
        (
            "a length of gigabytes",
            wrap(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
            "asn1: structure error: length too large",
        ),
        ("version 2", mended(|forge| forge.version = vec![0x02, 0x01, 0x01]), "ok CN=a"),
        (
            "a version without octets",
            mended(|forge| forge.version = vec![0x02, 0x00]),
            "asn1: structure error: empty integer",
        ),
        (
            "a version with zeros",
            mended(|forge| forge.version = vec![0x02, 0x02, 0, 1]),
            "asn1: structure error: integer not minimally-encoded",
        ),
        ("more fields than there are", mended(|forge| forge.more = vec![0x05, 0x00]), "ok CN=a"),
        // Signatures
        (
            "a spoilt signature",
            Forge { spoilt: true, ..Forge::new("CN=a") }.pem(),
            "x509: ECDSA verification failure",
        ),
        (
            "the signature of another key",
            wrap(&Forge::new("CN=a").signed_by(crate::bed::authority().1)),
            "x509: ECDSA verification failure",
        ),
        (
            "RSA's algorithm with an ECDSA key",
            signed_as(sha256_rsa),
            "x509: signature algorithm specifies an RSA public key, but have public key of type *ecdsa.PublicKey",
        ),
        (
            "DSA's algorithm",
            signed_as(oid("1.2.840.10040.4.3")),
            "x509: signature algorithm specifies an DSA public key, but have public key of type *ecdsa.PublicKey",
        ),
        (
            "Ed25519's algorithm",
            signed_as(oid("1.3.101.112")),
            "x509: signature algorithm specifies an Ed25519 public key, but have public key of type *ecdsa.PublicKey",
        ),
        (
            "MD5",
            signed_as(oid("1.2.840.113549.1.1.4")),
            "x509: cannot verify signature: insecure algorithm MD5-RSA",
        ),
        (
            "MD2",
            signed_as(oid("1.2.840.113549.1.1.2")),
            "x509: cannot verify signature: algorithm unimplemented",
        ),
        (
            "SHA-224",
            signed_as(oid("1.2.840.10045.4.3.1")),
            "x509: cannot verify signature: algorithm unimplemented",
        ),
        (
            "PSS without parameters",
            signed_as(oid("1.2.840.113549.1.1.10")),
            "x509: cannot verify signature: algorithm unimplemented",
        ),
        ("parameters with ECDSA", signed_as([&ECDSA_SHA256[2..], null].concat()), "ok CN=a"),
        // Keys
        (
            "secp256k1",
            key_of(&[&oid("1.2.840.10045.2.1"), &oid("1.3.132.0.10")], &[4; 65]),
            "x509: unsupported elliptic curve",
        ),
        ("no curve", key_of(&[&oid("1.2.840.10045.2.1")], &[4; 65]), "x509: invalid ECDSA parameters"),
        (
            "a compressed point",
            point(|bits| {
                bits.truncate(33);
                bits[0] = 2;
            }),
            "ecdsa: invalid uncompressed public key",
        ),
        ("half a point", point(|bits| bits.truncate(64)), "invalid P256 point encoding"),
        ("no point of the curve", point(|bits| bits[64] ^= 1), "P256 point not on curve"),
        (
            "RSA without NULL",
            key_of(&[&rsa_oid], &integers(&[&[3], &[3]])),
            "x509: RSA key missing NULL parameters",
        ),
        ("RSA that is no sequence", key_of(&[&rsa_oid, null], &[0x02, 0x00]), "x509: invalid RSA public key"),
        ("RSA without a modulus", key_of(&[&rsa_oid, null], &integers(&[])), "x509: invalid RSA modulus"),
        (
            "RSA without an exponent",
            key_of(&[&rsa_oid, null], &integers(&[&[3]])),
            "x509: invalid RSA public exponent",
        ),
        (
            "RSA with a negative modulus",
            key_of(&[&rsa_oid, null], &integers(&[&[0x83], &[3]])),
            "x509: RSA modulus is not a positive number",
        ),
        (
            "RSA with a negative exponent",
            key_of(&[&rsa_oid, null], &integers(&[&[3], &[0x83]])),
            "x509: RSA public exponent is not a positive number",
        ),
        (
            "RSA of eight bits",
            {
                let key = [
                    tlv(0x30, &[&rsa_oid, null].concat()),
                    tlv(0x03, &[&[0][..], &integers(&[&[0, 0xc1], &[3]])].concat()),
                ];
                mended(|forge| {
                    forge.public_key = tlv(0x30, &key.concat());
                    forge.algorithm = tlv(0x30, &[oid("1.2.840.113549.1.1.11"), null.to_vec()].concat());
                })
            },
            "crypto/rsa: 8-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)",
        ),
        (
            "Ed25519 with parameters",
            key_of(&[&oid("1.3.101.112"), null], &[1; 32]),
            "x509: Ed25519 key encoded with illegal parameters",
        ),
        (
            "Ed25519 that is short",
            key_of(&[&oid("1.3.101.112")], &[1; 31]),
            "x509: wrong Ed25519 public key size",
        ),
        (
            "a kind of key that nobody knows",
            key_of(&[&oid("1.2.3")], &[1; 31]),
            "x509: cannot verify signature: algorithm unimplemented",
        ),
        // Here Go accepts; the key's bytes go into the certificate, so there may be nothing beside them.
        (
            "a key with something beside it",
            mended(|forge| {
                let key = forge.public_key[2..].to_vec();
                forge.public_key = tlv(0x30, &[&key[..], null].concat());
            }),
            "x509: the public key is not in its one form",
        ),
        // Subjects
        ("no subject", csr(""), "ok "),
        (
            "everything that Go knows",
            csr("CN=a, serial=1, O=x, C=DE, ST=s, L=l, street=t, postal=p, OU=u, O=y"),
            "ok C=DE, ST=s, L=l, street=t, postal=p, O=x, O=y, OU=u, CN=a, serial=1",
        ),
        ("what Go does not know", csr("DC=d, UID=u, mail=m, KUID=k, CN=a"), "ok CN=a"),
        ("two common names", csr("CN=system:admin, CN=b"), "ok CN=b"),
        ("an empty common name at the end", csr("CN=a, CN="), "ok "),
        ("groups in their order, and repeated", csr("O=b, O=a, O=b"), "ok O=b, O=a, O=b"),
        (
            "several in one set",
            Forge::subject(&[vec![(CN, 0x0c, b"a"), ("2.5.4.10", 0x0c, b"x"), (CN, 0x0c, b"b")]]).pem(),
            "ok O=x, CN=b",
        ),
        ("an empty set", Forge::subject(&[vec![], vec![(CN, 0x0c, b"a")]]).pem(), "ok CN=a"),
        ("UTF8String", subject((CN, 0x0c, "ü".as_bytes())), "ok CN=ü"),
        ("UTF8String that is none", subject((CN, 0x0c, &[0xff])), "asn1: invalid UTF-8 string"),
        ("PrintableString", subject((CN, 0x13, b"a*&")), "ok CN=a*&"),
        (
            "PrintableString that is none",
            subject((CN, 0x13, b"a@b")),
            "asn1: syntax error: PrintableString contains invalid character",
        ),
        (
            "NumericString that is none",
            subject((CN, 0x12, b"a")),
            "asn1: syntax error: NumericString contains invalid character",
        ),
        (
            "IA5String that is none",
            subject((CN, 0x16, &[0x80])),
            "asn1: syntax error: IA5String contains invalid character",
        ),
        ("T61String", subject((CN, 0x14, &[0xfc])), "ok CN=ü"),
        ("BMPString", subject((CN, 0x1e, &[0, b'a', 0, 0xfc])), "ok CN=aü"),
        ("BMPString with an end", subject((CN, 0x1e, &[0, b'a', 0, 0, 0, 0])), "ok CN=a\0"),
        ("BMPString of odd length", subject((CN, 0x1e, &[0])), "invalid BMPString"),
        ("BMPString with half a character", subject((CN, 0x1e, &[0xd8, 0])), "invalid BMPString"),
        (
            "an integer as common name",
            Forge::subject(&[vec![(CN, 0x0c, b"a")], vec![(CN, 0x02, &[5])]]).pem(),
            "ok CN=a",
        ),
        ("an integer that is none", subject((CN, 0x02, &[])), "asn1: structure error: empty integer"),
        ("a boolean that is none", subject((CN, 0x01, &[1])), "asn1: syntax error: invalid boolean"),
        ("a time as common name", subject((CN, 0x17, b"261122120000Z")), "ok "),
        ("a time that is none, of which Go says more", subject((CN, 0x17, b"a")), "parsing time \"a\""),
        ("a later time that is none, of which Go says more", subject((CN, 0x18, b"")), "parsing time \"\""),
        ("a sequence as common name", subject((CN, 0x30, b"anything")), "ok "),
        ("UniversalString, which Go does not know", subject((CN, 0x1c, &[0, 0, 0, 97])), "ok "),
        (
            "a subject that is a set",
            mended(|forge| forge.subject = tlv(0x31, &[])),
            "asn1: structure error: tags don't match (16 vs {class:0 tag:17 length:0 isCompound:true}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} RDNSequence @2",
        ),
        (
            "a name that is no set",
            mended(|forge| forge.subject = tlv(0x30, &tlv(0x30, &[]))),
            "asn1: structure error: sequence tag mismatch",
        ),
        // Names
        (
            "all that Go knows",
            csr("dns:a, dns:*.b, ip:192.0.2.1, ip:2001:db8::1, email:x@y, uri:spiffe://a/b"),
            "ok dns:a, dns:*.b, email:x@y, ip:192.0.2.1, ip:2001:db8::1, uri:spiffe://a/b",
        ),
        ("what Go does not know", csr("other:root@example.com, dir:a, rid:1.2.3"), "ok "),
        ("a DNS name of whatever characters", csr("dns:a b\0\u{7f}"), "ok dns:a b\0\u{7f}"),
        ("a DNS name that is not ASCII", csr("dns:ü"), "x509: SAN dNSName is malformed"),
        ("an e-mail address that is not ASCII", csr("email:ü@a"), "x509: SAN rfc822Name is malformed"),
        (
            "a URI that is not ASCII",
            csr("uri:spiffe://ü"),
            "x509: SAN uniformResourceIdentifier is malformed",
        ),
        (
            "a URI that does not parse",
            csr("uri::a"),
            r#"x509: cannot parse URI ":a": parse ":a": missing protocol scheme"#,
        ),
        (
            "a URI with an empty label",
            csr("uri:https://a..b/"),
            r#"x509: cannot parse URI "https://a..b/": invalid domain"#,
        ),
        (
            "a URI with a bad port",
            csr("uri:https://a:x/"),
            r#"x509: cannot parse URI "https://a:x/": parse "https://a:x/": invalid port ":x" after host"#,
        ),
        ("a URI in capitals", csr("uri:SPIFFE://A/b"), "ok uri:spiffe://A/b"),
        ("an address of five octets", san(0x87, &[1; 5]), "x509: cannot parse IP address of length 5"),
        ("an address of no octets", san(0x87, &[]), "x509: cannot parse IP address of length 0"),
        // Go 1.27, and what is read of 1.26 with its fixes.
        (
            "an IPv4 address as IPv6",
            csr("ip:::ffff:192.0.2.1"),
            "x509: SAN iPAddress contains IPv4-mapped IPv6 address",
        ),
        ("a general name that is none", san(0x9f, b"x"), "x509: invalid subject alternative name"),
        ("a constructed DNS name", san(0xa2, b"x"), "ok CN=a"),
        (
            "names that are none",
            extensions(&[extension("2.5.29.17", false, b"x")]),
            "x509: invalid subject alternative names",
        ),
        ("no names", extensions(&[alt_names(&[])]), "ok CN=a"),
        // Extensions
        ("extensions that are not looked at", csr("CN=a, ca!, ku!, eku!, oid!"), "ok CN=a"),
        (
            "extensions that do not decode",
            extensions(&[extension("2.5.29.19", true, b"junk"), extension("2.5.29.15", true, b"")]),
            "ok CN=a",
        ),
        (
            "an extension twice",
            extensions(&[own(b"a"), own(b"b")]),
            "x509: certificate request contains duplicate requested extensions",
        ),
        (
            "names twice",
            extensions(&[dns("a"), dns("b")]),
            "x509: certificate request contains duplicate requested extensions",
        ),
        (
            "an extension twice over two attributes",
            attributes(vec![request_for(&[&[own(b"a")]]), request_for(&[&[own(b"a")]])]),
            "x509: certificate request contains duplicate requested extensions",
        ),
        (
            "two attributes",
            attributes(vec![request_for(&[&[own(b"a")]]), request_for(&[&[dns("b")]])]),
            "ok CN=a, dns:b",
        ),
        (
            "a second value, which is not read",
            attributes(vec![request_for(&[&[dns("a")], &[dns("evil"), dns("evil")]])]),
            "ok CN=a, dns:a",
        ),
        (
            "an attribute without values",
            attributes(vec![tlv(0x30, &[oid("1.2.840.113549.1.9.14"), tlv(0x31, &[])].concat())]),
            "ok CN=a",
        ),
        (
            "an attribute that is none",
            attributes(vec![tlv(0x04, b"x"), request_for(&[&[dns("b")]])]),
            "ok CN=a, dns:b",
        ),
        (
            "a challenge password",
            attributes(vec![tlv(0x30, &[oid("1.2.840.113549.1.9.7"), tlv(0x31, &tlv(0x13, b"x"))].concat())]),
            "ok CN=a",
        ),
        (
            "extensions that are no sequence",
            attributes(vec![tlv(0x30, &[oid("1.2.840.113549.1.9.14"), tlv(0x31, &tlv(0x31, &[]))].concat())]),
            "asn1: structure error: tags don't match (16 vs {class:0 tag:17 length:0 isCompound:true}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}  @2",
        ),
        (
            "an extension that is no sequence",
            extensions(&[tlv(0x31, &[])]),
            "asn1: structure error: sequence tag mismatch",
        ),
        (
            "critical that is no boolean",
            extensions(&[tlv(0x30, &[oid("1.2.3"), tlv(0x01, &[2]), tlv(0x04, b"")].concat())]),
            "asn1: syntax error: invalid boolean",
        ),
        (
            "critical FALSE",
            extensions(&[tlv(0x30, &[oid("1.2.3"), tlv(0x01, &[0]), tlv(0x04, b"")].concat())]),
            "ok CN=a",
        ),
    ]
}

#[test]
fn requests_are_read_as_go_reads_them() {
    for (what, bytes, expected) in rows() {
        let told = told(&bytes);
        assert_eq!(told, expected, "{what}: {}", String::from_utf8_lossy(&bytes));
    }
}

/// Keys and signatures of a real openssl. The cryptographic library has no P-224, no PSS and no SHA-384 for RSA keys under
/// 2048 bits, and no RSA over 8192: Go takes these, and they are refused here as `algorithm unimplemented`.
#[test]
fn keys_and_hashes_of_openssl_are_taken_or_refused_as_go_does() {
    const UNIMPLEMENTED: &str = "x509: cannot verify signature: algorithm unimplemented";
    let home = tempfile::TempDir::new().unwrap();
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        let ran = command.args(arguments.split(' ')).current_dir(home.path()).output().unwrap();
        assert!(ran.status.success(), "{arguments}: {}", String::from_utf8_lossy(&ran.stderr));
    };
    for (key, make) in [
        ("p256", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256"),
        ("p384", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384"),
        ("p521", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out p521"),
        ("p224", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-224 -out p224"),
        ("k1", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out k1"),
        ("ed", "genpkey -algorithm ED25519 -out ed"),
        ("rsa512", "genrsa -out rsa512 512"),
        ("rsa1024", "genrsa -out rsa1024 1024"),
        ("rsa2048", "genrsa -out rsa2048 2048"),
    ] {
        openssl(make);
        assert!(home.path().join(key).exists());
    }
    for (key, options, expected) in [
        ("p256", "-sha256", "ok CN=a"),
        ("p256", "-sha1", "ok CN=a"),
        ("p256", "-sha384", "ok CN=a"),
        ("p256", "-sha224", UNIMPLEMENTED),
        ("p384", "-sha384", "ok CN=a"),
        ("p384", "-sha256", "ok CN=a"),
        ("p521", "-sha512", "ok CN=a"),
        ("ed", "-sha512", "ok CN=a"),
        ("rsa1024", "-sha256", "ok CN=a"),
        ("rsa1024", "-sha1", "ok CN=a"),
        ("rsa2048", "-sha256", "ok CN=a"),
        ("rsa2048", "-sha384", "ok CN=a"),
        ("rsa2048", "-sha512", "ok CN=a"),
        ("rsa2048", "-sha1", "ok CN=a"),
        ("rsa2048", "-md5", "x509: cannot verify signature: insecure algorithm MD5-RSA"),
        ("rsa2048", "-sha224", UNIMPLEMENTED),
        ("rsa2048", "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest", "ok CN=a"),
        ("rsa2048", "-sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest", "ok CN=a"),
        ("rsa2048", "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20", UNIMPLEMENTED),
        ("rsa2048", "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:max", UNIMPLEMENTED),
        (
            "rsa512",
            "-sha256",
            "crypto/rsa: 512-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)",
        ),
        ("k1", "-sha256", "x509: unsupported elliptic curve"),
        // Go takes these.
        ("p224", "-sha256", UNIMPLEMENTED),
        ("p384", "-sha1", UNIMPLEMENTED),
        ("rsa1024", "-sha384", UNIMPLEMENTED),
    ] {
        openssl(&format!("req -new -key {key} -subj /CN=a {options} -out csr"));
        let bytes = fs::read(home.path().join("csr")).unwrap();
        assert_eq!(told(&bytes), expected, "{key} {options}");
    }
}

#[test]
fn the_key_is_the_requesters() {
    assert_eq!(Wanted::read(&csr("CN=a")).unwrap().public_key, *key().public_key());
}
