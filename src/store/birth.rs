//! What a new object is born with: a uid, and the end of a generated name.

use time::OffsetDateTime;

use super::StoreError;
use crate::csr::strategy::{Birth, NAME_ALPHABET, SUFFIX};
use crate::x509::hex::hex;
use crate::x509::random::random;

/// What a new object is born with now.
///
/// # Errors
/// When there is no chance to be had.
pub fn birth(now: OffsetDateTime) -> Result<Birth, StoreError> {
    let octets: [u8; SUFFIX * 8] = random()?;
    // Eight octets for each letter: the remainder favours none that could be seen.
    let letter = |octets: &[u8]| {
        let number = octets.iter().fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
        let index = number % NAME_ALPHABET.len() as u64;
        NAME_ALPHABET.get(usize::try_from(index).unwrap_or_default()).map(|letter| char::from(*letter))
    };
    let suffix = octets.chunks(8).filter_map(letter).collect();
    Ok(Birth { now, uid: uid()?, suffix })
}

/// A random UUID (RFC 9562 §5.4).
///
/// # Errors
/// When there is no chance to be had.
pub fn uid() -> Result<String, StoreError> {
    Ok(uuid(random()?, 4))
}

/// The UUID of a version with the rest of some octets (RFC 9562 §4.1 and §4.2).
#[must_use]
pub fn uuid(mut octets: [u8; 16], version: u8) -> String {
    octets[6] = octets[6] & 0x0f | version << 4;
    octets[8] = octets[8] & 0x3f | 0x80;
    let digits = hex(&octets);
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_of_version_four_and_suffixes_of_the_alphabet() {
        let one = birth(OffsetDateTime::UNIX_EPOCH).unwrap();
        let two = birth(OffsetDateTime::UNIX_EPOCH).unwrap();
        assert!(one.uid != two.uid && one.uid.len() == 36);
        assert_eq!(one.uid.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&one.uid.as_bytes()[19]));
        assert!(one.suffix.len() == SUFFIX && one.suffix.bytes().all(|byte| NAME_ALPHABET.contains(&byte)));
    }
}
