//! Moments and spans of time as people and machines read them.

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, UtcOffset};

/// What tells the time. Only the command line has one that reads the machine's clock.
pub type Clock = fn() -> OffsetDateTime;

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const LISTED: &[BorrowedFormatItem<'_>] =
    format_description!("[month repr:short] [day], [year] [hour]:[minute] UTC");
const COMPACT: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

/// `2026-11-22T05:13:14Z`.
#[must_use]
pub fn rfc3339(moment: OffsetDateTime) -> String {
    let moment = moment.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(moment);
    moment.format(&Rfc3339).unwrap_or_else(|_| moment.to_string())
}

/// `Nov 22, 2026 05:13 UTC`: how kubeadm lists the end of a certificate.
#[must_use]
pub fn listed(moment: OffsetDateTime) -> String {
    let moment = moment.to_offset(UtcOffset::UTC);
    moment.format(LISTED).unwrap_or_else(|_| moment.to_string())
}

/// What is left of so many seconds, as Kubernetes writes it (apimachinery, `duration.HumanDuration`): `364d`, `9y`,
/// `3h12m`, `<invalid>` once it is over.
#[must_use]
pub fn residual(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    // A second unit where it says something.
    let two =
        |large: i64, name: &str, small: i64, other: &str| match (seconds / large, seconds % large / small) {
            (large, 0) => format!("{large}{name}"),
            (large, small) => format!("{large}{name}{small}{other}"),
        };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(MINUTE, "m", 1, "s"),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(HOUR, "h", MINUTE, "m"),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(DAY, "d", HOUR, "h"),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => two(YEAR, "y", DAY, "d"),
        _ => format!("{}y", seconds / YEAR),
    }
}

/// `2026-11-22`, in UTC.
#[must_use]
pub fn date(moment: OffsetDateTime) -> String {
    moment.to_offset(UtcOffset::UTC).format(DATE).unwrap_or_else(|_| moment.to_string())
}

/// `20261122T051314Z`: for names of files.
#[must_use]
pub fn compact(moment: OffsetDateTime) -> String {
    moment.to_offset(UtcOffset::UTC).format(COMPACT).unwrap_or_else(|_| moment.unix_timestamp().to_string())
}

/// A day: `2027-03-01`.
#[must_use]
pub fn day(text: &str) -> Option<Date> {
    Date::parse(text, DATE).ok()
}

/// A moment or a day, which begins at midnight UTC: `2027-03-01`, `2027-03-01T12:00:00Z`.
#[must_use]
pub fn parse(text: &str) -> Option<OffsetDateTime> {
    let begin = || day(text).map(|date| date.midnight().assume_utc());
    OffsetDateTime::parse(text, &Rfc3339).ok().or_else(begin)
}

/// A span in its largest whole unit, cut and not rounded: `3 years`, `9 days`, `5 hours`, `1 minute`. Its sign is
/// dropped.
#[must_use]
pub fn span(duration: Duration) -> String {
    const UNITS: [(i64, &str); 4] =
        [(365 * 86_400, "year"), (86_400, "day"), (3_600, "hour"), (60, "minute")];
    let seconds = duration.abs().whole_seconds();
    // A year and a half says less than 500 days: years begin at two.
    let unit = UNITS.iter().find(|(length, name)| seconds >= *length * if *name == "year" { 2 } else { 1 });
    let (count, name) = unit.map_or((seconds, "second"), |(length, name)| (seconds / length, *name));
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn moments_and_spans() {
        let moment = datetime!(2026-11-22 05:13:14.5 UTC);
        assert_eq!(rfc3339(moment), "2026-11-22T05:13:14Z");
        assert_eq!(date(moment), "2026-11-22");
        assert_eq!(compact(moment), "20261122T051314Z");
        assert_eq!(parse("2027-03-01"), Some(datetime!(2027-03-01 0:00 UTC)));
        assert_eq!(parse("2027-03-01T12:00:00+01:00"), Some(datetime!(2027-03-01 11:00 UTC)));
        assert_eq!(parse("tomorrow"), None);
        assert_eq!(listed(moment), "Nov 22, 2026 05:13 UTC");
        for (seconds, text) in [
            (-2, "<invalid>"),
            (-1, "0s"),
            (119, "119s"),
            (120, "2m"),
            (150, "2m30s"),
            (10_799, "179m"),
            (12_000, "3h20m"),
            (100_000, "27h"),
            (180_000, "2d2h"),
            (31_535_000, "364d"),
            (63_072_000, "2y"),
            (70_000_000, "2y80d"),
            (315_360_000, "10y"),
        ] {
            assert_eq!(residual(seconds), text);
        }
        for (duration, text) in [
            (Duration::days(365), "365 days"),
            (Duration::days(3650), "10 years"),
            (Duration::hours(25), "1 day"),
            (Duration::minutes(-59), "59 minutes"),
            (Duration::seconds(1), "1 second"),
        ] {
            assert_eq!(span(duration), text);
        }
    }
}
