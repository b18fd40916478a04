"""Variables that nothing expands, in arguments and in the values of other variables.

They are read from the argument vector and the environment themselves, before any engine's grammar, so that they hold
for every engine.
"""

import re
from collections.abc import Iterator
from functools import cache

from msgspec import structs

from skewguard.judge.checks import anchors, evidence, placeholders
from skewguard.judge.checks.interface import Case, Result, check, fail, unknown
from skewguard.language import secret_names
from skewguard.language.facts import Origin
from skewguard.language.workloads import EnvVar, Invocation, Token

EXPANSION = ("Kubernetes documentation: Define Dependent Environment Variables; only $(NAME) is expanded",)


@check(
    "args.literal-variable",
    reads_arguments=True,
    title="A variable is passed literally",
    category="runtime",
    severity="error",
    why="Kubernetes expands `$(NAME)` alone, and only when NAME is defined before. `$NAME` and `${NAME}` reach the engine "
    "as they are written, unless a shell reads them: a path, a model or a key is then the text with the dollar sign.",
    remedy="write `$(NAME)`, and define NAME earlier in the container's `env`",
    bad="args: [--model=${MODEL}]",
    good="args: [--model=$(MODEL)]",
    sources=EXPANSION,
)
def literal_variable(case: Case) -> Iterator[Result]:
    """`$VAR`, `${VAR}` and undefined `$(VAR)`, in arguments and in the values of variables."""
    ref = evidence.image(case)
    if ref is not None and ref.unresolved:
        return  # the whole file waits to be filled in, and pin.image-tag says so
    seen: set[Origin] = set()
    for invocation, token in evidence.words(case):
        answers = list(_literal(case, invocation, token))
        yield from answers
        if answers or placeholders.blank(token.text.rpartition("=")[2]):
            seen.add(token.origin)
    for argument in case.arguments("literal-variable"):
        if argument.origin not in seen and argument.value_origin not in seen and not argument.versions:
            yield fail(
                argument.message or f"`{argument.text}` is passed as it is written: nothing expands it",
                anchor=anchors.of_argument(argument),
                at=argument.origin,
            )
    suspects = [entry for entry in case.container.env if "$" in (entry.value or "")]
    if suspects and not _expanded_later(case):
        for entry in suspects:
            yield from _literal_value(case, entry)


def _literal(case: Case, invocation: Invocation, token: Token) -> Iterator[Result]:
    """One word of an argument vector; the text of a shell that could not be taken apart is left alone."""
    if "$" not in token.text or invocation.argv[0].text.rpartition("/")[2] in ("sh", "bash", "ash", "dash", "zsh"):
        return
    shell = invocation.via in ("shell", "script")
    for match in _variable().finditer(token.text):
        name = match["braced"] or match["plain"]
        if name and not token.secret and not any(name in part for part in token.unresolved):
            yield fail(
                f"`{match.group()}` is passed to {case.title} as it is written: "
                + (
                    "single quotes keep the shell from expanding it"
                    if shell
                    else "no shell reads this, and Kubernetes expands `$(…)` alone"
                ),
                remedy=f'write it in double quotes, `"${name}"`' if shell else _dependent(case, name),
                anchor=name,
                at=token.origin,
            )
    for name in () if shell else _undefined(token.text, token.unresolved):
        yield _reference(case, name, token.origin)


def _reference(case: Case, name: str, origin: Origin, anchor: str | None = None, remedy: str = "") -> Result:
    """`$(NAME)` that no source in the input defines: literal, unless an unseen `envFrom` holds it."""
    sources = [source.ref for source in case.container.unseen_env if not source.sourced]
    unseen = ", ".join(sources)
    if unseen:
        return unknown(
            f"`$({name})` is defined by nothing in the input; {unseen} may hold it",
            remedy=f"add {unseen} to the input",
            anchor=anchor or name,
            at=origin,
            inputs=tuple(f"env@{source}" for source in sources),
        )
    return fail(
        f"`$({name})` stays as it is written, because nothing defines {name} for this container before it is used",
        remedy=remedy or f"define {name} in the container's `env`, above its first use",
        anchor=anchor or name,
        at=origin,
    )


