"""Delegated roles: in which order they are asked, how they are spelled in requests and files."""

import pytest

# delegator>role, `!` terminating, and after a colon the path pattern where it is not `*`.
GRAPHS = {
    "one": ("targets>A", "A"),
    "two side by side": ("targets>A targets>B", "A B"),
    "two levels": ("targets>A targets>B B>C", "A B C"),
    "depth before breadth": ("targets>A targets>B A>C A>D", "A C D B"),
    "depth of three before breadth": ("targets>A targets>B A>C C>D", "A C D B"),
    "terminating stops its siblings": ("targets>A targets>B A>C! A>D", "A C"),
    "terminating does not stop its children": ("targets>A targets>B A>C! C>D", "A C D"),
    "other paths are not searched": ("targets>A:*.py targets>B A>C", "B"),
    "other paths further down are not searched": ("targets>A targets>B A>C:*.py C>D", "A B"),
    "terminating for other paths stops nothing": ("targets>A!:*.py targets>B", "B"),
    "a cycle ends": ("targets>A targets>B B>C C>D D>B", "A B C D"),
    "a role with two delegators is asked once": ("targets>A targets>B B>C A>C", "A C B"),
    "a role with two delegators by the one that may": ("targets>A targets>B B>C A>C:*.py", "A B C"),
}


def build(repository, graph):
    roles = []
    for edge in graph.split():
        edge, _, pattern = edge.partition(":")
        delegator, role = edge.removesuffix("!").split(">")
        repository.delegate(delegator, role, paths=[pattern or "*"], terminating=edge.endswith("!"))
        roles += [name for name in (delegator, role) if name not in roles]
    return roles


def delegated_requests(repository):
    """What was asked for after the four top-level roles."""
    return [path.removeprefix("metadata/") for path in repository.take_requests()[4:]]


@pytest.mark.parametrize("graph, visited", GRAPHS.values(), ids=GRAPHS.keys())
def test_roles_are_asked_in_order_and_depth_first(repository, client, graph, visited):
    repository.publish(*build(repository, graph), "snapshot", "timestamp")
    client.download("missing").refused("no role lists it")
    assert delegated_requests(repository) == [f"1.{role}.json" for role in visited.split()]


@pytest.mark.parametrize("path, visited", [
    ("targetfile", ""),
    ("README.md", "A"),
    ("releases/x/x_v1", "B C"),
    ("releases/y/y_v1.zip", "B D"),
])
def test_a_target_is_found_where_its_path_leads(repository, client, path, visited):
    content = files(repository)[path]
    client.download(path).ok()
    assert client.downloaded() == [content]
    assert delegated_requests(repository)[:-1] == [f"1.{role}.json" for role in visited.split()]


def test_a_target_that_not_all_delegators_delegate_is_not_found(repository, client):
    files(repository)
    client.download("releases/z/z_v1.zip").refused("no role lists it")
    assert delegated_requests(repository) == ["1.B.json"]


def files(repository):
    roles = build(repository, "targets>A:*.md targets>B:releases/*/* B>C:releases/x/* B>D:releases/y/*.zip")
    listed = {
        "targetfile": ("targets", b"of targets"),
        "README.md": ("A", b"of A"),
        "releases/x/x_v1": ("C", b"of C"),
        "releases/y/y_v1.zip": ("D", b"of D"),
        "releases/z/z_v1.zip": ("D", b"not for D to sign"),
    }
    for path, (role, content) in listed.items():
        repository.add_target(role, path, content)
    repository.publish(*roles, "snapshot", "timestamp")
    return {path: content for path, (_, content) in listed.items()}


@pytest.mark.parametrize("name, quoted", [
    ("?", "%3F"),
    ("#", "%23"),
    ("/delegatedrole", "%2Fdelegatedrole"),
    ("../delegatedrole", "..%2Fdelegatedrole"),
    ("a b%2F", "a%20b%252F"),
    ("rôle", "r%C3%B4le"),
])
def test_an_unusual_role_name_is_quoted_in_the_request_and_safe_as_a_file(repository, client, name, quoted):
    repository.delegate("targets", name)
    repository.publish(name, "targets", "snapshot", "timestamp")
    client.download("missing").refused("no role lists it")
    assert delegated_requests(repository) == [f"1.{quoted}.json"]
    assert sorted(client.trusted().values()) == [1, 1, 2, 2, 2]
    stored = [f.read_bytes() for f in client.metadata.glob("*.json")]
    assert repository.current(name) in stored
    assert {f.name for f in client.metadata.parent.iterdir()} == {"metadata", "targets", "initial_root"}


def test_a_delegated_role_is_fetched_once(repository, client):
    repository.delegate("targets", "role")
    repository.add_target("role", "one", b"1")
    repository.add_target("role", "two", b"2")
    repository.publish("role", "targets", "snapshot", "timestamp")
    client.download("one").ok()
    repository.take_requests()
    client.download("two").ok()
    assert [p for p in repository.take_requests() if "role" in p] == []
    assert client.downloaded() == [b"1", b"2"]


def test_a_delegated_role_that_others_signed_is_refused(repository, client):
    repository.delegate("targets", "role")
    repository.add_target("role", "file", b"content")
    repository.signers["role"] = [repository.new_key()]
    repository.publish("role", "targets", "snapshot", "timestamp")
    client.download("file").refused("role `role`: signed by 0 of the 1 keys that `targets` requires")
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2}
    assert client.downloaded() == []


def test_a_role_that_cannot_be_had_ends_the_search(repository, client):
    repository.delegate("targets", "A")
    repository.delegate("targets", "B")
    repository.add_target("B", "file", b"content")
    repository.publish("A", "B", "targets", "snapshot", "timestamp")
    del repository.served["metadata/1.A.json"]
    client.download("file").refused("role `A`: the file is missing")
    assert client.downloaded() == []
