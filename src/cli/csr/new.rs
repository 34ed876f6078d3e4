//! `kubepki csr new`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use k8s_openapi::ByteString;

use super::key;
use super::office::OfficeArgs;
use crate::cli::{Exit, Outside, terminal};
use crate::csr::object::CertificateSigningRequestSpec;
use crate::csr::request::Wanted;
use crate::csr::signer::{
    KUBE_APISERVER_CLIENT, KUBE_APISERVER_CLIENT_KUBELET, KUBELET_SERVING, Rules, Signer,
};
use crate::csr::{CertificateSigningRequest, usage, validate};
use crate::disk::{Notation, read};
use crate::error::Error;
use crate::spec::Period;
use crate::store::manifest::Manifest;
use crate::x509::public_key::PublicKeyKind;
use crate::x509::{KeyAlgorithm, Name, PrivateKey, Request, SubjectAltName};

/// Make a key, a request and its manifest in one step; the manifest is what `kubectl apply -f` takes, too
#[derive(Debug, Args)]
pub struct New {
    /// The request's name.
    #[arg(value_name = "NAME")]
    name: String,

    /// The common name: the user, for a client.
    #[arg(long, value_name = "NAME", conflicts_with = "from_csr")]
    cn: Option<String>,

    /// An organization: a group of the user, for a client.
    #[arg(long = "group", value_name = "GROUP", conflicts_with = "from_csr")]
    groups: Vec<String>,

    /// A DNS name.
    #[arg(long = "dns", value_name = "NAME", value_parser = ascii, conflicts_with = "from_csr")]
    dns: Vec<String>,

    /// An IP address.
    #[arg(long = "ip", value_name = "ADDRESS", conflicts_with = "from_csr")]
    ips: Vec<IpAddr>,

    /// A URI.
    #[arg(long = "uri", value_name = "URI", value_parser = ascii, conflicts_with = "from_csr")]
    uris: Vec<String>,

    /// An e-mail address.
    #[arg(long = "email", value_name = "ADDRESS", value_parser = ascii, conflicts_with = "from_csr")]
    emails: Vec<String>,

    /// A usage, such as `client auth`; what the signer needs, if it is one of Kubernetes' own or in --signers.
    #[arg(long = "usage", value_name = "USAGE", value_parser = PossibleValuesParser::new(usage::names()), hide_possible_values = true)]
    usages: Vec<String>,

    /// The signer.
    #[arg(long, value_name = "NAME", default_value = KUBE_APISERVER_CLIENT)]
    signer: String,

    /// How long the certificate is to be valid: 10 minutes at least.
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    expiration: Option<i32>,

    /// The file of the key, where a new one is put if there is none; without this, a new key in NAME.key.
    #[arg(long, value_name = "FILE", conflicts_with = "from_csr")]
    key: Option<PathBuf>,

    /// The algorithm of a new key.
    #[arg(long, value_name = "ALGORITHM", default_value = "ECDSA-P256", value_parser = algorithm, conflicts_with = "from_csr")]
    algorithm: KeyAlgorithm,

    /// A request that is there already, in PEM: nothing but the manifest is made.
    #[arg(long, value_name = "FILE")]
    from_csr: Option<PathBuf>,

    /// The notation of the manifest.
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    output: ManifestNotation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ManifestNotation {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
}

/// Seconds of a duration, as clap's `value_parser`.
pub(super) fn seconds(text: &str) -> Result<i32, String> {
    let period: Period = text.parse().map_err(|error: crate::spec::period::NotAPeriod| error.to_string())?;
    i32::try_from(period.duration().whole_seconds())
        .ok()
        .filter(|seconds| *seconds >= validate::LEAST_SECONDS)
        .ok_or_else(|| "not from 10 minutes to 68 years".to_owned())
}

/// Names in certificates are ASCII (RFC 5280 §4.2.1.6: IA5String; §7 for what is not).
fn ascii(text: &str) -> Result<String, String> {
    let words = "not ASCII: the name of a domain is written as `xn--…` there";
    if text.is_ascii() { Ok(text.to_owned()) } else { Err(words.to_owned()) }
}

fn algorithm(text: &str) -> Result<KeyAlgorithm, String> {
    let known = KeyAlgorithm::ALL.iter().find(|(name, _)| *name == text).map(|(_, algorithm)| *algorithm);
    let names: Vec<&str> = KeyAlgorithm::ALL.iter().map(|(name, _)| *name).collect();
    known.ok_or_else(|| format!("there are {}", names.join(", ")))
}

impl New {
    /// Makes them. A new key is kept before the manifest is shown, and only where there will be one.
    ///
    /// # Errors
    /// When the key's file is there and was not named, or a name is none.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let signers = office.table()?.signers;
        let signer = signers.iter().find(|signer| signer.name == self.signer);
        let (request, fresh) = match &self.from_csr {
            Some(file) => {
                let failed = |problem: String| Error::Usage {
                    message: format!("{} {problem}", file.display()),
                    hint: format!(
                        "`openssl req -in {}` writes it in PEM; -inform DER if it is none",
                        file.display()
                    ),
                };
                let bytes = read::bytes(file).map_err(|error| failed(error.to_string()))?.bytes.to_vec();
                let wanted = Wanted::read(&bytes);
                wanted.map_err(|error| failed(format!("is not a request that is taken: {error}")))?;
                (bytes, None)
            }
            None => self.make()?,
        };
        let object = self.object(request, signer)?;
        let faults = validate::create(&object);
        if let Some(fault) = faults.first() {
            let hint = "`kubepki csr new --help` says what there is".to_owned();
            return Err(Error::Usage { message: fault.to_string(), hint });
        }
        if let Some((path, key)) = fresh {
            key::keep(&path, &key)?;
        }
        warn(&object, signer);
        let notation = if self.output == ManifestNotation::Yaml { Notation::Yaml } else { Notation::Json };
        let text = Manifest::write(&object, None, notation)
            .map_err(|error| Error::Format { format: "YAML", problem: error.to_string() })?;
        outside.out.write_all(text.as_bytes())?;
        Ok(Exit::Done)
    }

