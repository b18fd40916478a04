"""The table of rights: each right once, each role what its sentence says."""

from collections import Counter

from skewguard.knowledge import rights


def test_no_right_stands_in_two_rows() -> None:
    """A verb on a resource has one row, so that one sentence says what it is for."""
    seen = Counter((row.group, row.resource, verb) for row in rights.ROWS for verb in row.verbs)
    assert [right for right, times in seen.items() if times > 1] == []


def test_the_reader_may_look_and_nothing_else() -> None:
    """No verb of the reader changes anything, and no subresource leads into a container or an engine."""
    for row in rights.of("reader"):
        assert set(row.verbs) <= {"get", "list", "watch"}
        assert "/" not in row.resource


def test_no_role_that_looks_reads_secrets() -> None:
    """Names of Secrets cannot be granted without their contents, so nobody who looks gets them."""
    for role in ("reader", "prober", "exec"):
        assert not [row for row in rights.of(role) if row.resource == "secrets"]


def test_the_operator_writes_secrets_and_cannot_read_them() -> None:
    """The journal of a change is written; no Secret of anybody else can be read with that right."""
    (row,) = [row for row in rights.of("operator") if row.resource == "secrets"]
    assert row.verbs == ("create",)


def test_a_role_holds_those_it_includes() -> None:
    """The prober can do all that the reader can; the operator runs no commands in containers."""
    assert set(rights.of("reader")) < set(rights.of("prober")) < set(rights.of("exec"))
    assert set(rights.of("prober")) < set(rights.of("operator"))
    assert not any(row.resource == "pods/exec" for row in rights.of("operator"))


def test_every_row_says_what_it_is_for_and_what_is_unknown_without_it() -> None:
    """No right is asked for without a reason that a cluster's owner can weigh."""
    assert all(row.for_ and row.without for row in rights.ROWS)


def test_a_right_is_named_as_kubectl_names_it() -> None:
    """`deployments.apps`, and the subresource behind the name."""
    titles = {row.title for row in rights.ROWS}
    assert {"pods", "deployments.apps", "pods/log"} <= titles
