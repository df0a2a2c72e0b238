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

/// The same form back; times outside of year 0 to 9999 as seconds since 1970.
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
