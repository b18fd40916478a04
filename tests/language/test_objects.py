"""An object's JSON as a tree: the same answers as a file's, with the path inside the object as the place."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language import documents, objects
from skewguard.language.trees import Node
from tests.searching import examples

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "chat", "namespace": "prod", "annotations": {"a/b": "x"}},
    "spec": {"replicas": 2, "paused": True, "template": {"spec": {"containers": [{"name": "c", "args": ["x", None]}]}}},
}
ARGS = ("spec", "template", "spec", "containers", 0, "args")


def _tree(value: Any = DEPLOYMENT) -> Node:
    return objects.document(value).root


def test_a_value_names_the_object_and_the_path() -> None:
    """The place of a word is the object and the path inside it, with the word."""
    origin = _tree().get(*ARGS).elements()[0].origin
    assert (origin.kind, origin.text) == ("object", "x")
    assert origin.ref == "Deployment prod/chat .spec.template.spec.containers[0].args[0]"


def test_a_key_that_is_no_plain_word_is_quoted() -> None:
    """A key with a slash or a dot is quoted in the path, as jq would want it."""
    annotations = _tree().get("metadata").get("annotations")
    assert annotations.get("a/b").origin.ref == 'Deployment prod/chat .metadata.annotations["a/b"]'
    assert annotations.key_origin("a/b").text == "a/b"
    assert annotations.key_origin("none").ref == "Deployment prod/chat .metadata.annotations"


def test_what_is_not_there_is_absent() -> None:
    """A path that leads nowhere gives a falsy node whose place is the object."""
    absent = _tree().get("spec", "replicas", "deeper")
    assert (absent.kind, absent.present, bool(absent), absent.text()) == ("missing", False, False, None)
    assert absent.get("more").origin.ref == "Deployment prod/chat"


def test_null_is_present_and_false() -> None:
    """A null counts as written and as nothing."""
    null = _tree().get(*ARGS, 1)
    assert (null.present, bool(null), null.text(), null.kind) == (True, False, None, "scalar")


@pytest.mark.parametrize(("path", "text"), [(("spec", "replicas"), "2"), (("spec", "paused"), "true"), (ARGS, None)])
def test_numbers_and_booleans_read_as_json_writes_them(path: tuple[str | int, ...], text: str | None) -> None:
    """The text of a scalar is JSON's; a collection has none."""
    assert _tree().get(*path).text() == text


def test_equal_words_at_two_places_are_two_values() -> None:
    """What tells values apart is the place: equal words may be one string in memory."""
    words = _tree({"kind": "A", "x": ["w", "w"]}).get("x").elements()
    assert words[0].identity != words[1].identity


def test_lines_of_a_text_are_numbered() -> None:
    """Each line of a ConfigMap's value has a place of its own."""
    config = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a.yaml": "x: 1\ny: 2\n"}}
    lines = _tree(config).get("data", "a.yaml").lines()
    assert [(line.ref, line.text) for line in lines] == [
        ('ConfigMap c .data["a.yaml"] line 1', "x: 1"),
        ('ConfigMap c .data["a.yaml"] line 2', "y: 2"),
    ]


def test_a_part_of_a_text_is_named_with_it() -> None:
    """The place of some characters is the path of the whole, with those characters."""
    value = _tree(DEPLOYMENT).get("metadata", "name")
    assert (value.locate(1, 3).ref, value.locate(1, 3).text) == ("Deployment prod/chat .metadata.name", "ha")
    assert value.locate(3, 99).text == "chat"


_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(10**6), 10**6), st.text("ab1-. \n", max_size=6))
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text("ab/", max_size=2), inner))
)


@given(_VALUES)
@examples(80)
def test_a_tree_answers_as_that_of_the_same_json_in_a_file(value: Any) -> None:
    """Every question but those about places has the same answer for JSON from a file and from a server."""
    read, errors = documents.read(json.dumps({"x": value}), "x.json")
    assert not errors
    _same(read[0].root.get("x"), _tree({"x": value}).get("x"))


def _same(file: Node, live: Node) -> None:
    for question in ("kind", "present"):
        assert getattr(file, question) == getattr(live, question)
    for ask in ("text", "integer", "number", "boolean", "value", "__bool__"):
        assert getattr(file, ask)() == getattr(live, ask)()
    assert file.text() is None or len(file.lines()) == len(live.lines())
    assert [key for key, _ in file.items()] == [key for key, _ in live.items()]
    for one, other in zip(file.items(), live.items(), strict=True):
        _same(one[1], other[1])
    for a, b in zip(file.elements(), live.elements(), strict=True):
        _same(a, b)