    /// The request in PEM, and a key that is to be kept in a file.
    fn make(&self) -> Result<(Vec<u8>, Option<Fresh>), Error> {
        let names: Vec<SubjectAltName> = self
            .dns
            .iter()
            .cloned()
            .map(SubjectAltName::Dns)
            .chain(self.emails.iter().cloned().map(SubjectAltName::Email))
            .chain(self.ips.iter().copied().map(SubjectAltName::ip))
            .chain(self.uris.iter().cloned().map(SubjectAltName::Uri))
            .collect();
        let common_name = self.cn.as_deref().unwrap_or_default();
        if common_name.is_empty() && names.is_empty() {
            let message = "a request for nobody: it has neither a common name nor another".to_owned();
            return Err(Error::Usage {
                message,
                hint: "say --cn NAME, or --dns NAME for a server".to_owned(),
            });
        }
        let subject = Name::new(common_name, &self.groups)?;
        let request = |key: &PrivateKey| Ok(Request::make(&subject, &names, key)?.to_pem()?.into_bytes());
        if let Some(file) = &self.key
            && let Some(key) = key::at(file)?
        {
            return request(&key).map(|request| (request, None));
        }
        let file = self.key.clone();
        let file =
            file.unwrap_or_else(|| PathBuf::from(format!("{}.key", crate::store::name::escape(&self.name))));
        let key = PrivateKey::generate(self.algorithm)?;
        request(&key).map(|request| (request, Some((file, key))))
    }

    fn object(&self, request: Vec<u8>, signer: Option<&Signer>) -> Result<CertificateSigningRequest, Error> {
        let mut object = CertificateSigningRequest::default();
        object.metadata.name = Some(self.name.clone());
        let rsa = Wanted::unverified(&request)
            .is_ok_and(|wanted| matches!(wanted.public_key.kind(), PublicKeyKind::Rsa { .. }));
        let usages = match signer.map(|signer| &signer.rules) {
            _ if !self.usages.is_empty() => self.usages.clone(),
            Some(Rules::Custom(signer)) => signer.required_usages.clone(),
            _ => usual(&self.signer, rsa),
        };
        if usages.is_empty() {
            let message = format!("nobody knows what {} signs for", self.signer);
            let hint = "say it: --usage 'server auth', for example".to_owned();
            return Err(Error::Usage { message, hint });
        }
        object.spec = CertificateSigningRequestSpec {
            request: ByteString(request),
            signer_name: self.signer.clone(),
            expiration_seconds: self.expiration,
            usages: Some(usages),
            ..CertificateSigningRequestSpec::default()
        };
        Ok(object)
    }
}

/// A key that is not kept anywhere yet, and the file that it goes into.
type Fresh = (PathBuf, PrivateKey);

/// What a signer of Kubernetes' own is asked for (client-go, `util/certificate/csr`, and the kubelet).
pub(super) fn usual(signer: &str, rsa: bool) -> Vec<String> {
    let purpose = match signer {
        KUBE_APISERVER_CLIENT | KUBE_APISERVER_CLIENT_KUBELET => "client auth",
        KUBELET_SERVING => "server auth",
        _ => return Vec::new(),
    };
    let mut usages = vec!["digital signature"];
    // Only RSA keys encipher others.
    usages.extend(rsa.then_some("key encipherment"));
    usages.push(purpose);
    usages.into_iter().map(str::to_owned).collect()
}

/// Says what the signer will say, if it is known.
fn warn(object: &CertificateSigningRequest, signer: Option<&Signer>) {
    let Ok(wanted) = Wanted::unverified(&object.spec.request.0) else { return };
    let usages = object.spec.usages.as_deref().unwrap_or_default();
    if let Some(Err(refusal)) = signer.map(|signer| signer.check(&wanted, usages)) {
        terminal::warning(&format!("{} will not sign this: {refusal}", object.spec.signer_name));
    }
}
