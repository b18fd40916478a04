"""One short word for everything an engine runs with, by which records of the same inputs are found again: an index only.

`inp1:` and the first 32 hex of SHA-256 over canonical JSON (sorted keys, no blanks) of:

- the engine; the digest of the image; the model and the commit of its revision; the class and the number of GPUs;
- what somebody wrote, by the engine's own names and with the values that its parser makes of them, arguments and config
  file alike: order and spelling (`32k`, `--max-model-len=32768`, an underscore, a file instead of an argument) do not count;
  a default that was written does, since the next release may have another;
- the variables that the engine reads;
- a hash of each mounted text that an argument names (a chat template);
- where a script starts the engine, the commands that run before it (`pip install`) and what binds it (`numactl`), word by word.

Secrets are left out, name and value. Where a part is not known there is no digest, and each such part is a Gap: two
workloads are never called the same because nobody could look. Comparison itself goes setting by setting, over the facts.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from skewguard.judge.checks import disagreements
from skewguard.judge.checks.interface import Case
from skewguard.language import accelerators, redact, secret_names
from skewguard.language.facts import Effective, Fact, Gap

VERSION = "inp1"

_COMMIT = re.compile(r"[0-9a-f]{40}")
_MASKED = re.compile(rb"<redacted:[0-9a-f]{6}>")
"""What stands for a secret, other in each process."""
_LENGTH = 32
_CHANGES_NOTHING = frozenset(
    (
        "echo",
        "printf",
        "true",
        ":",
        "set",
        "cd",
        "pwd",
        "date",
        "sleep",
        "env",
        "exec",
        "tini",
        "dumb-init",
        "python",
        "python3",
    )
)
"""Programs that leave the engine what it is, and ways to start one."""


class Digest(Struct, frozen=True):
    """`value` None: not all of it is known, and `gaps` say what is not."""

    value: str | None
    gaps: tuple[Gap, ...] = ()


def of(case: Case) -> Digest:
    """The digest of what a container runs with: of all its replicas where it runs, which must be alike in it."""
    found = [of_one(party.case) for party in disagreements.compared(case)] or [of_one(case)]
    gaps = tuple(dict.fromkeys(gap for each in found for gap in each.gaps))
    if not gaps and len({each.value for each in found}) > 1:
        gaps = (Gap("inputs", f"its replicas run with {len(found)} different sets of inputs", rule="digest"),)
    return Digest(None if gaps else found[0].value, gaps)


def of_one(case: Case) -> Digest:
    """The digest of one container as it stands: of a manifest, or of replicas that run the same."""
    canonical = {
        "engine": case.engine,
        "image": _fact(case, "runtime.image_digest"),
        "model": _fact(case, "model.id"),
        "commit": _commit(case),
        "written": _written(case),
        "environment": _environment(case),
        "files": _files(case),
        **_before(case),
        **_hardware(case),
    }
    gaps = tuple(dict.fromkeys(_gaps(canonical)))
    if gaps:
        return Digest(None, gaps)
    text = _MASKED.sub(b"<secret>", msgspec.json.encode(canonical, order="deterministic", enc_hook=str))
    return Digest(f"{VERSION}:{sha256(text).hexdigest()[:_LENGTH]}")


def _gaps(part: Any) -> Iterator[Gap]:
    if isinstance(part, Gap):
        yield part
    elif isinstance(part, Mapping):
        for each in part.values():
            yield from _gaps(each)


def _fact(case: Case, setting: str) -> Any:
    """The value in effect, or the Gap: of a choice, which of its arms holds is what is not known."""
    return _known(case.sheet.effective(setting))


def _known(item: Effective) -> Any:
    if isinstance(item, Gap):
        return item
    if not isinstance(item, Fact):
        return Gap(item.setting, "it depends on what is not known here", item.rule, item.inputs)
    if item.value is None:
        return Gap(item.setting, "nobody says it", rule="digest")
    return item.value


def _commit(case: Case) -> Any:
    """A branch or a tag may hold other weights tomorrow, and a folder any: only a commit names them."""
    revision = _fact(case, "model.revision")
    if isinstance(revision, Gap) or _COMMIT.fullmatch(str(revision).lower()):
        return revision if isinstance(revision, Gap) else str(revision).lower()
    reason = f"`{revision}` is no commit, and may name other weights at another time"
    return Gap("model.revision", reason, rule="digest", would_need="a revision of 40 hex digits")


def _written(case: Case) -> Any:
    """What somebody wrote, by destination; the words themselves where the grammar is not known."""
    if case.parsed is None:
        words = f"{case.engine}.arguments"
        return {words: _known(case.sheet.effective(words))} if words in case.sheet.added() else {}
    if case.parsed.blind is not None:
        return case.parsed.blind
    read: dict[str, Effective] = {**case.parsed.gaps, **case.parsed.values}
    shown = {dest: item for dest, item in read.items() if not secret_names.is_secret(dest)}
    return {dest: item.value if isinstance(item, Fact) else item for dest, item in shown.items()}


def _environment(case: Case) -> dict[str, Any]:
    """The variables that the engine reads and somebody sets; an unseen source may set any."""
    beginning = f"{case.engine}.env."
    names = [name for name in case.sheet.added() if name.startswith(beginning)]
    kept = [name for name in names if not secret_names.is_secret(name.removeprefix(beginning))]
    return {name: _value(case.sheet.effective(name)) for name in kept}


def _value(item: Effective) -> Any:
    return item.value if isinstance(item, Fact) else _known(item)


def _files(case: Case) -> dict[str, Any]:
    """The texts that arguments name by their path. What lies in the image is told by the image's digest."""
    if case.parsed is None:
        return {}
    paths = {path: fact for fact in case.parsed.values.values() for path in _paths(fact.value)}
    held = {file.path: file for file in case.container.files}
    found: dict[str, Any] = {}
    for path, fact in paths.items():
        mounted = any(
            path == each.path or path.startswith(f"{each.path.rstrip('/')}/") for each in case.container.mounts
        )
        text = held[path].text if path in held else None
        if text is not None:
            found[path] = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        elif mounted or path in held:
            source = held[path].ref if path in held else f"what is mounted at {path}"
            found[path] = Gap(fact.setting, f"the content of {path} is not known", "digest", (), source)
    return found


