"""References that Kubernetes itself expands: `$(NAME)` in `command`, `args` and `env`, with `$$` as the escape.

The rules are those of k8s.io/kubernetes third_party/forked/golang/expansion: a reference to a name that nothing
defines stays as it is written, `$$` gives one dollar sign, and any other dollar sign is itself. KServe's
`{{.Name}}` placeholders are filled in here too, which its controller does before.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from skewguard.language.facts import Origin
from skewguard.language.workloads import EnvSource
from skewguard.observe.sources.texts import MAX_LENGTH, Run, Text


class Binding(Struct, frozen=True):
    """What one name stands for. `value` None: it is defined, and its value cannot be known."""

    value: Text | None
    source: EnvSource
    origin: Origin
    assumes: tuple[str, ...] = ()


Lookup = Callable[[str], Binding | None]
"""Gives the binding of a name; None where nothing defines it."""


def expand(text: Text, lookup: Lookup, unseen: tuple[str, ...] = ()) -> Text:
    """`text` as the kubelet hands it to the container. `unseen` are sources that might define further names."""
    source = text.text
    if "$" not in source:
        return text
    runs: list[Run] = []
    at, length = 0, 0
    while at < len(source):
        dollar = source.find("$", at)
        if dollar < 0 or dollar + 1 >= len(source):
            runs.extend(text.slice(at, len(source)))
            break
        runs.extend(text.slice(at, dollar))
        following = source[dollar + 1]
        at = dollar + 2
        if following == "$":
            runs.append(text.standing_for(dollar, at, "$"))
        elif following == "(" and (close := source.find(")", at)) >= 0:
            run = _reference(text, dollar, close + 1, lookup(source[at:close]), source[at:close], unseen)
            length += len(run.text)
            runs.append(run if length <= MAX_LENGTH else text.unknown(dollar, close + 1, source[at:close]))
            at = close + 1
        else:
            runs.extend(text.slice(dollar, at))
            if following == "(":  # no `)` follows anywhere: the rest holds no reference, only escapes
                runs.extend(_unescaped(text, at))
                break
    return Text(runs)


def _unescaped(text: Text, start: int) -> list[Run]:
    runs: list[Run] = []
    for match in re.finditer(r"\$\$|[^$]+|\$", text.text[start:]):
        low, high = start + match.start(), start + match.end()
        runs.extend([text.standing_for(low, high, "$")] if match.group() == "$$" else text.slice(low, high))
    return runs


def _reference(text: Text, start: int, end: int, binding: Binding | None, name: str, unseen: tuple[str, ...]) -> Run:
    if binding is None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name):
            run = text.standing_for(start, end, text.text[start:end])  # a shell's `$(command)`: stays, and is known
        else:
            run = text.unknown(start, end, name, assumes=unseen)
        return run
    if binding.value is not None:
        value = text.standing_for(start, end, binding.value)
        return _assuming(value, binding.assumes)
    # The reference as written marks a value that exists and is not known, apart from a name that nothing defines.
    held = text.unknown(start, end, f"$({name})", assumes=binding.assumes)
    return Run(
        held.text, held.node, held.start, held.end, True, held.unresolved, binding.source == "secret", held.assumes
    )


def _assuming(run: Run, assumes: tuple[str, ...]) -> Run:
    if not assumes:
        return run
    return Run(run.text, run.node, run.start, run.end, True, run.unresolved, run.secret, (*run.assumes, *assumes))


def fill(text: Text, values: Mapping[str, str]) -> Text:
    """`{{.Name}}`-style placeholders of KServe, filled in from `values` (`Name` → `chat`); others stay unknown.

    What stands between `{{ if }}` and its `{{ end }}` may be there or not, so that all of it is one unknown part.
    """
    if "{{" not in text.text:
        return text
    runs: list[Run] = []
    at = 0
    actions = list(re.finditer(r"\{\{-?\s*(?:\.([A-Za-z][\w.]*)\s*-?\}\}|[^{}]*\}\})", text.text))
    ends = _ends(actions)
    for index, match in enumerate(actions):
        if match.start() < at:
            continue
        runs.extend(text.slice(at, match.start()))
        known = values.get(match.group(1) or "")
        at = actions[ends.get(index, index)].end()
        if known is None:
            runs.append(text.unknown(match.start(), at, match.group()))
        else:
            runs.append(text.standing_for(match.start(), at, known))
    runs.extend(text.slice(at, len(text.text)))
    return Text(runs) if runs else text


def _ends(actions: Sequence[re.Match[str]]) -> dict[int, int]:
    """The index of the action that closes each `{{ if }}`, `{{ range }}` and `{{ with }}`, by its own index."""
    opened: list[int] = []
    found = {}
    for index, match in enumerate(actions):
        word = re.match(r"\{\{-?\s*(\w*)", match.group())
        if word is not None and word[1] in ("if", "range", "with", "block"):
            opened.append(index)
        elif word is not None and word[1] == "end" and opened:
            found[opened.pop()] = index
    return found
