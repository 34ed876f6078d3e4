//! `kubepki ca crl`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::authority::{Authority, content};
use crate::cli::passphrase::{PassphraseArgs, Passphrases};
use crate::cli::{Exit, Outside, terminal};
use crate::disk::{durable, read};
use crate::error::Error;
use crate::moment::date;
use crate::spec::Period;
use crate::x509::crl::Revoked;
use crate::x509::hex::hex;
use crate::x509::{Crl, Issuer, KeyUsage, Revocations, pem};

/// Make or renew a CA's revocation list
///
/// What the file says already is kept, with its dates and reasons, and the list gets the next number. etcd
/// (--client-crl-file, --peer-crl-file) reads DER and looks at serial numbers only; it reads the file at every handshake.
#[derive(Debug, Args)]
pub struct CrlVerb {
    /// The list.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The CA's certificate.
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,

    /// The CA's key, where it is not beside its certificate.
    #[arg(long, value_name = "FILE")]
    ca_key: Option<PathBuf>,

    /// What to revoke: a certificate's file, or a serial number in hexadecimal; may be given again.
    #[arg(long, value_name = "CERT|SERIAL")]
    revoke: Vec<String>,

    /// Why that is revoked: keyCompromise, superseded, cessationOfOperation …
    #[arg(long, value_name = "REASON", requires = "revoke", value_parser = reason_arg)]
    reason: Option<u8>,

    /// More to revoke, one a line: a certificate's file or a serial number, then perhaps a reason.
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,

    /// A serial number that was put on hold and comes off the list again; may be given again.
    #[arg(long, value_name = "SERIAL")]
    release: Vec<String>,

    /// When the next list is due.
    #[arg(long, value_name = "DURATION", default_value = "720h")]
    next_update: Period,

    /// DER for etcd; PEM for OpenSSL and others.
    #[arg(long, value_name = "ENCODING", default_value = "der")]
    encoding: Encoding,

    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// How the list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Encoding {
    /// Binary.
    Der,
    /// Text.
    Pem,
}

/// `certificateHold`: the one reason from which there is a way back (RFC 5280 §5.3.1).
const HOLD: u8 = 6;

impl CrlVerb {
    /// Makes the list and puts it in place of the old one.
    ///
    /// # Errors
    /// When something that is to be revoked is not this CA's, or a file cannot be read or written. Then the old list
    /// stays.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let mut passphrases = Passphrases::new(&self.passphrase);
        let key = self.ca_key.clone().unwrap_or_else(|| self.ca.with_extension("key"));
        let authority = Authority::load(&self.ca, &key, &mut passphrases)?;
        let issuer = authority.issuer()?;
        let now = outside.now.replace_nanosecond(0).unwrap_or(outside.now);
        let old = self.old(issuer)?;
        let mut revoked = old.as_ref().map(|old| old.revoked.clone()).unwrap_or_default();
        for (what, reason) in self.wanted()? {
            let serial = serial(&what, issuer)?;
            match revoked.iter_mut().find(|entry| entry.serial == serial) {
                // What was revoked stays so since when it was; a reason may come later.
                Some(entry) => entry.reason = reason.or(entry.reason),
                None => revoked.push(Revoked { serial, reason, date: now }),
            }
        }
        self.release(&mut revoked)?;
        revoked.sort_unstable();
        let list = Revocations {
            this_update: now,
            next_update: now + self.next_update.duration(),
            number: Revocations::number_after(old.as_ref().and_then(|old| old.number.as_deref())),
            revoked,
        };
        let failed = |source| Error::Key { path: self.ca.clone(), source };
        if list.next_update <= list.this_update {
            return Err(misuse("--next-update: the next list is due before this one", "720h is a month"));
        }
        let crl = issuer.revoke(&list).map_err(failed)?;
        let usages = &issuer.certificate().usages.key;
        if !usages.is_empty() && !usages.contains(&KeyUsage::CrlSign) {
            terminal::warning(&format!(
                "{} has no cRLSign: etcd takes its list all the same, OpenSSL does not",
                self.ca.display()
            ));
        }
        let bytes = match self.encoding {
            Encoding::Der => crl.as_der().to_vec(),
            Encoding::Pem => pem::encode("X509 CRL", crl.as_der()).map_err(failed)?.into_bytes(),
        };
        durable::replace(&self.file, &bytes, 0o644)?;
        let sign = if old.is_some() { '~' } else { '+' };
        writeln!(
            outside.out,
            "{sign} {}: number {}, {} revoked, next update {}",
            self.file.display(),
            hex(&list.number),
            list.revoked.len(),
            date(list.next_update)
        )?;
        Ok(Exit::Done)
    }

    /// The list that is there.
    fn old(&self, issuer: Issuer<'_>) -> Result<Option<Crl>, Error> {
        if self.file.symlink_metadata().is_err() {
            return Ok(None);
        }
        let refused = |why: &str| Error::Refused { path: self.file.clone(), why: why.to_owned() };
        let content = content(&self.file)?;
        let mut lists = content.crls();
        let (Some(crl), None) = (lists.next(), lists.next()) else {
            return Err(refused("is there, but is not a revocation list: move it away"));
        };
        if !crl.is_of(issuer.certificate()) {
            return Err(refused(&format!("is another CA's list: {}", crl.issuer)));
        }
        if crl.is_delta() {
            return Err(refused("says only what has changed since another list"));
        }
        Ok(Some(crl.clone()))
    }

    /// What is to be revoked, and why.
    fn wanted(&self) -> Result<Vec<(String, Option<u8>)>, Error> {
        let mut wanted: Vec<_> = self.revoke.iter().map(|what| (what.clone(), self.reason)).collect();
        let Some(path) = &self.list else { return Ok(wanted) };
        let bytes = read::bytes(path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let text = String::from_utf8_lossy(&bytes.bytes);
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let Some(what) = words.next() else { continue };
            let reason = words.next().map(reason_arg).transpose().map_err(|known| {
                misuse(&format!("{}:{number}: is no reason: {line}", path.display()), &known)
            })?;
            wanted.push((what.to_owned(), reason));
        }
        Ok(wanted)
    }

    fn release(&self, revoked: &mut Vec<Revoked>) -> Result<(), Error> {
        for text in &self.release {
            let serial = parse_serial(text).ok_or_else(|| no_serial(text))?;
            let held = |entry: &Revoked| entry.serial == serial && entry.reason == Some(HOLD);
            if !revoked.iter().any(held) {
                return Err(misuse(
                    &format!("{text} is not on hold"),
                    "only what was revoked with --reason certificateHold comes back",
                ));
            }
            revoked.retain(|entry| !held(entry));
        }
        Ok(())
    }
}

