"""A command line as a workload, so that `settings 'vllm==0.11.0 -- serve m'` walks the same road as a manifest."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
from msgspec import structs

from skewguard.language import documents
from skewguard.language.facts import Located, Origin, Subject
from skewguard.language.workloads import Container, Invocation, PodTemplate, TextFile, Token, Workload
from skewguard.observe.sources import starting, texts

KIND = "CommandLine"
ANNOTATION = "skewguard.dev/engine"

_PROGRAMS: Mapping[str, str] = {"trtllm": "trtllm-serve"}
"""The program that has the sub-command `serve`, where it is not called as the engine is."""
_JOINING = ("trtllm",)
"""Engines whose parser takes the path of a file behind an equals sign too; the others pass such a word over."""

ReadFile = Callable[[str], str | None]


def workload(text: str, engine: str, argv: Sequence[str], read_file: ReadFile) -> Workload:
    """The workload that runs `argv`. Words that begin with `-` are container `args` under the image's entrypoint.

    `read_file` gives the text of a file on disk that the words name, None where it cannot be read.
    """
    head = text.partition(" -- ")[0].split()[0] if text else engine
    origin = Origin(kind="command-line", ref="command line", text=text)
    tokens = tuple(_token(word, number) for number, word in enumerate(argv, start=1))
    from_image = not tokens or tokens[0].text.startswith("-")
    if tokens and not from_image and tokens[0].text == "serve":
        tokens = (Token(_PROGRAMS.get(engine, engine), tokens[0].origin), *tokens)
    starts = starting.Starts([Invocation(tokens, "image" if from_image else "exec")], [])
    if tokens and tokens[0].text.rpartition("/")[2] in starting.SHELLS:
        starts = _through_shell(argv) or starts
    container = Container(
        name=engine,
        origin=origin,
        command=None if from_image else tokens,
        args=tokens if from_image else None,
        invocations=tuple(starts.invocations),
        gaps=tuple(starts.gaps),
        files=tuple(
            _file(path, read_file)
            for each in starts.invocations
            for path in _paths(engine, [token.text for token in each.argv])
        ),
    )
    return Workload(
        subject=Subject(kind=KIND, name=head),
        template=PodTemplate(origin=origin, containers=(container,)),
        origin=origin,
        annotations={ANNOTATION: Located(head, origin)},
    )


def _token(word: str, number: int) -> Token:
    return Token(word, Origin(kind="command-line", ref=f"command line, word {number}", text=word))


def _through_shell(argv: Sequence[str]) -> starting.Starts | None:
    """What a shell on the command line starts, read as the same words in a manifest are; None where they are no text."""
    try:
        written = ",\n".join(msgspec.json.encode(word).decode() for word in argv)
    except UnicodeEncodeError:
        return None
    found, _ = documents.read(f"[{written}]", "command line")
    if not found:
        return None
    around = starting.Surroundings(lambda _name: None, lambda _path: (None, None))
    starts = starting.read([texts.of(node) for node in found[0].root.elements()], (), around, ())
    starts.invocations = [
        structs.replace(each, argv=tuple(structs.replace(token, origin=_word(token.origin)) for token in each.argv))
        for each in starts.invocations
    ]
    return starts


def _word(origin: Origin) -> Origin:
    """The word of the command line that a place stands for: each word was written on a line of its own."""
    return Origin(kind="command-line", ref=f"command line, word {origin.line}", text=origin.text)


def _paths(engine: str, argv: Sequence[str]) -> Iterator[str]:
    """The files of settings that the words name."""
    for number, word in enumerate(argv):
        name, equals, path = word.partition("=")
        if name not in ("--config", "--extra_llm_api_options"):
            continue
        if equals and engine in _JOINING:
            yield path
        elif not equals and number + 1 < len(argv):
            yield argv[number + 1]


def _file(path: str, read_file: ReadFile) -> TextFile:
    origin = Origin(kind="file", ref=path, file=path)
    text = read_file(path)
    lines = tuple(
        Origin(kind="file", ref=path, file=path, line=at, column=1, text=line)
        for at, line in enumerate((text or "").split("\n"), start=1)
    )
    return TextFile(path, text, path, origin, lines)
