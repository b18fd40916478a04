"""How a check reads a case: what is known of a setting, what only an edit would tell, and how an edit is written.

Checks speak of settings by their vocabulary name; the flag to write comes from the engine's own destination, so that
one check serves every engine.
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal

from skewguard.judge.checks.interface import Case, Result, skipped, unknown
from skewguard.judge.checks.resource_fields import form
from skewguard.knowledge import engines
from skewguard.knowledge.engines import commands, images, recognition, tables
from skewguard.knowledge.engines.images import ImageRef
from skewguard.knowledge.engines.wrappers import WRAPPERS, Wrapper
from skewguard.language import vocabulary
from skewguard.language.facts import Choice, Fact, Gap, Located, Origin, Value
from skewguard.language.workloads import Invocation, Token

Place = Literal["hub", "path", "uri", "other"]


def flag(case: Case, setting: str) -> str | None:
    """The engine's spelling of a setting: as it stands in the arguments, else as its release spells it.

    The name of a variable for an engine that is told by variables. None where the engine has no such setting, or takes
    it as a word without a flag.
    """
    dest = vocabulary.destination(case.engine, setting)
    if dest is None:
        return None
    written = case.parsed.arguments if case.parsed else ()
    read = (item for item in written if item.outcome != "unknown")  # a name of another release is none of this one
    spelled = next((item.flag for item in read if item.dest == dest and item.flag), None)
    if spelled is not None:
        return spelled
    names = _spellings(case, dest)
    known = next((name for name in names if name.startswith("-") or name in _readable(case)), None)
    return known or (None if names else "--" + dest.replace("_", "-"))


def _spellings(case: Case, dest: str) -> tuple[str, ...]:
    """How the release (of several, the newest) spells the flag of a destination; empty where it has none."""
    module = engines.ENGINES.get(case.engine)
    if module is None or case.release is None:
        return ()
    return _spelled(case.engine, tables.load(case.engine), case.release.candidates[-1]).get(dest, ())


@lru_cache(maxsize=256)  # an engine has hundreds of flags, and a fleet a few releases
def _spelled(engine: str, _table: tables.Table, version: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for record in engines.ENGINES[engine].flags(version):
        found.setdefault(record.dest, record.spellings)
    return found


def is_switch(case: Case, name: str) -> bool:
    """Whether the release (of several, the newest) takes no value for a flag."""
    module = engines.ENGINES.get(case.engine)
    if module is None or case.release is None:
        return False
    newest = module.flags(case.release.candidates[-1])
    return any(name in record.spellings and record.type == "bool" for record in newest)


def adding(case: Case, setting: str, value: str) -> str | None:
    """How to write a setting that is not there yet, where this container keeps its arguments; None: it cannot be."""
    name, dest = flag(case, setting), vocabulary.destination(case.engine, setting)
    if name is None or dest is None or case.parsed is None or not _spellings(case, dest):
        return None
    return add_words(case, name, value)


def add_words(case: Case, name: str, value: str) -> str:
    """How to give a flag a value in this container's arguments: change the one that stands there, else add it.

    A flag that is added beside one that stands already is the same flag twice.
    """
    if not name.startswith("-"):
        return set_variable(name, value)
    written = _written(case, name)
    if written is not None:
        return _change(written, name, value, joined(case, name, value))
    row = _wrapper(case)
    if row is not None and row.form:
        plain = name.lstrip("-")
        return row.form.format(name=plain.replace("-", "_") if row.passing == "keywords" else plain, value=value)
    if row is not None:
        name = next((f"--{own}" for own, engines_ in row.renamed.items() if engines_ == name), name)
    if _in_shell(case):
        return f"add `{name} {value}` to the command line"
    return f"add {item(case, name, value)} to {form(case).args}"


def set_variable(name: str, value: str) -> str:
    """How to give a variable a value: Kubernetes takes text alone."""
    return f'set the variable {name} to "{value}"'


def joined(case: Case, name: str, value: str) -> str:
    """A flag with its value as the engine takes it: in one word, or in two."""
    return f"{name}={value}" if _attaches(case) else f"{name} {value}"


def item(case: Case, name: str, value: str) -> str:
    """A flag with its value as list items."""
    return f"`- {name}={value}`" if _attaches(case) else f"`- {name}` and `- {value}`"


def _attaches(case: Case) -> bool:
    signs = commands.ENGINES.get(case.engine)
    return signs is None or signs.attaches


def add_several(case: Case, words: Sequence[str]) -> str:
    """How to add flags that do not stand in this container's arguments yet."""
    told = ", ".join(_spoken(case, word) for word in words)
    return f"add {told} to the command line" if _in_shell(case) else f"add {told} to {form(case).args}"


