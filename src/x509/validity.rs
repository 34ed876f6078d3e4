//! The validity of a certificate (RFC 5280 §4.1.2.5).

use der::Tag;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

use super::anomaly::TimeForm;
use super::der::{children, value};
use super::{Anomaly, Error};

const WHAT: &str = "the validity";

/// `SEQUENCE { notBefore Time, notAfter Time }`
pub(super) fn validity(
    der: &[u8],
    anomalies: &mut Vec<Anomaly>,
) -> Result<(OffsetDateTime, OffsetDateTime), Error> {
    let [from, to] = children(der, Tag::Sequence, WHAT)?[..] else {
        return Err(Error::Malformed { what: WHAT, problem: "is not two times" });
    };
    let mut read = |der, field| {
        let (moment, forms) = moment(der)?;
        anomalies.extend(forms.into_iter().map(|form| Anomaly::Time { field, form }));
        Ok::<_, Error>(moment)
    };
    Ok((read(from, "notBefore")?, read(to, "notAfter")?))
}

/// A moment in `UTCTime` or `GeneralizedTime`, and how its form deviates from whole seconds and `Z`.
pub(super) fn moment(der: &[u8]) -> Result<(OffsetDateTime, Vec<TimeForm>), Error> {
    let malformed = || Error::Malformed { what: WHAT, problem: "holds a time that names no moment" };
    let (text, general) = match der.first() {
        Some(0x17) => (value(der, Tag::UtcTime, WHAT)?, false),
        Some(0x18) => (value(der, Tag::GeneralizedTime, WHAT)?, true),
        _ => return Err(malformed()),
    };
    let text = std::str::from_utf8(text).map_err(|_| malformed())?;
    let text = if general {
        text.to_owned()
    } else {
        // Two digits: 50 to 99 are of the last century (RFC 5280 §4.1.2.5.1).
        format!("{}{text}", if text < "50" { "20" } else { "19" })
    };
    let mut forms = Vec::new();
    let (local, offset) = zone(&text, &mut forms).ok_or_else(malformed)?;
    let local = clock(local, general, &mut forms).ok_or_else(malformed)?;
    // An offset may lead out of the years that there are.
    let moment = local.assume_utc().checked_sub(offset).filter(|moment| moment.year() >= 0);
    let moment = moment.ok_or_else(malformed)?;
    if general && moment.year() < 2050 {
        forms.push(TimeForm::Generalized);
    }
    Ok((moment, forms))
}

/// Splits `Z` or an offset from a time.
fn zone<'a>(text: &'a str, forms: &mut Vec<TimeForm>) -> Option<(&'a str, time::Duration)> {
    const OFFSET: &[BorrowedFormatItem<'_>] =
        format_description!("[offset_hour sign:mandatory][offset_minute]");
    if let Some(local) = text.strip_suffix('Z') {
        return Some((local, time::Duration::ZERO));
    }
    let (local, offset) = text.split_at_checked(text.find(['+', '-'])?)?;
    let offset = UtcOffset::parse(offset, OFFSET).ok()?;
    forms.push(if offset.is_utc() { TimeForm::ZeroOffset } else { TimeForm::Offset });
    Some((local, time::Duration::seconds(offset.whole_seconds().into())))
}

fn clock(text: &str, general: bool, forms: &mut Vec<TimeForm>) -> Option<PrimitiveDateTime> {
    const SECONDS: &[BorrowedFormatItem<'_>] =
        format_description!("[year][month][day][hour][minute][second]");
    const MINUTES: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day][hour][minute]");
    // X.680 §46.2: `.` or `,`, then digits.
    let whole = match text.split_once(['.', ',']) {
        Some((whole, fraction))
            if general && !fraction.is_empty() && is_digits(fraction) && whole.len() == 14 =>
        {
            forms.push(TimeForm::Fraction);
            whole
        }
        Some(_) => return None,
        None => text,
    };
    // The parser takes a sign before a year.
    if !is_digits(whole) {
        return None;
    }
    match whole.len() {
        14 => PrimitiveDateTime::parse(whole, SECONDS).ok(),
        12 => {
            forms.push(if general { TimeForm::GeneralizedMinutes } else { TimeForm::UtcMinutes });
            PrimitiveDateTime::parse(whole, MINUTES).ok()
        }
        _ => None,
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use TimeForm::{Fraction, Generalized, GeneralizedMinutes, Offset, UtcMinutes, ZeroOffset};
    use time::macros::datetime;

    fn utc(text: &str) -> Vec<u8> {
        [&[0x17, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    }

    fn general(text: &str) -> Vec<u8> {
        [&[0x18, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    }

    #[test]
    fn times_are_read_as_rfc_5280_writes_them() {
        for (der, expected) in [
            (utc("261122051314Z"), datetime!(2026-11-22 05:13:14 UTC)),
            (utc("500101000000Z"), datetime!(1950-01-01 0:00 UTC)),
            (utc("491231235959Z"), datetime!(2049-12-31 23:59:59 UTC)),
            (general("20500101000000Z"), datetime!(2050-01-01 0:00 UTC)),
            (general("99991231235959Z"), datetime!(9999-12-31 23:59:59 UTC)),
        ] {
            assert_eq!(moment(&der).unwrap(), (expected, Vec::new()));
        }
    }

    #[test]
    fn other_forms_are_read_and_noted() {
        for (der, expected, forms) in [
            (utc("2611220513Z"), datetime!(2026-11-22 05:13 UTC), vec![UtcMinutes]),
            (utc("261122051314+0100"), datetime!(2026-11-22 04:13:14 UTC), vec![Offset]),
            (utc("261122051314-0000"), datetime!(2026-11-22 05:13:14 UTC), vec![ZeroOffset]),
            (utc("2611220513-0230"), datetime!(2026-11-22 07:43 UTC), vec![Offset, UtcMinutes]),
            (general("20261122051314Z"), datetime!(2026-11-22 05:13:14 UTC), vec![Generalized]),
            (general("205011220513Z"), datetime!(2050-11-22 05:13 UTC), vec![GeneralizedMinutes]),
            (general("20501122051314.25Z"), datetime!(2050-11-22 05:13:14 UTC), vec![Fraction]),
        ] {
            assert_eq!(moment(&der).unwrap(), (expected, forms), "{der:02x?}");
        }
    }

    #[test]
    fn what_names_no_moment_is_refused() {
        for der in [
            utc("261322051314Z"),
            utc("261122051360Z"),
            utc("261122051314"),
            utc("26112205131Z"),
            utc("+61122051314Z"),
            utc("261122051314.5Z"),
            utc("261122051314+01"),
            general("20501122051314"),
            general("2050112205Z"),
            general("20501122051314.Z"),
            general("205011220513.5Z"),
            general("99991231235959-2359"),
            general("00000101000000+2359"),
            vec![0x0c, 0x00],
            Vec::new(),
        ] {
            assert!(moment(&der).is_err(), "{der:02x?}");
        }
    }
}
