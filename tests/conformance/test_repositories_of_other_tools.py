"""Metadata in the shape in which tuf-on-ci and the root-signing repository of Sigstore write it.

Looks and members are theirs, the keys are made here: one-space indentation, ECDSA keys, key owners and signing periods as
extra members, empty placeholders for signatures that are still to come.
"""

from datetime import datetime, timezone

import pytest
from repository import days, with_key_id
from securesystemslib.signer import CryptoSigner


def owned(signer, **members):
    return CryptoSigner(signer._private_key, with_key_id(signer.public_key, **members))


def placeholder(signer):
    return lambda document: document["signatures"].append({"keyid": signer.public_key.keyid, "sig": ""})


def periods(signed):
    signed["x-tuf-on-ci-expiry-period"] = 7300
    signed["x-tuf-on-ci-signing-period"] = 60


def online_periods(signed):
    periods(signed)
    signed["spec_version"] = "1.0"
    for role in ("timestamp", "snapshot"):
        signed["roles"][role] |= {"x-tuf-on-ci-expiry-period": 7300, "x-tuf-on-ci-signing-period": 1}


@pytest.fixture
def owners(repository):
    return [owned(repository.new_key(), **{"x-tuf-on-ci-keyowner": f"@owner{n}"}) for n in range(5)]


@pytest.fixture
def online(repository):
    return owned(repository.new_key(), **{"x-tuf-on-ci-online-uri": "gcpkms:projects/p/locations/global/keyRings/k"})


def test_a_repository_of_tuf_on_ci(repository, fresh_client, owners, online):
    first, second = owners[:2]
    repository.set_keys("root", [first], 1, [first])
    repository.set_keys("targets", [first], 1, [first])
    repository.set_keys("snapshot", [online], 1, [online])
    repository.set_keys("timestamp", [online], 1, [online])
    repository.signers["delegatedrole"] = [first]
    repository.delegate("targets", "delegatedrole", terminating=True,
                        paths=["delegatedrole/*", "delegatedrole/*/*", "delegatedrole/*/*/*"])
    repository.signers["delegatedrole"] = [first]
    repository.targets.delegations.roles["delegatedrole"].keyids = []
    for signer in (first, second):
        repository.targets.add_key(signer.public_key, "delegatedrole")
    repository.add_target("delegatedrole", "delegatedrole/artifact", b"artifact\n")
    repository.start_over("root")
    repository.publish("root", edit=online_periods)
    repository.publish("delegatedrole", edit=periods)
    repository.rewrite("delegatedrole", placeholder(second))
    repository.publish("targets", edit=periods)
    repository.publish("snapshot", "timestamp")

    fresh_client.init().ok()
    fresh_client.refresh().ok()
    fresh_client.download("delegatedrole/artifact").ok()
    assert fresh_client.downloaded() == [b"artifact\n"]


def test_a_repository_of_sigstore(repository, fresh_client, owners, online):
    """Three of five owners sign root and targets, the others left placeholders; one owner is replaced on the way.

    It is judged by the day it was made for, which has long passed: the suite keeps such a repository as files.
    """
    then = datetime(2025, 2, 9, 12, 2, 8, tzinfo=timezone.utc)
    for role in repository.roles.values():
        role.expires = then + days(3)
    newcomer = owned(repository.new_key(), **{"x-tuf-on-ci-keyowner": "@newcomer"})
    repository.set_keys("snapshot", [online], 1, [online])
    repository.set_keys("timestamp", [online], 1, [online])
    repository.set_keys("targets", owners, 3, owners[:3])
    repository.set_keys("root", owners, 3, owners[:3])
    repository.start_over("root")
    repository.publish("root", edit=online_periods)
    repository.rewrite("root", placeholder(owners[3]))
    pinned = repository.current("root")

    repository.set_keys("root", [*owners[1:], newcomer], 3, [*owners[:4], newcomer])
    repository.publish("root", edit=online_periods)
    repository.rewrite("root", placeholder(owners[4]))

    repository.delegate("targets", "registry.npmjs.org", paths=["registry.npmjs.org/*"], terminating=True,
                        expires=then + days(3))
    repository.add_target("registry.npmjs.org", "registry.npmjs.org/keys.json", b"{}", ["sha256", "sha512"])
    repository.targets.delegations.unrecognized_fields["x"] = None
    repository.add_target("targets", "trusted_root.json", b"{\"mediaType\": \"x\"}")
    repository.targets.targets["trusted_root.json"].unrecognized_fields["custom"] = {
        "sigstore": {"status": "Active", "uri": "https://example.com", "usage": "Fulcio"}
    }
    repository.publish("registry.npmjs.org", "targets", edit=periods)
    repository.rewrite("targets", placeholder(owners[4]))
    repository.publish("snapshot", "timestamp")

    fresh_client.init(pinned).ok()
    fresh_client.refresh(at=then).ok()
    fresh_client.download("trusted_root.json", "registry.npmjs.org/keys.json", at=then).ok()
    assert fresh_client.downloaded() == [b"{\"mediaType\": \"x\"}", b"{}"]
    assert fresh_client.trusted()["root"] == 2
