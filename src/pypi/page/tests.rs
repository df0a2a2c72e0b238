//! Pages in both formats: what they say, and what makes them unusable.

use super::*;
use crate::digest::HashAlgorithm;

const BASE: &str = "https://index.example/simple/foo/";
const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const MORE: &str = "00b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn html(page: &str) -> Result<ProjectPage, PageError> {
    ProjectPage::parse(PageFormat::Html, page.as_bytes(), BASE)
}

fn json(page: &str) -> Result<ProjectPage, PageError> {
    ProjectPage::parse(PageFormat::Json, page.as_bytes(), BASE)
}

/// A page in JSON with these entries.
fn json_with(files: &str) -> Result<ProjectPage, PageError> {
    json(&format!(r#"{{"meta": {{"api-version": "1.1"}}, "name": "foo", "files": [{files}]}}"#))
}

fn one(page: Result<ProjectPage, PageError>) -> PageFile {
    let page = page.unwrap();
    assert_eq!((page.files().len(), page.skipped()), (1, 0));
    page.files()[0].clone()
}

fn names(page: &str) -> Vec<String> {
    html(page).unwrap().files().iter().map(|file| file.file_name().to_owned()).collect()
}

fn sha256(hex: &str) -> Hashes {
    Hashes::new(vec![Digest::from_hex(HashAlgorithm::Sha256, hex).unwrap()]).unwrap()
}

fn full_file() -> PageFile {
    PageFile {
        name: DistributionName::parse("foo-1.0-py3-none-any.whl").unwrap(),
        url: "https://index.example/packages/a/foo-1.0-py3-none-any.whl".to_owned(),
        hashes: Some(sha256(HEX)),
        requires_python: Some(">=3.8,<4".to_owned()),
        yanked: Some("broken & bad".to_owned()),
        core_metadata: Some(CoreMetadata::Hashed(sha256(MORE))),
        size: None,
        gpg_sig: Some(false),
        provenance: Some("https://index.example/p".to_owned()),
    }
}

#[test]
fn a_page_in_html_says_all_of_a_file() {
    let page = format!(
        r#"<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.3"><title>Links</title></head>
        <body><h1>Links</h1><A HREF="../../packages/a/foo-1.0-py3-none-any.whl#sha256={HEX}"
          data-requires-python="&gt;=3.8,&lt;4" data-yanked="broken &amp; bad" DATA-core-METADATA="sha256={MORE}"
          data-dist-info-metadata="true" data-gpg-sig=false data-provenance='https://index.example/p'
          >foo-1.0-py3-none-any.whl</a><br/></body></html>"#
    );
    assert_eq!(one(html(&page)), full_file());
}

#[test]
fn a_page_in_json_says_all_of_a_file() {
    let file = format!(
        r#"{{"filename": "foo-1.0-py3-none-any.whl", "url": "../../packages/a/foo-1.0-py3-none-any.whl",
        "hashes": {{"md5": "00", "sha256": "{HEX}"}}, "requires-python": ">=3.8,<4", "yanked": "broken & bad",
        "core-metadata": {{"sha256": "{MORE}"}}, "dist-info-metadata": true, "gpg-sig": false, "size": 7,
        "upload-time": "2022-01-01T00:00:00Z", "provenance": "https://index.example/p", "later": {{"x": [1]}}}}"#
    );
    assert_eq!(one(json_with(&file)), PageFile { size: Some(7), ..full_file() });
}

