"""Templates that were not rendered: told from what only looks like one, and answered with the command that renders.

Helm's actions (`{{ .Values.image }}`, `{{- if`, `{{ include`) stand where YAML has structure, or name Helm's own
objects. `{{.Name}}` of KServe, Jinja in a ConfigMap, Prometheus' `{{ $value }}` stand inside texts and are none.
"""

import bisect
import posixpath
import re
from collections.abc import Hashable, Iterator
from functools import cache

from skewguard.language import documents
from skewguard.language.documents import MAX_VALUES, Document
from skewguard.language.errors import InputError


@cache
def _helm() -> re.Pattern[str]:
    """An action that only Helm's engine knows."""
    return re.compile(
        r"\{\{-?[^{}\n]*?(?:\.Values\b|\.Release\.|\.Chart\.|\.Capabilities\.|\.Files\.|\.Template\.|"
        r"\b(?:include|template|define|block)\s+\"|\b(?:toYaml|fromYaml|nindent|tpl)\b)"
    )


@cache
def _structural() -> re.Pattern[str]:
    """A line that begins with an action, or a value that is one and nothing quotes it."""
    return re.compile(r"^(?P<indent>[ \t]*)(?:-[ \t]+)?(?:[\w./\"'-]+[ \t]*:[ \t]+)?(?P<action>\{\{|\{%)", re.MULTILINE)


@cache
def _block() -> re.Pattern[str]:
    """A line that opens a block scalar."""
    return re.compile(r"(?:^|[:\-][ \t]+)(?:&\S+[ \t]+|!\S+[ \t]+)*[|>][-+0-9]*[ \t]*(?:#.*)?\r?$")


def unrendered(text: str, path: str) -> InputError | None:
    """The error for a file that is a template; None for one that is not. `path` decides which chart it belongs to."""
    if "{{" not in text and "{%" not in text:
        return None
    found = _helm().search(text)
    if found is not None and not _is_comment(text, found.start()):
        return _error(text, path, found.start(), _render(path))
    at = next((at for at in _structural_actions(text, path)), None)
    if at is None:
        return None
    helm = re.match(r"\{\{-?\s*(?:if|with|range|else|end|include|template|define)\b", text[at : at + 40])
    return _error(text, path, at, _render(path) if helm or "/templates/" in f"/{path}" else _FILL)


_FILL = (
    "fill in its placeholders, or render it with the tool it was written for, and check what comes out: "
    "`RENDER | skewguard check -`"
)


def _structural_actions(text: str, path: str) -> list[int]:
    """The indexes of actions that YAML takes for structure, where it takes them at all."""
    candidates = list(_outside_blocks(text))
    if not candidates:
        return []
    found, errors = documents.read(text, path)
    if errors:
        return candidates[:1]
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    places = {_place(starts, at): at for at in candidates}
    return sorted(places[place] for place in _mappings(found) if place in places)


def _place(starts: list[int], at: int) -> tuple[int | None, int | None]:
    line = bisect.bisect_right(starts, at)
    return line, at - starts[line - 1] + 1


def _mappings(found: list[Document]) -> Iterator[tuple[int | None, int | None]]:
    """The places of all mappings: an action that is no text is a mapping in a mapping."""
    waiting = [document.root for document in found]
    seen: set[Hashable] = set()
    while waiting and len(seen) < MAX_VALUES:
        node = waiting.pop()
        if node.kind not in ("mapping", "sequence") or node.identity in seen:
            continue
        seen.add(node.identity)
        if node.kind == "mapping":
            yield node.origin.line, node.origin.column
            waiting.extend(value for _, value in node.items())
        else:
            waiting.extend(node.elements())


def _outside_blocks(text: str) -> Iterator[int]:
    """The indexes of actions at the start of a line or value, outside block scalars and comments."""
    inside = -1
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = end if end >= 0 else len(text)
        line = text[start:end]
        stripped = line.lstrip(" \t")
        indent = len(line) - len(stripped)
        if stripped and inside >= 0 and indent <= inside:
            inside = -1
        if stripped and inside < 0 and not stripped.startswith("#"):
            match = _structural().match(line)
            if match is not None:
                yield start + match.start("action")
            elif _block().search(line):
                inside = indent
        start = end + 1


def _is_comment(text: str, at: int) -> bool:
    return text[text.rfind("\n", 0, at) + 1 : at].lstrip().startswith("#") and _helm().search(text, at + 2) is None


def _render(path: str) -> str:
    """The rendering command, with the chart's folder where the path tells it."""
    folder = posixpath.dirname(path.replace("\\", "/"))
    parts = folder.split("/")
    if "templates" in parts:
        chart = "/".join(parts[: len(parts) - 1 - parts[::-1].index("templates")]) or "."
        return f"render the chart and check its output: `helm template {chart} | skewguard check -`"
    return "render it and check the output: `helm template CHART_FOLDER | skewguard check -`"


def kustomization(path: str) -> InputError:
    """The error for a kustomization.yaml: it says how to build objects, and holds none."""
    folder = posixpath.dirname(path.replace("\\", "/")) or "."
    return InputError(
        "this is a kustomization, not an object: what runs is what it builds",
        hint=f"`kustomize build {folder} | skewguard check -` (or `kubectl kustomize {folder}`)",
        file=path,
        line=1,
        column=1,
    )


def _error(text: str, path: str, at: int, hint: str) -> InputError:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return InputError("this is a template that was not rendered", hint=hint, file=path, line=line, column=column)
