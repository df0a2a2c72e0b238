"""What the client asks for, in which order, and what it then trusts."""

import json

import pytest
from repository import TOP_LEVEL, days, envelope, now, to_bytes, with_key_id
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import MetaFile
from tuf.ngclient import Updater

FIRST_REFRESH = [
    "metadata/2.root.json",
    "metadata/timestamp.json",
    "metadata/1.snapshot.json",
    "metadata/1.targets.json",
]


def test_python_tuf_accepts_the_simulated_repository(repository, fresh_client, tmp_path):
    repository.add_target("targets", "a/file.txt", b"content")
    repository.delegate("targets", "role")
    repository.add_target("role", "b.txt", b"delegated")
    repository.publish("role", "targets", "snapshot", "timestamp")
    updater = Updater(
        str(tmp_path / "metadata"), f"{fresh_client.address}/metadata/", str(tmp_path / "targets"),
        f"{fresh_client.address}/targets/", bootstrap=repository.served["metadata/1.root.json"],
    )
    for path, content in [("a/file.txt", b"content"), ("b.txt", b"delegated")]:
        with open(updater.download_target(updater.get_targetinfo(path)), "rb") as file:
            assert file.read() == content


def test_init_asks_for_nothing_and_stores_the_root(repository, fresh_client):
    fresh_client.init().ok()
    assert repository.requests == []
    assert fresh_client.trusted() == {"root": 1}
    assert fresh_client.stored("root") == repository.current("root")


def test_refresh_asks_for_each_role_once_and_in_order(repository, client):
    client.refresh().ok()
    assert repository.take_requests() == FIRST_REFRESH
    client.refresh().ok()
    assert repository.take_requests() == ["metadata/2.root.json", "metadata/timestamp.json"]


def test_refresh_trusts_all_top_level_roles(repository, client):
    client.refresh().ok()
    assert client.trusted() == dict.fromkeys(TOP_LEVEL, 1)
    for name in TOP_LEVEL:
        assert client.stored(name) == repository.current(name)


def test_metadata_is_stored_byte_for_byte(repository, client):
    repository.served["metadata/timestamp.json"] += b" \n\t "
    client.refresh().ok()
    assert client.stored("timestamp") == repository.served["metadata/timestamp.json"]


def test_only_trusted_metadata_ends_in_json_and_all_lies_in_the_directory(repository, client):
    repository.publish("root")
    client.refresh().ok()
    files = sorted(str(f.relative_to(client.metadata)) for f in client.metadata.rglob("*.json"))
    assert files == ["root.json", "snapshot.json", "targets.json", "timestamp.json"]
    beside = {f.name for f in client.metadata.parent.iterdir()}
    assert beside == {"metadata", "targets", "initial_root"}
    assert {f.name for f in (client.metadata / "root_history").iterdir()} == {"1.root", "2.root"}


def test_download_refreshes_first(repository, client):
    client.download("no such target").refused("no role lists it")
    assert repository.take_requests() == FIRST_REFRESH
    assert client.trusted() == dict.fromkeys(TOP_LEVEL, 1)


def test_a_root_without_version_is_refused_before_any_request(repository, fresh_client):
    root = json.loads(repository.current("root"))
    del root["signed"]["version"]
    fresh_client.init(to_bytes(root)).refused("pinned root")
    fresh_client.refresh().refused("not initialised")
    assert repository.requests == []
    assert fresh_client.trusted() == {}


def test_a_root_with_a_foreign_signature_is_refused_before_any_request(repository, fresh_client):
    root = json.loads(repository.current("root"))
    stranger = envelope(root["signed"], [repository.new_key()])
    root["signatures"][0]["sig"] = stranger["signatures"][0]["sig"]
    fresh_client.init(to_bytes(root)).refused("signed by 0 of the 1 keys")
    fresh_client.refresh().refused("not initialised")
    assert repository.requests == []
    assert fresh_client.trusted() == {}


def test_init_again_never_lowers_trust(repository, client):
    first = repository.current("root")
    repository.publish("root")
    repository.publish("timestamp")
    client.refresh().ok()
    trusted = client.trusted()
    assert trusted == {"root": 2, "timestamp": 2, "snapshot": 1, "targets": 1}
    client.init(first).ok()
    assert client.trusted() == trusted
    repository.take_requests()
    client.refresh().ok()
    assert repository.take_requests() == ["metadata/3.root.json", "metadata/timestamp.json"]


