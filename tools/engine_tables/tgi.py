"""Where Text Generation Inference keeps its arguments: the clap struct `Args` of `launcher/src/main.rs`, from 1.4.0 on.

A small reader of Rust text, no compiler: attributes `#[clap(…)]` over fields, and the value enums beside them. It
raises `ValueError` for a field or an attribute it has not met, so that a person teaches it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tools.engine_tables.records import Record
from tools.engine_tables.release import Extract

TAG = r"v(?:1\.4|[2-9]|\d\d)\..*\d"
SOURCES = ("launcher/src/main.rs",)
VARIABLES: dict[str, tuple[str, str | None, Any]] = {
    "USE_PREFIX_CACHING": ("2.3.0", "2.3.1", None),
    "PREFIX_CACHING": ("2.4.0", None, None),
    "ATTENTION": ("2.3.0", None, None),
    "PREFILL_CHUNKING": ("2.4.0", None, None),
    "FLASH_DECODING": ("2.1.1", "2.2.0", None),
    "TGI_WIGGLE_ROOM": ("3.0.0", None, None),
    "COMPUTE_TYPE": ("1.4.1", None, None),
    "LOG_LEVEL": ("1.4.0", None, None),
    "CUDA_VISIBLE_DEVICES": ("1.4.0", None, None),
    "NVIDIA_VISIBLE_DEVICES": ("1.4.0", None, None),
}
"""Variables beside those of flags, with the first and the last release that was seen to read them: `launcher/src/main.rs`
and, for `PREFILL_CHUNKING` and `FLASH_DECODING`, `server/text_generation_server/models/globals.py`."""

_INTEGERS = {"usize": "uint", "u64": "uint", "u32": "u32", "u16": "u16"}
_ONE_DESTINATION = {"max_input_length": "max_input_tokens"}
"""An old name of a field that the launcher treats as the new one, and refuses beside it."""


def extract(version: str, texts: Mapping[str, str]) -> Extract:
    """Everything the table holds of one release."""
    text = texts["launcher/src/main.rs"]
    enums = dict(_enums(text))
    flags: dict[str, Record] = {}
    taken: set[str] = set()
    for name, of, options, words in _fields(text):
        record = _record(name, of, options, words, enums)
        record["flags"] = [each for each in record["flags"] if each not in taken]  # the first field keeps a short form
        taken.update(record["flags"])
        flags[record["flags"][0]] = record
    return Extract(version, flags, dict(_variables(version)), {})


def _variables(version: str) -> Iterator[tuple[str, tuple[Any, str]]]:
    from skewguard.knowledge.engines.versions import since

    for name, (first, last, default) in VARIABLES.items():
        if since(version, first) and (last is None or since(last, version)):
            yield name, (default, "text")


def _enums(text: str) -> Iterator[tuple[str, list[str]]]:
    """The spellings of each value enum: the name in kebab case, unless an attribute gives another."""
    for match in re.finditer(
        r"#\[derive\([^)]*ValueEnum[^)]*\)\](?:\s*#\[[^\]]*\])*\s*(?:pub )?enum (\w+) \{(.*?)\n\}", text, re.DOTALL
    ):
        named: list[str] = []
        given: str | None = None
        for line in match[2].splitlines():
            if attribute := re.search(r'#\[clap\(name = "([^"]+)"\)\]', line):
                given = attribute[1]
            elif variant := re.fullmatch(r"\s*(\w+),", line):
                named.append(given or kebab(variant[1]))
                given = None
        yield match[1], named


def kebab(name: str) -> str:
    """A Rust variant as clap spells it: `BitsandbytesNF4` is `bitsandbytes-nf4`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def _fields(text: str) -> Iterator[tuple[str, str, dict[str, str | None], str]]:
    """Name, type, clap options and documentation of each field of `Args`."""
    body = re.search(r"\nstruct Args \{\n(.*?)\n\}\n", text, re.DOTALL)
    if body is None:
        raise ValueError("no struct Args")
    words: list[str] = []
    options: dict[str, str | None] = {}
    for line in body[1].splitlines():
        stripped = line.strip()
        if stripped.startswith("///"):
            words.append(stripped[3:].strip())
        elif attribute := re.fullmatch(r"#\[clap\((.*)\)\]", stripped):
            options |= _options(attribute[1])
        elif field := re.fullmatch(r"(\w+): (.+),", stripped):
            yield field[1], field[2], options, " ".join(words)
            words, options = [], {}
        elif stripped:
            raise ValueError(f"a line of Args that is not understood: {stripped}")


def _options(text: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, string, char in re.findall(r"""(\w+)(?: = (?:"([^"]*)"|'([^']*)'))?""", text):
        found[name] = string or char or None
    unknown = found.keys() - {"default_value", "long", "short", "env", "value_enum", "value_delimiter", "action"}
    if unknown:
        raise ValueError(f"options of clap that are not understood: {sorted(unknown)}")
    return found


def _record(
    name: str, of: str, options: Mapping[str, str | None], words: str, enums: Mapping[str, list[str]]
) -> Record:
    spelled = ["--" + name.replace("_", "-"), *([f"-{name[0]}"] if "short" in options else [])]
    inner = re.sub(r"^Option<(.*)>$", r"\1", of)
    record: Record = {"dest": _ONE_DESTINATION.get(name, name), "flags": spelled} | _kind(inner, of, options, enums)
    default = options.get("default_value")
    if default is not None:
        record["default"] = _typed(default, record)
    elif inner == "bool" and of == "bool":
        record["default"] = False
    if "env" in options:
        record["env"] = options["env"] or name.upper()
    if words.startswith("Legacy"):
        record["deprecated"] = True
    return record


def _kind(inner: str, of: str, options: Mapping[str, str | None], enums: Mapping[str, list[str]]) -> Record:
    if inner == "bool":
        return {"action": "true"} if of == "bool" else {"type": "bool"}
    if inner == "Vec<usize>" and options.get("value_delimiter") == ",":
        return {"type": "uints", "action": "extend"}
    if inner == "Vec<String>":
        return {"type": "str", "action": "append"}
    if inner in enums:
        return {"type": "str", "choices": sorted(enums[inner])}
    kinds = {"String": "str", "f32": "plain-float"} | _INTEGERS
    if inner not in kinds:
        raise ValueError(f"a type that is not understood: {of}")
    return {"type": kinds[inner]}


def _typed(text: str, record: Record) -> Any:
    if record.get("action") == "true":
        return text == "true"
    kind = record["type"]
    return float(text) if kind == "plain-float" else int(text) if kind in _INTEGERS.values() else text
