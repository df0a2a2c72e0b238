//! The parts of a text that the scanner does not look at byte by byte, and escapes.

/// Leaves out the bytes that stand for themselves: no quote, no backslash, no control character.
#[inline(always)]
pub(crate) fn skip_plain(mut rest: &[u8]) -> &[u8] {
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            let plain = (special.trailing_zeros() / 8) as usize;
            return rest.get(plain..).unwrap_or_default();
        }
        rest = after;
    }
    while let [0x20..=0x21 | 0x23..=0x5b | 0x5d.., after @ ..] = rest {
        rest = after;
    }
    rest
}

/// Eight bytes at once: the lowest bit that is set lies in the first byte that does not stand for itself.
///
/// Taking a number from a byte below it sets the byte's high bit, which was clear. It also borrows from the bytes
/// above, which may mark them wrongly; but nothing below the first special byte borrows, so the lowest mark is right.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES * 0x80;
    // With bit 1 flipped the quote, 0x22, becomes 0x20 and stands next to the control characters, which stay below.
    let control_or_quote = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (control_or_quote | backslash) & !word & HIGH
}

/// Leaves out whitespace. Most of it is indentation: a line feed and spaces.
#[inline]
pub(crate) fn skip_whitespace(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r', after @ ..] = rest {
        rest = after;
        if let Some(word) = rest.first_chunk::<8>() {
            let other = u64::from_le_bytes(*word) ^ u64::from_le_bytes([b' '; 8]);
            rest = rest.get((other.trailing_zeros() / 8) as usize..).unwrap_or_default();
        }
    }
    rest
}

/// Reads the escape that `bytes` begin with, from the backslash on: its character and its length in bytes.
pub(super) fn escape(bytes: &[u8]) -> Result<(char, usize), &'static str> {
    let simple = match bytes.get(1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode_escape(bytes),
        _ => return Err("unknown escape in a string"),
    };
    Ok((simple, 2))
}

/// `\uXXXX`, or two of them that make a surrogate pair.
fn unicode_escape(bytes: &[u8]) -> Result<(char, usize), &'static str> {
    const NO_DIGITS: &str = "`\\u` without four hex digits in a string";
    let first = code_unit(bytes).ok_or(NO_DIGITS)?;
    if let Some(c) = char::from_u32(first) {
        return Ok((c, 6));
    }
    let second = bytes.get(6..).and_then(code_unit);
    match (first, second) {
        (0xd800..0xdc00, Some(second @ 0xdc00..0xe000)) => {
            let c = char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or(NO_DIGITS)?;
            Ok((c, 12))
        }
        _ => Err("lone surrogate in a string"),
    }
}

fn code_unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.first_chunk::<4>()?;
    digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)?))
}
