"""Thresholds, key types, and signatures that are not what they seem."""

import pytest
from repository import envelope, to_bytes

KINDS = ["ed25519", "ecdsa", "rsassa-pss-sha256"]


def test_two_of_three_required_signatures_are_too_few(repository, client):
    repository.root.roles["snapshot"].threshold = 3
    repository.add_key("snapshot")
    repository.add_key("snapshot")
    repository.publish("root", "targets", "snapshot", "timestamp")
    client.refresh().ok()
    repository.signers["snapshot"].pop()
    repository.publish("targets", "snapshot", "timestamp")
    client.refresh().refused("role `snapshot`: signed by 2 of the 3 keys")
    assert client.trusted()["snapshot"] == 2


def test_a_threshold_above_the_number_of_keys_cannot_be_met(repository, client):
    for _ in range(4):
        repository.add_key("snapshot")
    repository.root.roles["snapshot"].threshold = 6
    repository.publish("root", "snapshot", "timestamp")
    client.refresh().refused("role `snapshot`: signed by 5 of the 6 keys")
    assert client.trusted() == {"root": 2, "timestamp": 2}


def test_one_key_listed_and_signing_many_times_counts_once(repository, client):
    signer = repository.add_key("snapshot")
    repository.root.roles["snapshot"].threshold = 6

    def edit(signed):
        signed["roles"]["snapshot"]["keyids"] += 8 * [signer.public_key.keyid]

    repository.publish("root", edit=edit)
    repository.publish("snapshot")
    repository.rewrite("snapshot", lambda document: document["signatures"].extend(8 * document["signatures"][-1:]))
    repository.publish("timestamp")
    assert client.refresh().code == 1
    assert "snapshot" not in client.trusted()


def test_one_key_under_several_key_ids_counts_once(repository, client):
    public = repository.signers["snapshot"][0].public_key
    repository.root.roles["snapshot"].threshold = 2

    def edit(signed):
        signed["keys"]["ab" * 32] = public.to_dict()
        signed["roles"]["snapshot"]["keyids"].append("ab" * 32)

    def sign_twice(document):
        document["signatures"].append(dict(document["signatures"][0], keyid="ab" * 32))

    repository.publish("root", edit=edit)
    repository.publish("snapshot")
    repository.rewrite("snapshot", sign_twice)
    repository.publish("timestamp")
    assert client.refresh().code == 1
    assert "snapshot" not in client.trusted()


def test_a_key_id_that_signs_twice_is_refused(repository, client):
    repository.rewrite("snapshot", lambda document: document["signatures"].append(document["signatures"][0]))
    client.refresh().refused("role `snapshot`: malformed")
    assert client.trusted() == {"root": 1, "timestamp": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_key_is_supported_and_checked(repository, client, kind):
    signer = repository.add_key("root", repository.new_key(kind))
    repository.root.roles["root"].threshold = 2
    repository.publish("root")
    client.refresh().ok()
    assert client.trusted()["root"] == 2

    # The new root with a signature over something else.
    repository.publish("root")
    other = envelope({"not": "this"}, [signer])["signatures"][0]

    def replace(document):
        document["signatures"] = [other if s["keyid"] == other["keyid"] else s for s in document["signatures"]]

    repository.rewrite("root", replace)
    client.refresh().refused("role `root`: signed by 1 of the 2 keys")
    assert client.trusted()["root"] == 2


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_key_can_sign_every_role(repository, fresh_client, kind):
    for role in ("root", "timestamp", "snapshot", "targets"):
        signer = repository.new_key(kind)
        repository.set_keys(role, [signer], 1, [signer])
    repository.start_over("root")
    repository.publish("root", "targets", "snapshot", "timestamp")
    fresh_client.init().ok()
    fresh_client.refresh().ok()
    assert fresh_client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2}


@pytest.mark.parametrize("bad", ["", "00", "not hex", "ab" * 32], ids=["empty", "short", "not-hex", "wrong"])
def test_a_bad_signature_beside_enough_good_ones_does_not_matter(repository, client, bad):
    spare = repository.add_key("timestamp")
    repository.publish("root", "timestamp")

    def spoil(document):
        for signature in document["signatures"]:
            if signature["keyid"] == spare.public_key.keyid:
                signature["sig"] = bad

    repository.rewrite("timestamp", spoil)
    client.refresh().ok()
    assert client.trusted()["timestamp"] == 2


def test_a_key_of_unknown_type_is_accepted_and_counts_for_nothing(repository, client):
    key_id = "cd" * 32

    def edit(signed):
        signed["keys"][key_id] = {"keytype": "post-quantum", "scheme": "unheard-of", "keyval": {"public": "??"}}
        signed["roles"]["timestamp"]["keyids"].append(key_id)

    repository.publish("root", edit=edit)
    repository.publish("timestamp")
    client.refresh().ok()

    repository.root.roles["timestamp"].threshold = 2
    repository.publish("root", edit=edit)
    repository.publish("timestamp")
    repository.rewrite("timestamp", lambda document: document["signatures"].append({"keyid": key_id, "sig": "ab"}))
    client.refresh().refused("role `timestamp`: signed by 1 of the 2 keys")


def test_a_key_id_without_a_key_counts_for_nothing(repository, client):
    def edit(signed):
        signed["roles"]["snapshot"]["keyids"].append("ef" * 32)

    repository.root.roles["snapshot"].threshold = 2
    repository.publish("root", edit=edit)
    repository.publish("snapshot", "timestamp")
    assert client.refresh().code == 1
    assert "snapshot" not in client.trusted()


def test_a_key_id_that_is_not_the_hash_of_its_key_is_accepted(repository, client):
    """TUF 1.0.34 §4.2 asks for unique key ids and leaves open how they come about."""
    signer = repository.signers["timestamp"][0]
    old, new = signer.public_key.keyid, "0123456789abcdef" * 4

    def edit(signed):
        signed["keys"][new] = signed["keys"].pop(old)
        signed["roles"]["timestamp"]["keyids"] = [new]

    repository.publish("root", edit=edit)
    repository.publish("timestamp")
    document = envelope(repository.timestamp.to_dict(), [signer])
    document["signatures"][0]["keyid"] = new
    repository.served["metadata/timestamp.json"] = to_bytes(document)
    client.refresh().ok()
    assert client.trusted()["timestamp"] == 2
