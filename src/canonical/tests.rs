use std::borrow::Cow;
use std::cmp::Ordering;

use super::name::Name;
use super::{Document, reference, split};
use crate::error::Malformed;

const DEPTH: usize = 16;

/// An envelope around the text of `signed`.
fn envelope(signed: &str) -> String {
    format!(r#"{{"signatures":[],"signed":{signed}}}"#)
}

/// The canonical form of the text of `signed`.
fn canonical(signed: &str) -> String {
    let document = envelope(signed);
    String::from_utf8(split(document.as_bytes(), DEPTH).unwrap().canonical.into_owned()).unwrap()
}

#[track_caller]
fn refused(document: impl AsRef<[u8]>, offset: usize, reason: &str) {
    let document = document.as_ref();
    assert_eq!(split(document, DEPTH), Err(Malformed::new(offset, reason)));
    assert_eq!(reference::split(document, DEPTH), None, "the reference accepts it");
}

/// Refused as a value within `signed`, and refused as an unsigned member; offsets count from the value on.
#[track_caller]
fn refused_anywhere(value: &str, offset: usize, reason: &str) {
    refused(format!(r#"{{"signatures":[],"signed":{{"a":{value}}}}}"#), 31 + offset, reason);
    refused(format!(r#"{{"x":{value},"signatures":[],"signed":{{}}}}"#), 5 + offset, reason);
    refused(format!(r#"{{"signatures":[{value}],"signed":{{}}}}"#), 15 + offset, reason);
}

#[track_caller]
fn agrees_with_reference(document: &[u8], max_depth: usize) {
    let found = split(document, max_depth).ok();
    let found = found.as_ref().map(|d| (d.signed, d.signatures, d.canonical.to_vec()));
    assert_eq!(found, reference::split(document, max_depth), "{}", String::from_utf8_lossy(document));
}

#[test]
fn an_envelope_falls_into_its_parts() {
    let text = " { \"x\" : 1, \"signed\" : { \"b\" : [ 1, 2 ], \"a\" : \"c\" } , \"signatures\" : [ {} ] }\n";
    let expected = Document {
        signed: "{ \"b\" : [ 1, 2 ], \"a\" : \"c\" }",
        signed_offset: 23,
        signatures: "[ {} ]",
        canonical: Cow::Owned(br#"{"a":"c","b":[1,2]}"#.to_vec()),
    };
    assert_eq!(split(text.as_bytes(), DEPTH), Ok(expected));
}

#[test]
fn what_is_canonical_already_is_not_copied() {
    let document = envelope(r#"{"a":["\"","\\","é",-1],"b":{"c":null,"d":{}}}"#);
    let document = split(document.as_bytes(), DEPTH).unwrap();
    assert!(matches!(document.canonical, Cow::Borrowed(_)));
    assert_eq!(document.canonical, document.signed.as_bytes());
}

#[test]
fn whitespace_and_order_outside_of_signed_do_not_cause_a_copy() {
    let document = b"{ \"signed\": {\"a\":1}, \"signatures\": [ {\"b\": 1, \"a\": 2} ] }";
    assert!(matches!(split(document, DEPTH).unwrap().canonical, Cow::Borrowed(b"{\"a\":1}")));
}

#[test]
fn canonical_form_is_the_one_of_securesystemslib() {
    let cases = include_str!("../../tests/data/canonical.json");
    let cases: Vec<std::collections::BTreeMap<String, String>> = serde_json::from_str(cases).unwrap();
    assert_eq!(cases.len(), 21);
    for case in cases {
        assert_eq!(canonical(&case["received"]), case["canonical"], "{}", case["name"]);
        agrees_with_reference(envelope(&case["received"]).as_bytes(), DEPTH);
    }
}

#[test]
fn every_length_of_string_finds_its_end() {
    for length in 0..40 {
        for special in ["", "\\n", "\\\\", "\\u0041", "é"] {
            let signed = format!(r#"{{"a":"{}{special}{}"}}"#, "x".repeat(length), "\u{7f}\u{80}#!".repeat(length));
            agrees_with_reference(envelope(&signed).as_bytes(), DEPTH);
        }
    }
}

#[test]
fn random_documents_agree_with_the_reference() {
    let mut random = Random(0x7466_6761_7465);
    let mut accepted = 0;
    for _ in 0..2_000 {
        let mut document = random.document().into_bytes();
        agrees_with_reference(&document, 6);
        accepted += usize::from(split(&document, 6).is_ok());
        for _ in 0..3 {
            let at = random.below(document.len());
            match random.below(3) {
                0 => document[at] = b"\"\\{}[]:,-+.eE0 1u\x00\x1f\xc3\xff"[random.below(21)],
                1 => drop(document.remove(at)),
                _ => document.insert(at, b"\"\\{}[]:,-+.eE0 1u\x00\x1f\xc3\xff"[random.below(21)]),
            }
            agrees_with_reference(&document, 6);
        }
    }
    assert!((500..1_900).contains(&accepted), "{accepted} of 2,000 were accepted");
}

#[test]
fn many_members_in_reverse_order_are_sorted() {
    let members = |range: &mut dyn Iterator<Item = u32>| -> String {
        range.map(|n| format!(r#""k{n:06}":[{n}]"#)).collect::<Vec<_>>().join(",")
    };
    let received = format!("{{{}}}", members(&mut (0..50_000).rev()));
    assert_eq!(canonical(&received), format!("{{{}}}", members(&mut (0..50_000))));
}

#[test]
fn a_long_name_with_escapes_among_many_short_ones_is_sorted() {
    let long = "\\u007a".repeat(50_000);
    let short: String = (0..20_000).rev().map(|n| format!(r#","{n:05}":0"#)).collect();
    let expected: String = (0..20_000).map(|n| format!(r#""{n:05}":0,"#)).collect();
    let found = canonical(&format!(r#"{{"{long}":1{short}}}"#));
    assert!(found == format!(r#"{{{expected}"{}":1}}"#, "z".repeat(50_000)));
}

#[test]
fn a_long_name_is_not_read_behind_the_first_difference() {
    // What the scanner lets through is UTF-8; here it shows how far a name was read.
    let long = [b"\\u00e9\xc3\xa4z".as_slice(), &[0xff; 1000]].concat();
    let long = Name::new(&long, true);
    for (short, expected) in [("a", Ordering::Greater), ("éa", Ordering::Greater), ("éö", Ordering::Less)] {
        assert_eq!(long.cmp(Name::new(short.as_bytes(), false)), expected, "{short}");
        assert_eq!(Name::new(short.as_bytes(), false).cmp(long), expected.reverse(), "{short}");
    }
}

#[test]
fn documents_without_their_parts_are_refused() {
    refused("", 0, "the document is empty");
    refused(" \n", 2, "the document is not an object");
    refused("[]", 0, "the document is not an object");
    refused("\"signed\"", 0, "the document is not an object");
    refused("{}", 0, "the member `signed` is missing");
    refused(r#"{"signatures":[]}"#, 0, "the member `signed` is missing");
    refused(r#"{"signed":{}}"#, 0, "the member `signatures` is missing");
    refused(r#"{"signed":[],"signatures":[]}"#, 10, "`signed` is not an object");
    refused(r#"{"signed":null,"signatures":[]}"#, 10, "`signed` is not an object");
    refused(r#"{"signatures":{},"signed":{}}"#, 14, "`signatures` is not an array");
    refused(r#"{"signatures":"","signed":{}}"#, 14, "`signatures` is not an array");
}

#[test]
fn broken_structure_is_refused_where_it_breaks() {
    refused("{", 1, "the document ends where the name of a member, in quotes, was expected");
    refused("{,}", 1, "the name of a member, in quotes, was expected");
    refused(r#"{"signed""#, 9, "the document ends where `:` was expected");
    refused(r#"{"signed":"#, 10, "`signed` is not an object");
    refused(r#"{"a":"#, 5, "the document ends where a value was expected");
    refused(r#"{"a":1"#, 6, "the document ends where `,` or `}` was expected");
    refused(r#"{"a":1,}"#, 7, "the name of a member, in quotes, was expected");
    refused(r#"{"a":[1,]}"#, 8, "a value was expected");
    refused(r#"{"a":[1}"#, 7, "`,` or `]` was expected");
    refused(r#"{"a":{"b":1]"#, 11, "`,` or `}` was expected");
    refused(r#"{"a":[1 2]}"#, 8, "`,` or `]` was expected");
    refused(r#"{'a':1}"#, 1, "the name of a member, in quotes, was expected");
    refused(r#"{"a":truth}"#, 5, "a value was expected");
    refused(r#"{"a":nullx}"#, 9, "`,` or `}` was expected");
    refused(r#"{"a":1/**/}"#, 6, "`,` or `}` was expected");
    refused("{\"a\":1\u{a0}}", 6, "`,` or `}` was expected");
    refused(r#"{"a":"b"#, 5, "a string without an end");
    refused(r#"{"a":"\"#, 6, "unknown escape in a string");
    refused_anywhere(r#""\x41""#, 1, "unknown escape in a string");
    refused_anywhere(r#""\u00g0""#, 1, "`\\u` without four hex digits in a string");
    refused_anywhere(r#""\u+041""#, 1, "`\\u` without four hex digits in a string");
}

#[test]
fn unescaped_control_characters_are_refused() {
    for control in '\0'..' ' {
        refused_anywhere(&format!("\"a{control}\""), 2, "unescaped control character in a string");
        refused_anywhere(&format!("{{\"12345678{control}\":1}}"), 10, "unescaped control character in a string");
    }
}

#[test]
fn a036_unknown_members_stay_in_the_signed_bytes() {
    let signed = r#"{"_type":"timestamp","meta":{"snapshot.json":{"version":1,"x-new":{"b":[],"a":null}}},"x":"y"}"#;
    let expected = r#"{"_type":"timestamp","meta":{"snapshot.json":{"version":1,"x-new":{"a":null,"b":[]}}},"x":"y"}"#;
    assert_eq!(canonical(signed), expected);
}

#[test]
fn a181_duplicate_members_are_refused_at_any_depth() {
    refused_anywhere(r#"{"version":99,"version":2}"#, 15, "the member `version` is there twice");
    refused_anywhere(r#"[[{"b":{"c":1,"a":2,"c":3}}]]"#, 21, "the member `c` is there twice");
    refused_anywhere(r#"{"":1,"":1}"#, 7, "the member `` is there twice");
    refused(r#"{"x":1,"signatures":[],"signed":{},"x":1}"#, 36, "the member `x` is there twice");
}

#[test]
fn a181_a_duplicate_that_is_spelled_with_escapes_is_refused() {
    refused_anywhere(r#"{"a":1,"\u0061":2}"#, 8, r"the member `\u0061` is there twice");
    refused_anywhere(r#"{"\/":1,"b":0,"/":2}"#, 15, "the member `/` is there twice");
    refused_anywhere(r#"{"\ud83d\ude00":1,"😀":2}"#, 19, "the member `😀` is there twice");
}

#[test]
fn a181_a_hostile_name_cannot_forge_the_message() {
    let name = format!("\u{202e}\u{9b}{}", "x".repeat(10_000));
    let document = format!("{{\"{name}\":1,\"{name}\":1}}");
    let reason = split(document.as_bytes(), DEPTH).unwrap_err().reason;
    assert_eq!(reason, format!(r"the member `\u{{202e}}\u{{9b}}{}… (10005 bytes)` is there twice", "x".repeat(195)));
}

#[test]
fn a182_two_signed_or_signatures_are_refused() {
    refused(r#"{"signatures":[],"signed":{"a":1},"signed":{"a":2}}"#, 35, "the member `signed` is there twice");
    refused(
        r#"{"signed":{"b":1,"a":1},"\u0073igned":{},"signatures":[]}"#,
        25,
        r"the member `\u0073igned` is there twice",
    );
    refused(r#"{"signatures":[],"signatures":[],"signed":{}}"#, 18, "the member `signatures` is there twice");
}

#[test]
fn a183_member_names_are_compared_exactly() {
    refused(r#"{"Signed":{},"signatures":[]}"#, 0, "the member `signed` is missing");
    refused(r#"{"signed ":{},"signatures":[]}"#, 0, "the member `signed` is missing");
    refused(r#"{"signed":{},"SIGNATURES":[]}"#, 0, "the member `signatures` is missing");

    let both = r#"{"SIGNED":[],"Signed":{"a":2},"signatures":[],"signed":{"a":1}}"#;
    assert_eq!(split(both.as_bytes(), DEPTH).unwrap().signed, r#"{"a":1}"#);
    let escaped = r#"{"signature\u0073":[],"\u0073igned":{"a":1}}"#;
    assert_eq!(split(escaped.as_bytes(), DEPTH).unwrap().signed, r#"{"a":1}"#);
}

#[test]
fn a184_nan_and_infinity_are_refused_anywhere() {
    refused_anywhere("NaN", 0, "NaN and Infinity are not JSON");
    refused_anywhere("Infinity", 0, "NaN and Infinity are not JSON");
    refused_anywhere("-Infinity", 1, "NaN and Infinity are not JSON");
    refused_anywhere("-NaN", 1, "a digit was expected");
}

#[test]
fn a185_only_integers_are_signed() {
    for number in ["1.0", "0.5", "-0.0", "1e3", "1E3", "1e+3", "1e-3", "1.5e3"] {
        refused(
            format!(r#"{{"signed":{{"a":[{number}]}},"signatures":[]}}"#),
            16,
            "a number with a fraction or an exponent in `signed`",
        );
    }
    refused(r#"{"signed":{"a":-0},"signatures":[]}"#, 15, "the number `-0` in `signed`");
}

#[test]
fn a185_unsigned_members_may_hold_any_number_of_rfc_8259() {
    let document = br#"{"x":[-0,1.0,-2.5e-10,1E400],"signed":{"a":1},"signatures":[{"x":0.1}]}"#;
    assert_eq!(split(document, DEPTH).unwrap().signatures, r#"[{"x":0.1}]"#);
    assert!(split(envelope(r#"{"a":1}"#).as_bytes(), DEPTH).is_ok());

    // The numbers after `signed` are unsigned again.
    assert!(split(br#"{"signed":{},"signatures":[],"x":1.5}"#, DEPTH).is_ok());
}

#[test]
fn a185_numbers_that_rfc_8259_does_not_know_are_refused() {
    refused_anywhere("01", 0, "a number with a leading zero");
    refused_anywhere("-00", 0, "a number with a leading zero");
    refused_anywhere("+1", 0, "a number with a leading `+`");
    refused_anywhere(".5", 0, "a value was expected");
    refused_anywhere("-", 1, "a digit was expected");
    refused_anywhere("-a", 1, "a digit was expected");
    refused(r#"{"x":1.,"signed":{},"signatures":[]}"#, 7, "a digit was expected");
    refused(r#"{"x":1e,"signed":{},"signatures":[]}"#, 7, "a digit was expected");
    refused(r#"{"x":0x10,"signed":{},"signatures":[]}"#, 6, "`,` or `}` was expected");
}

#[test]
fn a186_huge_numbers_are_refused_anywhere() {
    refused_anywhere(&"9".repeat(21), 0, "a number of more than 20 digits");
    refused_anywhere(&format!("-{}", "9".repeat(200_000)), 0, "a number of more than 20 digits");
    let fraction = format!(r#"{{"x":1.{},"signed":{{}},"signatures":[]}}"#, "0".repeat(31));
    refused(fraction, 5, "a number of more than 32 bytes");
    let exponent = format!(r#"{{"x":1e{},"signed":{{}},"signatures":[]}}"#, "9".repeat(200_000));
    refused(exponent, 5, "a number of more than 32 bytes");
}

#[test]
fn a187_integers_keep_their_digits() {
    let signed = r#"{"a":[9007199254740993,18446744073709551616,-9223372036854775809,99999999999999999999]}"#;
    assert_eq!(canonical(signed), signed);
}

#[test]
fn a188_nesting_is_counted_over_the_whole_document() {
    // The envelope is the first level, `signed` the second.
    let signed = |depth: usize| envelope(&format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth)));
    assert!(split(signed(14).as_bytes(), 16).is_ok());
    refused(signed(15), 45, "arrays and objects nest more than 16 deep");

    let objects = format!(r#"{{"signatures":[],"signed":{{}},"x":{}0"#, r#"{"a":"#.repeat(10_000));
    refused(objects, 108, "arrays and objects nest more than 16 deep");
    refused(format!(r#"{{"x":{}"#, "[".repeat(10_000)), 20, "arrays and objects nest more than 16 deep");
}

#[test]
fn a188_no_stack_is_used() {
    let depth = 1_000_000;
    let document = envelope(&format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth)));
    assert!(matches!(split(document.as_bytes(), usize::MAX).unwrap().canonical, Cow::Borrowed(_)));
}

#[test]
fn a189_only_utf_8_without_a_mark_is_read() {
    refused(b"{\"signatures\":[],\"signed\":{\"a\":\"\xff\"}}", 32, "not UTF-8");
    refused(b"{\"x\":\"\xc3\x28\",\"signatures\":[],\"signed\":{}}", 6, "not UTF-8");
    refused(b"{\"x\":\"\xed\xa0\x80\",\"signatures\":[],\"signed\":{}}", 6, "not UTF-8");
    refused(b"{\"x\":\"\xc0\x80\",\"signatures\":[],\"signed\":{}}", 6, "not UTF-8");
    refused(format!("\u{feff}{}", envelope("{}")), 0, "the document begins with a byte order mark");

    let utf_16: Vec<u8> = envelope("{}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused(&utf_16, 1, "the name of a member, in quotes, was expected");
    refused([b"\xff\xfe", &utf_16[..]].concat(), 0, "not UTF-8");
}

#[test]
fn a190_lone_surrogates_are_refused_anywhere() {
    for lone in [r"\ud800", r"\udfff", r"\ud800\ud800", r"\ude00\ud83d", r"\ud83dx", r"\ud83d\n", r"\ud83d\u0041"] {
        refused_anywhere(&format!("\"{lone}\""), 1, "lone surrogate in a string");
        refused_anywhere(&format!("{{\"{lone}\":1}}"), 2, "lone surrogate in a string");
    }
    assert_eq!(canonical(r#"{"\uD83D\ude00":"\ud800\udc00\udbff\udfff"}"#), "{\"😀\":\"\u{10000}\u{10ffff}\"}");
}

#[test]
fn a191_unicode_is_not_normalised() {
    let signed = "{\"e\u{301}\":\"e\u{301}\",\"\u{e9}\":\"\u{e9}\",\"\u{212b}\":\"\u{c5}\"}";
    assert_eq!(canonical(signed), signed);
}

#[test]
fn a192_members_are_in_the_order_of_code_points() {
    // In UTF-16 the astral name would come before U+FFFF.
    assert_eq!(canonical("{\"😀\":1,\"\u{ffff}\":2}"), "{\"\u{ffff}\":2,\"😀\":1}");
    assert_eq!(canonical(r#"{"\ud83d\ude00":1,"\uffff":2}"#), "{\"\u{ffff}\":2,\"😀\":1}");
    // The order is that of the names, not of their escaped form: U+0022 is below U+0023.
    assert_eq!(canonical(r#"{"a#":1,"a\"":2}"#), r#"{"a\"":2,"a#":1}"#);
}

#[test]
fn a193_only_backslash_and_quote_are_escaped() {
    assert_eq!(canonical(r#"{"a":"\"\\\/\b\f\n\r\t\u0000\u0022\u005C\u007f"}"#), {
        "{\"a\":\"\\\"\\\\/\u{8}\u{c}\n\r\t\0\\\"\\\\\u{7f}\"}"
    });
    let pem = r#"{"public":"-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n"}"#;
    assert_eq!(canonical(pem), pem.replace("\\n", "\n"));
}

#[test]
fn a194_other_bytes_of_the_same_signed_form_are_told_apart() {
    let one = envelope(r#"{"a":"é","b":1}"#);
    let other = envelope(r#"{ "b": 1, "a": "\u00e9" }"#);
    let (one, other) = (split(one.as_bytes(), DEPTH).unwrap(), split(other.as_bytes(), DEPTH).unwrap());
    assert_eq!(one.canonical, other.canonical);
    assert_eq!((one.signed, other.signed), (r#"{"a":"é","b":1}"#, r#"{ "b": 1, "a": "\u00e9" }"#));
}

#[test]
fn a195_only_whitespace_may_follow_the_document() {
    assert!(split(format!("{} \t\r\n", envelope("{}")).as_bytes(), DEPTH).is_ok());
    for trailing in ["x", "{}", ",", "}", "\0", "\u{feff}", "\u{c}"] {
        refused(format!("{}\n{trailing}", envelope("{}")), 30, "something follows the document");
    }
}

#[test]
fn a199_unknown_members_of_the_envelope_are_ignored_but_held_to_the_rules() {
    let document = br#"{"a":{"signed":{}},"signatures":[],"signed":{"z":1},"x":[null,true,{"signatures":1}]}"#;
    let expected =
        Document { signed: r#"{"z":1}"#, signed_offset: 44, signatures: "[]", canonical: Cow::Borrowed(br#"{"z":1}"#) };
    assert_eq!(split(document, DEPTH), Ok(expected));
    refused(r#"{"signatures":[],"signed":{},"x":{"b":1,"a":2,"a":3}}"#, 47, "the member `a` is there twice");
}

/// A small generator with a fixed seed, so that every run tests the same documents.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn space(&mut self) -> &'static str {
        self.pick(&["", "", "", "", " ", "\n\t", "\r"])
    }

    fn document(&mut self) -> String {
        let mut members = vec![format!(r#""signed":{}"#, self.object(4)), format!(r#""signatures":{}"#, self.array(4))];
        if self.below(2) == 0 {
            members.push(self.member(4));
        }
        if self.below(2) == 0 {
            members.reverse();
        }
        format!("{{{}}}{}", members.join(self.pick(&[",", " , "])), self.space())
    }

    fn object(&mut self, depth: usize) -> String {
        let members: Vec<_> = (0..self.below(5)).map(|_| self.member(depth)).collect();
        format!("{{{}{}{}}}", self.space(), members.join(","), self.space())
    }

    fn array(&mut self, depth: usize) -> String {
        let values: Vec<_> = (0..self.below(4)).map(|_| self.value(depth)).collect();
        format!("[{}{}{}]", self.space(), values.join(self.pick(&[",", " ,\n"])), self.space())
    }

    fn member(&mut self, depth: usize) -> String {
        format!("{}{}:{}{}", self.string(), self.space(), self.space(), self.value(depth))
    }

    fn value(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 => self.pick(&["true", "false", "null", "{}", "[]"]).to_owned(),
            1 => self.pick(&["0", "1", "-7", "18446744073709551615", "99999999999999999999"]).to_owned(),
            2 if self.below(20) == 0 => self.pick(&["-0", "1.5", "1e5", "01", "\"\\ud800\""]).to_owned(),
            2..=4 => self.string(),
            5 => self.array(depth - 1),
            _ => self.object(depth - 1),
        }
    }

    fn string(&mut self) -> String {
        let mut text = String::from("\"");
        for _ in 0..self.below(7) {
            text += self.pick(&[
                "a",
                "b",
                "#",
                "sixteen bytes ok",
                "\\\"",
                "\\\\",
                "\\u0061",
                "\\u0022",
                "\\n",
                "é",
                "\\u00e9",
                "e\u{301}",
                "😀",
                "\\ud83d\\ude00",
                "\u{ffff}",
                "\u{7f}",
                "\\/",
                "]",
                "\\u005C",
                "signed",
            ]);
        }
        text + "\""
    }
}
