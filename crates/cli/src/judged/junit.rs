//! JUnit's XML, which CI systems show as test results: one case for each thing that was judged.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::Judged;
use crate::error::Exit;
use crate::text::Escaped;

/// The whole document of a command. What did not verify is a failure; what could not be judged is an error.
pub(super) fn document(command: &str, judged: &[Judged]) -> Vec<u8> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory does not fail.
    let _ = write(&mut writer, command, judged);
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    bytes
}

fn write(writer: &mut Writer<Vec<u8>>, command: &str, judged: &[Judged]) -> io::Result<()> {
    let number = |of: fn(&Judged) -> bool| judged.iter().filter(|judged| of(judged)).count().to_string();
    let counts = [("tests", judged.len().to_string()), ("failures", number(is_failure)), ("errors", number(is_error))];
    let counts = || counts.iter().map(|(name, count)| (*name, count.as_str()));
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.create_element("testsuites").with_attributes(counts()).write_inner_content(|writer| {
        let suite = writer.create_element("testsuite").with_attribute(("name", format!("tufgate {command}").as_str()));
        suite
            .with_attributes(counts())
            .write_inner_content(|writer| judged.iter().try_for_each(|judged| case(writer, command, judged)))?;
        Ok(())
    })?;
    Ok(())
}

fn case(writer: &mut Writer<Vec<u8>>, command: &str, judged: &Judged) -> io::Result<()> {
    let verdict = &judged.verdict;
    let about = escaped(&judged.about());
    let class = format!("tufgate.{command}");
    let case = writer.create_element("testcase").with_attributes([("name", &*about), ("classname", &*class)]);
    let outcome = if is_failure(judged) {
        "failure"
    } else if is_error(judged) {
        "error"
    } else {
        "system-out"
    };
    let why = escaped(&judged.why());
    let differences = judged.differences.iter();
    let differences = differences.map(|file| escaped(&format!("{} {}: {}", file.kind, file.path, file.reason)));
    let text = std::iter::once(format!("{}: {why}", verdict.name())).chain(differences).collect::<Vec<_>>().join("\n");
    case.write_inner_content(|writer| {
        let outcome = writer.create_element(outcome);
        let outcome = if verdict.exit() == Exit::Verified {
            outcome
        } else {
            outcome.with_attributes([("type", verdict.name()), ("message", why.as_str())])
        };
        outcome.write_text_content(BytesText::new(&text))?;
        Ok(())
    })?;
    Ok(())
}

fn is_failure(judged: &Judged) -> bool {
    judged.verdict.exit() == Exit::NotVerified
}

fn is_error(judged: &Judged) -> bool {
    matches!(judged.verdict.exit(), Exit::Untrusted | Exit::Unreachable)
}

/// Control characters cannot stand in XML at all.
fn escaped(text: &str) -> String {
    Escaped(text).to_string().replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
