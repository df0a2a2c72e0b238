"""The command against a web server."""

import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from conftest import PASSWORD, REPOS, Nginx

GREETER = "packages/tufgate_demo_greeter-1.0.0-py3-none-any.whl"
FETCHED = ["404 /pep458/metadata/2.root.json", "200 /pep458/metadata/timestamp.json",
           "200 /pep458/metadata/3.snapshot.json", "200 /pep458/metadata/1.targets.json"]
UNCHANGED = FETCHED[:2]


def test_a_first_run_fetches_each_role_once_and_an_unchanged_one_asks_for_root_and_timestamp(home, nginx):
    home.trust("pep458", nginx.http)
    assert nginx.requests() == []
    assert home.run("refresh").code == 0
    assert nginx.requests() == FETCHED
    assert home.run("refresh").code == 0
    assert nginx.requests() == UNCHANGED

    ran = home.run("verify", REPOS / "pep458/dist")
    assert (ran.code, [line[0] for line in ran.lines()]) == (0, ["verified"] * 3)
    # Those of the files, and of the pages that lead to them.
    names = ["1.bins", "2.c0-cf", "2.a0-af", "2.10-1f", "2.00-0f", "2.d0-df"]
    requests = nginx.requests()
    pages = sorted(request for request in requests if "/targets/" in request)
    assert [page.rpartition(".index.json")[0].split("/")[4] for page in pages] == ["tufgate-demo-clock", "tufgate-demo-greeter"]
    assert requests[:3] == [*UNCHANGED, "200 /pep458/metadata/1.bins.json"]
    assert sorted(requests[2:]) == sorted([*pages, *(f"200 /pep458/metadata/{name}.json" for name in names)])
    # Roles are kept, pages are not.
    assert home.run("verify", REPOS / "pep458/dist").code == 0
    again = nginx.requests()
    assert (again[:2], sorted(again[2:])) == (UNCHANGED, pages)


def test_json_and_pages_may_come_compressed_but_packages_come_as_they_are(home, nginx):
    home.trust("pep458", nginx.http)
    # The server would compress the package, too.
    url = f"{nginx.http}/index/{GREETER}"
    response = urllib.request.urlopen(urllib.request.Request(url, headers={"Accept-Encoding": "gzip"}))
    assert response.headers["Content-Encoding"] == "gzip"
    nginx.log()
    assert home.run("download", "simple/tufgate-demo-greeter/index.html", GREETER).code == 0
    encodings = [(Path(path).suffix, encoding) for status, path, encoding in map(str.split, nginx.log()) if status == "200"]
    assert set(encodings) == {(".json", "gzip"), (".html", "gzip"), (".whl", "-")}


def test_files_that_were_tampered_with_end_with_1(home, nginx):
    home.trust("pep458", nginx.http)
    ran = home.run("verify", REPOS / "pep458/dist-tampered")
    assert (ran.code, [line[0] for line in ran.lines()]) == (1, ["verified", "unknown-project", "mismatch"])


def test_a_download_is_what_the_repository_signs_and_is_not_fetched_again(home, nginx):
    home.trust("pep458", nginx.http)
    ran = home.run("download", GREETER, "-o", "out")
    assert ran.code == 0, ran
    file = home.path / "out" / GREETER.removeprefix("packages/")
    assert file.read_bytes() == (REPOS / "pep458/dist" / file.name).read_bytes()
    targets = [request for request in nginx.requests() if "/targets/" in request]
    assert len(targets) == 1 and targets[0].endswith(f".{file.name}"), targets
    assert home.run("download", GREETER, "-o", "out").code == 0
    assert nginx.requests() == UNCHANGED

    ran = home.run("download", "packages/absent.whl", "-o", "out")
    assert (ran.code, ran.lines()[0][0]) == (1, "unsigned")


def test_inspect_shows_what_is_served(home, nginx):
    home.trust("pep458", nginx.http)
    repository = home.run("inspect", "--format=json").json()["repository"]
    assert repository == {"index": "pep458", "metadata_url": f"{nginx.http}/pep458/metadata/", "root": 1, "timestamp": 7,
                          "snapshot": 3, "targets": 1, "valid_until": "2035-09-01T00:00:01Z"}
    assert home.run("inspect", "bins").code == 0


def test_offline_asks_nothing_and_ends_with_4(home, nginx):
    home.trust("pep458", nginx.http)
    assert home.run("refresh").code == 0
    nginx.requests()
    ran = home.run("verify", "--offline", REPOS / "pep458/dist")
    assert (ran.code, ran.stdout) == (4, "")
    assert "help: --offline reaches only repositories at file://" in ran.stderr
    assert nginx.requests() == []


def test_a_server_that_is_gone_ends_with_4_and_says_what_to_do(home, tmp_path):
    (tmp_path / "nginx").mkdir()
    server = Nginx(tmp_path / "nginx")
    try:
        home.trust("pep458", server.http)
        assert home.run("refresh").code == 0
    finally:
        server.stop()
    ran = home.run("verify", REPOS / "pep458/dist")
    assert (ran.code, ran.stdout) == (4, "")
    assert "at fault: the network or the server\nhelp: check the address, the network, and the proxy" in ran.stderr
    # What was trusted is there still.
    server.start()
    try:
        assert home.run("verify", REPOS / "pep458/dist").code == 0
    finally:
        server.stop()


