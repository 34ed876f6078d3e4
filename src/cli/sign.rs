//! `kubepki sign`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::allow::AllowArgs;
use super::ca::authority::{Authority, is_in_token, place};
use super::exchange::{read_bundle, refuse};
use super::ledger::LedgerArgs;
use super::passphrase::{PassphraseArgs, Passphrases};
use super::{Exit, Format, Outside, terminal};
use crate::catalog::{CATALOG, Kind, ROOT};
use crate::disk::durable;
use crate::error::Error;
use crate::exchange::hold::hold;
use crate::exchange::sign::{Order, answers, refused, sign};
use crate::exchange::{Refusal, Requests, bundle};
use crate::report::Table;
use crate::report::exchange::OrdersReport;
use crate::spec::Spec;
use crate::spec::load::load;
use crate::target::{Selection, Targets};
use crate::x509::Issuer;

/// Sign a bundle of requests, where the keys of the CAs are: it needs no network
///
/// Each request is held to the manifest of the bundle, and with -f to the spec; if one deviates, nothing is signed. What is
/// to be signed is shown first. Every certificate is in the ledger before it leaves, and the same bundle signed twice gives
/// the same certificates.
#[derive(Debug, Args)]
#[command(after_help = SESSION)]
pub struct Sign {
    /// The bundle that `kubepki request` made.
    #[arg(value_name = "BUNDLE")]
    requests: PathBuf,

    /// The directory with the CAs: `ca.crt` and `ca.key`, `etcd/ca.crt`, …; a fleet's or a Kubernetes directory will do.
    #[arg(long, value_name = "DIR")]
    authority: PathBuf,

    /// The spec that each request is held to.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    spec: Option<PathBuf>,

    /// Where the certificates go.
    #[arg(long, value_name = "FILE", default_value = "signed.tar")]
    bundle: PathBuf,

    #[command(flatten)]
    ledger: LedgerArgs,

    /// Let certificates end with their CA where it ends before them, instead of refusing them.
    #[arg(long)]
    cut: bool,

    #[command(flatten)]
    allow: AllowArgs,

    #[command(flatten)]
    passphrase: PassphraseArgs,

    /// Sign without asking.
    #[arg(short, long)]
    yes: bool,

    /// How to print what is signed.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

const SESSION: &str = "\
A session:
  kubepki sign requests.tar --authority ca -f cluster.yaml --bundle signed.tar
  kubepki sign requests.tar --authority ca --yes -o json

Without -f the manifest alone says what is right, and whoever made the bundle made the manifest.";

impl Sign {
    /// Holds, shows, asks, signs.
    ///
    /// # Errors
    /// When a request is refused, a CA cannot be used, or the ledger cannot be written; then nothing is signed.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let files = read_bundle(&self.requests)?;
        let unfit = |error| Error::bundle(&self.requests, error);
        let requests: Requests = bundle::manifest(&files, Requests::KIND).map_err(unfit)?;
        let spec = match &self.spec {
            None => {
                terminal::warning("without a spec (-f) the bundle itself is all that says what is right");
                None
            }
            Some(file) => {
                let loaded = load(file)?;
                terminal::problems(&loaded.name, &loaded.warnings);
                Some(loaded.spec)
            }
        };
        let orders = self.hold(&files, &requests, spec.as_ref())?;
        let authorities = self.authorities(&orders, spec.as_ref())?;
        let issuers: BTreeMap<String, Issuer<'_>> =
            authorities.iter().filter_map(|(name, ca)| Some((name.clone(), ca.issuer().ok()?))).collect();
        refuse(&refused(&orders, &issuers, self.cut, outside.now), &self.requests)?;
        let report = |signed| OrdersReport::new(&requests, &orders, &issuers, signed, outside.now);
        if !self.yes {
            report(None).table(&mut anstream::stderr(), outside.width)?;
            match terminal::confirm(&format!("Sign {} certificates?", orders.len())) {
                Some(true) => {}
                Some(false) => return Err(Error::Declined),
                None => {
                    let message = format!("{} certificates would be signed", orders.len());
                    let hint = "--yes signs them without asking".to_owned();
                    return Err(Error::Usage { message, hint });
                }
            }
        }
        let ledger = self.ledger.open(&self.authority)?;
        let entries = ledger.add(sign(&requests, &orders, &issuers, outside.now)?, outside.now)?;
        let signed = answers(&requests, &orders, &entries, &issuers, outside.now)?;
        let time = u64::try_from(outside.now.unix_timestamp()).unwrap_or_default();
        durable::replace(
            &self.bundle,
            &bundle::write(&signed, time).map_err(|error| unfit(error.into()))?,
            0o644,
        )?;
        let report = report(Some((&entries[..], self.bundle.as_path())));
        outside.print(&report, self.output)?;
        Ok(Exit::Done)
    }

    fn hold(
        &self,
        files: &bundle::Files,
        requests: &Requests,
        spec: Option<&Spec>,
    ) -> Result<Vec<Order>, Error> {
        let all = Selection { fleet: true, ..Selection::default() };
        let targets = spec.map(|spec| Targets::of(spec, &all)).transpose()?;
        let mut orders = Vec::with_capacity(requests.requests.len());
        let mut refusals: Vec<Refusal> = Vec::new();
        let held = |slip: &crate::exchange::Slip| {
            let text =
                bundle::named(files, &slip.file, &slip.sha256).map_err(|error| vec![error.to_string()])?;
            hold(text, slip, targets.as_ref(), self.allow.list())
        };
        let all = crate::exchange::sign::each(&requests.requests, held);
        for (slip, outcome) in requests.requests.iter().zip(all) {
            match outcome {
                Ok(held) => orders.push((slip.clone(), held)),
                Err(reasons) => refusals.push(Refusal { name: slip.name.clone(), reasons }),
            }
        }
        refuse(&refusals, &self.requests)?;
        Ok(orders)
    }

    /// The CAs that the orders need, by the credential's name.
    fn authorities(
        &self,
        orders: &[Order],
        spec: Option<&Spec>,
    ) -> Result<BTreeMap<String, Authority>, Error> {
        let own = spec.map(|spec| spec.credentials.as_slice()).unwrap_or_default();
        let mut found = BTreeMap::new();
        let mut passphrases = Passphrases::new(&self.passphrase);
        for (slip, _) in orders {
            if found.contains_key(&slip.signer) {
                continue;
            }
            if let Some(root) = spec.and_then(|spec| spec.authority.root.as_ref())
                && slip.signer == ROOT.name
            {
                // The certificate is the one that the spec names, whatever lies in the directory.
                let [_, beside] = place(&self.authority, &ROOT.place);
                let here = |key: &&PathBuf| is_in_token(key) || key.exists();
                let key = root.key_file.as_ref().filter(|key| !beside.exists() && here(key));
                let key = key.unwrap_or(&beside);
                let root = Authority::load(&root.certificate_file, key, &mut passphrases)?;
                found.insert(slip.signer.clone(), root);
                continue;
            }
            // Who is no CA of the catalogue or the spec is told by `refused`.
            let row = CATALOG.iter().chain(own).find(|row| row.name == slip.signer);
            if let Some(row) = row.filter(|row| matches!(row.kind, Kind::Authority { .. })) {
                let [certificate, key] = place(&self.authority, &row.place);
                found.insert(slip.signer.clone(), Authority::load(&certificate, &key, &mut passphrases)?);
            }
        }
        Ok(found)
    }
}