def _spoken(case: Case, word: str) -> str:
    name, equals, value = word.partition("=")
    if not equals or _attaches(case):
        return f"`{word}`"
    return f"`{name} {value}`" if _in_shell(case) else item(case, name, value)


def add_switch(case: Case, name: str) -> str:
    """How to add a switch where this container keeps its arguments."""
    return f"add `{name}` to the command line" if _in_shell(case) else f"add `- {name}` to {form(case).args}"


def _written(case: Case, name: str) -> Origin | None:
    """The place of the value that decides a flag, where the arguments (or a `--config` file) hold that flag."""
    if case.parsed is None:
        word = argument(case, name)
        return word.origin if word else None
    found = [item for item in case.parsed.arguments if item.flag == name and item.outcome == "parsed"]
    return (found[-1].value_origin or found[-1].origin) if found else None


def own_words(case: Case) -> list[Located[str]]:
    """The words that the recognised start hands to the engine, else those of the container's last start."""
    tokens = case.recognition.argv if case.recognition else ()
    if not tokens and case.container.invocations:
        tokens = case.container.invocations[-1].argv
    return [Located(token.text, token.origin) for token in tokens]


def argument(case: Case, name: str) -> Located[str] | None:
    """The last value of a flag as a word, `--flag value` or `--flag=value`, for engines whose grammar is not known."""
    words = own_words(case)
    found = None
    for at, word in enumerate(words):
        if word.value == name and at + 1 < len(words):
            found = words[at + 1]
        elif word.value.startswith(f"{name}="):
            found = Located(word.value.partition("=")[2], word.origin)
    return found


def _change(written: Origin, name: str, value: str, both: str) -> str:
    """The edit of a value that stands somewhere: what stands there, what to write for it, and where."""
    text = (written.text or "").strip()
    alone = bool(text) and not text.startswith("-") and not set(text) & set(" =:$")
    wanted = value if alone else both
    return f"change `{text}` to `{wanted}` at {written}" if text else f"change `{name}` to {value} at {written}"


def _in_shell(case: Case) -> bool:
    if case.recognition is not None and case.recognition.invocation is not None:
        return case.recognition.invocation.via in ("shell", "script")
    return any(item.via in ("shell", "script") for item in case.container.invocations)


def known(case: Case, setting: str) -> Fact | None:
    """The value that decides, when it is one."""
    effective = case.sheet.effective(setting)
    return effective if isinstance(effective, Fact) and effective.value is not None else None


def integer(case: Case, setting: str) -> int | None:
    """The value that decides, when it is one whole number."""
    fact = known(case, setting)
    return fact.value if fact and isinstance(fact.value, int) and not isinstance(fact.value, bool) else None


def possible(case: Case, setting: str) -> list[Value]:
    """Every value the setting can have: one for a fact, several for a choice, none when nothing is known."""
    effective = case.sheet.effective(setting)
    if isinstance(effective, Choice):
        return effective.values()
    return [effective.value] if isinstance(effective, Fact) and effective.value is not None else []


def concealed(case: Case, setting: str) -> Gap | None:
    """The reason why a value that somebody may have written cannot be read; None when it is readable or absent."""
    if case.parsed is None or case.sheet.declared(setting) is not None:
        return None
    for gap in case.parsed.gaps.values():
        if gap.setting == setting:
            return gap
    otherwise = case.sheet.effective(setting) if case.parsed.blind is not None else None
    if isinstance(otherwise, Fact) and otherwise.origin.kind == "rule":
        return None  # the platform that adds arguments is known not to add this one
    return case.parsed.blind


