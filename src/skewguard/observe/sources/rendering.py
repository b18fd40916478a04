"""Templates that were not rendered: told from what only looks like one, and answered with the command that renders.

Helm's actions (`{{ .Values.image }}`, `{{- if`, `{{ include`) stand where YAML has structure, or name Helm's own
objects. `{{.Name}}` of KServe, Jinja in a ConfigMap, Prometheus' `{{ $value }}` stand inside texts and are none.
"""

import posixpath
import re
from functools import cache

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


def unrendered(text: str, path: str) -> InputError | None:
    """The error for a file that is a template; None for one that is not. `path` decides which chart it belongs to."""
    if "{{" not in text and "{%" not in text:
        return None
    found = _helm().search(text)
    if found is not None and not _is_comment(text, found.start()):
        return _error(text, path, found.start(), _render(path))
    at = _structure(text)
    if at is None:
        return None
    hint = _render(path) if "{{" in text[at : at + 3] else "render it with the tool it was written for, and check its output: `RENDER | skewguard check -`"
    return _error(text, path, at, hint)


def _structure(text: str) -> int | None:
    """The index of an action outside every block scalar; comments and texts in quotes hold none."""
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
                return start + match.start("action")
            if re.search(r"(?:^|[:\-][ \t]+)(?:&\S+[ \t]+|!\S+[ \t]+)*[|>][-+0-9]*[ \t]*(?:#.*)?\r?$", line):
                inside = indent
        start = end + 1
    return None


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
