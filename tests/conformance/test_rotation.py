"""Who may sign what: chains of roots, and the roles that a root names keys for.

A version is written as keys / threshold / signers, each key as one digit: `123/2/12` is three keys of which two must
sign and the first two did.
"""

import pytest
from repository import key


def parse(version):
    keys, threshold, signers = version.split("/")
    return [key(int(k)) for k in keys], int(threshold), [key(int(k)) for k in signers]


@pytest.mark.parametrize("chain, accepted", [
    ("1/1/1 2/1/12 2/1/2", 3),
    ("1/1/314 2/1/3214 2/1/324", 3),
    ("01234/3/024 01234/3/041 01234/3/013 01234/3/123", 4),
    ("01234/3/024 01345/3/041", 2),
    ("01234/3/024 01345/3/0245 01345/3/045", 3),
    ("01234/3/024 56789/3/024567 56789/3/567", 3),
    ("123/1/1 123/2/12", 2),
    ("123/2/12 123/1/12 123/1/1", 3),
    ("1/1/1 12/2/12", 2),
    # Not signed by the old keys, by the new keys, by enough of either.
    ("1/1/1 2/1/234", 1),
    ("1/1/1 2/1/134", 1),
    ("01234/3/024 01345/3/024", 1),
    ("01234/3/024 01345/3/045", 1),
    ("123/1/1 123/2/2", 1),
    ("123/2/12 123/1/1", 1),
    # A good one after a bad one cannot be reached.
    ("1/1/1 2/1/2 2/1/12", 1),
])
def test_a_chain_of_roots_is_followed_as_far_as_each_signs_the_next(repository, fresh_client, chain, accepted):
    chain = chain.split()
    repository.start_over("root")
    for version in chain:
        repository.set_keys("root", *parse(version))
        repository.publish("root")
    fresh_client.init().ok()
    if accepted == len(chain):
        fresh_client.refresh().ok()
    else:
        fresh_client.refresh().refused("role `root`: signed by")
        assert repository.requests == [f"metadata/{v}.root.json" for v in range(2, accepted + 2)]
    assert fresh_client.stored("root") == repository.served[f"metadata/{accepted}.root.json"]


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
@pytest.mark.parametrize("version, accepted", [
    ("2/1/2", True),
    ("1/1/314", True),
    ("01234/3/024", True),
    ("01234/3/041", True),
    ("01234/3/013", True),
    ("01234/3/123", True),
    ("01234/3/234", True),
    ("2/1/134", False),
    ("01345/3/024", False),
    ("01345/3/04", False),
])
def test_a_role_is_accepted_by_the_keys_of_the_newest_root(repository, client, role, version, accepted):
    client.refresh().ok()
    before = client.stored(role)
    repository.set_keys(role, *parse(version))
    repository.publish("root", "targets", "snapshot", "timestamp")
    if accepted:
        client.refresh().ok()
        assert client.stored(role) == repository.current(role)
    else:
        client.refresh().refused(f"role `{role}`: signed by")
        stored = client.metadata / f"{role}.json"
        assert not stored.exists() or stored.read_bytes() == before
