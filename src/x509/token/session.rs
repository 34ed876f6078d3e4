//! Tokens by their module: found, opened, and asked to sign.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Fault, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session as Connection, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use der::asn1::{BitString, OctetStringRef, UintRef};
use der::{Decode, Encode};

use crate::x509::der::sequence;
use crate::x509::public_key::PublicKeyKind;
use crate::x509::random::random;
use crate::x509::{Error, KeyAlgorithm, PrivateKey, PublicKey, TokenUri, signature};

const WHAT: &str = "the token's key";

/// `rsaEncryption` with its NULL (RFC 8017 §A.1), and `id-ecPublicKey` (RFC 5480 §2.1.1).
const RSA_ENCRYPTION: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
const EC_PUBLIC_KEY: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

/// The named curves P-256 and P-384 (RFC 5480 §2.1.1.1).
const P256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[6, 5, 0x2b, 0x81, 4, 0, 0x22];

/// A token that a module speaks to.
pub struct Token {
    module: Pkcs11,
    slot: Slot,
    name: String,
    wants_pin: bool,
}

/// An open key: one session, in which signatures are made one after the other.
pub struct Session {
    connection: Mutex<Connection>,
    key: ObjectHandle,
}

impl Token {
    pub(super) fn find(module: &Path, uri: &TokenUri) -> Result<Self, Error> {
        let said = module.display();
        let loaded =
            Pkcs11::new(module).map_err(|fault| problem(format!("{said} does not load: {fault}")))?;
        match loaded.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // By the key that was opened before.
            Ok(()) | Err(Fault::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(fault) => return Err(problem(format!("{said} does not begin: {fault}"))),
        }
        let slots = loaded.get_slots_with_initialized_token().map_err(failed("looking for tokens"))?;
        let mut found: Vec<(Slot, String, bool)> = Vec::new();
        let mut others: Vec<String> = Vec::new();
        for slot in slots {
            let Ok(info) = loaded.get_token_info(slot) else { continue };
            let is =
                |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|wanted| wanted == own);
            let meant = is(&uri.token, info.label())
                && is(&uri.manufacturer, info.manufacturer_id())
                && is(&uri.model, info.model())
                && is(&uri.serial, info.serial_number())
                && uri.slot.is_none_or(|wanted| wanted == slot.id());
            if meant {
                let pin = info.login_required() && !info.protected_authentication_path();
                found.push((slot, format!("{} ({})", info.label(), info.serial_number()), pin));
            } else {
                others.push(format!("`{}`", info.label().escape_debug()));
            }
        }
        match found.pop() {
            Some((slot, name, wants_pin)) if found.is_empty() => {
                Ok(Self { module: loaded, slot, name, wants_pin })
            }
            Some(_) => {
                Err(problem(format!("{} tokens are meant: say which, by token or serial", found.len() + 1)))
            }
            None => {
                others.sort_unstable();
                let known = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
                Err(problem(format!("there is no such token: {said} has {known}")))
            }
        }
    }

    /// Whether it is opened with a PIN, and not by a key pad of its own.
    #[must_use]
    pub fn wants_pin(&self) -> bool {
        self.wants_pin
    }

    /// What tells it from other tokens: its label and its serial number.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn open(
        &self,
        uri: &TokenUri,
        pin: Option<&[u8]>,
        make: Option<KeyAlgorithm>,
    ) -> Result<PrivateKey, Error> {
        let connection = if make.is_some() {
            self.module.open_rw_session(self.slot)
        } else {
            self.module.open_ro_session(self.slot)
        };
        let connection = connection.map_err(failed("opening the token"))?;
        self.login(&connection, pin)?;
        let private = objects(&connection, ObjectClass::PRIVATE_KEY, uri)?;
        let (public, key) = match (&private[..], make) {
            ([key], _) => (public_of(&connection, *key, uri)?, *key),
            ([], Some(algorithm)) => {
                let (public, key) = generate(&connection, algorithm, uri)?;
                (read(&connection, public)?, key)
            }
            ([], None) => return Err(problem(format!("no such key is in the token `{}`", self.name))),
            (many, _) => {
                return Err(problem(format!("{} keys are meant: say which, by object and id", many.len())));
            }
        };
        let session = Session { connection: Mutex::new(connection), key };
        PrivateKey::in_token(session, public)
    }

    fn login(&self, connection: &Connection, pin: Option<&[u8]>) -> Result<(), Error> {
        let pin = match pin {
            Some(pin) => {
                let text = std::str::from_utf8(pin).map_err(|_| Error::WrongPin)?;
                Some(AuthPin::new(text.into()))
            }
            None if self.wants_pin => return Err(Error::WrongPin),
            None => None,
        };
        match connection.login(UserType::User, pin.as_ref()) {
            Ok(()) | Err(Fault::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Fault::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
                Err(Error::WrongPin)
            }
            Err(Fault::Pkcs11(RvError::PinLocked, _)) => {
                Err(problem(format!("the PIN of the token `{}` is locked", self.name)))
            }
            // A token without a PIN has nobody to log in.
            Err(_) if !self.wants_pin => Ok(()),
            Err(fault) => Err(failed("opening the token")(fault)),
        }
    }
}