def _before(case: Case) -> dict[str, Any]:
    """What the container's script runs before the engine (a package that it installs), and what binds it (`numactl`)."""
    found: dict[str, Any] = {}
    own = [token.text for token in case.recognition.argv] if case.recognition is not None else []
    for invocation in case.container.invocations:
        engine = bool(own) and [token.text for token in invocation.argv[-len(own) :]] == own
        words = invocation.argv[: -len(own)] if engine else invocation.argv
        if words and words[0].text.rpartition("/")[2] not in _CHANGES_NOTHING:
            unknown = next((token.text for token in words if token.unresolved and not token.secret), None)
            found[str(len(found))] = (
                redact.argv([token.text for token in words])
                if unknown is None
                else Gap(
                    "inputs", f"what `{unknown}` stands for is not known, and runs before the engine", rule="digest"
                )
            )
        if engine:
            return {"before": found} if found else {}
    return {}  # wrapped in a program of its own: what was written is not known then, and says so


def _paths(value: Any) -> Iterator[str]:
    """Absolute paths in a value: the value itself, `name=PATH`, in a list, in JSON (adapters, a draft model)."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _paths(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _paths(each)
    elif isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        with suppress(msgspec.DecodeError):
            yield from _paths(msgspec.json.decode(value))
    elif isinstance(value, str):
        yield from (part for part in (value, value.partition("=")[2]) if part.startswith("/"))


def _hardware(case: Case) -> dict[str, Any]:
    if case.inputs is not None and case.inputs.hardware.platform == "cpu":
        return {"gpu": "cpu", "gpus": 0}
    named = _fact(case, "hardware.gpu_class")
    classes = accelerators.candidates(str(named)) if not isinstance(named, Gap) else ()
    return {"gpu": classes[0].name if len(classes) == 1 else named, "gpus": _fact(case, "hardware.gpu_count")}
