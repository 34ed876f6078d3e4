//! `kubepki user`.

pub mod into;
mod place;

use std::path::{Path, PathBuf};

use clap::Args;
use time::OffsetDateTime;

use self::place::{Place, PlaceArgs};
use super::allow::AllowArgs;
use super::ca::authority::Authority;
use super::ca::issue::{Record, issue};
use super::ledger::LedgerArgs;
use super::passphrase::{PassphraseArgs, Passphrases};
use super::{Exit, Format, Outside, terminal};
use crate::disk::kubeconfig::{self, Entry, Kubeconfig};
use crate::disk::{durable, read};
use crate::error::Error;
use crate::exchange::bundle::{Files, add_manifest, write as pack};
use crate::exchange::{API_VERSION, Requests, person};
use crate::moment::rfc3339;
use crate::report::user::UserReport;
use crate::spec::Period;
use crate::store::birth::uid;
use crate::store::name::escape;
use crate::x509::profile::BACKDATE;
use crate::x509::{Certificate, Name, PrivateKey, Profile, Request};

/// Make a kubeconfig for a person, or ask for one where the CA is elsewhere
///
/// Makes the key here, signs a client certificate with the cluster's CA and writes both into a kubeconfig, which must not
/// be there yet. The certificate is in the ledger before. Where the CA's key is not here, or with --request, the
/// kubeconfig waits with its key, and a bundle for `kubepki sign` is written. A certificate cannot be taken back: what is
/// short-lived need not be.
#[derive(Debug, Args)]
#[command(after_help = SESSION)]
pub struct UserVerb {
    /// The user's name.
    #[arg(value_name = "NAME", value_parser = identity)]
    name: String,

    /// A group of the user; may be given again.
    #[arg(long = "group", value_name = "GROUP", value_parser = identity)]
    groups: Vec<String>,

    /// How long it is valid; never longer than the CA.
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = lifetime)]
    ttl: Period,

    #[command(flatten)]
    place: PlaceArgs,

    /// Where the kubeconfig goes; NAME.conf, if it is not said.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Ask for the certificate instead of signing it here.
    #[arg(long)]
    request: bool,

    /// Where the request goes; NAME.tar, if it is not said.
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,

    #[command(flatten)]
    allow: AllowArgs,

    #[command(flatten)]
    ledger: LedgerArgs,

    #[command(flatten)]
    passphrase: PassphraseArgs,

    /// How to print what was made.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

const SESSION: &str = "\
A session:
  kubepki user jane --group dev -f cluster.yaml -d out             jane.conf, for a day
  kubepki manifests role --group dev --cluster-role view           what the group may do
  kubectl --kubeconfig jane.conf auth whoami

Where the CA is elsewhere:
  kubepki user jane --group dev --request --server https://api.example.com:6443
  kubepki sign jane.tar --authority ca --bundle signed.tar         where the CA is
  kubepki import signed.tar --into jane.conf";

