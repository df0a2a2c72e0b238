//! Public keys that ring would take, but with which everybody can sign or which have more than one spelling.

/// The field prime 2^255 - 19, little-endian.
const P: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

/// Little-endian y of the eight points whose order divides the cofactor: two of order 4, the one of order 1, the one of
/// order 2, and four of order 8.
pub(super) const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    {
        let mut minus_one = P;
        minus_one[0] -= 1;
        minus_one
    },
    *b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\
      \xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
    *b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\
      \x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
];

/// Refuses points of small order, for which one signature can hold for every message, and encodings that are not
/// canonical (RFC 8032 §5.1.3).
///
/// The sign bit plays no part: x = 0, where it must not be set, happens only for y = 1 and y = -1, which are of small
/// order.
pub(super) fn refuse_weak(key: &[u8; 32]) -> Result<(), &'static str> {
    let mut y = *key;
    let [.., top] = &mut y;
    *top &= 0x7f;
    if y.iter().rev().ge(P.iter().rev()) {
        return Err("a non-canonical ed25519 key");
    }
    if SMALL_ORDER_Y.contains(&y) {
        return Err("an ed25519 key of small order, for which anybody can sign");
    }
    Ok(())
}
