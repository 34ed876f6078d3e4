//! Integers as Go's programs print serial numbers.

use super::hex::hex;

/// The longest integer that is turned into decimal: that takes quadratic time. A serial number has 20 octets at most
/// (RFC 5280 §4.1.2.2).
const MAX_OCTETS: usize = 64;

/// The decimal digits of an INTEGER's content octets (X.690 §8.3), with its sign; of a longer integer than any serial
/// number, its hexadecimal digits after `0x`.
#[must_use]
pub fn decimal(octets: &[u8]) -> String {
    if octets.len() > MAX_OCTETS {
        return format!("0x{}", hex(octets));
    }
    let negative = octets.first().is_some_and(|first| first & 0x80 != 0);
    let mut digits = vec![0_u8];
    // The magnitude of a negative number is its complement and one more.
    for octet in octets {
        let octet = if negative { !octet } else { *octet };
        add(&mut digits, 256, octet.into());
    }
    if negative {
        add(&mut digits, 1, 1);
    }
    let digits = digits.iter().rev().map(|digit| char::from(b'0' + digit));
    if negative { "-".chars().chain(digits).collect() } else { digits.collect() }
}

/// Multiplies a number by `factor` and adds `summand`; its decimal digits are in the order of their weight.
fn add(digits: &mut Vec<u8>, factor: u32, summand: u32) {
    let mut carry = summand;
    for digit in digits.iter_mut() {
        carry += u32::from(*digit) * factor;
        *digit = (carry % 10) as u8;
        carry /= 10;
    }
    while carry > 0 {
        digits.push((carry % 10) as u8);
        carry /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_any_size_and_sign() {
        for (octets, text) in [
            (&[][..], "0"),
            (&[0], "0"),
            (&[0x7f], "127"),
            (&[0x00, 0x80], "128"),
            (&[0x80], "-128"),
            (&[0xff], "-1"),
            (&[0x01, 0x00], "256"),
            (&[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "9223372036854775807"),
            (&[0x01, 0, 0, 0, 0, 0, 0, 0, 0], "18446744073709551616"),
        ] {
            assert_eq!(decimal(octets), text);
        }
        assert!(decimal(&[1; 65]).starts_with("0x0101"));
    }
}
