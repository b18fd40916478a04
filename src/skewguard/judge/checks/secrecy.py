"""Secrets that stand in clear where everybody who may read a manifest reads them."""

import re
from collections.abc import Iterator
from itertools import zip_longest

from msgspec import structs

from skewguard.judge.checks import anchors, evidence, placeholders
from skewguard.judge.checks.interface import Case, Result, check, fail
from skewguard.language import redact, secret_names
from skewguard.language.workloads import EnvVar, Invocation, Token


@check(
    "args.secret-in-clear",
    title="A secret stands in clear in the manifest",
    category="runtime",
    severity="warning",
    why="Whoever may read the manifest, the Deployment, the process list or the server's start-up log has the key. It "
    "also lands in every snapshot and diff.",
    remedy="keep the value in a Secret and refer to it with `secretKeyRef`",
    bad="args: [--api-key=my-key]",
    good="args: [--api-key=$(API_KEY)]\nenv: [{name: API_KEY, valueFrom: {secretKeyRef: {name: chat, key: api-key}}}]",
    sources=("Kubernetes documentation: Good practices for Kubernetes Secrets",),
)
def secret_in_clear(case: Case) -> Iterator[Result]:
    """A key, token or password as a literal: in arguments, in `env`, in a ConfigMap that `env` reads."""
    plain = [entry for entry in case.container.env if entry.source in ("literal", "config-map") and entry.value]
    for invocation in evidence.starts(case):
        for name, token, value in _options(invocation):
            if secret_names.is_secret(name) and _tells(name, value) and not token.secret:
                source = next((entry for entry in plain if _comes_from(token, entry)), None)
                if source is not None and _is_secret(source.name, source.value or ""):
                    continue  # one literal at one place: the variable's own finding tells it
                variable = source.name if source else name.strip("-").replace("-", "_").upper()
                yield fail(
                    f"The value of `{name}` stands in clear in "
                    + (f"the variable {variable}" if source else "the arguments"),
                    remedy=f"{placeholders.from_secret(variable)}, and write `{evidence.joined(case, name, f'$({variable})')}`; then replace the key, it is known",
                    anchor=anchors.of_token(case, token),
                    at=structs.replace(source.origin if source else token.origin, text=None),
                    value="(hidden)",
                )
    for entry in case.container.env:
        if entry.source in ("literal", "config-map") and entry.value and _is_secret(entry.name, entry.value):
            where = f"in {entry.ref}" if entry.source == "config-map" and entry.ref else "in `env`"
            yield fail(
                f"The value of {entry.name} stands in clear {where}",
                remedy=f"{placeholders.from_secret(entry.name)}; then replace the key, it is known",
                anchor=entry.name,
                at=structs.replace(entry.origin, text=None),
                value="(hidden)",
            )


def _comes_from(token: Token, entry: EnvVar) -> bool:
    """Whether a word was filled from a variable: it refers to it, or was cut out of its value. Equal text is no sign."""
    place, value = token.origin, entry.origin
    if re.search(rf"\$[({{]?{re.escape(entry.name)}\b", place.text or ""):
        return True
    if place.file is None or place.line is None:
        return place.ref == value.ref
    inside = (value.column or 0) <= (place.column or 0) <= (value.end_column or 0)
    return (place.file, place.line) == (value.file, value.line) and inside


def _options(invocation: Invocation) -> Iterator[tuple[str, Token, str]]:
    """(flag, token of the value, value) of every `--flag=value` and `--flag value`."""
    for token, after in zip_longest(invocation.argv, invocation.argv[1:]):
        name, equals, value = token.text.partition("=")
        if not name.startswith("-") or token.unresolved:
            continue
        if equals:
            yield name, token, value
        elif after is not None and not after.text.startswith("-") and not after.unresolved:
            yield name, after, after.text


def _is_secret(name: str, value: str) -> bool:
    if secret_names.is_secret(name):
        return _tells(name, value)
    return redact.value(name, value) != value and _tells(name, value)


def _tells(name: str, value: str) -> bool:
    """Whether the value of this name gives something away: references, placeholders and the usual stand-ins do not."""
    stand_ins = (
        "",
        "empty",
        "none",
        "null",
        "dummy",
        "fake",
        "test",
        "token",
        "changeme",
        "unused",
        "not-needed",
        "no-key",
        "sk-no-key-required",
        "true",
        "false",
        "na",
        "n/a",
        "xxx",
        "local",
    )
    return not (
        value.strip().lower() in stand_ins
        or value.startswith(("$", "/"))
        or value.isdigit()
        or placeholders.of_value(name, value)
    )