#[test]
fn a_file_of_which_little_is_said_has_little() {
    let expected = PageFile {
        name: DistributionName::parse("foo-1.0.tar.gz").unwrap(),
        url: "https://index.example/simple/foo/foo-1.0.tar.gz".to_owned(),
        hashes: None,
        requires_python: None,
        yanked: None,
        core_metadata: None,
        size: None,
        gpg_sig: None,
        provenance: None,
    };
    assert_eq!(one(html("<a href=foo-1.0.tar.gz#md5=00&egg=foo>")), expected);
    assert_eq!(one(json_with(r#"{"filename": "foo-1.0.tar.gz", "url": "foo-1.0.tar.gz", "hashes": {}}"#)), expected);
    let nulls = r#"{"filename": "foo-1.0.tar.gz", "url": "foo-1.0.tar.gz", "hashes": {"sha3_256": "00"}, "yanked": false,
        "size": null, "requires-python": null, "core-metadata": false, "gpg-sig": null, "provenance": null}"#;
    assert_eq!(one(json_with(nulls)), expected);
}

#[test]
fn a165_yanked_is_what_the_page_says() {
    let in_html = |attribute: &str| one(html(&format!("<a href=foo-1.zip {attribute}>"))).yanked;
    let in_json = |member: &str| {
        one(json_with(&format!(r#"{{"filename": "foo-1.zip", "url": "foo-1.zip", "hashes": {{}} {member}}}"#))).yanked
    };
    assert_eq!((in_html(""), in_json("")), (None, None));
    assert_eq!(in_json(r#", "yanked": false"#), None);
    assert_eq!(in_json(r#", "yanked": "\"\u00e9\"""#).as_deref(), Some("\"é\""));
    assert_eq!((in_html("data-yanked"), in_json(r#", "yanked": true"#)), (Some(String::new()), Some(String::new())));
    assert_eq!(in_json(r#", "yanked": """#), Some(String::new()));
    assert_eq!((in_html("data-yanked=bad"), in_json(r#", "yanked": "bad""#)), (Some("bad".into()), Some("bad".into())));
}

#[test]
fn a164_the_hash_of_core_metadata_is_what_the_page_says() {
    let in_html = |attributes: &str| one(html(&format!("<a href=foo-1.zip {attributes}>"))).core_metadata;
    let in_json = |members: &str| {
        let file = format!(r#"{{"filename": "foo-1.zip", "url": "foo-1.zip", "hashes": {{}}, {members}}}"#);
        one(json_with(&file)).core_metadata
    };
    let hashed = Some(CoreMetadata::Hashed(sha256(HEX)));
    assert_eq!(in_html(&format!("data-dist-info-metadata=sha256={HEX}")), hashed);
    assert_eq!(in_html(&format!("data-core-metadata=sha256={HEX} data-dist-info-metadata=sha256={MORE}")), hashed);
    assert_eq!(in_html("data-core-metadata=true"), Some(CoreMetadata::Unhashed));
    assert_eq!(in_html("data-core-metadata=md5=00"), Some(CoreMetadata::Unhashed));
    assert_eq!(in_html("data-core-metadata=false"), None);
    assert_eq!(in_json(&format!(r#""dist-info-metadata": {{"sha256": "{HEX}"}}"#)), hashed);
    assert_eq!(in_json(r#""core-metadata": true"#), Some(CoreMetadata::Unhashed));
    assert_eq!(in_json(r#""core-metadata": {}"#), Some(CoreMetadata::Unhashed));
    assert_eq!(in_json(&format!(r#""core-metadata": false, "dist-info-metadata": {{"sha256": "{HEX}"}}"#)), None);
    let bad = html("<a href=foo-1.zip data-core-metadata=sha256=00>").unwrap_err();
    assert_eq!(bad, PageError::Hash { file: "foo-1.zip".to_owned(), hash: "sha256=00".to_owned() });
}

#[test]
fn a158_the_name_that_a_page_gives_itself_is_not_heard() {
    let page = |name: &str| json(&format!(r#"{{"meta": {{"api-version": "1.0"}}, {name} "files": []}}"#)).unwrap();
    assert_eq!(page(r#""name": "foo","#), page(r#""name": "bar","#));
    assert_eq!(page(r#""name": ["x"],"#), page(""));
}

#[test]
fn only_anchors_in_the_document_are_links() {
    for hidden in [
        "<!-- <a href=b-1.zip></a> -->",
        "<!-- > <a href=b-1.zip> --!>",
        "<script>'<a href=b-1.zip>'</script>",
        "<script><!--<script></script><a href=b-1.zip>--></script>",
        "<style><a href=b-1.zip></style>",
        "<title><a href=b-1.zip></title>",
        "<TEXTAREA><a href=b-1.zip></textarea>",
        "<template><div><a href=b-1.zip></div></template>",
        "<template><template></template><a href=b-1.zip></template>",
        "<noembed><a href=b-1.zip></noembed>",
        "<iframe><a href=b-1.zip></iframe>",
        "<p title='<a href=b-1.zip>'>",
        "<![CDATA[<a href=b-1.zip]]>",
        "<?x <a href=b-1.zip ?>",
        "<a name=b-1.zip>",
        "<area href=b-1.zip>",
        "</a href=b-1.zip>",
        "&lt;a href=b-1.zip>",
    ] {
        let page = format!("<a href=a-1.zip></a>{hidden}<a href=c-1.zip></a>");
        assert_eq!(names(&page), ["a-1.zip", "c-1.zip"], "{hidden}");
    }
    assert_eq!(names("<a href=a-1.zip><template><a href=b-1.zip>"), ["a-1.zip"]);
    assert_eq!(names("</template><a href=a-1.zip><plaintext><a href=b-1.zip>"), ["a-1.zip"]);
    assert_eq!(
        names("<a href=a-1.zip><a href='b-1.zip' href=c-1.zip><b><p><a\nHREF = \"d-1.zip\"\n/></b>"),
        ["a-1.zip", "b-1.zip", "d-1.zip"]
    );
    assert_eq!(names("<a href='a-1.zip"), [""; 0]);
}

#[test]
fn links_go_from_the_base() {
    let url = |page: &str| one(html(page)).url().to_owned();
    for (page, expected) in [
        ("<a href=//files.example/foo-1.zip>", "https://files.example/foo-1.zip"),
        ("<a href=' /p/foo-1.zip '>", "https://index.example/p/foo-1.zip"),
        ("<a href='http://files.example/foo-1%2B1.zip?x=1#y'>", "http://files.example/foo-1%2B1.zip?x=1"),
        ("<base href=https://files.example/a/b><a href=foo-1.zip>", "https://files.example/a/foo-1.zip"),
        ("<base><base href=/a/><base href=/b/><a href=foo-1.zip>", "https://index.example/a/foo-1.zip"),
        ("<template><base href=/a/></template><a href=foo-1.zip>", "https://index.example/simple/foo/foo-1.zip"),
        ("<a href=&#x2f;p&sol;foo-1&period;zip>", "https://index.example/p/foo-1.zip"),
    ] {
        assert_eq!(url(page), expected, "{page}");
    }
}

#[test]
fn what_is_no_distribution_is_left_out_and_counted() {
    let links =
        ["../", "#top", "?C=N", "mailto:a@b.example", "README", "foo-1.egg", "a%2ffoo-1.zip", "http://[/foo-1.zip"];
    let page: String = links.iter().map(|link| format!("<a href='{link}'>")).collect();
    let page = html(&page).unwrap();
    assert_eq!((page.files().len(), page.skipped()), (0, links.len()));
    let page = json_with(r#"{"filename": "../foo-1.zip", "url": "x", "hashes": {}}"#).unwrap();
    assert_eq!((page.files().len(), page.skipped()), (0, 1));
}

#[test]
fn the_name_of_a_file_is_that_of_its_address_in_html() {
    assert_eq!(names("<a href=foo-1%2bl.zip>bar-1.zip</a>"), ["foo-1+l.zip"]);
}

#[test]
fn a_file_may_stand_twice_if_the_same_is_said_of_it() {
    let link = format!("<a href=foo-1.zip#sha256={HEX}>");
    assert_eq!(names(&format!("{link}{link}")), ["foo-1.zip"]);
    let expected = Err(PageError::Ambiguous { file: "foo-1.zip".to_owned() });
    assert_eq!(html(&format!("{link}<a href=foo-1.zip#sha256={MORE}>")), expected);
    assert_eq!(html(&format!("{link}<a href=/foo-1.zip#sha256={HEX}>")), expected);
    assert_eq!(html(&format!("{link}<a href=foo-1.zip>")), expected);
    let file = |yanked| format!(r#"{{"filename": "foo-1.zip", "url": "a", "hashes": {{}}, "yanked": {yanked}}}"#);
    assert_eq!(json_with(&[file(true), file(true)].join(",")).unwrap().files().len(), 1);
    assert_eq!(json_with(&[file(true), file(false)].join(",")), expected);
}

#[test]
fn a_file_is_found_by_its_exact_name() {
    let page = html("<a href=foo-1.zip><a href=Foo-1.zip#x>").unwrap();
    assert_eq!(page.file("Foo-1.zip"), page.files().last());
    assert_eq!(page.file("FOO-1.zip"), None);
}

#[test]
fn a_hash_that_is_known_and_wrong_is_not_taken_for_none() {
    let text = |hash: &str| format!("the index page gives `{hash}` for `foo-1.zip`, which is not a usable hash");
    let both = format!("sha256={HEX}&sha256={MORE}");
    for (fragment, hash) in [
        ("sha256=", "sha256=".to_owned()),
        ("sha256=00", "sha256=00".to_owned()),
        (&both, format!("sha256={MORE}")),
        ("egg=x&sha512=zz", "sha512=zz".to_owned()),
    ] {
        assert_eq!(html(&format!("<a href='foo-1.zip#{fragment}'>")).unwrap_err().to_string(), text(&hash));
    }
    let in_json = json_with(r#"{"filename": "foo-1.zip", "url": "a", "hashes": {"sha256": "0"}}"#);
    assert_eq!(in_json.unwrap_err().to_string(), text("sha256=0"));
    assert_eq!(one(html(&format!("<a href=foo-1.zip#sha256={}>", HEX.to_uppercase()))).hashes, Some(sha256(HEX)));
}

#[test]
fn only_the_first_version_of_the_interface_is_known() {
    for found in ["2.0", "10.0", "1", "", "1.", "1.x", "1.0.0", " 1.0"] {
        let expected = Err(PageError::Version { found: found.to_owned() });
        assert_eq!(html(&format!("<meta name='pypi:repository-version' content='{found}'>")), expected);
        assert_eq!(json(&format!(r#"{{"meta": {{"api-version": "{found}"}}, "files": []}}"#)), expected);
    }
    let error = PageError::Version { found: "2.0".to_owned() }.to_string();
    assert_eq!(error, "the index page has version `2.0`; this client knows 1");
    assert!(html("<meta name=pypi:repository-version content=1.9>").is_ok());
    assert!(html("<meta name=other content=2.0>").is_ok());
}

#[test]
fn a_page_in_json_that_is_none_says_why() {
    for (page, reason) in [
        ("", "EOF while parsing a value (byte 0)"),
        ("[]", "invalid type: sequence, expected an object (byte 0)"),
        (r#"{"files": []}"#, "missing field `meta` (byte 13)"),
        (r#"{"meta": {"api-version": "1.0"}}"#, "missing field `files` (byte 32)"),
        (r#"{"meta": ["1.0"], "files": []}"#, "invalid type: sequence, expected an object (byte 9)"),
        (r#"{"meta": {"api-version": 1}, "files": []}"#, "invalid type: integer `1`, expected a string (byte 26)"),
        (r#"{"meta": {"api-version": "1.0"}, "files": {}}"#, "invalid type: map, expected a list of files (byte 42)"),
        (r#"{"meta": {"api-version": "1.0"}, "files": [], "files": []}"#, "duplicate field `files` (byte 53)"),
        (r#"{"meta": {"api-version": "1.0"}, "files": []} x"#, "trailing characters (byte 47)"),
    ] {
        assert_eq!(
            json(page).unwrap_err().to_string(),
            format!("the index page is not what PEP 691 describes: {reason}")
        );
    }
    let start = r#"{"meta": {"api-version": "1.1"}, "name": "foo", "files": ["#.len();
    for (file, reason, at) in [
        ("{}", "missing field `filename`", 2),
        (r#"{"filename": "a", "url": "a"}"#, "missing field `hashes`", 29),
        (r#"{"filename": "a", "url": "a", "hashes": []}"#, "invalid type: sequence, expected an object", 40),
        (r#"["a"]"#, "invalid type: sequence, expected an object", 0),
        (r#"{"filename": "a", "filename": "b"}"#, "duplicate field `filename`", 28),
        (r#"{"yanked": 1}"#, "invalid type: integer `1`, expected a boolean or a string", 12),
        (r#"{"core-metadata": "x"}"#, "invalid type: string \"x\", expected a boolean or an object of hashes", 21),
        (r#"{"core-metadata": {"other": 1}}"#, "invalid type: integer `1`, expected a string", 29),
        // What cannot be is not read to its end.
        (r#"{"yanked": [0, 0, 0, 0]}"#, "invalid type: sequence, expected a boolean or a string", 12),
        (r#"{"core-metadata": [0, 0, 0, 0]}"#, "invalid type: sequence, expected a boolean or an object of hashes", 19),
        (r#"{"size": -1}"#, "invalid value: integer `-1`, expected u64", 11),
    ] {
        let error = json_with(file).unwrap_err().to_string();
        let expected = format!("the index page is not what PEP 691 describes: {reason} (byte {})", start + at);
        assert_eq!(error, expected);
    }
    // What is not looked at may be deep: it is passed over without recursion.
    let error = json_with(&format!(r#"{{"later": {}{}}}"#, "[".repeat(200), "]".repeat(200))).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("the index page is not what PEP 691 describes: missing field `filename` (byte {})", start + 411)
    );
}

#[test]
fn an_address_that_is_none_is_refused() {
    let address = |url: &str| json_with(&format!(r#"{{"filename": "foo-1.zip", "url": "{url}", "hashes": {{}}}}"#));
    for (url, shown) in [("ftp://f.example/foo-1.zip", "ftp://f.example/foo-1.zip"), ("http://u:p@[/", "http://[/")] {
        assert_eq!(
            address(url).unwrap_err().to_string(),
            format!("the index page gives `{shown}` as the address of `foo-1.zip`, which is no address of a file")
        );
    }
    for base in ["simple/foo/", "data:x", ""] {
        let error = ProjectPage::parse(PageFormat::Html, b"", base).unwrap_err().to_string();
        assert_eq!(error, format!("`{base}` is not the address of an index page"));
    }
}

#[test]
fn a_page_in_html_that_cannot_be_read_says_why() {
    let attributes: String = (0..65).map(|at| format!(" x{at}")).collect();
    for (page, reason) in [
        (&b"\xff"[..], "it is not UTF-8"),
        (b"<a href=foo-1.zip><base href=/x/>", "`<base>` stands behind a link"),
        (b"<base href=http://[>", "`<base>` gives no address"),
        (format!("<p{attributes}>").as_bytes(), "a tag has more than 64 attributes"),
        (format!("</p{attributes}>").as_bytes(), "a tag has more than 64 attributes"),
        (format!("<title{attributes}>").as_bytes(), "a tag has more than 64 attributes"),
        (format!("<template><p{attributes}>").as_bytes(), "a tag has more than 64 attributes"),
        (format!("<a{}", " x".repeat(60_000)).as_bytes(), "a tag or comment is longer than 64 KiB"),
        (format!("<!--{}", "x".repeat(100_000)).as_bytes(), "a tag or comment is longer than 64 KiB"),
    ] {
        let error = ProjectPage::parse(PageFormat::Html, page, BASE).unwrap_err().to_string();
        assert_eq!(error, format!("the index page is not what PEP 503 describes: {reason}"));
    }
    // Text may be long, and nesting costs nothing.
    assert_eq!(names(&format!("{}ä{}<a href=foo-1.zip>", "<b>".repeat(50_000), "ä".repeat(100_000))), ["foo-1.zip"]);
}

#[test]
fn limits_hold() {
    let limits = PageLimits { bytes: 200, files: 2 };
    let parse = |format, page: &str| ProjectPage::parse_within(&limits, format, page.as_bytes(), BASE);
    assert!(parse(PageFormat::Html, "<a href=foo-1.zip><a href=x>").is_ok());
    assert_eq!(parse(PageFormat::Html, "<a><a><a>"), Err(PageError::Files { limit: 2 }));
    let file = r#"{"filename":"","url":"","hashes":{}},"#;
    let page = |count: usize| {
        format!(r#"{{"meta":{{"api-version":"1.0"}},"files":[{}]}}"#, file.repeat(count).trim_end_matches(','))
    };
    assert_eq!(parse(PageFormat::Json, &page(2)).unwrap().skipped(), 2);
    let error = parse(PageFormat::Json, &page(3)).unwrap_err();
    assert_eq!(error.to_string(), "the index page has more than 2 files, the limit");
    let error = parse(PageFormat::Html, &" ".repeat(201)).unwrap_err();
    assert_eq!(error.to_string(), "the index page has 201 bytes, more than the limit of 200");
    assert_eq!(
        PageError::Ambiguous { file: "a\n".to_owned() }.to_string(),
        "the index page says two different things of `a\\u{a}`"
    );
}

#[test]
fn a_short_link_does_not_stand_for_a_long_address_again_and_again() {
    let limits = PageLimits { bytes: 10_000, files: 1000 };
    let parse = |format, page: &str| ProjectPage::parse_within(&limits, format, page.as_bytes(), BASE);
    let base = format!("<base href=https://index.example/{}/>", "x".repeat(4_000));
    let links = |link: &str, count: usize| format!("{base}{}", link.repeat(count));
    // Also what is left out, and what stands there twice, was an address for a while.
    for link in ["<a href=foo-1.zip>", "<a href=README>"] {
        assert!(parse(PageFormat::Html, &links(link, 2)).is_ok());
        assert_eq!(parse(PageFormat::Html, &links(link, 3)), Err(PageError::Addresses { limit: 10_000 }));
    }
    let file = r#"{"filename":"foo-1.zip","url":"x","hashes":{}}"#;
    let page =
        |count: usize| format!(r#"{{"meta":{{"api-version":"1.0"}},"files":[{}]}}"#, vec![file; count].join(","));
    let base = format!("https://index.example/{}/", "x".repeat(4_000));
    let parse = |count| ProjectPage::parse_within(&limits, PageFormat::Json, page(count).as_bytes(), &base);
    assert!(parse(2).is_ok());
    let error = parse(3).unwrap_err().to_string();
    assert_eq!(error, "the addresses of the index page have more than 10000 bytes together, the limit");
}
