//! Scripts that installers make: for entry points, and of scripts that ask for "python".

use std::path::Path;

use super::layout::{Kind, Layout};

/// A command, by a line of entry_points.txt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryPoint {
    pub(super) name: String,
    module: String,
    /// `main`, or `Class.method`.
    attribute: String,
}

/// What an installer may write after the shebang line, with `{module}`, `{import}` and `{attribute}` filled in. A script
/// that is none of these was not made by a known installer of this entry point.
const FORMS: [&str; 6] = [
    // pip up to 25.1.
    "# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom {module} import {import}\nif __name__ == '__main__':\n    \
     sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    sys.exit({attribute}())\n",
    // distlib by itself, as virtualenv uses it.
    "# -*- coding: utf-8 -*-\nimport re\nimport sys\nif __name__ == '__main__':\n    from {module} import {import}\n    \
     sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    sys.exit({attribute}())\n",
    // pip since.
    "import sys\nfrom {module} import {import}\nif __name__ == '__main__':\n    \
     if sys.argv[0].endswith('.exe'):\n        sys.argv[0] = sys.argv[0][:-4]\n    sys.exit({attribute}())\n",
    "import sys\nfrom {module} import {import}\nif __name__ == '__main__':\n    \
     sys.argv[0] = sys.argv[0].removesuffix('.exe')\n    sys.exit({attribute}())\n",
    // uv.
    "# -*- coding: utf-8 -*-\nimport sys\nfrom {module} import {import}\nif __name__ == \"__main__\":\n    \
     if sys.argv[0].endswith(\"-script.pyw\"):\n        sys.argv[0] = sys.argv[0][:-11]\n    \
     elif sys.argv[0].endswith(\".exe\"):\n        sys.argv[0] = sys.argv[0][:-4]\n    sys.exit({attribute}())\n",
    // uv in its first versions, and the library that Poetry and PDM use.
    "# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom {module} import {import}\nif __name__ == \"__main__\":\n    \
     sys.argv[0] = re.sub(r\"(-script\\.pyw|\\.exe)?$\", \"\", sys.argv[0])\n    sys.exit({attribute}())\n",
];

impl EntryPoint {
    /// The commands of an entry_points.txt: `[console_scripts]` and `[gui_scripts]`. Lines without a function make no
    /// script.
    pub(super) fn all(text: &str) -> Vec<Self> {
        let mut points = Vec::new();
        let mut is_command = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                is_command = matches!(section.trim(), "console_scripts" | "gui_scripts");
            } else if is_command {
                points.extend(Self::parse(line));
            }
        }
        points
    }

    /// `name = module:attribute [extra]`.
    fn parse(line: &str) -> Option<Self> {
        let (name, value) = line.split_once('=')?;
        let value = value.split('[').next()?;
        let (module, attribute) = value.split_once(':')?;
        let (name, module, attribute) = (name.trim(), module.trim(), attribute.trim());
        let is_path = |text: &str| text.split('.').all(|part| !part.is_empty() && part.chars().all(is_identifier));
        (super::place::is_downward(name) && !name.contains('/') && is_path(module) && is_path(attribute))
            .then(|| Self { name: name.to_owned(), module: module.to_owned(), attribute: attribute.to_owned() })
    }

    /// Under which names its script may lie. pip makes some more for itself than its entry points say, in whatever
    /// number its distributor wants.
    pub(super) fn names(&self, python: Option<&str>) -> Vec<String> {
        let mut names = vec![self.name.clone()];
        if self.name == "pip" {
            let version = python.and_then(|python| python.strip_prefix("python")).unwrap_or("3");
            let version = version.trim_end_matches('t');
            let major = version.split('.').next().unwrap_or(version);
            names.extend([format!("pip{major}"), format!("pip{version}"), format!("pip-{version}")]);
        }
        names
    }

    /// Whether this is what an installer writes for it, after the shebang line.
    pub(super) fn is_made_by_an_installer(&self, rest: &str) -> bool {
        let import = self.attribute.split('.').next().unwrap_or(&self.attribute);
        let made = |form: &str| {
            form.replace("{module}", &self.module).replace("{import}", import).replace("{attribute}", &self.attribute)
        };
        FORMS.iter().any(|form| made(form) == rest)
    }
}

