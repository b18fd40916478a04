"""Text to value, as the engines' parsers do it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.knowledge.engines import conversions
from skewguard.knowledge.engines.tables import Flag


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", " 1_000 ", 1000),
        ("float", "1e-3", 0.001),
        ("human-int", "0.5m", 500_000),
        ("human-int", "2G", 2 << 30),
        ("human-int-or-auto", "AUTO", -1),
        ("si-int", "32k", 32_000),
        ("si-int", "25.6k", 25_600),
        ("si-int", " 32Ki ", 32_768),
        ("si-int", "1M", 1_000_000),
        ("json", '{"a": [null, true]}', {"a": [None, True]}),
        ("json-or-str", "cpu", "cpu"),
        ("json-or-str", ' {"a": 1} ', {"a": 1}),
        ("json-or-pairs", "Image=2, video=1", {"image": 2, "video": 1}),
        ("level-or-object", "3", {"level": 3}),
        ("bool-text", "False", True),
        ("bool-text", "", False),
        ("lower", "Deep-GEMM", "deep_gemm"),
        ("device-ids", "0, GPU-1a", [0, "GPU-1a"]),
    ],
)
def test_text_becomes_the_value_of_its_kind(kind: str, text: str, value: object) -> None:
    """Each kind of the table."""
    assert conversions.convert(Flag("x", ("--x",), type=kind), text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "1.0"),
        ("int", ""),
        ("float", "half"),
        ("human-int", "1.5K"),
        ("si-int", "32K"),
        ("si-int", "1.5Ki"),
        ("si-int", "32m"),
        ("human-int", "9" * 400 + "k"),
        ("json", "{a: 1}"),
        ("object", "[1]"),
        ("pairs", "a=1,a=2"),
        ("json-or-pairs", "a"),
    ],
)
def test_text_of_another_kind_is_refused(kind: str, text: str) -> None:
    """With what would be taken."""
    with pytest.raises(conversions.Refused, match=r"\w"):
        conversions.convert(Flag("x", ("--x",), type=kind), text)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("on-off", "`on` or `off`"),
        ("on-off-auto", "`auto`, `on` or `off`"),
        ("layers", "`auto`, `all` or a whole number"),
        ("human-int-or-auto", "`auto` or a whole number"),
    ],
)
def test_a_refusal_names_every_word_that_is_taken(kind: str, said: str) -> None:
    """Those beside the numbers and switches too."""
    with pytest.raises(conversions.Refused) as refused:
        conversions.convert(Flag("x", ("--x",), type=kind), "maybe")

    assert str(refused.value) == said


def test_none_is_a_value_only_where_the_flag_says_so() -> None:
    """And only if the choices hold it."""
    assert conversions.convert(Flag("x", ("--x",), type="int", nullable=True), "None") is None
    with pytest.raises(conversions.Refused):
        conversions.convert(Flag("x", ("--x",), type="str", nullable=True, choices=("a",)), "None")


def test_adapters_are_names_or_objects() -> None:
    """`NAME=PATH`, or JSON from 0.6.2 on."""
    assert conversions.adapters(["a=b"], structured=False, limit=-1) == ["a=b"]
    assert conversions.adapters(['{"name": "a", "path": "p=q"}', ""], structured=True, limit=1) == [
        {"name": "a", "path": "p=q"}
    ]
    with pytest.raises(conversions.Refused):
        conversions.adapters(["a=b=c"], structured=True, limit=-1)


def test_human_numbers_in_json_are_written_out() -> None:
    """Outside strings only."""
    assert conversions.expand_human_numbers('{"a": 4k, "b": "4k"}') == '{"a": 4000, "b": "4k"}'


@given(kind=st.sampled_from(sorted(conversions._CONVERTERS)), text=st.text())
def test_any_text_is_converted_or_refused(kind: str, text: str) -> None:
    """Nothing else is raised, and the same text gives the same answer again."""
    assert _answer(kind, text) == _answer(kind, text)


def _answer(kind: str, text: str) -> str:
    try:
        return repr(conversions.convert(Flag("x", ("--x",), type=kind), text))
    except conversions.Refused as refused:
        return f"refused: {refused}"
