//! Durations in Go's notation, which kubeadm's configuration uses: `8760h`, `1h30m`.

use std::fmt;
use std::str::FromStr;

use time::Duration;

/// A length of time. Nanoseconds at the finest, as in Go; some 292 years either way at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(Duration);

/// The text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a duration such as `8760h`, `1h30m` or `90s`")]
pub struct NotAPeriod;

/// Go's units in nanoseconds, longest name first so that `ms` is not read as `m`.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A day, which Go does not have. It is accepted where the file or flag is kubepki's own.
const DAY: (&str, i128) = ("d", 86_400_000_000_000);

impl Period {
    /// So many hours.
    #[must_use]
    pub const fn hours(hours: i64) -> Self {
        Self(Duration::hours(hours))
    }

    /// So many seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self(Duration::seconds(seconds))
    }

    /// The length.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// Reads Go's notation and nothing else (Go, `time.ParseDuration`): `1d` is refused.
    ///
    /// # Errors
    /// When it is none, or does not fit 64 bits of nanoseconds.
    pub fn from_go(text: &str) -> Result<Self, NotAPeriod> {
        parse(text, &UNITS)
    }
}

/// Go's notation and days: `30d`.
impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let mut units = UNITS.to_vec();
        units.push(DAY);
        parse(text, &units)
    }
}

/// Go's notation without empty parts: `8760h`, `1h30m`, `1.5s`, `0s`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.0.whole_nanoseconds();
        if nanoseconds < 0 {
            f.write_str("-")?;
        }
        let mut rest = nanoseconds.unsigned_abs();
        if rest == 0 {
            return f.write_str("0s");
        }
        for (name, length) in [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000)] {
            if rest >= length {
                write!(f, "{}{name}", rest / length)?;
                rest %= length;
            }
        }
        if rest > 0 {
            write!(f, "{rest}ns")?;
        }
        Ok(())
    }
}

fn parse(text: &str, units: &[(&str, i128)]) -> Result<Period, NotAPeriod> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(Period(Duration::ZERO));
    }
    if rest.is_empty() {
        return Err(NotAPeriod);
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(NotAPeriod)?;
        let (number, after) = rest.split_at(digits);
        let length = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (name, next) = after.split_at(length);
        let (_, unit) = units.iter().find(|(unit, _)| *unit == name).ok_or(NotAPeriod)?;
        total = total.checked_add(decimal(number, *unit)?).ok_or(NotAPeriod)?;
        rest = next;
    }
    let nanoseconds = i64::try_from(sign * total).map_err(|_| NotAPeriod)?;
    Ok(Period(Duration::nanoseconds(nanoseconds)))
}

/// `12.5` of a unit, in nanoseconds.
fn decimal(number: &str, unit: i128) -> Result<i128, NotAPeriod> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || whole.len() > 19 {
        return Err(NotAPeriod);
    }
    let parse =
        |digits: &str| if digits.is_empty() { Ok(0) } else { digits.parse::<i128>().map_err(|_| NotAPeriod) };
    let fraction = fraction.get(..18).unwrap_or(fraction);
    let scale = 10_i128.pow(u32::try_from(fraction.len()).map_err(|_| NotAPeriod)?);
    Ok(parse(whole)? * unit + parse(fraction)? * unit / scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn go_notation() {
        for (text, shown) in [
            ("8760h", "8760h"),
            ("8760h0m0s", "8760h"),
            ("1h30m", "1h30m"),
            ("90m", "1h30m"),
            ("1.5h", "1h30m"),
            (".5s", "500000000ns"),
            ("-1h", "-1h"),
            ("0", "0s"),
            ("0s", "0s"),
            ("100ms", "100000000ns"),
        ] {
            assert_eq!(Period::from_go(text).unwrap().to_string(), shown, "{text}");
        }
        for text in
            ["", "1", "1d", "h", "1 h", "1h 30m", "1H", "1..5h", ".h", "1h-30m", "9223372036855h", "-"]
        {
            assert_eq!(Period::from_go(text), Err(NotAPeriod), "{text}");
        }
        assert_eq!("30d".parse(), Ok(Period::hours(720)));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(nanoseconds in any::<i64>()) {
            let period = Period(Duration::nanoseconds(nanoseconds));
            prop_assume!(nanoseconds != i64::MIN);
            prop_assert_eq!(Period::from_go(&period.to_string()), Ok(period));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.hmsundµ]{0,40}") {
            let _ = text.parse::<Period>();
        }
    }
}
