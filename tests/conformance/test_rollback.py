"""Versions never go back, unless a root rotates keys so that they can."""

import pytest

hashes = pytest.mark.parametrize("with_hashes", [False, True], ids=["plain", "with-hashes"])


def test_an_older_timestamp_is_refused(repository, client):
    repository.publish("timestamp")
    client.refresh().ok()
    repository.start_over("timestamp")
    repository.publish("timestamp")
    repository.take_requests()
    client.refresh().refused("role `timestamp`: version 1 is older than version 2")
    assert repository.take_requests() == ["metadata/2.root.json", "metadata/timestamp.json"]
    assert client.trusted()["timestamp"] == 2


@hashes
def test_a_timestamp_that_names_an_older_snapshot_is_refused(repository, client, with_hashes):
    repository.with_hashes = with_hashes
    repository.publish("snapshot", "timestamp")
    client.refresh().ok()
    repository.start_over("snapshot")
    repository.publish("snapshot", "timestamp")
    repository.take_requests()
    client.refresh().refused("version 1 is older than version 2")
    assert repository.take_requests() == ["metadata/2.root.json", "metadata/timestamp.json"]
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 1}


@hashes
def test_a_snapshot_that_names_older_targets_is_refused(repository, client, with_hashes):
    repository.with_hashes = with_hashes
    repository.publish("targets", "snapshot", "timestamp")
    client.refresh().ok()
    repository.start_over("targets")
    repository.publish("targets", "snapshot", "timestamp")
    client.refresh().refused("role `targets`: version 1 is older than version 2")
    assert client.trusted() == {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2}


def test_a_snapshot_that_lost_a_role_is_refused(repository, client):
    repository.delegate("targets", "role")
    repository.publish("role", "targets", "snapshot", "timestamp")
    client.refresh().ok()
    del repository.snapshot.meta["role.json"]
    repository.publish("snapshot", "timestamp")
    client.refresh().refused("role `role`: the role is gone from snapshot")
    assert client.trusted()["snapshot"] == 2


def test_an_older_snapshot_file_under_the_new_name_is_refused(repository, client):
    repository.publish("snapshot", "timestamp")
    client.refresh().ok()
    repository.publish("snapshot", "timestamp")
    repository.served["metadata/3.snapshot.json"] = repository.served["metadata/2.snapshot.json"]
    client.refresh().refused("version 2 where version 3 was expected")
    assert client.trusted()["snapshot"] == 2


def fast_forward(repository, client, *names):
    for _ in range(99):
        repository.publish(names[0])
    repository.publish(*names[1:])
    client.refresh().ok()
    assert client.trusted()[names[0]] == 100
    repository.start_over(names[0])


def test_new_timestamp_keys_allow_an_older_timestamp(repository, client):
    fast_forward(repository, client, "timestamp")
    repository.rotate("timestamp")
    repository.publish("root", "timestamp")
    client.refresh().ok()
    assert client.trusted()["timestamp"] == 1


def test_new_timestamp_and_snapshot_keys_allow_an_older_snapshot(repository, client):
    fast_forward(repository, client, "snapshot", "timestamp")
    repository.rotate("snapshot")
    repository.rotate("timestamp")
    repository.publish("root", "targets", "snapshot", "timestamp")
    client.refresh().ok()
    assert client.trusted()["snapshot"] == 1


def test_new_snapshot_keys_allow_older_targets(repository, client):
    fast_forward(repository, client, "targets", "snapshot", "timestamp")
    repository.rotate("snapshot")
    repository.publish("root", "targets", "snapshot", "timestamp")
    client.refresh().ok()
    assert client.trusted()["targets"] == 1


def test_new_root_keys_alone_allow_no_older_timestamp(repository, client):
    repository.publish("timestamp")
    client.refresh().ok()
    old = repository.signers["root"]
    repository.rotate("root")
    repository.signers["root"] += old
    repository.start_over("timestamp")
    repository.publish("root", "timestamp")
    client.refresh().refused("version 1 is older than version 2")
    assert client.trusted() == {"root": 2, "timestamp": 2, "snapshot": 1, "targets": 1}
