//! What a certificate says: the subject rebuilt, names regrouped, usages from `spec.usages`, and nothing else of what was
//! asked for.

use std::fmt::Write;

use crate::bed::{CLIENT, Edit, KUBELET, LEGACY, SERVING, World, ask, authority};

type Row = (&'static str, &'static str, &'static str, &'static str);

/// Signer, usages, request, and the certificate: subject, key usages, other usages, names, and the extensions in their
/// order by the last arc of their identifier, `!` where they are critical (15 keyUsage, 37 extKeyUsage, 19
/// basicConstraints, 35 authorityKeyIdentifier, 17 subjectAltName).
pub fn rows() -> Vec<Row> {
    vec![
        // Subjects
        (CLIENT, "c", "CN=a, O=b, C=DE", "C=DE, O=b, CN=a | client auth |  | 37 19! 35"),
        (
            LEGACY,
            "c",
            "serial=1, CN=a, OU=u, O=o, postal=p, street=t, L=l, ST=s, C=DE",
            "C=DE, ST=s, L=l, STREET=t, POSTALCODE=p, O=o, OU=u, CN=a, SERIALNUMBER=1 | client auth |  | 37 19! 35",
        ),
        (CLIENT, "c", "O=b, CN=a, O=a", "O=a+O=b, CN=a | client auth |  | 37 19! 35"),
        (CLIENT, "c", "O=a, O=a, CN=a", "O=a+O=a, CN=a | client auth |  | 37 19! 35"),
        (CLIENT, "c", "CN=system:admin, CN=a", "CN=a | client auth |  | 37 19! 35"),
        (CLIENT, "c", "CN=a, KUID=0, DC=d, UID=u, mail=m", "CN=a | client auth |  | 37 19! 35"),
        (CLIENT, "c", "KUID=0, DC=d", "(empty) | client auth |  | 37 19! 35"),
        (CLIENT, "c", "CN=", "(empty) | client auth |  | 37 19! 35"),
        // Where subject and issuer are one name, there is no key identifier.
        (CLIENT, "c", "CN=kubernetes", "CN=kubernetes | client auth |  | 37 19!"),
        // Names
        (
            CLIENT,
            "c",
            "CN=a, uri:a:b, ip:192.0.2.1, email:a@b, dns:b, ip:2001:db8::1, dns:a, dns:b",
            "CN=a | client auth | DNS:b, DNS:a, DNS:b, email:a@b, IP:192.0.2.1, IP:2001:db8::1, URI:a:b | 37 19! 35 17",
        ),
        (CLIENT, "c", "dns:a", "(empty) | client auth | DNS:a | 37 19! 35 17!"),
        (CLIENT, "c", "DC=d, dns:a", "(empty) | client auth | DNS:a | 37 19! 35 17!"),
        (CLIENT, "c", "CN=a, other:root, dir:b, rid:1.2.3", "CN=a | client auth |  | 37 19! 35"),
        (CLIENT, "c", "CN=a, other:root, dns:a", "CN=a | client auth | DNS:a | 37 19! 35 17"),
        // Extensions that are asked for
        (CLIENT, "c", "CN=a, ca!, ku!, eku!, oid!", "CN=a | client auth |  | 37 19! 35"),
        (
            KUBELET,
            "d+c",
            "O=system:nodes, CN=system:node:a, ca!",
            "O=system:nodes, CN=system:node:a | digital signature, client auth |  | 15! 37 19! 35",
        ),
        (
            SERVING,
            "k+s+d",
            "O=system:nodes, CN=system:node:a, dns:a, ku!",
            "O=system:nodes, CN=system:node:a | digital signature, key encipherment, server auth | DNS:a | 15! 37 19! 35 17",
        ),
        // Usages
        (LEGACY, "cert sign+crl sign", "CN=a, ca!", "CN=a | cert sign, crl sign |  | 15! 19! 35"),
        (LEGACY, "signing+d", "CN=a", "CN=a | digital signature |  | 15! 19! 35"),
        (LEGACY, "s/mime+email protection", "CN=a", "CN=a | email protection |  | 37 19! 35"),
        (
            LEGACY,
            "netscape sgc+microsoft sgc+ocsp signing+timestamping+ipsec user+ipsec tunnel+ipsec end system+email protection+code signing+client auth+server auth+any",
            "CN=a",
            "CN=a | any, server auth, client auth, code signing, email protection, ipsec end system, ipsec tunnel, ipsec user, timestamping, ocsp signing, microsoft sgc, netscape sgc |  | 37 19! 35",
        ),
        (
            LEGACY,
            "decipher only+encipher only+crl sign+cert sign+key agreement+data encipherment+key encipherment+content commitment+digital signature",
            "CN=a",
            "CN=a | digital signature, content commitment, key encipherment, data encipherment, key agreement, cert sign, crl sign, encipher only, decipher only |  | 15! 19! 35",
        ),
    ]
}

#[test]
fn a_certificate_says_what_was_looked_at_and_nothing_else() {
    let world = World::new();
    for (signer, usages, request, expected) in rows() {
        let certificate = world.certificate(&ask(signer, usages, request).has_condition("Approved"));
        let mut told = format!("{} | {} | ", certificate.subject, certificate.usages);
        let names: Vec<String> = certificate
            .subject_alt_names
            .iter()
            .map(|name| match name {
                kubepki::x509::SubjectAltName::Dns(name) => format!("DNS:{name}"),
                kubepki::x509::SubjectAltName::Email(name) => format!("email:{name}"),
                kubepki::x509::SubjectAltName::Ip(address) => format!("IP:{address}"),
                kubepki::x509::SubjectAltName::Uri(uri) => format!("URI:{uri}"),
                kubepki::x509::SubjectAltName::Other(kind) => format!("OTHER:{kind}"),
            })
            .collect();
        told += &names.join(", ");
        told += " |";
        for extension in &certificate.extensions {
            let arc = extension.oid.arcs().last().unwrap();
            write!(told, " {arc}{}", if extension.critical { "!" } else { "" }).unwrap();
        }
        assert_eq!(told, expected, "{signer} {usages} {request}");
        assert!(!certificate.is_ca() && certificate.is_well_formed(), "{request}");
        assert_eq!((certificate.version, &certificate.issuer), (3, &authority().0.subject));
        assert_eq!(certificate.public_key, *crate::forge::key().public_key());
        certificate.verify_signature(&authority().0.public_key).unwrap();
    }
}

/// What Go 1.26 writes for the same subject, to the octet: PrintableString where it can be, the values of a type in one set
/// in the order of their octets.
#[test]
fn subjects_are_gos_to_the_octet() {
    let world = World::new();
    for (request, expected) in [
        (
            "O=system:nodes, CN=system:node:n1",
            "303031153013060355040a130c73797374656d3a6e6f646573311730150603550403130e73797374656d3a6e6f64653a6e31",
        ),
        ("CN=a*b", "300e310c300a06035504030c03612a62"),
        ("CN=a@b", "300e310c300a06035504030c03614062"),
        ("CN=a_b", "300e310c300a06035504030c03615f62"),
        ("CN=a&b", "300e310c300a06035504030c03612662"),
        ("CN=ü", "300d310b300906035504030c02c3bc"),
        ("O=b, O=aa, O=ü", "302231203008060355040a1301623009060355040a0c02c3bc3009060355040a13026161"),
    ] {
        let object = ask(CLIENT, "c", request).has_condition("Approved");
        let der = world.order(&object).profile.subject.as_der().to_vec();
        let hex: String = der.iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(hex, expected, "{request}");
    }
}
