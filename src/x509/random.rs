//! Chance: octets that nobody can foretell.

use aws_lc_rs::rand;

use super::Error;

/// So many random octets.
///
/// # Errors
/// When the cryptographic library has none.
pub fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut octets = [0; N];
    rand::fill(&mut octets).map_err(|_| Error::Primitive("drawing random octets"))?;
    Ok(octets)
}
