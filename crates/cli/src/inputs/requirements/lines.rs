//! Lines as pip takes them: another notion of a line would let a requirement hide from one of the two.

/// The statements of a file, each with the number of its first line: lines that end in `\` are joined with the next, and
/// comments are taken away.
pub(super) fn statements(text: &str) -> impl Iterator<Item = (usize, String)> {
    Statements { lines: Lines { rest: text, number: 0 } }
}

/// The encoding that a file declares for itself in its first two lines, as pip takes it, if it is another than UTF-8: in
/// another, the same bytes can be other lines.
pub(super) fn other_encoding(text: &str) -> Option<&str> {
    let comments = text.split('\n').take(2).filter(|line| line.starts_with('#'));
    comments.filter_map(declared).find(|name| !["utf-8", "utf8", "ascii"].contains(&name.to_ascii_lowercase().as_str()))
}

fn declared(comment: &str) -> Option<&str> {
    comment.match_indices("coding").find_map(|(start, word)| {
        let after = comment.get(start..)?.strip_prefix(word)?.strip_prefix([':', '='])?.trim_start();
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
        after.get(..end.unwrap_or(after.len())).filter(|name| !name.is_empty())
    })
}

struct Statements<'a> {
    lines: Lines<'a>,
}

impl Iterator for Statements<'_> {
    type Item = (usize, String);

    fn next(&mut self) -> Option<Self::Item> {
        let mut joined = String::new();
        let mut first = None;
        loop {
            let Some((number, line)) = self.lines.next() else {
                let number = first?;
                return finished(&joined).map(|statement| (number, statement));
            };
            let number = *first.get_or_insert(number);
            // A comment goes on in no other line, and ends what goes on in it.
            let is_comment = line.trim_start().starts_with('#');
            if line.ends_with('\\') && !is_comment {
                joined.push_str(line.trim_matches('\\'));
                continue;
            }
            if is_comment {
                joined.push(' ');
            }
            joined.push_str(line);
            if let Some(statement) = finished(&joined) {
                return Some((number, statement));
            }
            joined.clear();
            first = None;
        }
    }
}

/// Lines, from 1, ended by whatever Python's `str.splitlines` takes for an end.
struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, end) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = end.strip_prefix("\r\n").or_else(|| end.strip_prefix(is_end)).unwrap_or(end);
        self.number = self.number.saturating_add(1);
        Some((self.number, line))
    }
}

fn is_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Without its comment, which starts at a `#` that is first or comes after a space: an address can have one.
fn finished(line: &str) -> Option<String> {
    let mut before = ' ';
    let comment = line.char_indices().find(|(_, c)| {
        let starts = *c == '#' && before.is_whitespace();
        before = *c;
        starts
    });
    let statement = comment.and_then(|(start, _)| line.get(..start)).unwrap_or(line).trim();
    (!statement.is_empty()).then(|| statement.to_owned())
}
