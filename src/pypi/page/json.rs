//! Pages in JSON (PEP 691, PEP 700, PEP 714).

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use url::Url;

use super::{Builder, CoreMetadata, PageError, PageFile, PageLimits, ProjectPage, check_version, known_hashes, link};
use crate::digest::{HashAlgorithm, Hashes};
use crate::error::{Malformed, without_credentials};
use crate::metadata::raw::{Object, Str, from_text, from_text_seed};
use crate::pypi::DistributionName;

pub(super) fn read(bytes: &[u8], base: &str, limits: &PageLimits) -> Result<ProjectPage, PageError> {
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed::new(0, "it is not UTF-8")).map_err(malformed)?;
    let base = link::base(base)?;
    let Object(page) = from_text::<Object<Page<'_>>>(text, 0).map_err(malformed)?;
    let Object(meta) = page.meta;
    check_version(meta.api_version.as_ref())?;

    let mut reader = Reader { base, builder: Builder::new(limits), fault: None };
    let files = page.files.get();
    let start = (files.as_ptr().addr()).saturating_sub(text.as_ptr().addr());
    match (from_text_seed(files, start, &mut reader), reader.fault) {
        (_, Some(fault)) => Err(fault),
        (Err(error), None) => Err(malformed(error)),
        (Ok(()), None) => Ok(reader.builder.page),
    }
}

fn malformed(error: Malformed) -> PageError {
    PageError::Malformed { pep: 691, reason: format!("{} (byte {})", error.reason, error.offset) }
}

/// Hashes by the names of their algorithms, of those that this client knows: what else is listed takes no memory.
struct RawHashes<'a>(Vec<(Str<'a>, Str<'a>)>);

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    meta: Object<Meta<'a>>,
    #[serde(borrow)]
    files: &'a RawValue,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "api-version")]
    api_version: Str<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File<'a> {
    #[serde(borrow)]
    filename: Str<'a>,
    #[serde(borrow)]
    url: Str<'a>,
    #[serde(borrow)]
    hashes: RawHashes<'a>,
    #[serde(borrow)]
    requires_python: Option<Str<'a>>,
    #[serde(borrow)]
    yanked: Option<Yanked<'a>>,
    #[serde(borrow)]
    core_metadata: Option<Metadata<'a>>,
    #[serde(borrow)]
    dist_info_metadata: Option<Metadata<'a>>,
    size: Option<u64>,
    gpg_sig: Option<bool>,
    #[serde(borrow)]
    provenance: Option<Str<'a>>,
}

enum Yanked<'a> {
    Is(bool),
    Because(Str<'a>),
}

enum Metadata<'a> {
    Is(bool),
    Hashed(RawHashes<'a>),
}

/// Takes one file after the other, so that the limit holds before all of them are in memory.
struct Reader {
    base: Url,
    builder: Builder,
    fault: Option<PageError>,
}

impl<'de> DeserializeSeed<'de> for &mut Reader {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for &mut Reader {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut files: A) -> Result<(), A::Error> {
        while let Some(Object(file)) = files.next_element::<Object<File<'de>>>()? {
            if let Err(fault) = self.file(&file) {
                self.fault = Some(fault);
                return Err(A::Error::custom("the page cannot be used"));
            }
        }
        Ok(())
    }
}

impl Reader {
    fn file(&mut self, file: &File<'_>) -> Result<(), PageError> {
        self.builder.count()?;
        let Ok(name) = DistributionName::parse(file.filename.as_ref()) else {
            self.builder.skip();
            return Ok(());
        };
        let url = self.builder.resolve(&self.base, file.url.as_ref())?.ok_or_else(|| PageError::Address {
            file: name.file_name().to_owned(),
            url: without_credentials(file.url.as_ref()),
        })?;
        let metadata = file.core_metadata.as_ref().or(file.dist_info_metadata.as_ref());
        let owned = |text: &Option<Str<'_>>| text.as_ref().map(|text| text.as_ref().to_owned());
        self.builder.push(PageFile {
            url: link::without_fragment(url),
            hashes: hashes(&file.hashes, &name)?,
            requires_python: owned(&file.requires_python),
            yanked: match &file.yanked {
                None | Some(Yanked::Is(false)) => None,
                Some(Yanked::Is(true)) => Some(String::new()),
                Some(Yanked::Because(reason)) => Some(reason.as_ref().to_owned()),
            },
            core_metadata: match metadata {
                None | Some(Metadata::Is(false)) => None,
                Some(Metadata::Is(true)) => Some(CoreMetadata::Unhashed),
                Some(Metadata::Hashed(listed)) => Some(CoreMetadata::of(hashes(listed, &name)?)),
            },
            size: file.size,
            gpg_sig: file.gpg_sig,
            provenance: owned(&file.provenance),
            name,
        })
    }
}

fn hashes(listed: &RawHashes<'_>, name: &DistributionName) -> Result<Option<Hashes>, PageError> {
    known_hashes(listed.0.iter().map(|(name, hex)| (name.as_ref(), hex.as_ref())), name.file_name())
}

impl<'de: 'a, 'a> Deserialize<'de> for RawHashes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HashesVisitor;
        impl<'de> Visitor<'de> for HashesVisitor {
            type Value = RawHashes<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut known = Vec::new();
                while let Some((name, hex)) = map.next_entry::<Str<'de>, Str<'de>>()? {
                    if HashAlgorithm::from_name(name.as_ref()).is_some() {
                        known.push((name, hex));
                    }
                }
                Ok(RawHashes(known))
            }
        }
        deserializer.deserialize_map(HashesVisitor)
    }
}

// A derived type that is one thing or another would first take all that stands there into memory, at many times its size.
impl<'de: 'a, 'a> Deserialize<'de> for Yanked<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct YankedVisitor;
        impl<'de> Visitor<'de> for YankedVisitor {
            type Value = Yanked<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean or a string")
            }

            fn visit_bool<E>(self, is: bool) -> Result<Self::Value, E> {
                Ok(Yanked::Is(is))
            }

            fn visit_borrowed_str<E>(self, reason: &'de str) -> Result<Self::Value, E> {
                Ok(Yanked::Because(reason.into()))
            }

            fn visit_str<E: Error>(self, reason: &str) -> Result<Self::Value, E> {
                Str::deserialize(reason.into_deserializer()).map(Yanked::Because)
            }
        }
        deserializer.deserialize_any(YankedVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Metadata<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MetadataVisitor;
        impl<'de> Visitor<'de> for MetadataVisitor {
            type Value = Metadata<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean or an object of hashes")
            }

            fn visit_bool<E>(self, is: bool) -> Result<Self::Value, E> {
                Ok(Metadata::Is(is))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                RawHashes::deserialize(MapAccessDeserializer::new(map)).map(Metadata::Hashed)
            }
        }
        deserializer.deserialize_any(MetadataVisitor)
    }
}
