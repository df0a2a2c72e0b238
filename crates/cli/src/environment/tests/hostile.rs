//! Wheels that somebody signed for and that are wrong all the same.

use super::super::*;
use super::fixture::{Fixture, archive, line, members, wheel};

fn refused(wheel: &[u8]) -> String {
    let fixture = Fixture::new();
    fixture.install("pkg", &[("pkg.py", "")]);
    fixture.compare("pkg", wheel).unwrap_err().to_string()
}

#[test]
fn a_member_that_leads_elsewhere_is_refused() {
    for name in ["../evil.py", "/evil.py", "a/../../evil.py", "a\\..\\evil.py", "C:evil.py", "a//b.py", "./a.py"] {
        let expected = format!("the wheel has a member `{name}`, which has no place in an environment");
        assert_eq!(refused(&wheel("pkg", &[("pkg.py", ""), (name, "")])), expected);
    }
    for name in ["pkg-1.0.data/other/a", "other-1.0.data/scripts/a", "pkg-1.0.data/a"] {
        let expected = format!("the wheel has a member `{name}`, which has no place in an environment");
        assert_eq!(refused(&wheel("pkg", &[(name, "")])), expected);
    }
}

#[test]
fn two_members_of_one_name_are_refused() {
    let bytes = wheel("pkg", &[("pkg.py", "good"), ("pkh.py", "evil")]);
    let mut twice = bytes.clone();
    for at in 0..bytes.len() - 6 {
        // In the headers alone: RECORD names them with a comma behind.
        if &bytes[at..at + 6] == b"pkh.py" && bytes[at + 6] != b',' {
            twice[at..at + 6].copy_from_slice(b"pkg.py");
        }
    }
    assert_ne!(bytes, twice);
    assert_eq!(
        refused(&twice),
        "the wheel is not an archive that all readers understand alike: invalid Zip archive: header inconsistency \
         detected: duplicate file names in central directory"
    );
}

#[test]
fn what_is_not_this_wheel_is_refused() {
    assert_eq!(refused(&wheel("other", &[])), "it is the wheel of `other-1.0`, and `pkg-1.0` is installed");
    assert_eq!(
        refused(&archive(&[("pkg.py", "")])),
        "the wheel has 0 RECORD files where it needs one, in its .dist-info"
    );
    assert_eq!(
        refused(&wheel("pkg", &[("other-1.0.dist-info/RECORD", "")])),
        "the wheel has 2 RECORD files where it needs one, in its .dist-info"
    );
    let broken = refused(b"no archive");
    assert!(broken.starts_with("the wheel is not an archive that all readers understand alike: "), "{broken}");
}

#[test]
fn a_record_that_contradicts_itself_is_refused() {
    for record in ["pkg.py,sha256=short,\n", "pkg.py,nothing,\n", ",,\n", "pkg.py,,\npkg.py,sha512=,\n"] {
        let record = [("pkg-1.0.dist-info/RECORD", record)];
        let number = record[0].1.lines().count();
        assert_eq!(refused(&archive(&record)), format!("line {number} of the wheel's RECORD is not a path and a hash"));
    }
}

#[test]
fn a_record_that_disagrees_with_the_members_is_reported_and_the_members_decide() {
    let record = line("listed.py", "")
        + &line("other.py", "x")
        + "weak.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\npkg-1.0.dist-info/RECORD.jws,,\n"
        + "pkg-1.0.dist-info/METADATA,,\npkg-1.0.dist-info/WHEEL,,\npkg-1.0.dist-info/RECORD,,\n";
    let mut all = members("pkg", &[("other.py", "y"), ("weak.py", ""), ("unlisted.py", "")]);
    all.last_mut().unwrap().1 = record;
    let all: Vec<_> = all.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
    let fixture = Fixture::new();
    fixture.install("pkg", &[("other.py", "y"), ("weak.py", ""), ("unlisted.py", "changed")]);
    let comparison = fixture.compare("pkg", &archive(&all)).unwrap();
    let fault = |member: &str, problem| RecordFault { member: member.to_owned(), problem };
    assert_eq!(
        comparison.record_faults,
        [
            fault("listed.py", RecordProblem::NoMember),
            fault("other.py", RecordProblem::OtherHash),
            fault("pkg-1.0.dist-info/METADATA", RecordProblem::NoHash),
            fault("pkg-1.0.dist-info/WHEEL", RecordProblem::NoHash),
            fault("unlisted.py", RecordProblem::NotListed),
            fault("weak.py", RecordProblem::NoHash),
        ]
    );
    let paths: Vec<_> = comparison.differences.iter().map(|found| fixture.relative(&found.path)).collect();
    assert_eq!(paths, ["SITE/unlisted.py"]);
}
