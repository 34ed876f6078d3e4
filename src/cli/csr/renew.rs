//! `kubepki csr renew`.

use std::path::PathBuf;
use std::time::Duration as Patience;

use clap::Args;
use k8s_openapi::ByteString;
use time::{Duration, OffsetDateTime};

use super::new::{seconds, usual};
use super::office::OfficeArgs;
use super::submit::create;
use super::swap::{Holder, finish};
use crate::cli::{Exit, Outside, terminal};
use crate::csr::admission::Admission;
use crate::csr::object::{APPROVED, CertificateSigningRequestSpec, DENIED, FAILED, Object};
use crate::csr::signer::{KUBE_APISERVER_CLIENT, KUBE_APISERVER_CLIENT_KUBELET, KUBELET_SERVING};
use crate::csr::user::NODES;
use crate::csr::{CertificateSigningRequest, User};
use crate::error::Error;
use crate::moment::rfc3339;
use crate::spec::Period;
use crate::store::Store;
use crate::x509::{Certificate, ExtendedKeyUsage, KeyAlgorithm, PrivateKey, Request, sha256};

/// Renew a certificate by request, as the kubelet does for itself: new key, ask, wait, swap both at once
#[derive(Debug, Args)]
pub struct Renew {
    /// The certificate with its key beside it (NAME.crt, NAME.key), both in one file, or a kubeconfig.
    #[arg(value_name = "FILE")]
    path: PathBuf,

    /// The file of the key, if it is another.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// The signer; without this, the one of Kubernetes' own that signs such certificates.
    #[arg(long, value_name = "NAME")]
    signer: Option<String>,

    /// How long the new certificate is to be valid.
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    expiration: Option<i32>,

    /// Renew it now, however long it is still valid.
    #[arg(long)]
    now: bool,

    /// How long to wait for the new certificate.
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = patience)]
    timeout: Patience,
}

fn patience(text: &str) -> Result<Patience, String> {
    let period: Period = text.parse().map_err(|error: crate::spec::period::NotAPeriod| error.to_string())?;
    period.duration().try_into().map_err(|_| "less than nothing".to_owned())
}

/// How often the store is looked at while waiting.
const LOOK: Patience = Patience::from_secs(5);

impl Renew {
    /// Renews it, if it is time to; ends with 1 where it was time and there is no new certificate.
    ///
    /// # Errors
    /// When the files cannot be read or written.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let shown = self.path.display().to_string();
        let (holder, _) = Holder::find(&self.path, self.key.clone())?;
        let holder = holder.absolute()?;
        let root = holder.root(office.directory())?;
        finish(&root)?;
        // What was left ready may have been the new pair.
        let (_, certificate) = Holder::find(&self.path, self.key.clone())?;
        let due = deadline(&certificate);
        if outside.now < due && !self.now {
            let (end, due) = (rfc3339(certificate.not_after), rfc3339(due));
            writeln!(outside.out, "{shown} is valid until {end}, and renewed from {due} on")?;
            return Ok(Exit::Done);
        }
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256)?;
        let object = self.request(&certificate, &key)?;
        match self.ask(&object, &certificate, &key, office, outside)? {
            Ok((chain, renewed)) => {
                let me = format!(
                    "kubepki csr renew with process {} since {}",
                    std::process::id(),
                    rfc3339(outside.now)
                );
                holder.swap(&root, &chain, &key.to_pem()?, (outside.clock)(), &me)?;
                writeln!(outside.out, "{shown} renewed: valid until {}", rfc3339(renewed.not_after))?;
                Ok(Exit::Done)
            }
            Err(problem) => {
                terminal::error(&format!("{shown} is not renewed: {problem}"));
                Ok(Exit::Attention)
            }
        }
    }

    /// The request for the same as the certificate is for.
    fn request(
        &self,
        certificate: &Certificate,
        key: &PrivateKey,
    ) -> Result<CertificateSigningRequest, Error> {
        let extended = &certificate.usages.extended;
        let node = certificate.subject.organizations() == [NODES];
        let guess = match (extended.contains(&ExtendedKeyUsage::ClientAuth), node) {
            (true, true) => Some(KUBE_APISERVER_CLIENT_KUBELET),
            (true, false) => Some(KUBE_APISERVER_CLIENT),
            (false, true) if extended.contains(&ExtendedKeyUsage::ServerAuth) => Some(KUBELET_SERVING),
            _ => None,
        };
        let signer = self.signer.as_deref().or(guess).ok_or_else(|| Error::Usage {
            message: format!("nobody knows who signs {}", self.path.display()),
            hint: "name the signer: --signer example.com/serving".to_owned(),
        })?;
        let mut usages = usual(signer, false);
        if usages.is_empty() {
            usages = certificate.usages.names();
        }
        let request = Request::make(&certificate.subject, &certificate.subject_alt_names, key)?;
        let mut object = CertificateSigningRequest::default();
        object.metadata.generate_name = Some("csr-".to_owned());
        object.spec = CertificateSigningRequestSpec {
            request: ByteString(request.to_pem()?.into_bytes()),
            signer_name: signer.to_owned(),
            expiration_seconds: self.expiration,
            usages: Some(usages),
            ..CertificateSigningRequestSpec::default()
        };
        Ok(object)
    }

    /// Asks and waits. The inner error is why there is no certificate.
    fn ask(
        &self,
        object: &CertificateSigningRequest,
        certificate: &Certificate,
        key: &PrivateKey,
        office: &OfficeArgs,
        outside: &Outside<'_>,
    ) -> Result<Result<(Vec<u8>, Certificate), String>, Error> {
        let office = office.open(outside)?;
        // Who shows the certificate to an API server is this user.
        let groups: Vec<String> =
            certificate.subject.organizations().into_iter().map(str::to_owned).collect();
        let user = User::known(certificate.subject.common_name().unwrap_or_default(), &groups);
        let admission = Admission { rbac: &office.settings.rbac };
        let name = create(&office.store, object, &user, admission, outside)?;
        terminal::note(&format!("asked for by the request {name}: waiting"));
        let mut uid = None;
        let until = (office.clock)() + Duration::try_from(self.timeout).unwrap_or(Duration::MAX);
        loop {
            let Some(stored) = office.store.get(&name)? else {
                return Ok(Err(format!("{name} was removed")));
            };
            let known = uid.get_or_insert_with(|| stored.object.uid().to_owned());
            if *known != stored.object.uid() {
                return Ok(Err(format!("{name} is another request by now")));
            }
            for kind in [DENIED, FAILED] {
                if let Some(condition) = stored.object.condition(kind) {
                    let reason = condition.reason.as_deref().unwrap_or_default();
                    let message = condition.message.as_deref().unwrap_or_default();
                    let kind = kind.to_lowercase();
                    return Ok(Err(format!("{name} is {kind}, reason: {reason}, message: {message}")));
                }
            }
            if let Some(chain) = stored.object.certificate().filter(|_| stored.object.has(APPROVED)) {
                return Ok(accept(chain, key, (office.clock)()));
            }
            let left = until - (office.clock)();
            if !left.is_positive() {
                return Ok(Err(format!("{name} has no certificate yet: it is {}", stored.object.state())));
            }
            office.store.wait(LOOK.min(left.try_into().unwrap_or_default()));
        }
    }
}

