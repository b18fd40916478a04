"""Documents: text as a tree whose every value knows its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language import documents
from skewguard.language.errors import InputError
from skewguard.language.trees import Node


def root(text: str) -> Node:
    """The first document of a text."""
    return documents.read(text, "x.yaml")[0][0].root


def seen(text: str, node: Node, start: int, end: int) -> str:
    """What stands in the file at the place of a slice."""
    origin = node.locate(start, end)
    assert origin.line is not None
    assert origin.column is not None
    return text.split("\n")[origin.line - 1][origin.column - 1 :][: end - start]


def test_scalar_is_placed_by_line_and_column_from_one() -> None:
    """A value's place counts lines and columns from 1 and ends after its last character."""
    origin = root("a:\n  b: hello\n").get("a", "b").origin

    assert (2, 6, 11, "hello") == (origin.line, origin.column, origin.end_column, origin.text)


@pytest.mark.parametrize(
    "text",
    [
        "a: |\n  vllm serve \\\n    Qwen/x --foo bar\n",
        "a: >-\n  vllm serve\n  Qwen/x --foo\n  bar\n",
        'a: "vllm serve\\\n   Qwen/x --foo bar"\n',
        "a: 'vllm serve Qwen/x --foo bar'\n",
        "a: vllm serve\n  Qwen/x --foo\n  bar\n",
    ],
    ids=["block", "folded", "double-quoted", "single-quoted", "plain"],
)
def test_slice_of_a_scalar_is_located_through_every_style(text: str) -> None:
    """Each word of a multi-line scalar is found at its own place in the file."""
    node = root(text).get("a")
    content = node.text() or ""

    for word in ("vllm", "serve", "Qwen/x", "--foo", "bar"):
        start = content.index(word)
        assert word == seen(text, node, start, start + len(word))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("012", 10), ("0x1f", 31), ("0o17", 15), ("1_000", 1000), ("12:30:45", "12:30:45"), ("1e3", 1000.0),
        ("yes", True), ("Off", False), ("y", True), ("~", None), ("", None), ('"012"', "012"), ("2001-01-01", "2001-01-01"),
        ("1.10", 1.1), (".5", 0.5), ("0.11.0", "0.11.0"), ("9c925d6", "9c925d6"), ("089", 89.0), ("!!str 1", "1"),
    ],
)  # fmt: skip
def test_scalars_are_typed_as_kubectl_types_them(written: str, value: object) -> None:
    """YAML 1.1 booleans and Go's integers, but no sexagesimals and no timestamps."""
    assert value == root(f"a: {written}\n").get("a").value()


def test_last_of_two_equal_keys_wins_and_both_places_are_told() -> None:
    """A duplicate key is reported with the place that is lost and the place that counts."""
    node = root("a: 1\nb: 2\na: 3\n")
    [(key, lost, wins)] = node.duplicates()

    assert (3, "a", 1, 3) == (node.get("a").value(), key, lost.line, wins.line)


def test_merge_key_gives_way_to_own_keys() -> None:
    """`<<` fills in what the mapping does not say itself."""
    node = root("base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\n").get("own")

    assert {"x": 1, "y": 3} == node.value()


def test_absent_value_answers_every_question() -> None:
    """A path that leads nowhere gives a falsy node without content."""
    node = root("a: [1]\n").get("a", 5, "b")

    assert (False, False, None, [], [], None) == (
        bool(node), node.present, node.text(), node.items(), node.elements(), node.value()
    )  # fmt: skip


def test_null_is_present_but_falsy() -> None:
    """`requests:` with nothing behind it is written, and empty."""
    node = root("requests:\n").get("requests")

    assert (True, False) == (node.present, bool(node))


def test_document_after_a_broken_one_is_read() -> None:
    """A parse error hides only its own document."""
    found, errors = documents.read("a: 1\n---\nb: [\n---\nc: 3\n", "x.yaml")

    assert ([1, 3], [3]) == ([document.index for document in found], [error.line and 3 for error in errors])


def test_helm_source_comment_names_the_template() -> None:
    """Every place in a rendered document carries the template it came from."""
    found, _ = documents.read("---\n# Source: chat/templates/a.yaml\nx: 1\n---\n# Source: b.yaml\ny: 2\n", "x.yaml")

    assert ["chat/templates/a.yaml", "b.yaml"] == [document.template for document in found]


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 5_000 + "a", "{a: " * 3_000], ids=["flow", "compact", "map"])
def test_deep_nesting_is_refused_with_a_place(text: str) -> None:
    """Nesting that would exhaust the C stack is an input error."""
    found, errors = documents.read(text, "x.yaml")

    assert ([], True) == (found, "nested deeper" in errors[0].message)


