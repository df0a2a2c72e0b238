//! The one form of time that metadata may use (TUF-1.0.34 §4.2.3), to and from [`SystemTime`].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDate, Utc};

/// Parses exactly `YYYY-MM-DDTHH:MM:SSZ`: twenty ASCII bytes, no fraction, no offset, no leap second.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1, b'Z'] = *bytes else {
        return None;
    };
    let number =
        |digits: &[u8]| digits.iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')));
    let year = i32::try_from(number(&[y0, y1, y2, y3])?).ok()?;
    let time = NaiveDate::from_ymd_opt(year, number(&[m0, m1])?, number(&[d0, d1])?)?
        .and_hms_opt(number(&[h0, h1])?, number(&[n0, n1])?, number(&[s0, s1])?)?
        .and_utc();
    match u64::try_from(time.timestamp()) {
        Ok(seconds) => UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
        Err(_) => UNIX_EPOCH.checked_sub(Duration::from_secs(time.timestamp().unsigned_abs())),
    }
}

/// The same form back; a year beyond 9999 has more digits, and what no calendar reaches is shown as seconds since 1970.
pub(crate) fn format(time: SystemTime) -> String {
    let seconds = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |s| -s),
    };
    match DateTime::<Utc>::from_timestamp(seconds, 0) {
        Some(time) => time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        None => format!("@{seconds}"),
    }
}

/// No clock is right that shows an earlier time: 2024-01-01T00:00:00Z, before the first version of this library.
pub(crate) fn earliest() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_704_067_200)
}

/// Whole seconds since 1970; 0 for earlier times.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What expiry is judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freshness {
    /// The fixed update start time.
    pub(crate) now: SystemTime,
    /// For how long after its expiry a file is still accepted (decision 0016).
    pub(crate) max_staleness: Duration,
}

impl Freshness {
    /// Whether what expires then is not accepted any more. An end that no clock can show is never reached.
    pub(crate) fn refuses(self, expires: SystemTime) -> bool {
        expires.checked_add(self.max_staleness).is_some_and(|end| end <= self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Option<SystemTime> {
        Some(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn a110_only_the_one_form_of_time_is_read() {
        for text in [
            "",
            "2030-01-01",
            "2030-01-01T00:00:00",
            "2030-01-01T00:00:00+00:00",
            "2030-01-01T00:00:00-06:00",
            "2030-01-01T00:00:00.0Z",
            "2030-01-01t00:00:00Z",
            "2030-01-01T00:00:00z",
            "2030-01-01 00:00:00Z",
            " 2030-01-01T00:00:0Z",
            " 2030-01-01T00:00:00Z",
            "2030-01-01T00:00:00Z ",
            "2030-01-01T00:00:00Z\n",
            "2030-1-01T000:00:00Z",
            "2030-1-1T00:00:00Z",
            "2030-01-01T0:00:00Z",
            "+030-01-01T00:00:00Z",
            "-030-01-01T00:00:00Z",
            "10000-01-01T00:00:0Z",
            "10000-01-01T00:00:00Z",
            "2030-00-01T00:00:00Z",
            "2030-13-01T00:00:00Z",
            "2030-01-00T00:00:00Z",
            "2030-01-32T00:00:00Z",
            "2030-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2030-04-31T00:00:00Z",
            "2030-01-01T24:00:00Z",
            "2030-01-01T00:60:00Z",
            "2030-01-01T00:00:60Z",
            "2016-12-31T23:59:60Z",
            "2030-01-01T00:00:0\u{660}",
            "\u{662}\u{660}30-01-01T00:00Z",
            "\u{ff12}030-01-01T00:00Z",
            "2030-01-01T00\u{ff1a}00Z",
            "2030\u{2010}1-01T00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a111_the_whole_range_is_read_and_written_without_overflow() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2038-01-19T03:14:08Z", 2_147_483_648),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(parse(text), at(seconds), "{text}");
            assert_eq!(parse(text).map(format).as_deref(), Some(text));
        }
        let first = UNIX_EPOCH.checked_sub(Duration::from_secs(62_167_219_200)).unwrap();
        assert_eq!(parse("0000-01-01T00:00:00Z"), Some(first));
        assert_eq!(format(first), "0000-01-01T00:00:00Z");
        assert_eq!(seconds(first), 0);
        let last = UNIX_EPOCH + Duration::from_secs(i64::MAX.unsigned_abs());
        assert_eq!(format(last), "@9223372036854775807");
    }

    #[test]
    fn a112_times_are_utc_and_no_hour_is_missing_or_doubled() {
        // Around the switches to and from summer time in Europe and America in 2030.
        for (day, midnight) in [
            ("2030-03-10", 1_899_331_200_u64),
            ("2030-03-31", 1_901_145_600),
            ("2030-10-27", 1_919_289_600),
            ("2030-11-03", 1_919_894_400),
        ] {
            for hour in 0..24 {
                let text = format!("{day}T{hour:02}:30:00Z");
                assert_eq!(parse(&text), at(midnight + hour * 3600 + 1800), "{text}");
            }
        }
    }
}
