//! Hashed bins: which role lists a target (PEP 458 "Metadata Scalability", TUF-1.0.34 §4.5).

use tufgate::{HashAlgorithm, Hasher, TargetPath};

use crate::Result;
use crate::document::{Authority, Delegated, Document, Scope};
use crate::error::Error;

/// How the delegation to bins is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BinLayout {
    /// `targets` delegates to `bins`, and `bins` to each bin by `path_hash_prefixes`: as in the text of PEP 458.
    Prefixes,
    /// `targets` delegates to all bins at once by `succinct_roles` (TAP 15).
    Succinct,
}

/// The name that succinct bins begin with.
const PREFIX: &str = "bin";

/// How many bins there may be: beyond, the snapshot alone is larger than clients read.
const MOST: u32 = 65_536;

/// The bins of one repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bins {
    count: u32,
    layout: BinLayout,
}

impl Bins {
    /// That many bins, a power of two from 2 to 65,536.
    ///
    /// # Errors
    /// For another number.
    pub fn new(count: u32, layout: BinLayout) -> Result<Self> {
        if !count.is_power_of_two() || !(2..=MOST).contains(&count) {
            let help =
                "16 do for some hundreds of files, 256 for many thousands, 16384 for as many as the public index has";
            return Err(Error::usage(format!("{count} is no power of two from 2 to {MOST}"), help));
        }
        Ok(Self { count, layout })
    }

    /// How many there are.
    #[must_use]
    pub fn count(self) -> u32 {
        self.count
    }

    /// How the delegation to them is written down.
    #[must_use]
    pub fn layout(self) -> BinLayout {
        self.layout
    }

    /// The names of all bins, in the order of the hashes they hold.
    pub fn names(self) -> impl Iterator<Item = String> {
        (0..self.count).map(move |bin| self.name(bin))
    }

    /// The bin that lists a target: by the first bits of the SHA-256 of its path.
    #[must_use]
    pub fn of(self, path: &TargetPath) -> String {
        let mut hasher = Hasher::new([HashAlgorithm::Sha256]);
        hasher.update(path.as_str().as_bytes());
        let digests = hasher.finish();
        let first = digests
            .first()
            .and_then(|digest| digest.as_bytes().first_chunk())
            .map_or(0, |bytes| u32::from_be_bytes(*bytes));
        self.name(first >> (u32::BITS - self.bits()))
    }

    /// Writes the delegation into the document that makes it.
    pub fn delegate(self, from: &mut Document, authority: &Authority) {
        match self.layout {
            BinLayout::Succinct => from.delegate_succinctly(self.bits(), PREFIX, authority),
            BinLayout::Prefixes => {
                let roles: Vec<_> = (0..self.count)
                    .map(|bin| Delegated {
                        name: self.name(bin),
                        authority: authority.clone(),
                        scope: Scope::PathHashPrefixes(
                            self.prefixes(bin).map(|prefix| self.digits_of(prefix)).collect(),
                        ),
                        terminating: true,
                    })
                    .collect();
                from.delegate(&roles);
            }
        }
    }

    fn bits(self) -> u32 {
        self.count.trailing_zeros()
    }

    /// Hex digits of a prefix: two at least, as PEP 458 names its bins.
    fn digits(self) -> u32 {
        self.bits().div_ceil(4).max(2)
    }

    fn prefixes(self, bin: u32) -> std::ops::Range<u32> {
        let each = (1 << (4 * self.digits())) / self.count;
        bin * each..(bin + 1) * each
    }

    fn digits_of(self, prefix: u32) -> String {
        format!("{prefix:0width$x}", width = self.digits() as usize)
    }

    fn name(self, bin: u32) -> String {
        match self.layout {
            BinLayout::Succinct => format!("{PREFIX}-{bin:0width$x}", width = self.bits().div_ceil(4) as usize),
            BinLayout::Prefixes => {
                let prefixes = self.prefixes(bin);
                let (low, high) = (prefixes.start, prefixes.end - 1);
                match low == high {
                    true => self.digits_of(low),
                    false => format!("{}-{}", self.digits_of(low), self.digits_of(high)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins(count: u32, layout: BinLayout) -> Bins {
        Bins::new(count, layout).unwrap()
    }

    #[test]
    fn bins_are_named_by_the_first_and_last_prefix_they_hold() {
        let names: Vec<_> = bins(16, BinLayout::Prefixes).names().collect();
        assert_eq!((names.len(), names[0].as_str(), names[15].as_str()), (16, "00-0f", "f0-ff"));
        assert_eq!(bins(256, BinLayout::Prefixes).names().nth(10).unwrap(), "0a");
        assert_eq!(bins(16_384, BinLayout::Prefixes).names().nth(1).unwrap(), "0004-0007");
        assert_eq!(bins(2, BinLayout::Prefixes).names().collect::<Vec<_>>(), ["00-7f", "80-ff"]);
    }

    #[test]
    fn succinct_bins_are_numbered_in_hex_of_one_length() {
        assert_eq!(bins(32, BinLayout::Succinct).names().nth(10).unwrap(), "bin-0a");
        assert_eq!(bins(16, BinLayout::Succinct).names().nth(10).unwrap(), "bin-a");
    }

    #[test]
    fn the_first_bits_of_the_hash_of_the_path_say_the_bin() {
        // SHA-256 of "a" begins with ca97.
        let path = TargetPath::new("a").unwrap();
        assert_eq!(bins(16, BinLayout::Prefixes).of(&path), "c0-cf");
        assert_eq!(bins(256, BinLayout::Prefixes).of(&path), "ca");
        assert_eq!(bins(16_384, BinLayout::Prefixes).of(&path), "ca94-ca97");
        assert_eq!(bins(2, BinLayout::Succinct).of(&path), "bin-1");
    }

    #[test]
    fn a_number_of_bins_that_hashes_do_not_split_into_is_refused() {
        for count in [0, 1, 3, 100, 131_072] {
            assert!(Bins::new(count, BinLayout::Prefixes).unwrap_err().to_string().contains("power of two"), "{count}");
        }
    }
}