impl UserVerb {
    /// Makes the kubeconfig, or the one that waits and the request.
    ///
    /// # Errors
    /// When something is in its place, nobody has said the powers that it has, or the CA must not sign it.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let escaped = escape(&self.name);
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{escaped}.conf")));
        let subject = Name::new(&self.name, &self.groups)?;
        self.allow.hold(&self.name, &subject)?;
        let place = self.place.find()?;
        if !self.request && place.signs(&self.place)? {
            return self.sign(&place, &out, subject, outside);
        }
        let bundle = self.bundle.clone().unwrap_or_else(|| PathBuf::from(format!("{escaped}.tar")));
        self.ask(&place, &out, &bundle, &subject, outside)
    }

    fn sign(
        &self,
        place: &Place,
        out: &Path,
        subject: Name,
        outside: &mut Outside<'_>,
    ) -> Result<Exit, Error> {
        if out.symlink_metadata().is_ok() {
            return Err(Error::IsThere(out.to_owned()));
        }
        let [certificate, key] = &place.authority;
        let authority = Authority::load(certificate, key, &mut Passphrases::new(&self.passphrase))?;
        let key = PrivateKey::generate(place.algorithm)?;
        let now = outside.now.replace_nanosecond(0).unwrap_or(outside.now);
        let profile = Profile {
            subject,
            subject_alt_names: Vec::new(),
            usages: person::usages(key.public_key()),
            ca: false,
            path_length: None,
            name_constraints: None,
            not_before: now - BACKDATE,
            not_after: later(now, self.ttl)?,
        };
        let record = Record { verb: "user", ledger: &self.ledger };
        let signed = issue(&authority, Path::new(&self.name), profile, key.public_key(), &record, now)?;
        let cas: Vec<&Certificate> = authority.chain.iter().collect();
        let text = kubeconfig(place, &self.name, &cas, Some(&signed), &key)?;
        durable::create(out, text.as_bytes(), 0o600)?;
        let report = UserReport::made(&signed, &out.display().to_string(), &place.server, now);
        outside.print(&report, self.output)?;
        Ok(Exit::Done)
    }

    fn ask(
        &self,
        place: &Place,
        out: &Path,
        bundle: &Path,
        subject: &Name,
        outside: &mut Outside<'_>,
    ) -> Result<Exit, Error> {
        let known = self.waiting(out)?;
        let fresh = match known {
            Some(_) => None,
            None => Some(PrivateKey::generate(place.algorithm)?),
        };
        let config = known.as_ref().and_then(|config| config.key.embedded());
        let key = config.or(fresh.as_ref()).ok_or_else(|| Error::IsThere(out.to_owned()))?;
        let request = Request::make(subject, &[], key)?;
        let text = request.to_pem()?.into_bytes();
        let slip = person::slip(&request, &text, self.ttl);
        let mut files = Files::from([(slip.file.clone(), text)]);
        let requests = Requests {
            api_version: API_VERSION.to_owned(),
            kind: Requests::KIND.to_owned(),
            id: uid()?,
            cluster: place.cluster.clone(),
            time: rfc3339(outside.now),
            requests: vec![slip],
        };
        let unfit = |error| Error::bundle(bundle, error);
        add_manifest(&mut files, &requests).map_err(unfit)?;
        let time = u64::try_from(outside.now.unix_timestamp()).unwrap_or_default();
        let tar = pack(&files, time).map_err(|error| unfit(error.into()))?;
        if let Some(key) = &fresh {
            let cas = place.certificates()?;
            let text = kubeconfig(place, &self.name, &cas.iter().collect::<Vec<_>>(), None, key)?;
            durable::create(out, text.as_bytes(), 0o600)?;
        }
        durable::replace(bundle, &tar, 0o644)?;
        let (out, bundle) = (out.display().to_string(), bundle.display().to_string());
        outside.print(&UserReport::waits(subject, &out, &place.server, &bundle), self.output)?;
        terminal::hint(&format!(
            "`kubepki sign {bundle}` where the CA is, then `kubepki import signed.tar --into {out}`"
        ));
        Ok(Exit::Done)
    }

    /// The kubeconfig that waits from an earlier run: the same key asks again.
    fn waiting(&self, out: &Path) -> Result<Option<Kubeconfig>, Error> {
        if out.symlink_metadata().is_err() {
            return Ok(None);
        }
        let taken = || Error::IsThere(out.to_owned());
        let bytes = read::bytes(out).map_err(|_| taken())?.bytes;
        let config = std::str::from_utf8(&bytes).ok().and_then(|text| Kubeconfig::parse(text).ok());
        let waits = |config: &Kubeconfig| {
            config.user == self.name
                && matches!(config.certificate, kubeconfig::Source::Absent)
                && config.key.embedded().is_some()
        };
        config.filter(waits).map(Some).ok_or_else(taken)
    }
}

/// The text of a person's kubeconfig.
fn kubeconfig(
    place: &Place,
    user: &str,
    authorities: &[&Certificate],
    certificate: Option<&Certificate>,
    key: &PrivateKey,
) -> Result<zeroize::Zeroizing<String>, Error> {
    let authority: String = authorities.iter().map(|ca| ca.to_pem()).collect::<Result<_, _>>()?;
    let certificate = certificate.map(Certificate::to_pem).transpose()?;
    let entry = Entry {
        cluster: &place.cluster,
        server: &place.server,
        authority: (!authority.is_empty()).then_some(&authority),
        user,
        certificate: certificate.as_deref(),
        key: &key.to_pem()?,
    };
    kubeconfig::write(None, &entry)
        .map_err(|error| Error::Format { format: "a kubeconfig", problem: error.to_string() })
}

fn later(now: OffsetDateTime, ttl: Period) -> Result<OffsetDateTime, Error> {
    now.checked_add(ttl.duration()).ok_or_else(|| Error::Usage {
        message: format!("{ttl} from now is later than any certificate can say"),
        hint: "--ttl 24h is a day".to_owned(),
    })
}

/// A user or group: what stands in a certificate and in a binding.
fn identity(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(char::is_control) {
        return Err("not a name".to_owned());
    }
    Ok(text.to_owned())
}

fn lifetime(text: &str) -> Result<Period, String> {
    let period: Period = text.parse().map_err(|error: crate::spec::period::NotAPeriod| error.to_string())?;
    if period > Period::seconds(0) { Ok(period) } else { Err("it would never be valid".to_owned()) }
}