def _dependent(case: Case, name: str) -> str:
    if case.container.variable(name) is not None:
        return f"write `$({name})`"
    return f"write `$({name})`, and define {name} in the container's `env`"


def _literal_value(case: Case, entry: EnvVar) -> Iterator[Result]:
    """One variable whose value holds another one that nothing expands."""
    value = entry.value or ""
    if entry.source not in ("literal", "config-map") or "\n" in value or _is_script(entry.name):
        return
    for match in _variable().finditer(value):
        name = match["braced"] or match["plain"]
        if name and not value.startswith("$$", match.start() - 1):
            yield _unexpanded(entry, match.group(), name)
            return
    if entry.source == "literal" and all(source.sourced for source in case.container.unseen_env):
        for name in _undefined(value, None):
            if _stays(case, entry, name):
                own = _itself(name) if name == entry.name else ""
                yield _reference(case, name, _shown(entry), entry.name, own)
                return


def _itself(name: str) -> str:
    """The edit that gives a variable its value."""
    return placeholders.from_secret(name) if secret_names.is_secret(name) else "write the value itself"


def _stays(case: Case, entry: EnvVar, name: str) -> bool:
    """Whether Kubernetes leaves `$(NAME)` in this variable as it is: nothing above it has the name, and no `$$` is meant."""
    before = case.container.env[: case.container.env.index(entry)]
    return all(other.name != name for other in before) and f"$$({name})" not in (entry.origin.text or "")


def _unexpanded(entry: EnvVar, written: str, name: str) -> Result:
    """What a `$NAME` in a variable's value does there.

    A list that begins or ends with itself (`/x:$PATH`) still holds what was added, and only what the image sets is
    gone: whether that hurts, the image decides. Any other value is wrong as a whole.
    """
    message = f"{entry.name} holds the literal text `{written}`: Kubernetes expands `$(…)` alone"
    extends = name == entry.name and written in re.split(r"[:;, ]", entry.value or "") and entry.value != written
    if extends:
        message += "; what was added is there, and the value that the image sets is lost"
        remedy = (
            f"write the image's own {name} out in full (`docker run --rm --entrypoint printenv IMAGE {name}` shows it)"
        )
    elif entry.value == written and name == entry.name:
        remedy = "fill the file in before it is applied (`envsubst < FILE | kubectl apply -f -`), or " + _itself(name)
    elif entry.source == "literal":
        remedy = f"write `$({name})`, with {name} defined above"
    else:
        remedy = "write the value itself"
    return fail(message, remedy=remedy, anchor=entry.name, at=_shown(entry), severity="warning" if extends else None)


def _undefined(text: str, unresolved: tuple[str, ...] | None) -> list[str]:
    """The names of `$(NAME)` left in a text; `unresolved` None takes every one."""
    found = re.findall(r"(?<!\$)\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)", text)
    return [name for name in dict.fromkeys(found) if unresolved is None or name in unresolved]


def _is_script(name: str) -> bool:
    """Variables that hold text for a shell or a template engine, where a dollar sign means something."""
    parts = set(re.split(r"[^A-Z0-9]+", name.upper()))
    return not parts.isdisjoint(
        (
            "CMD",
            "COMMAND",
            "SCRIPT",
            "PS1",
            "PS2",
            "PROMPT",
            "TEMPLATE",
            "REGEX",
            "PATTERN",
            "FORMAT",
            "PASSWORD",
            "ENTRYPOINT",
        )
    )


def _expanded_later(case: Case) -> bool:
    """Whether something in the container expands variables in texts: `eval`, `envsubst`."""
    written = (*(case.container.command or ()), *(case.container.args or ()))
    return any(re.search(r"\b(?:eval|envsubst)\b", token.text) for token in written)


@cache
def _variable() -> re.Pattern[str]:
    """`${name}` (with a default or not) and `$NAME`; lower-case `$name` is left alone: it occurs in regular texts."""
    return re.compile(r"\$\{(?P<braced>[A-Za-z_]\w*)(?::?[-=+?][^{}]*)?\}|\$(?P<plain>[A-Z_][A-Z0-9_]+)\b")


def _shown(entry: EnvVar) -> Origin:
    """The place of a variable, without its text where that is a secret."""
    return structs.replace(entry.origin, text=None) if secret_names.is_secret(entry.name) else entry.origin