impl Session {
    /// Signs with the hash that belongs to the key, and checks what came out: a token that has mixed up its objects would
    /// sign what nobody can verify.
    pub(in crate::x509) fn sign(&self, public: &PublicKey, message: &[u8]) -> Result<Vec<u8>, Error> {
        let hash = match public.kind() {
            PublicKeyKind::EcdsaP256 => &SHA256,
            PublicKeyKind::EcdsaP384 => &SHA384,
            PublicKeyKind::EcdsaP521 => &SHA512,
            _ => {
                let signed = self.raw(&Mechanism::Sha256RsaPkcs, message)?;
                return check(public, message, signed);
            }
        };
        let raw = self.raw(&Mechanism::Ecdsa, digest(hash, message).as_ref())?;
        // r and s, one after the other (PKCS#11 v3.0 §2.3.1); ECDSA-Sig-Value in certificates (RFC 5480 §A).
        let (r, s) = raw.split_at(raw.len() / 2);
        let number = |octets| UintRef::new(octets).and_then(|number| number.to_der());
        let (r, s) = (number(r).map_err(Error::der(WHAT))?, number(s).map_err(Error::der(WHAT))?);
        check(public, message, sequence(&[&r, &s], WHAT)?)
    }

    fn raw(&self, mechanism: &Mechanism<'_>, data: &[u8]) -> Result<Vec<u8>, Error> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.sign(mechanism, self.key, data).map_err(failed("signing"))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.name)
    }
}

fn check(public: &PublicKey, message: &[u8], signature: Vec<u8>) -> Result<Vec<u8>, Error> {
    if signature::holds(public, message, &signature) {
        Ok(signature)
    } else {
        Err(problem("the token's signature is not one of its public key".to_owned()))
    }
}

/// The template of what a URI means.
fn template(class: ObjectClass, uri: &TokenUri) -> Vec<Attribute> {
    let mut template = vec![Attribute::Class(class)];
    template.extend(uri.object.as_ref().map(|label| Attribute::Label(label.as_bytes().to_vec())));
    template.extend(uri.id.as_ref().map(|id| Attribute::Id(id.clone())));
    template
}

fn objects(connection: &Connection, class: ObjectClass, uri: &TokenUri) -> Result<Vec<ObjectHandle>, Error> {
    connection.find_objects(&template(class, uri)).map_err(failed("looking for the key"))
}

/// The public half: the object of that kind with the same identifier or label, or what the private one says of itself.
fn public_of(connection: &Connection, key: ObjectHandle, uri: &TokenUri) -> Result<PublicKey, Error> {
    let id = connection.get_attributes(key, &[AttributeType::Id]).map_err(failed("reading the key"))?;
    let mut by_id = vec![Attribute::Class(ObjectClass::PUBLIC_KEY)];
    by_id.extend(id.into_iter().filter(|id| matches!(id, Attribute::Id(id) if !id.is_empty())));
    let found = if by_id.len() > 1 {
        connection.find_objects(&by_id).map_err(failed("looking for the key"))?
    } else {
        objects(connection, ObjectClass::PUBLIC_KEY, uri)?
    };
    read(connection, found.first().copied().unwrap_or(key))
}