def hidden_variables(case: Case, setting: str) -> Gap | None:
    """The unseen sources that may set a variable: `vllm.env.NAME`, or any that a pattern of such names means.

    What the container's own `env` sets is no question, unless a file that a script sources comes after it.
    """
    pattern = setting.partition(".env.")[2]
    names = [pattern] if "*" not in pattern else [name for name in _readable(case) if fnmatchcase(name, pattern)]
    found = dict.fromkeys(ref for name in names for ref in case.container.doubts(name))
    if not found:
        return None
    listed = ", ".join(found)
    several = "are" if len(found) > 1 else "is"
    inputs = tuple(f"env@{ref}" for ref in found)
    return Gap(setting, f"{listed} {several} not in the input and may set it", "env", inputs, listed)


def _readable(case: Case) -> Mapping[str, Value]:
    """Every variable that some release which may run reads."""
    module = engines.ENGINES.get(case.engine)
    if module is None or case.release is None:
        return {}
    return {name: value for each in case.release.candidates for name, value in module.variables(each).items()}


def undecided(gap: Gap, sentence: str, setting: str) -> Result:
    """The answer of a check that needed a setting it cannot read: unknown where more input would settle it."""
    if not gap.would_need or gap.rule == "version":  # the moving tag has its own finding, and the same remedy
        return skipped(gap.reason, setting=setting)
    return unknown(
        f"{sentence}: {gap.reason}",
        remedy=f"supply {gap.would_need}",
        setting=setting,
        inputs=gap.inputs,
    )


def image(case: Case) -> ImageRef | None:
    """The container's image reference, taken apart."""
    return None if case.container.image is None else images.parse(case.container.image.value)


def image_edit(case: Case, reference: str) -> str:
    """The field that makes the image this reference: the tag, with its digest, or the name, where it has its own."""
    located = case.container.image
    written = located.origin.text if located is not None else None
    if located is not None and written and located.value.startswith(f"{written}:"):
        return f"`tag: {reference.removeprefix(f'{written}:')}` beside `repository`"
    if located is not None and written and located.value.endswith(f"/{written}"):
        return f"`name: {reference.removeprefix(located.value.removesuffix(written))}` beside `registry`"
    return f"`image: {reference}`"


def own_image(case: Case) -> bool:
    """Whether the image is one whose engine is known to be as released; no image at all gives no reason for doubt."""
    ref = image(case)
    if case.release is not None and case.release.approximate:
        return False  # a state of the vendor's branch
    if ref is None or ref.unresolved or (case.release is not None and case.release.text is not None):
        return True
    told = recognition.of_image(ref.name)
    row = _wrapper(case)
    return (told.engine == case.engine and told.certain) or (row is not None and row.plain)


def place(model: str) -> Place:
    """Where a model (tokenizer, adapter) of this name is fetched from: the Hub, a path, a URI of storage."""
    if "://" in model:
        return "uri"
    if model.startswith(("/", "./", "../", "~")) or model.count("/") > 1:
        return "path"
    plain = model.replace("/", "").replace("-", "").replace("_", "").replace(".", "").replace(":", "")
    return "hub" if plain.isalnum() and plain.isascii() else "other"


def read_by_engine(case: Case) -> bool:
    """Whether the engine's own parser reads the arguments: not those of a group member or of a wrapping program."""
    return case.parsed is not None and (case.recognition is None or case.recognition.runs == "server")


def words_read(case: Case) -> bool:
    """Whether arguments are understood: by the engine's own parser, or as a wrapping program hands them on to it."""
    return read_by_engine(case) or (case.parsed is not None and _wrapper(case) is not None)


def _wrapper(case: Case) -> Wrapper | None:
    """The program that takes the engine's arguments among its own."""
    return None if case.recognition is None else WRAPPERS.get(case.recognition.wrapper)


def starts(case: Case) -> tuple[Invocation, ...]:
    """The program starts whose words are the engine's: its own, as recognised, else all of the container."""
    if case.recognition is not None and case.recognition.invocation is not None:
        return (case.recognition.invocation, *case.recognition.others)
    return case.container.invocations


def words(case: Case) -> Iterator[tuple[Invocation, Token]]:
    """Every word of the engine's argument vectors, with the start it belongs to."""
    for invocation in starts(case):
        for token in invocation.argv:
            yield invocation, token
