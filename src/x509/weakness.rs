//! RSA keys whose private half can be computed from the public one.
//!
//! Every test here is bounded: a fixed number of divisions and square roots of numbers of 16384 bits at most.

use std::fmt;

use crypto_bigint::{BoxedUint, Limb, NonZero, Resize};

use super::PublicKey;

/// Why an RSA key can be broken, or is refused for its public exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// The public exponent is 1: encryption leaves everything as it is.
    ExponentOne,
    /// The public exponent is even, so that there is no private one.
    ExponentEven,
    /// The public exponent has more than 31 bits, which Go refuses (`crypto/rsa`, `checkPublicKey`).
    ExponentLarge,
    /// The public exponent is less than 65537, as FIPS 186-5 §5.5 has it. That alone does no harm.
    ExponentSmall(u16),
    /// The modulus has a factor that is found by trying.
    SmallFactor(u16),
    /// The modulus is a product of two primes that lie close together: Fermat's method finds them (CVE-2022-26320).
    ClosePrimes,
    /// The modulus bears the fingerprint of Infineon's library, whose primes are all powers of 65537 modulo the product of
    /// the first primes (CVE-2017-15361, "ROCA").
    Roca,
}

/// Longer moduli are not looked into: nobody's TLS accepts them.
const MAX_BITS: usize = 16_384;

/// How many candidates Fermat's method is given. A generator whose second prime is the next after the first is found out
/// at the first of them (H. Böck, "Fermat Factorization in the Wild", IACR ePrint 2023/026).
const FERMAT_STEPS: u32 = 100;

