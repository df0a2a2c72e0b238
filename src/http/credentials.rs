//! User names and passwords: from an address or from a `.netrc` file, shown nowhere.

use std::iter::Peekable;
use std::str::Chars;

/// A user name and a password. No `Debug`: neither is for showing.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: Option<String>,
}

/// The entries of a `.netrc` file, in its order. No `Debug`.
#[derive(Default)]
pub(super) struct Netrc(Vec<(String, Credentials)>);

impl Netrc {
    /// Reads `machine`, `login` and `password`; knows `account`, `default`, `macdef`, comments and quotes well enough
    /// to skip them. On a fault it says where, never what: the text around it may be a password.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = Tokens { chars: text.chars().peekable(), line: 1 };
        let mut entries: Vec<(String, Credentials)> = Vec::new();
        // `default` is read into an entry that no host matches.
        let mut in_entry = false;
        while let Some(word) = tokens.next_word() {
            let line = tokens.line;
            let mut value = || tokens.next_word().ok_or_else(|| format!("line {line}: a value is missing"));
            match word.as_str() {
                "machine" => entries.push((value()?, Credentials { user: String::new(), password: None })),
                "default" => entries.push((String::new(), Credentials { user: String::new(), password: None })),
                "macdef" => {
                    tokens.skip_macro();
                    in_entry = false;
                    continue;
                }
                "login" | "password" | "account" if in_entry => {
                    let value = value()?;
                    if let Some((_, credentials)) = entries.last_mut() {
                        match word.as_str() {
                            "login" => credentials.user = value,
                            "password" => credentials.password = Some(value),
                            _ => {}
                        }
                    }
                }
                comment if comment.starts_with('#') => {
                    tokens.skip_line();
                    continue;
                }
                _ => return Err(format!("line {line}: not a word that is known at this place")),
            }
            in_entry = true;
        }
        Ok(Self(entries))
    }

    /// The first entry for exactly this host.
    pub(super) fn lookup(&self, host: &str) -> Option<&Credentials> {
        self.0.iter().find(|(machine, _)| !machine.is_empty() && machine.eq_ignore_ascii_case(host)).map(|(_, c)| c)
    }
}

struct Tokens<'a> {
    chars: Peekable<Chars<'a>>,
    line: usize,
}

impl Tokens<'_> {
    /// The next character; counts lines.
    fn next_char(&mut self) -> Option<char> {
        let next = self.chars.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    fn next_word(&mut self) -> Option<String> {
        while self.chars.peek().is_some_and(|c| c.is_whitespace()) {
            self.next_char();
        }
        let quoted = self.chars.peek() == Some(&'"');
        if quoted {
            self.next_char();
        }
        self.chars.peek()?;
        let mut word = String::new();
        while let Some(&c) = self.chars.peek() {
            if if quoted { c == '"' } else { c.is_whitespace() } {
                break;
            }
            self.next_char();
            word.extend(if c == '\\' && quoted { self.next_char() } else { Some(c) });
        }
        if quoted {
            self.next_char();
        }
        Some(word)
    }

    /// To the end of the line, unless the last word ended it.
    fn skip_line(&mut self) {
        while self.chars.peek().is_some_and(|&c| c != '\n') {
            self.next_char();
        }
    }

    /// A macro goes on to the first empty line.
    fn skip_macro(&mut self) {
        self.skip_line();
        loop {
            self.next_char();
            if self.chars.peek().is_none_or(|&c| c == '\n') {
                return;
            }
            self.skip_line();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, host: &str) -> Option<(String, Option<String>)> {
        Netrc::parse(text).unwrap().lookup(host).map(|c| (c.user.clone(), c.password.clone()))
    }

    fn pair(user: &str, password: &str) -> Option<(String, Option<String>)> {
        Some((user.to_owned(), Some(password.to_owned())))
    }

    #[test]
    fn entries_on_one_line_or_many() {
        let text =
            "machine a.example login ann password #1\nmachine b.example\n\tpassword \"two words\\\"\"\n\tlogin bob\n";
        assert_eq!(found(text, "a.example"), pair("ann", "#1"));
        assert_eq!(found(text, "B.EXAMPLE"), pair("bob", "two words\""));
        assert_eq!(found(text, "c.example"), None);
    }

    #[test]
    fn the_first_entry_of_a_host_counts() {
        let text = "machine a login ann password 1 machine a login eve password 2";
        assert_eq!(found(text, "a"), pair("ann", "1"));
    }

    #[test]
    fn default_is_for_nobody() {
        let text = "default login eve password 1\nmachine a login ann account x password 2";
        assert_eq!(found(text, "a"), pair("ann", "2"));
        assert_eq!(found(text, "b"), None);
        assert_eq!(found(text, ""), None);
    }

    #[test]
    fn comments_and_macros_are_skipped() {
        let text = "# machine a login eve password 0\n#\nmacdef init\nmachine a login eve\npassword 1\n\n\
                    machine a login ann password 2 # why\n";
        assert_eq!(found(text, "a"), pair("ann", "2"));
    }

    #[test]
    fn a_fault_is_named_without_its_text() {
        let fault = |text| Netrc::parse(text).err();
        assert_eq!(
            fault("machine a login ann\npassword two words\n").as_deref(),
            Some("line 2: not a word that is known at this place")
        );
        assert_eq!(fault("machine a login").as_deref(), Some("line 1: a value is missing"));
        assert_eq!(fault("login x").as_deref(), Some("line 1: not a word that is known at this place"));
    }
}