def refusal(text: str) -> str:
    """Why the only document of a text is refused."""
    found, errors = documents.read(text, "x.yaml")
    assert ([], 1) == (found, len(errors))
    return errors[0].message


TEN = ", ".join(["*a{0}"] * 10)


@pytest.mark.parametrize("wrap", ["[{}]", "{{x: [{}]}}", "{{<<: [{}]}}", "{{apiVersion: v1, kind: List, items: [{}]}}"])
def test_alias_bomb_is_refused(wrap: str) -> None:
    """Aliases in lists, mappings and merge keys that stand for billions of values end the document, not the process."""
    levels = (f"a{level}: &a{level} {wrap.format(TEN.format(level - 1))}\n" for level in range(1, 10))
    assert "its aliases unfold to more than" in refusal("a0: &a0 {k: v}\n" + "".join(levels))


def test_refused_alias_bomb_leaves_the_other_documents() -> None:
    """The documents before and after it are read, with their true numbers."""
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
    found, errors = documents.read(f"a: 1\n---\n{bomb}---\nb: 2\n", "x.yaml")
    assert ([1, 3], [3]) == ([document.index for document in found], [error.line for error in errors])


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a {b: {c: *a}}\n", "a: &a\n  <<: *a\n  b: 1\n"])
def test_value_that_contains_itself_is_refused(text: str) -> None:
    """A circle made with an anchor is an input error, not endless recursion; Kubernetes refuses it too."""
    assert "holds itself" in refusal(text)


def test_long_chain_of_merges_is_read() -> None:
    """Each mapping merges the one before; nothing recurses."""
    chain = "a0: &a0 {k: v}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}}}\n" for i in range(1, 250))
    assert "v" == root(chain).get("a249", "k").text()
    longer = "".join(f"a{i}: &a{i} {{<<: *a{i - 1}}}\n" for i in range(250, 3000))
    assert "unfold" in refusal(chain + longer)


def test_merge_keys_give_way_to_own_keys_and_earlier_sources() -> None:
    """YAML's order: what the mapping writes, then the first of the list."""
    text = "a: &a {x: 1, y: 1, z: 1}\nb: &b {y: 2, z: 2, w: 2}\nc: {z: 3, <<: [*a, *b]}\n"
    assert {"x": 1, "y": 1, "z": 3, "w": 2} == root(text).get("c").value()


@pytest.mark.parametrize("unit", ["- ", "-  ", "? ", "- ? ", "[", "{a: ", "[{a: "])
def test_nesting_in_any_notation_is_refused(unit: str) -> None:
    """Deep nesting on one line ends the document, in every way YAML has to write it."""
    assert "nested deeper" in refusal(unit * 100_000 + "a")


@pytest.mark.parametrize("text", ["", "# a\n", "---\n# a\n---\n", "---\n---\n~\n---\nnull\n"])
def test_document_without_content_is_none(text: str) -> None:
    """Comments between two separators are no document, as Helm leaves them where a template is switched off."""
    assert ([], []) == documents.read(text, "x.yaml")


def test_many_broken_documents_end_the_file() -> None:
    """Each broken document costs a new start, so after some nothing more is tried, and that is said."""
    _, errors = documents.read("a: [\n---\n" * 10_000, "x.yaml")
    assert documents.MAX_BROKEN + 1 == len(errors)
    assert "nothing from here on is read" in errors[-1].message


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 400 + ".0", ".nan", ".inf"])
def test_number_beyond_all_numbers_is_text(text: str) -> None:
    """JSON has no word for it; Go's parser takes it for text too."""
    assert (text, None) == (root(f"a: {text}\n").get("a").value(), root(f"a: {text}\n").get("a").number())


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_without_raising(text: str) -> None:
    """No text raises; every document that is read can be unfolded or says why not."""
    found, errors = documents.read(text, "x.yaml")

    for document in found:
        try:
            document.root.value()
        except InputError as error:
            errors.append(error)
    assert all(error.message for error in errors)


_WORD = st.text("abcXYZ09é/-_.=", min_size=1, max_size=8)


@given(st.lists(_WORD, min_size=1, max_size=8), st.sampled_from(["|", ">", '"', "'"]), st.integers(0, 4))
def test_every_word_is_found_at_its_place(words: list[str], style: str, breaks: int) -> None:
    """However a text is folded or quoted, each of its words is located where it stands."""
    lines = [" ".join(words[i : i + breaks + 1]) for i in range(0, len(words), breaks + 1)]
    body = "\n".join(f"    {line}" for line in lines)
    text = f"a: {style}\n{body}\n" if style in "|>" else f"a: {style}{body.strip()}{style}\n"
    node = root(text).get("a")
    content = node.text() or ""

    at = 0
    for word in words:
        at = content.index(word, at)
        assert word == seen(text, node, at, at + len(word))
        at += len(word)