fn is_identifier(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// How a script says what runs it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shebang<'a> {
    pub(super) interpreter: Interpreter<'a>,
    /// With the space before them.
    pub(super) arguments: &'a str,
    /// Interpreter and arguments as one word.
    whole: &'a str,
    /// Bytes up to what follows it.
    pub(super) length: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Interpreter<'a> {
    Path(&'a str),
    /// In the directory of the script.
    Beside(&'a str),
}

impl<'a> Shebang<'a> {
    /// `#!/path/to/python`; or, where that is too long or has a space, three lines for the shell that are a string to
    /// Python.
    pub(super) fn parse(head: &'a [u8]) -> Option<Self> {
        let (first, after) = line(head)?;
        let simple = first.strip_prefix("#!")?;
        if simple != "/bin/sh" {
            let (path, arguments) = simple.split_at(simple.find(' ').unwrap_or(simple.len()));
            let length = head.len().saturating_sub(after.len());
            return Some(Self { interpreter: Interpreter::Path(path), arguments, whole: simple, length });
        }
        let (second, after) = line(after)?;
        let (third, after) = line(after)?;
        let command = second.strip_prefix("'''exec' ")?.strip_suffix(" \"$0\" \"$@\"")?;
        let interpreter = match command.strip_prefix("\"$(dirname -- \"$(realpath -- \"$0\")\")\"/") {
            Some(name) => Interpreter::Beside(unquoted(name)?),
            None => Interpreter::Path(unquoted(command)?),
        };
        let length = head.len().saturating_sub(after.len());
        (third == "' '''").then_some(Self { interpreter, arguments: "", whole: command, length })
    }
}

impl Shebang<'_> {
    /// Whether it starts an interpreter of this environment, with no arguments but these.
    pub(super) fn is_of(&self, layout: &Layout, arguments: &str) -> bool {
        let is_plain = self.arguments.is_empty() || self.arguments == arguments;
        // pip writes a path with spaces as it is where it fills in a script. That it cannot run is no one's attack.
        (is_plain && self.interpreter.is_of(layout))
            || (layout.kind == Kind::Virtual && Interpreter::Path(self.whole).is_of(layout))
    }

    /// What it starts, in one line.
    pub(super) fn started(&self) -> String {
        match self.interpreter {
            Interpreter::Path(path) => format!("{path}{}", self.arguments),
            Interpreter::Beside(name) => name.to_owned(),
        }
    }
}

impl Interpreter<'_> {
    /// Whether it is an interpreter of this environment. Only a virtual environment has its own; of others it is known
    /// only that it must be a Python somewhere.
    fn is_of(&self, layout: &Layout) -> bool {
        let path = match self {
            Self::Beside(name) => return is_python(name),
            Self::Path(path) => Path::new(path),
        };
        let Some(dir) = path.parent().filter(|_| path.is_absolute()) else { return false };
        let is_python = path.file_name().and_then(|name| name.to_str()).is_some_and(is_python);
        let same =
            || dir.canonicalize().ok().is_some_and(|dir| layout.scripts.canonicalize().is_ok_and(|own| own == dir));
        is_python && (layout.kind != Kind::Virtual || dir == layout.scripts || same())
    }
}

/// `python`, `python3.11`, `pythonw.exe`, `pypy3`.
pub(super) fn is_python(name: &str) -> bool {
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let rest = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'w' | 't' | 'd')))
}

fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    let line = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)).ok()?;
    Some((line, rest.get(1..)?))
}