/// The odd primes that the fingerprint is tested with, as in the test that was published with M. Nemec et al., "The Return
/// of Coppersmith's Attack", CCS 2017. One in 239 million moduli that were made otherwise passes all of them.
const PRIMES: [u16; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// The weakness of a key, if it is an RSA key that has one.
#[must_use]
pub fn weakness(key: &PublicKey) -> Option<Weakness> {
    let (modulus, exponent) = key.rsa_numbers()?;
    exponent_weakness(exponent).or_else(|| modulus_weakness(modulus)).or(match exponent {
        [low] => Some(Weakness::ExponentSmall(u16::from(*low))),
        [high, low] => Some(Weakness::ExponentSmall(u16::from_be_bytes([*high, *low]))),
        _ => None,
    })
}

fn modulus_weakness(modulus: &[u8]) -> Option<Weakness> {
    if modulus.len() * 8 > MAX_BITS {
        return None;
    }
    let modulus = BoxedUint::from_be_slice_vartime(modulus);
    small_factor(&modulus)
        .map(Weakness::SmallFactor)
        .or_else(|| has_fingerprint(&modulus).then_some(Weakness::Roca))
        .or_else(|| has_close_primes(&modulus).then_some(Weakness::ClosePrimes))
}

fn exponent_weakness(exponent: &[u8]) -> Option<Weakness> {
    match exponent {
        [] | [1] => Some(Weakness::ExponentOne),
        [.., last] if last % 2 == 0 => Some(Weakness::ExponentEven),
        [first, _, _, _] if *first >= 0x80 => Some(Weakness::ExponentLarge),
        [_, _, _, _, _, ..] => Some(Weakness::ExponentLarge),
        _ => None,
    }
}

fn remainder(number: &BoxedUint, divisor: u32) -> u64 {
    let divisor: Option<_> = NonZero::new(Limb::from(divisor)).into();
    divisor.map_or(0, |divisor| number.rem_limb(divisor).into())
}

fn small_factor(modulus: &BoxedUint) -> Option<u16> {
    let divides = |prime: &&u16| remainder(modulus, u32::from(**prime)) == 0;
    std::iter::once(&2).chain(&PRIMES).find(divides).copied()
}

/// Whether the modulus is a power of 65537 modulo every one of [`PRIMES`]. The library makes keys of 512 bits and more.
fn has_fingerprint(modulus: &BoxedUint) -> bool {
    if modulus.bit_width_vartime() < 512 - 1 {
        return false;
    }
    PRIMES.iter().all(|prime| {
        let (wanted, prime) = (remainder(modulus, u32::from(*prime)), u64::from(*prime));
        let generator = 65_537 % prime;
        let mut power = 1;
        // The powers of an element of a group return to it after no more steps than the group has elements.
        for _ in 0..prime {
            if power == wanted {
                return true;
            }
            power = power * generator % prime;
        }
        false
    })
}

/// Fermat's method: n = a² − b² for an `a` just above the square root of n.
fn has_close_primes(modulus: &BoxedUint) -> bool {
    // Room for a square just above the modulus.
    let bits = modulus.bits_precision() + 64;
    let Some(modulus) = modulus.try_resize(bits) else { return false };
    let mut root = modulus.clone();
    if root.floor_sqrt_assign_vartime() {
        return true;
    }
    let one = BoxedUint::one();
    root.wrapping_add_assign(&one);
    let mut rest = root.wrapping_square();
    rest.wrapping_sub_assign(&modulus);
    for _ in 0..FERMAT_STEPS {
        if is_square(&rest) {
            return true;
        }
        // (a + 1)² = a² + a + (a + 1)
        rest.wrapping_add_assign(&root);
        root.wrapping_add_assign(&one);
        rest.wrapping_add_assign(&root);
    }
    false
}

/// Most numbers are seen to be no squares by their remainders (H. Cohen, "A Course in Computational Algebraic Number
/// Theory", algorithm 1.7.3).
fn is_square(number: &BoxedUint) -> bool {
    let rest = remainder(number, 64 * 63 * 65 * 11);
    let may_be = [64, 63, 65, 11].into_iter().all(|modulus| {
        let rest = rest % modulus;
        (0..modulus).any(|root| root * root % modulus == rest)
    });
    may_be && number.checked_sqrt_vartime().is_some()
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExponentOne => f.write_str("its public exponent is 1"),
            Self::ExponentEven => f.write_str("its public exponent is even"),
            Self::ExponentLarge => f.write_str("its public exponent has more than 31 bits"),
            Self::ExponentSmall(exponent) => write!(f, "its public exponent is {exponent}, less than 65537"),
            Self::SmallFactor(prime) => write!(f, "its modulus is divisible by {prime}"),
            Self::ClosePrimes => {
                f.write_str("its two primes lie so close together that they are found at once")
            }
            Self::Roca => f.write_str("its modulus bears the fingerprint of CVE-2017-15361 (ROCA)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::rsa::public_key;
    use crate::x509::{KeyAlgorithm, PrivateKey};

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// Made for this test: two primes of the form k·M + (65537^a mod M).
    const ROCA: &str = "4d0deab7a31be86ed73951dd132a8d31c72bce5e26e5f1d7c9d28a0d126011f6ee3bd7ceec184a77b85ae1d60dd6d93b\
                        fcecbcd2f05a9a1d54bd649985d586c1";
    /// A prime of 256 bits and the next one.
    const CLOSE: &str = "f1c2898ba8c380476c446bf1caca4c43cfb11760903296f0cfb0ba3f6636c96eb6483b154d0a92550eee96039174258d\
                         f1f5a2d1a2c787a6afdfdd36980dded9";
    /// Two primes of 256 bits that were chosen apart.
    const SOUND: &str = "a2c4849baf124db70b191683698e6804229041db721194c9dbad0bfc91cbe21ad65f7ba8a90cf56f9f1dec3875947f23\
                         38dd972ea6b0d789e5d843e24ffb3bdf";

    #[test]
    fn every_weakness_is_found() {
        let (three, usual) = (vec![3], vec![1, 0, 1]);
        let mut divisible = bytes(SOUND);
        *divisible.last_mut().unwrap() ^= 1;
        for (modulus, exponent, found) in [
            (bytes(SOUND), usual.clone(), None),
            (bytes(SOUND), three, Some(Weakness::ExponentSmall(3))),
            (bytes(SOUND), vec![0xff, 0xff], Some(Weakness::ExponentSmall(0xffff))),
            (bytes(SOUND), vec![1], Some(Weakness::ExponentOne)),
            (bytes(SOUND), vec![1, 0, 0], Some(Weakness::ExponentEven)),
            (bytes(SOUND), vec![0x7f, 0xff, 0xff, 0xff], None),
            (bytes(SOUND), vec![0x80, 0, 0, 1], Some(Weakness::ExponentLarge)),
            (bytes(SOUND), vec![1, 0, 0, 0, 1], Some(Weakness::ExponentLarge)),
            (divisible, usual.clone(), Some(Weakness::SmallFactor(2))),
            (bytes(ROCA), usual.clone(), Some(Weakness::Roca)),
            (bytes(CLOSE), usual.clone(), Some(Weakness::ClosePrimes)),
            (vec![0], usual.clone(), Some(Weakness::SmallFactor(2))),
            (vec![1], usual.clone(), Some(Weakness::ClosePrimes)),
        ] {
            let key = public_key(&modulus, &exponent).unwrap();
            assert_eq!(weakness(&key), found, "{modulus:02x?} {exponent:02x?}");
        }
    }

    #[test]
    fn keys_that_were_just_made_have_none() {
        for algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcdsaP256] {
            let key = PrivateKey::generate(algorithm).unwrap();
            assert_eq!(weakness(key.public_key()), None);
        }
    }

    #[test]
    fn a_huge_key_takes_no_time() {
        let started = std::time::Instant::now();
        for length in [MAX_BITS / 8, MAX_BITS / 8 + 1, 1 << 16] {
            let mut modulus = vec![0x55; length];
            modulus[0] = 0xff;
            let _ = weakness(&public_key(&modulus, &[1, 0, 1]).unwrap());
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(60), "{:?}", started.elapsed());
    }
}
