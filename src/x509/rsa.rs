//! Why an RSA private key cannot be loaded: its numbers are read where the cryptographic library only says no.
//!
//! The private numbers are wiped. Nothing is computed with keys of more than 16384 bits.

use std::fmt;

use crypto_bigint::{BoxedUint, ConcatenatingMul};
use der::asn1::{BitString, UintRef};
use der::{Decode, Encode, Tag};
use zeroize::Zeroizing;

use super::der::{children, sequence};
use super::{Error, PublicKey};

const WHAT: &str = "the RSA private key";

/// Longer keys are not computed with.
const MAX_BITS: usize = 16_384;

/// `rsaEncryption` with its NULL (RFC 8017 §A.1).
const RSA_ENCRYPTION: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// What is wrong with an RSA private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaFault {
    /// It is shorter or longer than what is loaded here.
    Size {
        /// The length of its modulus in bits.
        bits: usize,
    },
    /// Its numbers do not agree with each other (RFC 8017 §3.2): the relation that does not hold.
    Numbers(&'static str),
}

impl fmt::Display for RsaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { bits } => write!(f, "has {bits} bits, and not 2048 to 8192"),
            Self::Numbers(relation) => write!(f, "is malformed: {relation}"),
        }
    }
}

/// Why the library refused this PKCS#1 key, as far as that can be found out: `None` where it cannot.
pub(super) fn refusal(pkcs1: &[u8]) -> Option<Error> {
    let numbers = Numbers::read(pkcs1)?;
    let public = public_key(numbers.modulus, numbers.exponent).ok()?;
    let (modulus, _) = public.rsa_numbers()?;
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = modulus.len() * 8 - leading;
    let fault = if (2048..=8192).contains(&bits) {
        RsaFault::Numbers(numbers.broken_relation()?)
    } else {
        RsaFault::Size { bits }
    };
    Some(Error::RsaKey { fault, public: Box::new(public) })
}

/// The public key of a modulus and an exponent, big-endian.
pub(super) fn public_key(modulus: &[u8], exponent: &[u8]) -> Result<PublicKey, Error> {
    let integer =
        |bytes: &[u8]| UintRef::new(bytes).and_then(|number| number.to_der()).map_err(Error::der(WHAT));
    let key = sequence(&[&integer(modulus)?, &integer(exponent)?], WHAT)?;
    let bits = BitString::from_bytes(&key).and_then(|bits| bits.to_der()).map_err(Error::der(WHAT))?;
    PublicKey::from_der(&sequence(&[&RSA_ENCRYPTION, &bits], WHAT)?)
}

/// `RSAPrivateKey` (RFC 8017 §A.1.2): the numbers, big-endian and without leading zeros.
struct Numbers<'a> {
    modulus: &'a [u8],
    exponent: &'a [u8],
    private: &'a [u8],
    primes: [&'a [u8]; 2],
    exponents: [&'a [u8]; 2],
    coefficient: &'a [u8],
}

impl<'a> Numbers<'a> {
    fn read(pkcs1: &'a [u8]) -> Option<Self> {
        let integers = children(pkcs1, Tag::Sequence, WHAT).ok()?;
        let numbers: Option<Vec<&[u8]>> =
            integers.iter().map(|der| Some(UintRef::from_der(der).ok()?.as_bytes())).collect();
        // More than two primes are not used by anyone.
        match numbers?[..] {
            [_, modulus, exponent, private, prime1, prime2, exponent1, exponent2, coefficient] => {
                Some(Self {
                    modulus,
                    exponent,
                    private,
                    primes: [prime1, prime2],
                    exponents: [exponent1, exponent2],
                    coefficient,
                })
            }
            _ => None,
        }
    }

    /// The first relation of RFC 8017 §3.2 that does not hold.
    fn broken_relation(&self) -> Option<&'static str> {
        let Self { modulus, exponent, private, primes, exponents, coefficient } = self;
        let all = [*modulus, *exponent, *private, *coefficient];
        if all.iter().chain(primes).chain(exponents).any(|number| number.len() * 8 > MAX_BITS) {
            return Some("a number in it is too long");
        }
        let number = |bytes: &[u8]| Zeroizing::new(BoxedUint::from_be_slice_vartime(bytes));
        let [modulus, exponent, private, coefficient] = all.map(number);
        let [prime1, prime2] = primes.map(number);
        let [exponent1, exponent2] = exponents.map(number);
        if *times(&prime1, &prime2) != *modulus {
            return Some("its primes do not multiply to the modulus");
        }
        for (prime, partial, [of_private, of_partial]) in [
            (&prime1, &exponent1, ["d is no inverse of e modulo p - 1", "exponent1 is not d modulo p - 1"]),
            (&prime2, &exponent2, ["d is no inverse of e modulo q - 1", "exponent2 is not d modulo q - 1"]),
        ] {
            let order = Zeroizing::new(prime.wrapping_sub(BoxedUint::one()));
            let Some(order) = order.as_nz_vartime() else { return Some("a prime in it is 0 or 1") };
            let is_inverse = |number: &BoxedUint| bool::from(times(number, &exponent).rem(order).is_one());
            if !is_inverse(&private) {
                return Some(of_private);
            }
            if **partial >= *order.as_ref() || !is_inverse(partial) {
                return Some(of_partial);
            }
        }
        let Some(prime) = prime1.as_nz_vartime() else { return Some("a prime in it is 0 or 1") };
        let is_inverse = bool::from(times(&coefficient, &prime2).rem(prime).is_one());
        (!is_inverse).then_some("coefficient is no inverse of q modulo p")
    }
}

