//! age (age-encryption.org/v1): what is written for a node, only the node can read.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use age::secrecy::ExposeSecret;
use age::x25519;
use age::{DecryptError, Decryptor, Encryptor};
use zeroize::Zeroizing;

/// To whom something is encrypted: `age1…`.
#[derive(Clone)]
pub struct Recipient(x25519::Recipient);

/// Whose key opens it.
pub struct Identity(x25519::Identity);

/// Why something cannot be opened. Nothing of a key is told.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The text is no recipient.
    #[error("is no age recipient, which begins with age1")]
    NotARecipient,
    /// The text is no key.
    #[error("line {0} is no age key, which begins with AGE-SECRET-KEY-1")]
    NotAnIdentity(usize),
    /// There is no key in it.
    #[error("holds no age key")]
    NoIdentity,
    /// It is for others.
    #[error("is encrypted to another key")]
    ForOthers,
    /// It is not of this form.
    #[error("is no age file that can be read: {0}")]
    Format(&'static str),
    /// Reading it failed.
    #[error("cannot be read: {}", crate::system::reason(.0))]
    System(io::Error),
}

impl FromStr for Recipient {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, SealError> {
        text.parse().map(Self).map_err(|_| SealError::NotARecipient)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The same as its text: it is public.
impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Identity {
    /// A new key.
    #[must_use]
    pub fn generate() -> Self {
        Self(x25519::Identity::generate())
    }

    /// The keys of a file as age-keygen writes it: one a line, `#` before what is none.
    ///
    /// # Errors
    /// When a line is neither, or there is no key.
    pub fn all(text: &str) -> Result<Vec<Self>, SealError> {
        let mut found = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                found.push(Self(line.parse().map_err(|_| SealError::NotAnIdentity(index + 1))?));
            }
        }
        if found.is_empty() { Err(SealError::NoIdentity) } else { Ok(found) }
    }

    /// Its file, as age-keygen writes it.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let secret = self.0.to_string();
        Zeroizing::new(format!("# public key: {}\n{}\n", self.0.to_public(), secret.expose_secret()))
    }

    /// To whom what it opens is encrypted.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }
}

/// Encrypts what `write` writes into `out`, as it comes.
///
/// # Errors
/// When there is no recipient, or writing fails.
pub fn seal<W: Write>(
    recipients: &[Recipient],
    out: W,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let all = recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(all).map_err(|_| io::Error::other("there is no recipient"))?;
    let mut sealed = encryptor.wrap_output(out)?;
    write(&mut sealed)?;
    sealed.finish()?.flush()
}

/// The plain text of what was encrypted to one of the keys; it is checked as it is read.
///
/// # Errors
/// When it is none, or for others.
pub fn open<'a>(sealed: impl Read + 'a, identities: &'a [Identity]) -> Result<impl Read + 'a, SealError> {
    let decryptor = Decryptor::new(sealed).map_err(unreadable)?;
    if decryptor.is_scrypt() {
        return Err(SealError::Format("it is under a passphrase"));
    }
    let all = identities.iter().map(|identity| &identity.0 as &dyn age::Identity);
    decryptor.decrypt(all).map_err(unreadable)
}

fn unreadable(error: DecryptError) -> SealError {
    match error {
        DecryptError::NoMatchingKeys => SealError::ForOthers,
        DecryptError::InvalidHeader => SealError::Format("its header is none"),
        DecryptError::InvalidMac => SealError::Format("its header has been changed"),
        DecryptError::UnknownFormat => SealError::Format("its form is not known"),
        DecryptError::ExcessiveWork { .. } => SealError::Format("it is under a passphrase"),
        DecryptError::Io(error) => SealError::System(error),
        _ => SealError::Format("it does not decrypt"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(recipients: &[Recipient], text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        seal(recipients, &mut out, |plain| plain.write_all(text)).unwrap();
        out
    }

    fn opened(bytes: &[u8], keys: &[Identity]) -> Result<Vec<u8>, SealError> {
        let mut text = Vec::new();
        open(bytes, keys)?.read_to_end(&mut text).map_err(SealError::System)?;
        Ok(text)
    }

    #[test]
    fn only_recipients_open_it() {
        let [own, other, third] = [(); 3].map(|()| Identity::generate());
        let bytes = sealed(&[own.recipient(), other.recipient()], b"secret");
        let keys = Identity::all(&format!("{}\n# more\n{}", &*own.text(), &*third.text())).unwrap();
        assert_eq!(opened(&bytes, &keys).unwrap(), b"secret");
        assert_eq!(opened(&bytes, &[third]).unwrap_err().to_string(), "is encrypted to another key");
        assert!(seal(&[], Vec::new(), |_| Ok(())).is_err());
        // One octet is another: whichever it is, it is seen.
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_ne!(opened(&changed, &keys).ok().as_deref(), Some(&b"secret"[..]), "{at}");
            assert!(opened(&bytes[..at], &keys).is_err(), "{at}");
        }
    }

    #[test]
    fn keys_are_read_and_not_quoted() {
        for (text, told) in [
            ("", "holds no age key"),
            ("# nothing\n", "holds no age key"),
            ("# x\nAGE-SECRET-KEY-1", "line 2 is no age key"),
        ] {
            assert!(Identity::all(text).err().unwrap().to_string().starts_with(told));
        }
        assert!("age1x".parse::<Recipient>().is_err());
        let own = Identity::generate().recipient();
        assert_eq!(own.to_string().parse::<Recipient>().unwrap().to_string(), own.to_string());
    }
}
