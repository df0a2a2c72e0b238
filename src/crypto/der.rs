//! As much DER (X.690) as public keys need: definite lengths in their shortest form, known tags, nothing left over.

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// RFC 5280 §4.1: what kind of key, and the key.
pub(super) struct SubjectPublicKeyInfo<'a> {
    /// Contents of the AlgorithmIdentifier.
    pub(super) algorithm: &'a [u8],
    /// The bit string, which has no unused bits.
    pub(super) key: &'a [u8],
}

pub(super) fn subject_public_key_info(der: &[u8]) -> Option<SubjectPublicKeyInfo<'_>> {
    let mut outer = Reader(der);
    let mut inner = Reader(outer.value(SEQUENCE)?);
    outer.end()?;
    let algorithm = inner.value(SEQUENCE)?;
    let (0, key) = inner.value(BIT_STRING)?.split_first()? else { return None };
    inner.end()?;
    Some(SubjectPublicKeyInfo { algorithm, key })
}

/// RFC 8017 §A.1.1: modulus and exponent, big-endian without leading zeros, neither of them zero.
pub(super) fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut outer = Reader(der);
    let mut inner = Reader(outer.value(SEQUENCE)?);
    outer.end()?;
    let modulus = inner.positive_integer()?;
    let exponent = inner.positive_integer()?;
    inner.end()?;
    Some((modulus, exponent))
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The contents of the next element, which must have this tag. At most 65,535 bytes.
    fn value(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[found, first], rest) = self.0.split_first_chunk()?;
        let (length, shortest, rest) = match first {
            0..=0x7f => (usize::from(first), 0, rest),
            0x81 => {
                let (&[length], rest) = rest.split_first_chunk()?;
                (usize::from(length), 0x80, rest)
            }
            0x82 => {
                let (&length, rest) = rest.split_first_chunk()?;
                (usize::from(u16::from_be_bytes(length)), 0x100, rest)
            }
            _ => return None,
        };
        if found != tag || length < shortest {
            return None;
        }
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(value)
    }

    /// Neither zero nor negative, with no octet more than its sign needs.
    fn positive_integer(&mut self) -> Option<&'a [u8]> {
        match self.value(INTEGER)? {
            [0, number @ ..] if number.first().is_some_and(|byte| *byte >= 0x80) => Some(number),
            number @ [1..=0x7f, ..] => Some(number),
            _ => None,
        }
    }

    fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
