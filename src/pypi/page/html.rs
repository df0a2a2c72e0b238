//! Pages in HTML (PEP 503), by the tokenizer of html5ever.
//!
//! A page is a flat list of links, so no tree is built: installers read tokens too, tokens take time by the length of the
//! page whatever is nested in what, and there is no depth to limit. What a tree builder would tell the tokenizer is said
//! here: which elements hold text, not markup. Links in a `template` do not count, and one that is never closed hides all
//! that follows.

use std::cell::{Cell, RefCell};

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use url::Url;

use super::{Builder, CoreMetadata, PageError, PageFile, PageLimits, ProjectPage, link};
use crate::digest::Hashes;
use crate::pypi::DistributionName;

/// How many bytes one tag or comment may have: html5ever compares each attribute of a tag with all before it.
const MAX_TOKEN_BYTES: usize = 64 << 10;
/// How many attributes a tag may have, of whatever kind it is and wherever it stands, for the same reason.
const MAX_ATTRIBUTES: usize = 64;
const CHUNK: usize = 16 << 10;

pub(super) fn read(bytes: &[u8], base: &str, limits: &PageLimits) -> Result<ProjectPage, PageError> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
    let base = link::base(base)?;
    let sink = Sink { reader: RefCell::new(Reader::new(base, limits)), tokens: Cell::new(0) };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    let (mut tokens, mut silent) = (0, 0);
    for chunk in chunks(text) {
        input.push_back(StrTendril::from(chunk));
        while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
        if let Some(fault) = tokenizer.sink.reader.borrow_mut().fault.take() {
            return Err(fault);
        }
        silent = if tokenizer.sink.tokens.get() == tokens { chunk.len().saturating_add(silent) } else { 0 };
        tokens = tokenizer.sink.tokens.get();
        if silent > MAX_TOKEN_BYTES {
            return Err(malformed("a tag or comment is longer than 64 KiB"));
        }
    }
    tokenizer.end();
    let reader = tokenizer.sink.reader.into_inner();
    match reader.fault {
        Some(fault) => Err(fault),
        None => Ok(reader.builder.page),
    }
}

fn malformed(reason: &str) -> PageError {
    PageError::Malformed { pep: 503, reason: reason.to_owned() }
}

/// Pieces of at most [`CHUNK`] bytes, cut between characters.
fn chunks(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (chunk, rest) = text.split_at_checked(boundary(text, CHUNK))?;
        text = rest;
        (!chunk.is_empty()).then_some(chunk)
    })
}

struct Sink {
    reader: RefCell<Reader>,
    tokens: Cell<u64>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if matches!(token, Token::ParseError(_)) {
            return TokenSinkResult::Continue;
        }
        self.tokens.set(self.tokens.get().wrapping_add(1));
        match token {
            Token::TagToken(tag) => self.reader.borrow_mut().tag(&tag),
            _ => TokenSinkResult::Continue,
        }
    }
}

/// What was read so far. After a fault nothing more is looked at.
struct Reader {
    base: Url,
    has_base: bool,
    templates: usize,
    builder: Builder,
    fault: Option<PageError>,
}

impl Reader {
    fn new(base: Url, limits: &PageLimits) -> Self {
        Self { base, has_base: false, templates: 0, builder: Builder::new(limits), fault: None }
    }

    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        if self.fault.is_some() {
            return TokenSinkResult::Continue;
        }
        if tag.attrs.len() > MAX_ATTRIBUTES {
            self.fault = Some(malformed("a tag has more than 64 attributes"));
            return TokenSinkResult::Continue;
        }
        match (tag.kind, &*tag.name) {
            (TagKind::StartTag, "template") => self.templates = self.templates.saturating_add(1),
            (TagKind::EndTag, "template") => self.templates = self.templates.saturating_sub(1),
            (TagKind::EndTag, _) => {}
            (TagKind::StartTag, name) => {
                if let Some(kind) = text_of(name) {
                    return TokenSinkResult::RawData(kind);
                }
                if name == "plaintext" {
                    return TokenSinkResult::Plaintext;
                }
                if self.templates == 0
                    && let Err(fault) = self.element(name, &Attributes(tag))
                {
                    self.fault = Some(fault);
                }
            }
        }
        TokenSinkResult::Continue
    }

    fn element(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), PageError> {
        match name {
            "base" => self.rebase(attributes),
            "meta" => match (attributes.get("name"), attributes.get("content")) {
                (Some("pypi:repository-version"), Some(version)) => super::check_version(version),
                _ => Ok(()),
            },
            "a" => {
                self.builder.count()?;
                match attributes.get("href") {
                    Some(href) => self.link(href, attributes),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// The first `<base href>` counts, and only before links, as browsers and installers agree only there.
    fn rebase(&mut self, attributes: &Attributes<'_>) -> Result<(), PageError> {
        let Some(href) = attributes.get("href") else { return Ok(()) };
        if self.has_base {
            return Ok(());
        }
        if self.builder.seen > 0 {
            return Err(malformed("`<base>` stands behind a link"));
        }
        self.base = self.base.join(href.trim()).map_err(|_| malformed("`<base>` gives no address"))?;
        self.has_base = true;
        Ok(())
    }

    fn link(&mut self, href: &str, attributes: &Attributes<'_>) -> Result<(), PageError> {
        let url = self.builder.resolve(&self.base, href)?;
        let Some((name, url)) = url.and_then(|url| Some((file_name(&url)?, url))) else {
            self.builder.skip();
            return Ok(());
        };
        let fragment_hashes = hashes(url.fragment().unwrap_or(""), name.file_name())?;
        let core_metadata = match attributes.get("data-core-metadata").or(attributes.get("data-dist-info-metadata")) {
            None | Some("false") => None,
            Some(value) => Some(CoreMetadata::of(hashes(value, name.file_name())?)),
        };
        let owned = |name| attributes.get(name).map(str::to_owned);
        self.builder.push(PageFile {
            url: link::without_fragment(url),
            hashes: fragment_hashes,
            requires_python: owned("data-requires-python"),
            yanked: owned("data-yanked"),
            core_metadata,
            size: None,
            gpg_sig: match attributes.get("data-gpg-sig") {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => None,
            },
            provenance: owned("data-provenance"),
            name,
        })
    }
}

/// Elements that hold text: what looks like a tag in them is none (HTML §13.2.6.4).
fn text_of(element: &str) -> Option<RawKind> {
    Some(match element {
        "script" => RawKind::ScriptData,
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => RawKind::Rawtext,
        "title" | "textarea" => RawKind::Rcdata,
        _ => return None,
    })
}

/// The distribution that a link is to. Installers take the name from the address; the text of the link, which PEP 503 wants
/// to be the same, is looked at by none of them and not here.
fn file_name(url: &Url) -> Option<DistributionName> {
    let segment = link::last_segment(url)?;
    DistributionName::parse(&segment).ok()
}

/// `sha256=HEX`, also several of them with `&` between. Names that are unknown, `egg` among them, are ignored.
fn hashes(text: &str, file: &str) -> Result<Option<Hashes>, PageError> {
    super::known_hashes(text.split('&').filter_map(|pair| pair.split_once('=')), file)
}

/// The last boundary between characters that is not behind `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

struct Attributes<'a>(&'a Tag);

impl Attributes<'_> {
    /// The value of an attribute, with its character references resolved.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
    }
}
