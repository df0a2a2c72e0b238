"""Expired metadata is not used; what lies on the disk, expired or not, still says how new the next must be."""

import pytest
from repository import days, now


def test_an_expired_root_is_stored_and_stops_the_refresh(repository, client):
    repository.publish("root")
    client.refresh().ok()
    repository.root.expires = now() - days(1)
    repository.publish("root", "timestamp")
    client.refresh().refused("role `root`: expired")
    assert client.trusted() == {"root": 3, "timestamp": 1, "snapshot": 1, "targets": 1}


def test_an_expired_root_in_the_middle_of_the_chain_does_not_matter(repository, client):
    repository.root.expires = now() - days(1)
    repository.publish("root")
    repository.root.expires = now() + days(1)
    repository.publish("root")
    client.refresh().ok()
    assert client.trusted()["root"] == 3


@pytest.mark.parametrize("role, trusted", [
    ("timestamp", {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}),
    ("snapshot", {"root": 1, "timestamp": 2, "snapshot": 1, "targets": 1}),
    ("targets", {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 1}),
])
def test_an_expired_role_is_not_taken(repository, client, role, trusted):
    client.refresh().ok()
    repository.roles[role].expires = now() - days(5)
    repository.publish("targets", "snapshot", "timestamp")
    client.refresh().refused(f"role `{role}`: expired")
    assert client.trusted() == trusted


def test_an_expired_stored_root_is_followed_to_its_successor(repository, client):
    repository.root.expires = now() + days(7)
    repository.publish("root")
    client.refresh().ok()
    repository.root.expires = now() + days(21)
    repository.publish("root")
    client.refresh(at=now() + days(18)).ok()
    assert client.trusted()["root"] == 3


def test_an_expired_stored_timestamp_is_replaced(repository, client):
    repository.timestamp.expires = now() + days(7)
    repository.publish("timestamp")
    client.refresh().ok()
    repository.timestamp.expires = now() + days(21)
    repository.publish("targets", "snapshot", "timestamp")
    client.refresh(at=now() + days(18)).ok()
    assert client.trusted() == {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2}


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_an_expired_stored_role_that_is_still_named_is_not_used(repository, client, role):
    repository.roles[role].expires = now() + days(7)
    repository.publish("targets", "snapshot", "timestamp")
    client.refresh().ok()
    client.refresh(at=now() + days(18)).refused(f"role `{role}`: expired")


def test_an_expired_stored_timestamp_still_forbids_an_older_one(repository, client):
    repository.timestamp.expires = now() + days(7)
    repository.publish("timestamp")
    client.refresh().ok()
    repository.timestamp.expires = now() + days(21)
    repository.start_over("timestamp")
    repository.publish("timestamp")
    client.refresh(at=now() + days(18)).refused("role `timestamp`: version 1 is older than version 2")
    assert client.trusted()["timestamp"] == 2


def test_an_expired_stored_snapshot_still_forbids_older_targets(repository, client):
    repository.snapshot.expires = now() + days(7)
    repository.publish("targets", "snapshot", "timestamp")
    client.refresh().ok()
    repository.snapshot.expires = now() + days(21)
    repository.start_over("targets")
    repository.publish("targets", "snapshot", "timestamp")
    client.refresh(at=now() + days(18)).refused("role `targets`: version 1 is older than version 2")
    assert client.trusted()["snapshot"] == 2


def delegate(repository, expires):
    repository.delegate("targets", "role", paths=["dir/*"], expires=expires)
    repository.add_target("role", "dir/first", b"first")
    repository.add_target("role", "dir/second", b"second")
    repository.publish("role", "targets", "snapshot", "timestamp")


def test_an_expired_delegated_role_is_not_taken(repository, client):
    delegate(repository, now() - days(1))
    client.refresh().ok()
    client.download("dir/first").refused("role `role`: expired")
    assert client.downloaded() == []
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2}


def test_a_stored_delegated_role_is_not_used_once_it_expired(repository, client):
    delegate(repository, now() + days(7))
    client.download("dir/first").ok()
    client.download("dir/second", at=now() + days(18)).refused("role `role`: expired")
    assert client.downloaded() == [b"first"]


def test_an_expired_stored_delegated_role_is_replaced(repository, client):
    delegate(repository, now() + days(7))
    client.download("dir/first").ok()
    repository.roles["role"].expires = now() + days(21)
    repository.publish("role", "snapshot", "timestamp")
    client.download("dir/second", at=now() + days(18)).ok()
    assert client.downloaded() == [b"first", b"second"]