/// A word of the shell, in quotes or without, that means just itself.
fn unquoted(word: &str) -> Option<&str> {
    let inner = ['\'', '"'].iter().find_map(|quote| word.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(word);
    let is_quoted = inner.len() != word.len();
    let is_plain = !inner.contains(['\'', '"', '$', '`', '\\', '\n']);
    let is_one = is_quoted || !inner.contains([' ', ';', '&', '|', '<', '>', '(', ')', '*', '?', '[', '#', '~']);
    (is_plain && is_one && !inner.is_empty()).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_name_the_interpreter_is_understood() {
        let path = Interpreter::Path;
        for (head, interpreter, arguments, whole) in [
            ("#!/e/bin/python\nx", path("/e/bin/python"), "", "/e/bin/python"),
            ("#!/e/bin/python3 -E -s\r\nx", path("/e/bin/python3"), " -E -s", "/e/bin/python3 -E -s"),
            (
                "#!/bin/sh\n'''exec' \"/e e/bin/python\" \"$0\" \"$@\"\n' '''\nx",
                path("/e e/bin/python"),
                "",
                "\"/e e/bin/python\"",
            ),
            ("#!/bin/sh\n'''exec' /e/python \"$0\" \"$@\"\n' '''\nx", path("/e/python"), "", "/e/python"),
            (
                "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python' \"$0\" \"$@\"\n' '''\nx",
                Interpreter::Beside("python"),
                "",
                "\"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python'",
            ),
        ] {
            let length = head.len() - 1;
            assert_eq!(Shebang::parse(head.as_bytes()), Some(Shebang { interpreter, arguments, whole, length }));
        }
    }

    #[test]
    fn a_shell_that_does_more_than_start_the_interpreter_is_none() {
        for command in [
            "'''exec' /e/python; evil \"$0\" \"$@\"",
            "'''exec' \"$(evil)/python\" \"$0\" \"$@\"",
            "'''exec' '/e/python' 'evil' \"$0\" \"$@\"",
            "'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/$(evil) \"$0\" \"$@\"",
            "evil",
        ] {
            assert_eq!(Shebang::parse(format!("#!/bin/sh\n{command}\n' '''\nx").as_bytes()), None, "{command}");
        }
        assert_eq!(Shebang::parse(b"#!/bin/sh\n'''exec' /e/python \"$0\" \"$@\"\nevil\n' '''\n"), None);
        assert_eq!(Shebang::parse(b"import sys\n"), None);
    }

    #[test]
    fn only_functions_of_modules_are_entry_points() {
        let text = "[console_scripts]\n# no = a:b\na = m.n:f.g [x]\n../b = m:f\nc = m\nd = m;evil:f\n[other]\ne = m:f\n\
                    [gui_scripts]\nf=m:f";
        let point = |name: &str, module: &str, attribute: &str| EntryPoint {
            name: name.to_owned(),
            module: module.to_owned(),
            attribute: attribute.to_owned(),
        };
        assert_eq!(EntryPoint::all(text), [point("a", "m.n", "f.g"), point("f", "m", "f")]);
    }

    #[test]
    fn pip_has_more_names_than_it_says() {
        let pip = &EntryPoint::all("[console_scripts]\npip = m:f")[0];
        assert_eq!(pip.names(Some("python3.13t")), ["pip", "pip3", "pip3.13", "pip-3.13"]);
    }

    #[test]
    fn a_script_is_what_an_installer_writes_to_the_byte() {
        let point = &EntryPoint::all("[console_scripts]\na = m.n:f.g")[0];
        let rest = "import sys\nfrom m.n import f\nif __name__ == '__main__':\n    \
                    sys.argv[0] = sys.argv[0].removesuffix('.exe')\n    sys.exit(f.g())\n";
        assert!(point.is_made_by_an_installer(rest));
        assert!(!point.is_made_by_an_installer(&format!("{rest}\n")));
        assert!(!point.is_made_by_an_installer(&rest.replace("f.g()", "f.h()")));
    }
}
