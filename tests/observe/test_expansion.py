"""References that Kubernetes expands: the rules of third_party/forked/golang/expansion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language import documents
from skewguard.observe.sources import expansion, texts
from skewguard.observe.sources.expansion import Binding
from skewguard.observe.sources.texts import Text

PLACE = documents.read("x", "x.yaml")[0][0].root.origin


def text_of(value: str) -> Text:
    """A scalar of a manifest."""
    quoted = "".join(f"\\U{ord(character):08x}" for character in value)
    return texts.of(documents.read(f'v: "{quoted}"', "x.yaml")[0][0].root.get("v"))


KNOWN = {
    "VAR_A": Binding(text_of("A"), "literal", PLACE),
    "VAR_B": Binding(text_of("B"), "literal", PLACE),
    "VAR_REF": Binding(text_of("$(VAR_A)"), "literal", PLACE),
    "VAR_EMPTY": Binding(text_of(""), "literal", PLACE),
    "SECRET": Binding(None, "secret", PLACE),
    "FIELD": Binding(None, "field", PLACE),
    "MAYBE": Binding(text_of("m"), "config-map", PLACE, ("ConfigMap later",)),
}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("$(VAR_A)", "A"),
        ("___$(VAR_B)___", "___B___"),
        ("$(VAR_A)-$(VAR_B)", "A-B"),
        ("$$(VAR_B)_$(VAR_A)", "$(VAR_B)_A"),
        ("$$(VAR_A)_$(VAR_B)", "$(VAR_A)_B"),
        ("f000-$$VAR_A", "f000-$VAR_A"),
        ("foo\\$(VAR_C)bar", "foo\\$(VAR_C)bar"),
        ("foo$$$(VAR_B)bar", "foo$Bbar"),
        ("$$$$$$$(VAR_A)", "$$$A"),
        ("$(VAR_A)$(VAR_A)", "AA"),
        ("$(VAR_A", "$(VAR_A"),
        ("$$$(VAR_A", "$$(VAR_A"),
        ("$(VAR_A$(VAR_B)", "$(VAR_A$(VAR_B)"),
        ("$VAR_A ${VAR_A} $", "$VAR_A ${VAR_A} $"),
        ("$?_boo_$!(VAR_B)", "$?_boo_$!(VAR_B)"),
        ("$(VAR_REF)", "$(VAR_A)"),
        ("x$(VAR_EMPTY)y", "xy"),
        ("$()", "$()"),
        ("$(a b)", "$(a b)"),
        ("$( $$ x", "$( $ x"),
    ],
)
def test_references_are_expanded_as_the_kubelet_does(written: str, expected: str) -> None:
    """Known names are replaced once, `$$` is one dollar, everything else stays."""
    assert expansion.expand(text_of(written), KNOWN.get).text == expected


def test_undefined_name_stays_and_is_named() -> None:
    """A reference to a name that nothing defines is literal text, and the word says which name."""
    token = texts.token(expansion.expand(text_of("--a=$(NOPE)"), KNOWN.get).runs)
    assert (token.text, token.unresolved, token.secret) == ("--a=$(NOPE)", ("NOPE",), False)


@pytest.mark.parametrize(("name", "secret"), [("SECRET", True), ("FIELD", False)])
def test_unknown_value_leaves_a_placeholder(name: str, secret: bool) -> None:
    """A value from a Secret or a field is not known; a Secret's is marked as one."""
    token = texts.token(expansion.expand(text_of(f"--a=$({name})"), KNOWN.get).runs)
    assert (token.text, token.unresolved, token.secret) == (f"--a=$({name})", (f"$({name})",), secret)


def test_value_that_an_unseen_source_may_override_is_assumed() -> None:
    """A value holds only as long as a source that is not in the input does not define it again."""
    assert texts.token(expansion.expand(text_of("$(MAYBE)"), KNOWN.get).runs).assumes == ("ConfigMap later",)


@pytest.mark.parametrize(
    ("written", "expected", "unresolved"),
    [
        ("--name={{.Name}}", "--name=chat", ()),
        ("{{ .Name }}-x", "chat-x", ()),
        ("{{.Labels.x}}", "{{.Labels.x}}", ("{{.Labels.x}}",)),
        ("{{- if .Spec.X }}a", "{{- if .Spec.X }}a", ("{{- if .Spec.X }}",)),
        ("{{ if .X }}--y {{.Name}}{{ end }} z", "{{ if .X }}--y {{.Name}}{{ end }} z", ("{{ if .X }}",)),
        ("{{if .X}}{{if .Y}}a{{end}}{{end}}{{.Name}}", "{{if .X}}{{if .Y}}a{{end}}{{end}}chat", ("{{if .X}}",)),
        ("{a: {b: 1}}", "{a: {b: 1}}", ()),
    ],
)
def test_placeholders_of_kserve_are_filled_in(written: str, expected: str, unresolved: tuple[str, ...]) -> None:
    """`{{.Name}}` becomes the service's name; what is not known is named."""
    token = texts.token(expansion.fill(text_of(written), {"Name": "chat"}).runs)
    assert (token.text, token.unresolved) == (expected, unresolved)


@given(st.text(alphabet="$()ABVAR_ {}.x", max_size=80))
def test_any_text_is_expanded(written: str) -> None:
    """Any text expands without an error; without a dollar sign it stays as it is."""
    result = expansion.expand(text_of(written), KNOWN.get).text
    assert "$" in written or result == written


@pytest.mark.parametrize(
    ("written", "unresolved"),
    [("$(" * 50_000, 0), ("$(VAR_A" * 20_000 + ")", 1)],
)
def test_endless_text_is_expanded_and_stays_as_it_is(written: str, unresolved: int) -> None:
    """A text full of openings, which would keep a reader busy for hours that looks for each one's end anew."""
    token = texts.token(expansion.expand(text_of(written), KNOWN.get).runs)
    assert (written, unresolved) == (token.text, len(token.unresolved))