fn times(a: &BoxedUint, b: &BoxedUint) -> Zeroizing<BoxedUint> {
    Zeroizing::new(a.concatenating_mul(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::{KeyAlgorithm, PrivateKey, pem};

    fn fault(error: Error) -> RsaFault {
        match error {
            Error::RsaKey { fault, .. } => fault,
            other => panic!("{other}"),
        }
    }

    /// A key with one of its numbers changed: the relation that this breaks is named, in PKCS#1 and in PKCS#8.
    #[test]
    fn the_relation_that_does_not_hold_is_named() {
        let key = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
        let pkcs1 = pem::blocks(key.to_pem().unwrap().as_bytes()).unwrap().remove(0).contents;
        for (position, relation) in [
            (1, "its primes do not multiply to the modulus"),
            (2, "d is no inverse of e modulo p - 1"),
            (3, "d is no inverse of e modulo p - 1"),
            (4, "its primes do not multiply to the modulus"),
            (6, "exponent1 is not d modulo p - 1"),
            (7, "exponent2 is not d modulo q - 1"),
            (8, "coefficient is no inverse of q modulo p"),
        ] {
            let mut integers: Vec<Vec<u8>> =
                children(&pkcs1, Tag::Sequence, "test").unwrap().into_iter().map(<[u8]>::to_vec).collect();
            *integers[position].last_mut().unwrap() ^= 2;
            let parts: Vec<&[u8]> = integers.iter().map(Vec::as_slice).collect();
            let broken = sequence(&parts, "test").unwrap();
            let octets = der::asn1::OctetString::new(broken.clone()).unwrap().to_der().unwrap();
            let pkcs8 = sequence(&[&[0x02, 0x01, 0x00], &RSA_ENCRYPTION, &octets], "test").unwrap();
            for (label, der) in [("RSA PRIVATE KEY", &broken), ("PRIVATE KEY", &pkcs8)] {
                let text = pem::encode(label, der).unwrap();
                let error = PrivateKey::from_pem(text.as_bytes()).unwrap_err();
                assert_eq!(fault(error), RsaFault::Numbers(relation), "{label} {position}");
            }
        }
    }

    #[test]
    fn a_key_of_another_size_has_its_public_half_read() {
        let numbers: Vec<Vec<u8>> = [vec![0x80; 128], vec![1, 0, 1]]
            .into_iter()
            .chain(std::iter::repeat_n(vec![5], 6))
            .map(|bytes| UintRef::new(&bytes).unwrap().to_der().unwrap())
            .collect();
        let parts: Vec<&[u8]> =
            std::iter::once(&[0x02, 0x01, 0x00][..]).chain(numbers.iter().map(Vec::as_slice)).collect();
        let Some(Error::RsaKey { fault, public }) = refusal(&sequence(&parts, "test").unwrap()) else {
            panic!("no reason");
        };
        assert_eq!((fault, public.to_string().as_str()), (RsaFault::Size { bits: 1024 }, "RSA-1024"));
    }

    #[test]
    fn what_is_no_rsa_key_has_no_reason() {
        for der in [&[][..], &[0x30, 0x00], &[0x30, 0x03, 0x02, 0x01, 0x00]] {
            assert_eq!(refusal(der), None);
        }
    }
}
