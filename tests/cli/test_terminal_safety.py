"""What a manifest says must not move the cursor, forge a line or hide one: everything odd is escaped where it is shown."""

from xml.etree import ElementTree as ET

import pytest

from tests.cli.running import GOOD, Outcome, Run, write

ODD = {
    "ANSI": "\x1b[2J\x1b[31m",
    "bell": "a\x07b",
    "carriage return": "a\rb",
    "backspace": "ab\x08",
    "C1": "a\x9b31mb",
    "delete": "a\x7fb",
    "right to left": "a\u202eb\u202c",
    "isolate": "a\u2066b\u2069",
    "zero width": "a\u200bb\ufeffc",
    "line separator": "a\u2028b\u2029c\x85d",
    "line break": "a\nb",
    "workflow command": "a\n::error::forged",
    "XML": "a<b>&\"']]>",
    "not a character": "a\ufffeb",
}
SHOWN = frozenset("\x1b\x07\r\x08\x9b\x7f\u202e\u202c\u2066\u2069\u2028\u2029\x85\x00\ufeff\u200b")


def odd_manifest(text: str) -> str:
    """A manifest that holds the text in a name, an argument, a variable, an image and a label."""
    escaped = "".join(
        char if char.isascii() and char.isprintable() and char not in '"\\' else f"\\U{ord(char):08x}" for char in text
    )
    return (
        GOOD.replace("  name: chat\n", f'  name: "{escaped}"\n', 1)
        .replace("name: vllm", f'name: "v{escaped}"')
        .replace("- --dtype=bfloat16", f'- "--odd{escaped}=1"\n            - "--dtype={escaped}"')
        .replace("vllm-openai:v0.11.0", "vllm-openai:latest")
        .replace("{name: HF_HOME, value: /models}", f'{{name: "VLLM_{escaped}", value: "{escaped}"}}')
        .replace("{app: chat}", f'{{app: "{escaped}"}}')
    )


def harmless(done: Outcome) -> bool:
    """Whether nothing that a terminal obeys is printed."""
    return not SHOWN & set(done.out + done.err)


@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("form", ["table", "wide", "github", "yaml", "json", "sarif", "junit"])
def test_odd_characters_are_escaped_in_every_format(run: Run, case: str, form: str) -> None:
    """In names, arguments, variables and values; the documents still parse."""
    done = run("check", write("x.yaml", odd_manifest(ODD[case])), "-o", form, "-v")
    assert (1, True) == (done.code, harmless(done))
    assert not any(line.startswith("::error::forged") for line in done.out.splitlines())
    if form in ("json", "sarif"):
        assert done.document
    if form == "junit":
        assert "testsuites" == ET.fromstring(done.out).tag  # noqa: S314  # our own text
    if form == "github":
        assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in done.out.splitlines())


@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("verb", ["settings", "diff", "init"])
def test_odd_characters_are_escaped_by_every_verb(run: Run, case: str, verb: str) -> None:
    """Also in what `init` prints, which is YAML that reads back."""
    write("x.yaml", odd_manifest(ODD[case]))
    write("y.yaml", odd_manifest(ODD[case]).replace("max-num-seqs=128", "max-num-seqs=64"))
    done = run(verb, "x.yaml", *(["y.yaml"] if verb == "diff" else []))
    assert ({"settings": 0, "diff": 1, "init": 0}[verb], True) == (done.code, harmless(done))
    if verb == "init":
        contract = write("c.yaml", done.out)
        assert 2 != run("check", "x.yaml", "--contract", contract).code


@pytest.mark.parametrize(
    "name", ["a\x1b[31m.yaml", "a\nb.yaml", "a\u202eb.yaml", "a\rb.yaml", "::error::x.yaml", "a,b=c.yaml"]
)
@pytest.mark.parametrize("form", ["table", "github", "junit", "sarif", "json", "yaml"])
def test_odd_file_names_are_escaped(run: Run, name: str, form: str) -> None:
    """Readable files and missing ones."""
    write(name, GOOD.replace("v0.11.0", "latest"))
    done = run("check", name, f"gone{name}", "-o", form)
    assert (2, True) == (done.code, harmless(done))
    if form == "junit":
        assert ET.fromstring(done.out).tag  # noqa: S314  # our own text
    if form == "github":
        assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in done.out.splitlines())


@pytest.mark.parametrize("word", ["\x1b[31mx", "a\nb", "a\u202eb", "a\rb"])
def test_odd_words_of_the_command_line_are_escaped(run: Run, word: str) -> None:
    """In usage errors too: a script may pass on what somebody else wrote."""
    for words in (
        ("explain", word),
        ("check", word),
        ("check", "-o", word, "x"),
        ("check", f"--{word}", "x"),
        (word,),
        ("settings", f"vllm==0.11.0 -- serve {word}"),
        ("settings", f"{word}==1 -- serve"),
        ("diff", word, word),
        ("check", "x", "--fail-on", word),
        ("explain", f"vllm/{word}"),
        ("explain", f"vllm=={word}"),
        ("init", word),
    ):
        assert harmless(run(*words)), words
