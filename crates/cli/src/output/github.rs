//! Workflow commands of GitHub Actions: their text is escaped, so that none can end one or begin another.

use crate::text::Escaped;

/// The text of a command. It is read to the end of the line, so that what could end the line is encoded.
pub(crate) fn data(text: &str) -> String {
    let text = text.split('\n').map(|line| Escaped(line.replace('%', "%25")).to_string());
    text.collect::<Vec<_>>().join("%0A")
}

/// The value of a property: as [`data`], and what would end the property too.
pub(crate) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a269_text_from_outside_cannot_end_a_command_or_begin_another() {
        assert_eq!(data("50%\n::error::x\r\u{1b}[2J"), "50%25%0A::error::x\\u{d}\\u{1b}[2J");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
    }
}