def test_init_with_a_newer_root_starts_from_it(repository, client):
    client.refresh().ok()
    repository.publish("root")
    client.init(repository.current("root")).ok()
    assert client.trusted()["root"] == 2
    repository.take_requests()
    client.refresh().ok()
    assert repository.take_requests() == ["metadata/3.root.json", "metadata/timestamp.json"]


def test_init_with_another_root_of_the_same_version_is_refused(repository, client):
    before = client.stored("root")
    repository.root.expires += days(1)
    repository.start_over("root")
    repository.publish("root")
    client.init(repository.current("root")).refused("another root of version 1")
    assert client.stored("root") == before


@pytest.mark.parametrize("role, trusted", [
    ("root", {"root": 1}),
    ("timestamp", {"root": 2}),
    ("snapshot", {"root": 2, "timestamp": 2}),
    ("targets", {"root": 2, "timestamp": 2, "snapshot": 2}),
])
def test_an_unsigned_role_stops_the_refresh_there(repository, client, role, trusted):
    repository.signers[role] = []
    repository.publish("root", "targets", "snapshot", "timestamp")
    client.refresh().refused(f"role `{role}`: signed by 0 of the 1 keys")
    assert client.trusted() == trusted


@pytest.mark.parametrize("role, trusted", [
    ("root", {"root": 1}),
    ("snapshot", {"root": 2, "timestamp": 2}),
    ("targets", {"root": 2, "timestamp": 2, "snapshot": 2}),
])
def test_a_version_other_than_that_in_the_address_is_refused(repository, client, role, trusted):
    def edit(signed):
        signed["version"] += signed["_type"] == role

    for name in ("root", "targets", "snapshot", "timestamp"):
        repository.publish(name, edit=edit)
    client.refresh().refused("version 3 where version 2 was expected")
    assert client.trusted() == trusted


def test_a_timestamp_that_changed_under_its_version_is_not_taken(repository, client):
    client.refresh().ok()
    before = client.stored("timestamp")
    repository.timestamp.snapshot_meta.version = 100
    repository.start_over("timestamp")
    repository.publish("timestamp")
    repository.take_requests()
    client.refresh().ok()
    assert repository.take_requests() == ["metadata/2.root.json", "metadata/timestamp.json"]
    assert client.stored("timestamp") == before


def test_hashes_of_metadata_are_checked(repository, client):
    repository.with_hashes = True
    repository.publish("targets", "snapshot", "timestamp")
    client.refresh().ok()
    repository.publish("targets")
    repository.snapshot.meta["targets.json"].hashes["sha256"] = "46" * 32
    repository.publish("snapshot", "timestamp")
    client.refresh().refused("role `targets`: sha256 is")
    assert client.trusted() == {"root": 1, "timestamp": 3, "snapshot": 3, "targets": 2}


def test_the_signed_length_of_metadata_is_checked(repository, client):
    repository.with_hashes = True
    repository.publish("snapshot")
    repository.timestamp.snapshot_meta.length -= 1
    repository.publish("timestamp")
    client.refresh().refused("role `snapshot`")
    assert client.trusted() == {"root": 1, "timestamp": 2}


def test_targets_that_snapshot_does_not_name_are_not_fetched(repository, client):
    client.refresh().ok()
    repository.publish("targets")
    repository.take_requests()
    client.refresh().ok()
    assert repository.take_requests() == ["metadata/2.root.json", "metadata/timestamp.json"]
    assert client.trusted()["targets"] == 1


def test_unknown_members_are_signed_and_accepted(repository, client):
    client.refresh().ok()
    signer = repository.new_key()
    signer = CryptoSigner(signer._private_key, with_key_id(signer.public_key, extra={"a": 1, "b": [None, True]}))
    repository.add_key("root", signer)
    repository.root.roles["root"].unrecognized_fields["another-field"] = "value"
    repository.root.unrecognized_fields["custom-field"] = {"x": "é\n\""}
    repository.publish("root")
    client.refresh().ok()
    assert client.trusted()["root"] == 2