/// What was issued, if it is for the key.
fn accept(chain: &[u8], key: &PrivateKey, now: OffsetDateTime) -> Result<(Vec<u8>, Certificate), String> {
    let certificates = Certificate::all_from_pem(chain).map_err(|error| error.to_string())?;
    let leaf = certificates.first().ok_or("there is no certificate in what was issued")?;
    if leaf.public_key != *key.public_key() {
        return Err("what was issued is for another key".to_owned());
    }
    if leaf.not_after <= now {
        return Err(format!("what was issued has ended at {}", rfc3339(leaf.not_after)));
    }
    let texts: Result<Vec<String>, _> = certificates.iter().map(Certificate::to_pem).collect();
    Ok((texts.map_err(|error| error.to_string())?.concat().into_bytes(), leaf.clone()))
}

/// When a certificate is to be renewed: at 70 to 90 % of its lifetime, the five minutes before its issue included (client-go,
/// `certificate_manager.go`, `nextRotationDeadline`). Where in between is drawn from the certificate itself, so that it is the
/// same at every look, and another for every certificate.
fn deadline(certificate: &Certificate) -> OffsetDateTime {
    let lifetime = certificate.not_after - certificate.not_before;
    let draw =
        sha256(certificate.as_der()).iter().take(4).fold(0_u32, |draw, octet| draw << 8 | u32::from(*octet));
    let share = 0.7 + 0.2 * f64::from(draw) / f64::from(u32::MAX);
    certificate.not_before + lifetime * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::issue::self_signed;
    use crate::x509::{Name, Profile, Usages};
    use time::macros::datetime;

    #[test]
    fn the_deadline_is_between_70_and_90_percent() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let begin = datetime!(2026-11-22 12:00 UTC);
        let mut shares = Vec::new();
        for _ in 0..100 {
            let profile = Profile {
                path_length: None,
                name_constraints: None,
                subject: Name::new("a", &[]).unwrap(),
                subject_alt_names: Vec::new(),
                usages: Usages::default(),
                ca: false,
                not_before: begin,
                not_after: begin + Duration::hours(100),
            };
            let certificate = self_signed(&profile, &key).unwrap();
            assert_eq!(deadline(&certificate), deadline(&certificate));
            shares.push((deadline(&certificate) - begin).as_seconds_f64() / 360_000.0);
        }
        assert!(shares.iter().all(|share| (0.7..=0.9).contains(share)));
        let spread = shares.iter().copied().fold(0.0, f64::max) - shares.iter().copied().fold(1.0, f64::min);
        assert!(spread > 0.1, "{spread}");
    }
}
