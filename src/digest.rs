//! Length and hashes over a slice and over a stream.

use std::fmt;

use ring::digest as rd;

/// A hash algorithm that is strong enough to decide by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// `sha256`
    Sha256,
    /// `sha512`
    Sha512,
    /// `blake2b-256`: BLAKE2b with 32 bytes of output, as PyPI names its files.
    Blake2b256,
    /// `blake2b`, also spelled `blake2b-512`: BLAKE2b with 64 bytes of output.
    Blake2b512,
}

impl HashAlgorithm {
    /// The algorithm by its name in metadata, byte-exact. `None` for those that are unknown or weak: they are ignored
    /// beside a strong one and never enough alone.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "sha256" => Self::Sha256,
            "sha512" => Self::Sha512,
            "blake2b-256" => Self::Blake2b256,
            "blake2b" | "blake2b-512" => Self::Blake2b512,
            _ => return None,
        })
    }

    /// Its name in metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Blake2b256 => "blake2b-256",
            Self::Blake2b512 => "blake2b",
        }
    }

    /// Length of its digests in bytes.
    #[must_use]
    pub fn len(self) -> usize {
        match self {
            Self::Sha256 | Self::Blake2b256 => 32,
            Self::Sha512 | Self::Blake2b512 => 64,
        }
    }

    /// Never true; present because [`HashAlgorithm::len`] is.
    #[must_use]
    pub fn is_empty(self) -> bool {
        false
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A digest and the algorithm it is of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: HashAlgorithm,
    bytes: [u8; 64],
}

impl Digest {
    /// Takes raw bytes; `None` when their number is not the algorithm's.
    #[must_use]
    pub fn from_bytes(algorithm: HashAlgorithm, raw: &[u8]) -> Option<Self> {
        if raw.len() != algorithm.len() {
            return None;
        }
        let mut bytes = [0; 64];
        bytes.get_mut(..raw.len())?.copy_from_slice(raw);
        Some(Self { algorithm, bytes })
    }

    /// Takes hex digits of either case; `None` when they are not exactly the algorithm's length.
    #[must_use]
    pub fn from_hex(algorithm: HashAlgorithm, hex: &str) -> Option<Self> {
        let mut bytes = [0; 64];
        decode_hex_into(hex, bytes.get_mut(..algorithm.len())?)?;
        Some(Self { algorithm, bytes })
    }

    /// Of which algorithm.
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.algorithm.len()).unwrap_or(&self.bytes)
    }

    /// Lower-case hex.
    #[must_use]
    pub fn to_hex(&self) -> String {
        encode_hex(self.as_bytes())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.to_hex())
    }
}

/// One pass over data that computes length and any number of digests.
pub struct Hasher {
    states: Vec<State>,
    length: u64,
}

enum State {
    Ring(HashAlgorithm, Box<rd::Context>),
    Blake(HashAlgorithm, Box<blake2b_simd::State>),
}

impl Hasher {
    /// Computes these algorithms.
    pub fn new(algorithms: impl IntoIterator<Item = HashAlgorithm>) -> Self {
        let states = algorithms
            .into_iter()
            .map(|algorithm| match algorithm {
                HashAlgorithm::Sha256 => State::Ring(algorithm, Box::new(rd::Context::new(&rd::SHA256))),
                HashAlgorithm::Sha512 => State::Ring(algorithm, Box::new(rd::Context::new(&rd::SHA512))),
                HashAlgorithm::Blake2b256 | HashAlgorithm::Blake2b512 => {
                    let state = blake2b_simd::Params::new().hash_length(algorithm.len()).to_state();
                    State::Blake(algorithm, Box::new(state))
                }
            })
            .collect();
        Self { states, length: 0 }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.length = self.length.saturating_add(bytes.len() as u64);
        for state in &mut self.states {
            match state {
                State::Ring(_, context) => context.update(bytes),
                State::Blake(_, state) => {
                    state.update(bytes);
                }
            }
        }
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The digests, in the order the algorithms were given.
    #[must_use]
    pub fn finish(self) -> Vec<Digest> {
        self.states
            .into_iter()
            .filter_map(|state| match state {
                State::Ring(algorithm, context) => Digest::from_bytes(algorithm, context.finish().as_ref()),
                State::Blake(algorithm, state) => Digest::from_bytes(algorithm, state.finalize().as_bytes()),
            })
            .collect()
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("length", &self.length).finish_non_exhaustive()
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    let mut out = [0; 64];
    for (to, from) in out.iter_mut().zip(rd::digest(&rd::SHA256, bytes).as_ref()) {
        *to = *from;
    }
    Digest { algorithm: HashAlgorithm::Sha256, bytes: out }
}

/// The hashes that signed metadata lists for a file, those of known strong algorithms only and never none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashes(Vec<Digest>);

impl Hashes {
    /// Keeps digests in the order sha256, sha512, blake2b-256, blake2b, which is the order of preference for names;
    /// `None` without any.
    pub(crate) fn new(mut digests: Vec<Digest>) -> Option<Self> {
        digests.sort_unstable();
        digests.dedup();
        let one_each = digests.windows(2).all(|w| matches!(w, [a, b] if a.algorithm != b.algorithm));
        (!digests.is_empty() && one_each).then_some(Self(digests))
    }

    /// In order of preference for names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Digest> {
        self.0.iter()
    }

    /// The digest of one algorithm.
    #[must_use]
    pub fn of(&self, algorithm: HashAlgorithm) -> Option<&Digest> {
        self.0.iter().find(|d| d.algorithm == algorithm)
    }

    /// A hasher for exactly these algorithms.
    pub(crate) fn hasher(&self) -> Hasher {
        Hasher::new(self.0.iter().map(Digest::algorithm))
    }

    /// The first listed digest that `found` does not equal, with what was found. `None`: all of them match.
    pub(crate) fn mismatch(&self, found: &[Digest]) -> Option<(Digest, Digest)> {
        debug_assert_eq!(self.0.len(), found.len(), "the hasher was made for these hashes");
        self.0.iter().zip(found).find(|(want, got)| want != got).map(|(want, got)| (*want, *got))
    }
}

pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0xf] {
            out.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    out
}

/// Even number of hex digits of either case, nothing else.
pub(crate) fn decode_hex(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) {
        return None;
    }
    let mut out = vec![0; hex.len() / 2];
    decode_hex_into(hex, &mut out)?;
    Some(out)
}

fn decode_hex_into(hex: &str, out: &mut [u8]) -> Option<()> {
    if hex.len() != out.len() * 2 {
        return None;
    }
    for (to, pair) in out.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let [high, low] = *pair else { return None };
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        *to = digit(high)? << 4 | digit(low)?;
    }
    Some(())
}
