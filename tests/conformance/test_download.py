"""Targets: where they are asked for, when they are accepted, when they are not asked for again."""

import hashlib

import pytest


def publish_target(repository, path, content, algorithms=("sha256",)):
    repository.add_target("targets", path, content, algorithms)
    repository.publish("targets", "snapshot", "timestamp")


def target_requests(repository):
    return [path for path in repository.take_requests() if path.startswith("targets/")]


def replace_bytes(repository, path, content):
    for address in repository.served:
        if address.startswith("targets/") and address.endswith(path):
            repository.served[address] = content


@pytest.mark.parametrize("path, directory, name", [
    ("file.txt", "", "file.txt"),
    ("path/to/a/file.txt", "path/to/a/", "file.txt"),
    ("a b/é?#%2F.whl", "a%20b/", "%C3%A9%3F%23%252F.whl"),
])
def test_a_target_is_asked_for_by_its_hash(repository, client, path, directory, name):
    publish_target(repository, path, b"content")
    client.refresh().ok()
    assert client.downloaded() == []
    client.download(path).ok()
    digest = hashlib.sha256(b"content").hexdigest()
    assert target_requests(repository) == [f"targets/{directory}{digest}.{name}"]
    assert client.downloaded() == [b"content"]


@pytest.mark.parametrize("algorithms", [["sha256"], ["sha512"], ["sha256", "sha512"]], ids="-".join)
def test_one_request_by_any_listed_hash_is_enough(repository, client, algorithms):
    publish_target(repository, "file", b"content", algorithms)
    client.download("file").ok()
    possible = [f"targets/{hashlib.new(name, b'content').hexdigest()}.file" for name in algorithms]
    requests = target_requests(repository)
    assert len(requests) == 1
    assert requests[0] in possible
    assert client.downloaded() == [b"content"]


def test_a_target_with_hashes_of_unknown_kinds_alone_is_refused(repository, client):
    def edit(signed):
        hashes = signed["targets"]["file"]["hashes"]
        hashes["unheard-of"] = hashes.pop("sha256")

    repository.add_target("targets", "file", b"content")
    repository.publish("targets", edit=edit)
    repository.publish("snapshot", "timestamp")
    client.download("file").refused("target `file`: no usable hash")
    assert client.downloaded() == []


@pytest.mark.parametrize("served, reason", [
    (b"CONTENT", "target `file`: sha256 is"),
    (b"conten", "target `file`: 6 bytes where 7 were signed"),
    (b"content.", "target `file`: 8 bytes where 7 were signed"),
    (b"", "target `file`: 0 bytes where 7 were signed"),
], ids=["other", "shorter", "longer", "empty"])
def test_other_bytes_are_refused_and_leave_no_file(repository, client, served, reason):
    publish_target(repository, "file", b"content")
    replace_bytes(repository, "file", served)
    client.download("file").refused(reason)
    assert list(client.targets.iterdir()) == []


def test_all_listed_hashes_must_match(repository, client):
    def edit(signed):
        signed["targets"]["file"]["hashes"]["sha512"] = "ab" * 64

    repository.add_target("targets", "file", b"content", ["sha256", "sha512"])
    repository.publish("targets", edit=edit)
    repository.publish("snapshot", "timestamp")
    client.download("file").refused("target `file`: sha512 is")
    assert client.downloaded() == []


def test_a_target_that_is_there_and_right_is_not_asked_for_again(repository, client):
    publish_target(repository, "file", b"content")
    client.download("file").ok()
    repository.take_requests()
    client.download("file").ok()
    assert target_requests(repository) == []
    assert client.downloaded() == [b"content"]


def test_a_target_that_is_there_and_wrong_is_replaced(repository, client):
    publish_target(repository, "file", b"content")
    client.download("file").ok()
    [file] = client.targets.iterdir()
    file.write_bytes(b"CONTENT")
    client.download("file").ok()
    assert client.downloaded() == [b"content"]


def test_substituted_targets_are_refused_and_the_right_one_stays(repository, client):
    repository.add_target("targets", "one", b"right one")
    publish_target(repository, "two", b"right two")
    client.download("one").ok()
    replace_bytes(repository, "one", b"malicious")
    replace_bytes(repository, "two", b"malicious")
    client.download("one").ok()
    assert client.downloaded() == [b"right one"]
    client.download("two").refused("target `two`")
    assert client.downloaded() == [b"right one"]


def test_a_changed_target_replaces_the_file_and_a_false_one_does_not(repository, client):
    publish_target(repository, "file", b"content")
    client.download("file").ok()
    expected = [b"content"]
    for version in range(4):
        new = f"content {version}".encode()
        repository.add_target("targets", f"other-{version}", f"other {version}".encode())
        publish_target(repository, "file", new)
        if version % 2:
            continue
        client.download("file").ok()
        client.download(f"other-{version}").ok()
        expected = sorted([new, f"other {version}".encode(), *expected[1:]])
        assert client.downloaded() == expected
        # New metadata, the same signed hash, other bytes: what is there is right and stays.
        replace_bytes(repository, "file", f"malicious {version}".encode())
        repository.publish("targets", "snapshot", "timestamp")
        client.download("file").ok()
        assert client.downloaded() == expected


def test_several_targets_take_one_refresh(repository, client):
    for path in ("a", "b/c", "b_c"):
        repository.add_target("targets", path, path.encode())
    repository.publish("targets", "snapshot", "timestamp")
    client.download("a", "b/c", "b_c").ok()
    requests = repository.take_requests()
    assert requests.count("metadata/timestamp.json") == 1
    assert len([p for p in requests if p.startswith("targets/")]) == 3
    assert client.downloaded() == [b"a", b"b/c", b"b_c"]


def test_several_targets_stop_at_the_first_that_fails(repository, client):
    for path in ("a", "c"):
        repository.add_target("targets", path, path.encode())
    repository.publish("targets", "snapshot", "timestamp")
    client.download("a", "b", "c").refused("target `b`: no role lists it")
    assert client.downloaded() == [b"a"]


@pytest.mark.parametrize("paths", [("a/b", "a%2fb"), ("A", "a"), ("con", "%63on")], ids="+".join)
def test_two_paths_never_share_a_file(repository, client, paths):
    for path in paths:
        repository.add_target("targets", path, path.encode())
    repository.publish("targets", "snapshot", "timestamp")
    client.download(*paths).ok()
    assert client.downloaded() == sorted(path.encode() for path in paths)
    names = [file.name.lower() for file in client.targets.iterdir()]
    assert len(set(names)) == len(paths)


@pytest.mark.parametrize("path", ["../escape", "/absolute", "a/../b", "", "a//b"])
def test_a_path_that_could_leave_the_directory_is_refused(repository, client, path):
    publish_target(repository, "file", b"content")
    client.download(path).refused("is not a target path")
    assert target_requests(repository) == []
    assert client.downloaded() == []


def test_a_missing_target_file_is_a_failure(repository, client):
    publish_target(repository, "file", b"content")
    for address in [a for a in repository.served if a.startswith("targets/")]:
        del repository.served[address]
    client.download("file").refused("target `file`: the file is missing")
    assert client.downloaded() == []
