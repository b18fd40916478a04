"""Text that somebody had to fill in, and did not.

One placeholder is one finding, at the place where it is written: a variable that holds it is told, and the arguments
that read the variable are not.
"""

import re
from collections.abc import Iterator
from functools import cache

from skewguard.judge.checks import anchors, evidence
from skewguard.judge.checks.interface import Case, Result, check, fail
from skewguard.language import secret_names
from skewguard.language.workloads import EnvVar, Token


@check(
    "args.placeholder",
    title="A placeholder was never filled in",
    category="runtime",
    severity="error",
    phases=("static",),
    why="Text such as `<YOUR_TOKEN>` reaches the engine as it stands: a download is refused, a model is not found, or "
    "clients authenticate with the placeholder.",
    remedy="write the value the placeholder stands for",
    bad='- {name: HF_TOKEN, value: "<YOUR_TOKEN>"}',
    good="- {name: HF_TOKEN, valueFrom: {secretKeyRef: {name: hf-token, key: token}}}",
)
def placeholder(case: Case) -> Iterator[Result]:
    """`<YOUR_…>`, `CHANGEME`, a name in place of its value, in the values of variables and in arguments."""
    told: set[str] = set()
    for entry in _variables(case):
        held = of_value(entry.name, entry.value or "")
        if held and (_wrote(entry.origin.text, held, entry.value) or held not in told):
            told.add(held)
            yield fail(
                f"{entry.name} still holds the placeholder `{held}`",
                remedy=from_secret(entry.name) if secret_names.is_secret(entry.name) else "",
                anchor=entry.name,
                at=entry.origin,
            )
    for _, token in evidence.words(case):
        held = _of_word(case, token)
        if held and (_wrote(token.origin.text, held, token.text) or held not in told):
            told.add(held)
            flag = anchors.of_token(case, token)
            yield fail(
                f"`{_with_flag(flag, token.text)}` still holds the placeholder `{held}`",
                remedy=by_reference(case, flag) if secret_names.is_secret(flag) else "",
                anchor=flag,
                at=token.origin,
            )


def _with_flag(flag: str, word: str) -> str:
    return word if flag == anchors.POSITIONAL or word.startswith("-") else f"{flag} {word}"


def _variables(case: Case) -> Iterator[EnvVar]:
    """The variables whose values stand in the manifest, or in a script's own lines."""
    for entry in case.container.env:
        if entry.source in ("literal", "config-map"):
            yield entry
    for start in evidence.starts(case):
        yield from (entry for entry in start.environment if entry.source == "shell")


def _wrote(written: str | None, held: str, value: str | None) -> bool:
    """Whether the placeholder stands in the text itself, and not in a variable that the text refers to."""
    text = value if written is None else written
    return held in re.sub(r"\$\([^()]*\)|\$\{[^{}]*\}|\$\w+", "", text or "")


def _of_word(case: Case, token: Token) -> str | None:
    """The placeholder in a word of the command line: in its value, where it is a flag with one."""
    flag, equals, value = token.text.partition("=")
    text = value if equals and flag.startswith("-") else token.text
    held = blank(text)
    if held is None and (text.startswith("<") or secret_names.names_a_secret(text)):
        return of_value(anchors.of_token(case, token), text)  # whether a secret belongs there, the flag says
    return held.group() if held else None


def of_value(name: str, value: str) -> str | None:
    """The placeholder in the value of a flag or variable of this name.

    A value that is but the name (`HF_TOKEN: HF_TOKEN`, `<HF_TOKEN>`, `__HF_TOKEN__`), or the name of another secret
    where a secret belongs, was never filled in either.
    """
    held = blank(value)
    if held:
        return held.group()
    if value == name and value.isupper():
        return value
    if secret_names.is_secret(name) and (
        secret_names.names_a_secret(value) or re.fullmatch(r"<[A-Za-z][\w -]{0,80}>", value)
    ):
        return value
    inside = re.fullmatch(r"(?:<|\{{1,2}|\[|__|%|@)([A-Za-z][\w -]{0,80}?)(?:>|\}{1,2}|\]|__|%|@)", value)
    return value if inside and _plain(inside[1]) == _plain(name) else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def blank(text: str) -> re.Match[str] | None:
    """The placeholder in a text. Most texts hold none of its marks, and no pattern is needed for them."""
    if "<" in text or text.lower().startswith(_MARKS):
        return _blank().search(text)
    return None


_MARKS = ("your", "insert", "replace", "enter", "change", "fill", "todo", "fixme", "tbd", "hf_", "sk-")


@cache
def _blank() -> re.Pattern[str]:
    """Placeholders; special tokens of models (`<think>`, `<|im_end|>`, `<image>`) are none."""
    return re.compile(
        r"<(?:[A-Z][A-Z0-9]*(?:[_ -][A-Z0-9]+)+|[^<>|/]*\b(?i:your|insert|replace|enter|change)\b[^<>|/]*"
        r"|[^<>|/]*(?i:your|replace|insert)[-_ ][^<>|/]*"
        r"|(?i:[a-z]+[-_ ])*(?i:hf|api|access|auth|model)[-_ ](?i:token|key|name|id|path|repo|secret)"
        r"|(?i:[a-z]+[-_ ])*(?i:account|bucket|project|region|registry|namespace|version|tag|digest)(?i:[-_ ](?i:id|name))?)>"
        r"|^(?i:your|insert|replace|enter)[-_](?i:[a-z0-9_-]+)$"
        r"|^(?i:change[-_]?me|replace[-_]?me|fill[-_]?me|todo|fixme|tbd)$"
        r"|^(?:hf_|sk-)(?i:x{3,}|\.{3})$"
    )


def from_secret(variable: str) -> str:
    """How to take a variable from a Secret."""
    return f"put the value into a Secret and set `- name: {variable}` with `valueFrom: {{secretKeyRef: {{name: SECRET, key: KEY}}}}`"


def by_reference(case: Case, flag: str) -> str:
    """How to give a secret flag its value: through a variable that comes from a Secret."""
    variable = flag.strip("-").replace("-", "_").upper()
    return f"{from_secret(variable)}, and write `{evidence.joined(case, flag, f'$({variable})')}`"