/// The public key of an object, as certificates have it.
fn read(connection: &Connection, object: ObjectHandle) -> Result<PublicKey, Error> {
    let wanted = [
        AttributeType::KeyType,
        AttributeType::Modulus,
        AttributeType::PublicExponent,
        AttributeType::EcParams,
        AttributeType::EcPoint,
    ];
    let (mut kind, mut modulus, mut exponent, mut curve, mut point) = (None, None, None, None, None);
    for wanted in wanted {
        // An object has those of its kind only.
        for attribute in connection.get_attributes(object, &[wanted]).unwrap_or_default() {
            match attribute {
                Attribute::KeyType(found) => kind = Some(found),
                Attribute::Modulus(found) => modulus = Some(found),
                Attribute::PublicExponent(found) => exponent = Some(found),
                Attribute::EcParams(found) => curve = Some(found),
                Attribute::EcPoint(found) => point = Some(found),
                _ => {}
            }
        }
    }
    let (algorithm, bits) = match (kind, modulus.zip(exponent), curve.zip(point)) {
        (Some(KeyType::RSA), Some((modulus, exponent)), _) => {
            let number = |octets: &[u8]| UintRef::new(octets).and_then(|number| number.to_der());
            let modulus = number(&modulus).map_err(Error::der(WHAT))?;
            let exponent = number(&exponent).map_err(Error::der(WHAT))?;
            (RSA_ENCRYPTION.to_vec(), sequence(&[&modulus, &exponent], WHAT)?)
        }
        (Some(KeyType::EC), _, Some((curve, point))) => {
            // PKCS#11 wraps the point into an octet string; some tokens do not.
            let bare = <&OctetStringRef>::from_der(&point).map_or(point.as_slice(), OctetStringRef::as_bytes);
            (sequence(&[EC_PUBLIC_KEY, &curve], WHAT)?, bare.to_vec())
        }
        _ => return Err(problem("the token does not say what the key's public half is".to_owned())),
    };
    let bits = BitString::from_bytes(&bits).and_then(|bits| bits.to_der()).map_err(Error::der(WHAT))?;
    PublicKey::from_der(&sequence(&[&algorithm, &bits], WHAT)?)
}

/// Makes a key that never leaves the token: the public and the private object.
fn generate(
    connection: &Connection,
    algorithm: KeyAlgorithm,
    uri: &TokenUri,
) -> Result<(ObjectHandle, ObjectHandle), Error> {
    let id = match &uri.id {
        Some(id) => id.clone(),
        None => random::<16>()?.to_vec(),
    };
    let mut both = vec![Attribute::Token(true), Attribute::Id(id)];
    both.extend(uri.object.as_ref().map(|label| Attribute::Label(label.as_bytes().to_vec())));
    let mut public = both.clone();
    public.extend([Attribute::Private(false), Attribute::Verify(true)]);
    let rsa = |bits: u64| {
        // 65537: FIPS 186-5 §A.1.1 asks for no less.
        [Attribute::ModulusBits(bits.into()), Attribute::PublicExponent(vec![1, 0, 1])].to_vec()
    };
    let (mechanism, kind) = match algorithm {
        KeyAlgorithm::EcdsaP256 => (Mechanism::EccKeyPairGen, vec![Attribute::EcParams(P256.to_vec())]),
        KeyAlgorithm::EcdsaP384 => (Mechanism::EccKeyPairGen, vec![Attribute::EcParams(P384.to_vec())]),
        KeyAlgorithm::Rsa2048 => (Mechanism::RsaPkcsKeyPairGen, rsa(2048)),
        KeyAlgorithm::Rsa3072 => (Mechanism::RsaPkcsKeyPairGen, rsa(3072)),
        KeyAlgorithm::Rsa4096 => (Mechanism::RsaPkcsKeyPairGen, rsa(4096)),
    };
    public.extend(kind);
    let mut private = both;
    private.extend([
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
    ]);
    connection.generate_key_pair(&mechanism, &public, &private).map_err(failed("making the key"))
}

fn problem(problem: String) -> Error {
    Error::Token { problem }
}

fn failed(what: &'static str) -> impl Fn(Fault) -> Error {
    move |fault| problem(format!("{what}: {fault}"))
}
