//! What stands between the quotes of a JSON string.

/// How many bytes from the start on stand for themselves: no quote, no backslash, no control character.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (count, word) in words.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return count * 8 + (special.trailing_zeros() / 8) as usize;
        }
    }
    words.len() * 8 + rest.iter().position(|&b| matches!(b, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len())
}

/// Eight bytes at once: the lowest bit that is set lies in the first byte that does not stand for itself.
///
/// Taking a number from a byte below it sets the byte's high bit, which was clear. It also borrows from the bytes
/// above, which may mark them wrongly; but nothing below the first special byte borrows, so the lowest mark is right.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES * 0x80;
    let control = word.wrapping_sub(ONES * 0x20);
    let quote = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (control | quote | backslash) & !word & HIGH
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