def test_a_certificate_is_trusted_only_by_an_authority_that_was_named(home, nginx):
    home.trust("pep458", nginx.https)
    ran = home.run("refresh")
    assert (ran.code, ran.stdout) == (4, "")
    assert "--ca-file" in ran.stderr
    assert nginx.requests() == []
    assert home.run("refresh", "--ca-file", nginx.here / "ca.pem").code == 0
    assert nginx.requests() == FETCHED
    assert home.run("refresh", TUFGATE_CA_FILE=str(nginx.here / "ca.pem")).code == 0
    assert home.run("refresh", "--ca-file", REPOS / "pep458/root.json").code == 2


def test_403_for_an_absent_root_is_the_end_of_roots_only_where_that_is_configured(home, nginx):
    home.trust("pep458", f"{nginx.http}/store")
    ran = home.run("refresh")
    assert ran.code == 4
    assert "forbidden-is-absent" in ran.stderr
    assert nginx.requests() == ["403 /store/pep458/metadata/2.root.json"]
    assert home.run("refresh", "--forbidden-is-absent").code == 0
    assert home.run("verify", "--forbidden-is-absent", REPOS / "pep458/dist").code == 0


def test_a_password_is_read_from_netrc_and_shown_nowhere(home, nginx):
    netrc = home.path / "netrc"
    home.trust("pep458", f"{nginx.http}/private", "--netrc", netrc)
    shown = []
    for login, code in [("someone", 4), ("reader", 0)]:
        netrc.write_text(f"machine 127.0.0.1 login {login} password {PASSWORD}\n")
        netrc.chmod(0o600)
        ran = home.run("verify", "-vv", REPOS / "pep458/dist")
        assert ran.code == code, ran
        shown += [ran.stdout, ran.stderr]
    assert "401" in shown[1] and "--netrc" in shown[1]
    # A password in an address counts as well, and is shown as little.
    with_password = nginx.http.replace("//", f"//reader:{PASSWORD}@") + "/private/pep458"
    netrc.write_text("")
    ran = home.run("refresh", "-vv", f"--metadata-url={with_password}/metadata/")
    shown += [ran.stdout, ran.stderr]
    assert not any(PASSWORD in text or "cmVhZGVyOmh1bnRlcjI" in text for text in shown)


def test_a_redirect_is_followed_but_not_away_from_tls_and_not_for_ever(home, nginx):
    home.trust("pep458", f"{nginx.http}/moved")
    assert home.run("verify", REPOS / "pep458/dist").code == 0
    requests = nginx.requests()
    assert requests[:2] == ["301 /moved/pep458/metadata/2.root.json", "404 /pep458/metadata/2.root.json"]

    other = home.path / "other"
    other.mkdir()
    options = ["--root", REPOS / "pep458/root.json", "--targets-url", nginx.https, "--ca-file", nginx.here / "ca.pem"]
    ran = home.run("refresh", *options, f"--metadata-url={nginx.https}/downgrade/pep458/metadata/")
    assert (ran.code, ran.stdout) == (4, "")
    assert "configure the address that it leads to" in ran.stderr
    assert nginx.requests() == ["302 /downgrade/pep458/metadata/2.root.json"]

    ran = home.run("refresh", *options, f"--metadata-url={nginx.http}/loop/")
    assert (ran.code, ran.stdout) == (4, "")
    assert len(nginx.requests()) < 20


def test_a_proxy_is_asked_for_a_host_that_only_it_finds(home, nginx):
    home.trust("pep458", "http://index.invalid", "--proxy", nginx.proxy)
    assert home.run("verify", REPOS / "pep458/dist").code == 0
    assert FETCHED[0] in nginx.requests()
    ran = home.run("refresh", "--proxy=direct")
    assert ran.code == 4 and nginx.requests() == []
    assert home.run("refresh", "--proxy=direct", http_proxy=nginx.proxy).code == 4


def test_what_a_real_pip_downloads_is_verified_until_one_byte_is_another(home, nginx):
    home.trust("pep458", nginx.http)
    pip(home, "download", "--no-deps", "--index-url", f"{nginx.http}/index/simple/", "--dest", "wheels",
        "tufgate-demo-greeter", "tufgate-demo-clock")
    assert "200 /index/simple/tufgate-demo-greeter/index.html" in nginx.requests()
    ran = home.run("verify", "wheels")
    assert (ran.code, [line[0] for line in ran.lines()]) == (0, ["verified"] * 2), ran
    wheel = home.path / "wheels" / GREETER.removeprefix("packages/")
    content = bytearray(wheel.read_bytes())
    content[-1] ^= 1
    wheel.write_bytes(content)
    ran = home.run("verify", "wheels")
    assert (ran.code, [line[0] for line in ran.lines()]) == (1, ["verified", "mismatch"]), ran

    # What was verified can be installed.
    shutil.rmtree(home.path / "wheels")
    assert home.run("download", GREETER, "-o", "wheels").code == 0
    pip(home, "install", "--no-deps", "--no-index", "--find-links", "wheels", "--target", "installed",
        "tufgate-demo-greeter")
    assert (home.path / "installed/tufgate_demo_greeter-1.0.0.dist-info/METADATA").is_file()


def pip(home, *arguments):
    command = [sys.executable, "-m", "pip", "--isolated", "--no-cache-dir", "--disable-pip-version-check", "--quiet"]
    environment = {"HOME": str(home.path), "PIP_CONFIG_FILE": "/dev/null"}
    subprocess.run([*command, *arguments], cwd=home.path, env=environment, check=True, timeout=60)