def test_an_unknown_member_that_was_not_signed_is_refused(repository, client):
    repository.publish("root")
    repository.rewrite("root", lambda document: document["signed"].update(custom=1))
    client.refresh().refused("role `root`: signed by 0 of the 1 keys")
    assert client.trusted() == {"root": 1}


def test_a_deprecated_member_of_a_key_changes_nothing(repository, client):
    signer = repository.new_key()
    signer = CryptoSigner(signer._private_key, with_key_id(signer.public_key, keyid_hash_algorithms="md5"))
    repository.set_keys("snapshot", [signer], 1, [signer])
    repository.publish("root", "snapshot", "timestamp")
    client.refresh().ok()
    assert client.trusted() == {"root": 2, "timestamp": 2, "snapshot": 2, "targets": 1}


def test_a_missing_timestamp_stops_the_refresh(repository, client):
    client.refresh().ok()
    del repository.served["metadata/timestamp.json"]
    repository.take_requests()
    client.refresh().refused("role `timestamp`: the file is missing")
    assert repository.take_requests() == ["metadata/2.root.json", "metadata/timestamp.json"]


def test_a_missing_snapshot_stops_the_refresh_after_the_timestamp(repository, client):
    client.refresh().ok()
    repository.timestamp.snapshot_meta.version = 2
    repository.publish("timestamp")
    client.refresh().refused("role `snapshot`: the file is missing")
    assert repository.requests[-1] == "metadata/2.snapshot.json"
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 1, "targets": 1}


def test_missing_targets_stop_the_refresh_after_the_snapshot(repository, client):
    client.refresh().ok()
    repository.snapshot.meta["targets.json"].version = 2
    repository.publish("snapshot", "timestamp")
    client.refresh().refused("role `targets`: the file is missing")
    assert repository.requests[-1] == "metadata/2.targets.json"
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 1}


def test_a_snapshot_in_place_of_a_timestamp_is_refused(repository, client):
    repository.add_key("snapshot", repository.signers["timestamp"][0])
    repository.snapshot.meta = {"snapshot.json": MetaFile(1)}
    repository.publish("root", "snapshot")
    repository.served["metadata/timestamp.json"] = repository.current("snapshot")
    client.refresh().refused("role `timestamp`: malformed")
    assert client.trusted() == {"root": 2}


def test_without_consistent_snapshots_names_have_no_version(repository, client):
    repository.root.consistent_snapshot = False
    repository.delegate("targets", "role", paths=["dir/*"])
    repository.add_target("role", "dir/file", b"content")
    repository.publish("root", "role", "targets", "snapshot", "timestamp")
    client.download("dir/file").ok()
    assert repository.take_requests() == [
        "metadata/2.root.json", "metadata/3.root.json", "metadata/timestamp.json", "metadata/snapshot.json",
        "metadata/targets.json", "metadata/role.json", "targets/dir/file",
    ]
    assert client.downloaded() == [b"content"]


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755, 0o775, 0o777], ids=oct)
def test_a_directory_made_under_any_umask_is_accepted(fresh_client, mode):
    fresh_client.metadata.chmod(mode)
    fresh_client.init().ok()
    fresh_client.refresh().ok()


def test_the_clock_is_the_systems(repository, client):
    repository.root.expires = now() + days(7)
    repository.publish("root")
    client.refresh().ok()
    client.refresh(at=now() + days(8)).refused("role `root`: expired")


@pytest.mark.parametrize("arguments", [
    [], ["refresh"], ["--metadata-dir", "x", "init"], ["--metadata-dir", "x", "unheard-of"],
    ["--metadata-dir", "x", "--metadata-url", "http://127.0.0.1:1/", "download"],
], ids=lambda arguments: " ".join(arguments) or "nothing")
def test_a_wrong_command_line_fails_with_1(client, arguments):
    run = client.run(*arguments)
    assert run.code == 1
    assert run.errors != ""


def test_options_may_stand_after_the_command(repository, client):
    client.run("refresh", "--metadata-dir", client.metadata, "--metadata-url", f"{client.address}/metadata").ok()
    assert repository.take_requests() == FIRST_REFRESH
