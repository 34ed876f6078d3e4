//! Certificates of every kind, made by OpenSSL.

use crate::testbed::Testbed;

/// What a CA has.
pub const CA: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";
/// What a server or client has, but for its names.
pub const LEAF: &str = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
                        extendedKeyUsage=serverAuth,clientAuth\n";

/// A certificate to be made.
#[must_use = "make it"]
pub struct Order<'a> {
    bed: &'a Testbed,
    name: String,
    subject: String,
    issuer: Option<String>,
    key: (String, String),
    days: u32,
    digest: String,
    serial: String,
    extensions: String,
    version: u8,
    strings: &'static str,
}

/// An order for `NAME.crt` and `NAME.key`: a certificate that signs itself, valid for 1,000 days.
pub fn order<'a>(bed: &'a Testbed, name: &str) -> Order<'a> {
    Order {
        bed,
        name: name.to_owned(),
        subject: format!("/CN={name}"),
        issuer: None,
        key: ("P-256".to_owned(), name.to_owned()),
        days: 1000,
        digest: "sha256".to_owned(),
        serial: "0x1234".to_owned(),
        extensions: String::new(),
        version: 3,
        strings: "utf8only",
    }
}

/// A root.
pub fn root<'a>(bed: &'a Testbed, name: &str) -> Order<'a> {
    order(bed, name).with(CA)
}

/// A CA below another one.
pub fn intermediate<'a>(bed: &'a Testbed, name: &str, issuer: &str) -> Order<'a> {
    order(bed, name).by(issuer).with(CA)
}

/// A leaf for the name `leaf.example.com`.
pub fn leaf<'a>(bed: &'a Testbed, name: &str, issuer: &str) -> Order<'a> {
    order(bed, name).by(issuer).with(LEAF).with("subjectAltName=DNS:leaf.example.com\n")
}

impl Order<'_> {
    pub fn subject(mut self, subject: &str) -> Self {
        subject.clone_into(&mut self.subject);
        self
    }

    /// The CA's name: its files must be there.
    pub fn by(mut self, issuer: &str) -> Self {
        self.issuer = Some(issuer.to_owned());
        self
    }

    /// The kind of key, such as `P-384` or `RSA-2048`.
    pub fn key(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.key.0);
        self
    }

    /// The key of another order.
    pub fn key_of(mut self, name: &str) -> Self {
        name.clone_into(&mut self.key.1);
        self
    }

    pub fn days(mut self, days: u32) -> Self {
        self.days = days;
        self
    }

    pub fn digest(mut self, digest: &str) -> Self {
        digest.clone_into(&mut self.digest);
        self
    }

    pub fn serial(mut self, serial: &str) -> Self {
        serial.clone_into(&mut self.serial);
        self
    }

    /// Lines of OpenSSL's configuration for extensions; the last of a kind counts.
    pub fn with(mut self, extensions: &str) -> Self {
        self.extensions += extensions;
        if !extensions.ends_with('\n') {
            self.extensions.push('\n');
        }
        self
    }

    /// A line in the place of the one that there is of its kind.
    pub fn instead(self, extension: &str) -> Self {
        let (kind, _) = extension.split_once('=').unwrap();
        self.without(kind).with(extension)
    }

    /// Drops every line that begins with this.
    pub fn without(mut self, name: &str) -> Self {
        let lines = self.extensions.lines().filter(|line| !line.starts_with(name));
        self.extensions = lines.map(|line| format!("{line}\n")).collect();
        self
    }

    /// Version 1, which has no extensions.
    pub fn version_1(mut self) -> Self {
        self.version = 1;
        self
    }

    /// Names in PrintableString, and not in UTF8String.
    pub fn printable(mut self) -> Self {
        self.strings = "default";
        self
    }

    /// Makes it.
    #[track_caller]
    pub fn make(self) {
        let Self {
            bed,
            name,
            subject,
            issuer,
            key: (kind, key),
            days,
            digest,
            serial,
            extensions,
            version,
            strings,
        } = self;
        if !bed.path(format!("{key}.key")).exists() {
            let options = match kind.split_once('-') {
                Some(("RSA", bits)) => format!("-algorithm RSA -pkeyopt rsa_keygen_bits:{bits}"),
                Some(_) => format!("-algorithm EC -pkeyopt ec_paramgen_curve:{kind}"),
                None => format!("-algorithm {kind}"),
            };
            run(bed, &format!("genpkey {options} -out {key}.key"), &[]);
        }
        let key_of = |name: &str| {
            // A certificate that was made for another one's key has none of its own.
            let link = bed.path(format!("{name}.signer"));
            std::fs::read_to_string(link).unwrap_or_else(|_| name.to_owned())
        };
        bed.write(&format!("{name}.signer"), &key);
        let authority = |name: &str| format!("-CA {name}.crt -CAkey {}.key", key_of(name));
        let identifier = if issuer.is_some() && !extensions.contains("authorityKeyIdentifier") {
            "authorityKeyIdentifier=keyid\n"
        } else {
            ""
        };
        let identifier = if extensions.contains("noAuthority") { "" } else { identifier };
        let extensions = extensions.replace("noAuthority\n", "");
        let configuration = format!(
            "[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=v3\nstring_mask={strings}\n[dn]\n[v3]\n{extensions}{identifier}"
        );
        bed.write(&format!("{name}.cnf"), configuration);
        let subject = ["-subj", subject.as_str()];
        if version == 1 {
            let csr = format!("req -new -config {name}.cnf -key {key}.key -out {name}.csr");
            run(bed, &csr, &subject);
            let signer = issuer.as_deref().map_or_else(|| format!("-signkey {key}.key"), authority);
            run(
                bed,
                &format!(
                    "x509 -req -in {name}.csr {signer} -set_serial {serial} -days {days} -out {name}.crt"
                ),
                &[],
            );
            return;
        }
        let signer = issuer.as_deref().map(authority).unwrap_or_default();
        let line = format!(
            "req -x509 -new -config {name}.cnf -key {key}.key {signer} -{digest} -set_serial {serial} -days {days} -out {name}.crt"
        );
        run(bed, &line, &subject);
    }
}

/// Runs OpenSSL with arguments that are split at spaces, then with others as they are.
#[track_caller]
pub fn run(bed: &Testbed, line: &str, more: &[&str]) {
    let arguments: Vec<&str> = line.split_whitespace().chain(more.iter().copied()).collect();
    bed.peer("openssl", &arguments).success();
}