/// The serial number of what is to be revoked. A certificate must be one of this CA's.
fn serial(what: &str, issuer: Issuer<'_>) -> Result<Vec<u8>, Error> {
    let path = Path::new(what);
    if !path.exists() {
        return parse_serial(what).ok_or_else(|| no_serial(what));
    }
    let content = content(path)?;
    let Some(certificate) = content.readable_certificates().next() else {
        return Err(Error::NoCertificate(path.to_owned()));
    };
    let ca = issuer.certificate();
    if certificate.issuer != ca.subject || certificate.verify_signature(&ca.public_key).is_err() {
        let why = format!("is not of this CA: `{}` has signed it", certificate.issuer);
        return Err(Error::Refused { path: path.to_owned(), why });
    }
    Ok(without_zeros(&certificate.serial))
}

/// `0F:A0`, `0x0fa0`, `fa0`.
fn parse_serial(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.trim_start_matches("0x").chars().filter(|c| *c != ':').collect();
    // RFC 5280 §4.1.2.2: twenty octets at most.
    if digits.is_empty() || digits.len() > 40 {
        return None;
    }
    let even = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
    let octets = even.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        pair.bytes().all(|c| c.is_ascii_hexdigit()).then(|| u8::from_str_radix(pair, 16).ok())?
    });
    let serial = without_zeros(&octets.collect::<Option<Vec<u8>>>()?);
    (!serial.is_empty()).then_some(serial)
}

fn without_zeros(octets: &[u8]) -> Vec<u8> {
    octets.iter().copied().skip_while(|octet| *octet == 0).collect()
}

fn reason_arg(text: &str) -> Result<u8, String> {
    let known = || Revoked::reason_names().collect::<Vec<_>>().join(", ");
    Revoked::reason_of(text).ok_or_else(|| format!("there are {}", known()))
}

fn no_serial(text: &str) -> Error {
    misuse(
        &format!("`{}` is neither a file nor a serial number", text.escape_debug()),
        "`kubepki inspect CERT` shows a certificate's serial number",
    )
}

fn misuse(message: &str, hint: &str) -> Error {
    Error::Usage { message: message.to_owned(), hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_read_as_they_are_shown() {
        for (text, expected) in [
            ("0F:A0", Some(&[0x0f, 0xa0][..])),
            ("0x0fa0", Some(&[0x0f, 0xa0])),
            ("fa0", Some(&[0x0f, 0xa0])),
            ("000001", Some(&[1])),
            ("", None),
            ("0", None),
            ("xyz", None),
            ("+1", None),
            ("é", None),
        ] {
            assert_eq!(parse_serial(text).as_deref(), expected, "{text}");
        }
        assert_eq!(parse_serial(&"f".repeat(41)), None);
    }
}
