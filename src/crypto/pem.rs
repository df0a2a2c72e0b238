//! The strict form of one RFC 7468 block, and nothing around it.

/// Longest text that is looked at, in bytes. An RSA key of 8192 bits takes 1.5 kB.
const MAX_BYTES: usize = 16 << 10;

/// The bytes inside a `PUBLIC KEY` block (RFC 7468 §3 `stricttextualmsg`, §13): 64 characters a line, the last line
/// shorter, padding in place and its spare bits zero. Lines end in LF or CRLF; the last line end may be missing.
pub(super) fn decode_public_key(text: &str) -> Result<Vec<u8>, &'static str> {
    if text.len() > MAX_BYTES {
        return Err("more than 16 kB");
    }
    let text = text.replace("\r\n", "\n");
    let base64 = text
        .strip_suffix('\n')
        .unwrap_or(&text)
        .strip_prefix("-----BEGIN PUBLIC KEY-----\n")
        .and_then(|rest| rest.strip_suffix("\n-----END PUBLIC KEY-----"))
        .and_then(join_lines)
        .ok_or("not one strict PEM block `PUBLIC KEY`")?;
    decode_base64(&base64).ok_or("bad base64 in the PEM block")
}

/// Full lines and a last one that is not empty.
fn join_lines(lines: &str) -> Option<String> {
    let last = lines.rsplit('\n').next()?;
    let full = lines.split('\n').rev().skip(1).all(|line| line.len() == 64);
    (full && (1..=64).contains(&last.len())).then(|| lines.replace('\n', ""))
}

/// RFC 4648 §4 with padding; bits that the padding leaves over must be zero (§3.5), so that each value has one form.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut pending, mut bits) = (0_u32, 0);
    for digit in digits.bytes() {
        pending = pending << 6 | u32::from(sextet(digit)?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            let [.., byte] = (pending >> bits).to_be_bytes();
            out.push(byte);
            pending &= (1 << bits) - 1;
        }
    }
    (pending == 0).then_some(out)
}

fn sextet(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}
