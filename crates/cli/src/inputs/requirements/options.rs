//! The options of a line.

/// What an option means for what is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Include,
    Constraints,
    Editable,
    Hash,
    /// It says how or from where to install.
    Nothing,
}

struct Row {
    long: &'static str,
    short: Option<&'static str>,
    has_value: bool,
    meaning: Meaning,
}

const fn row(long: &'static str, short: Option<&'static str>, has_value: bool, meaning: Meaning) -> Row {
    Row { long, short, has_value, meaning }
}

const OPTIONS: &[Row] = &[
    row("--hash", None, true, Meaning::Hash),
    row("--requirement", Some("-r"), true, Meaning::Include),
    row("--constraint", Some("-c"), true, Meaning::Constraints),
    row("--editable", Some("-e"), true, Meaning::Editable),
    row("--index-url", Some("-i"), true, Meaning::Nothing),
    row("--pypi-url", None, true, Meaning::Nothing),
    row("--extra-index-url", None, true, Meaning::Nothing),
    row("--find-links", Some("-f"), true, Meaning::Nothing),
    row("--trusted-host", None, true, Meaning::Nothing),
    row("--no-binary", None, true, Meaning::Nothing),
    row("--only-binary", None, true, Meaning::Nothing),
    row("--all-releases", None, true, Meaning::Nothing),
    row("--only-final", None, true, Meaning::Nothing),
    row("--use-feature", None, true, Meaning::Nothing),
    row("--config-setting", None, true, Meaning::Nothing),
    row("--config-settings", Some("-C"), true, Meaning::Nothing),
    row("--global-option", None, true, Meaning::Nothing),
    row("--install-option", None, true, Meaning::Nothing),
    row("--no-index", None, false, Meaning::Nothing),
    row("--prefer-binary", None, false, Meaning::Nothing),
    row("--require-hashes", None, false, Meaning::Nothing),
    row("--no-require-hashes", None, false, Meaning::Nothing),
    row("--pre", None, false, Meaning::Nothing),
];

/// The requirement of a line, and the options after it: they start at the first word with a `-`.
pub(super) fn split(statement: &str) -> (&str, &str) {
    let mut before = ' ';
    let start = statement.char_indices().find(|(_, c)| {
        let starts = *c == '-' && before.is_whitespace();
        before = *c;
        starts
    });
    let (requirement, options) = statement.split_at(start.map_or(statement.len(), |(start, _)| start));
    (requirement.trim_end(), options)
}

/// What each option means, with its value; else the one that is not known.
pub(super) fn options(text: &str) -> Result<Vec<(Meaning, String)>, String> {
    let mut words = words(text)?.into_iter();
    let mut given = Vec::new();
    while let Some(word) = words.next() {
        let (name, attached) = taken_apart(&word);
        let unknown = || name.to_owned();
        let row = OPTIONS.iter().find(|row| row.long == name || row.short == Some(name)).ok_or_else(unknown)?;
        let value = match (row.has_value, attached) {
            (true, Some(value)) => value.to_owned(),
            (true, None) => words.next().ok_or_else(unknown)?,
            (false, None) => String::new(),
            (false, Some(_)) => return Err(unknown()),
        };
        given.push((row.meaning, value));
    }
    Ok(given)
}

/// `--requirement=FILE` and `-rFILE` have the value in the same word.
fn taken_apart(word: &str) -> (&str, Option<&str>) {
    let parts = if word.starts_with("--") {
        word.split_once('=')
    } else if word.starts_with('-') {
        word.char_indices().nth(2).and_then(|(end, _)| word.split_at_checked(end))
    } else {
        None
    };
    parts.map_or((word, None), |(name, value)| (name, Some(value)))
}

/// Words as a shell takes them apart.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote that is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}
