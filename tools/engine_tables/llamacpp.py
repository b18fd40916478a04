"""Where the llama.cpp server keeps its arguments: calls of `add_opt` in `common/arg.cpp`, defaults in `common/common.h`.

From b3716 on, where `common/arg.cpp` begins. An option belongs to the server by the examples it names; the function it
hands over says how many words it takes, of which type, and which field of `common_params` they end in.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from tools.engine_tables import cpp
from tools.engine_tables.records import Record
from tools.engine_tables.release import Extract

TAG = r"b\d{4,}"
ARGUMENTS, DEFAULTS = "common/arg.cpp", "common/common.h"
SOURCES = (ARGUMENTS, DEFAULTS)
TAGS = frozenset(
    f"b{number}"
    for number in (
        *(3716, 3799, 3948, 4013, 4014, 4200, 4424, 4620, 4719, 4826, 4992, 5165, 5345, 5508, 5658, 5827, 5912, 5913),
        *(6100, 6324, 6325, 6549, 6756, 6922, 6981, 7099, 7342, 7356, 7361, 7376, 7406, 7416, 7444, 7464, 7549, 7556),
        *(7699, 7899, 8096, 8307, 8497, 8703, 8953, 8967, 9191, 9409, 9602, 9802, 9994, 10205, 10385, 10400, 10573),
    )
)
"""The builds of the table: there is one for nearly every commit. Every 150th or so, and both sides of what the rules of
`skewguard.knowledge.engines.llamacpp_rules` and the parser itself changed at."""

_RENAMED = {
    "model_path": "model",
    "model_hf_repo": "hf_repo",
    "model_hf_file": "hf_file",
    "model_url": "model_url",
    "hostname": "host",
}
"""Fields that moved or that other engines call otherwise, with the destination they have in the table."""
_WORDS = (
    *("LLAMA_FLASH_ATTN_TYPE_", "GGML_TYPE_", "LLAMA_SPLIT_MODE_", "COMMON_REASONING_FORMAT_", "LLAMA_LOAD_MODE_"),
    "COMMON_SPECULATIVE_TYPE_",
)
"""Enumerations whose members are spelled on the command line as behind these prefixes."""
_ENDS = ("exit(0)", "params.usage = true", "params.completion = true")


class Option(Struct):
    """One call of `add_opt`. `takes` are the types of the words its function gets; a `bool` is for a pair of switches."""

    spellings: list[str]
    negative: list[str]
    words: str
    takes: list[str]
    body: str
    examples: str
    env: str | None
    excluded: str = ""

    @property
    def servers(self) -> bool:
        """Whether the server knows it."""
        mine = re.search(r"LLAMA_EXAMPLE_(?:SERVER|COMMON)\b", self.examples) is not None
        return mine and "LLAMA_EXAMPLE_SERVER" not in self.excluded


def extract(version: str, texts: Mapping[str, str]) -> Extract:
    """Everything the table holds of one build."""
    text = cpp.uncommented(texts[ARGUMENTS])
    structs = dict(_structs(cpp.uncommented(texts[DEFAULTS])))
    cached = _cache_types(text)
    flags: dict[str, Record] = {}
    explicit: set[str] = set()
    auto = re.search(r"ex == LLAMA_EXAMPLE_SERVER\) \{\s*params\.n_parallel = (-\d+);", text)
    for option in _options(text):
        name = next((each for each in option.spellings if each.startswith("--")), option.spellings[0])
        if not option.servers or (name in flags and name in explicit):
            continue
        if "LLAMA_EXAMPLE_SERVER" in option.examples:
            explicit.add(name)
        flags[name] = _record(name, option, structs, cached)
        if auto is not None and flags[name]["dest"] == "n_parallel":
            flags[name]["default"] = int(auto[1])
    return Extract(version, flags, dict(_variables(flags, text)), {})


def _variables(flags: Mapping[str, Record], text: str) -> Iterator[tuple[str, tuple[Any, str]]]:
    """Variables beside those of flags: each pair of switches has one that switches it off by being there."""
    if "LLAMA_ARG_NO_" in text:
        for flag in flags.values():
            if flag.get("off") and flag.get("env", "").startswith("LLAMA_ARG_"):
                yield flag["env"].replace("LLAMA_ARG_", "LLAMA_ARG_NO_"), (None, "text")


# ---- options --------------------------------------------------------------------------------------------------------


def _options(text: str) -> Iterator[Option]:
    lists = dict(re.findall(r"std::initializer_list<enum llama_example> (\w+) = \{([^}]*)\}", text))
    for found in re.finditer(r"\badd_opt\(", text):
        call = cpp.inside(text, found.end() - 1)
        if call.startswith(("std::move", "arg")):
            continue
        start = (
            re.match(r"\s*common_arg\(", call) or re.match(r"\s*llama_arg\(", call) or re.match(r"\s*gpt_arg\(", call)
        )
        if start is None:
            raise ValueError(f"a call of add_opt that is not understood: {call[:60]}")
        yield _option(call, start.end() - 1, lists)


def _option(call: str, at: int, lists: Mapping[str, str]) -> Option:
    inner = cpp.inside(call, at)
    given = cpp.parts(inner)
    spelled = [part for part in given if part.startswith("{")]
    function = next(part for part in given if part.startswith("["))
    head = cpp.inside(function, function.index("("))
    takes = [re.sub(r"\b(?:const|std::)|&|\s*\w+\s*$", "", part).strip() for part in cpp.parts(head)[1:]]
    chained = call[at + len(inner) + 2 :]
    examples = _chained(chained, "set_examples").strip()
    if examples and "LLAMA_EXAMPLE_" not in lists.get(examples, examples):
        raise ValueError(f"examples that are not understood: {examples}")
    return Option(
        spellings=cpp.strings(spelled[0]),
        negative=cpp.strings(spelled[1]) if len(spelled) > 1 else [],
        words=" ".join(cpp.strings(" ".join(part for part in given if not part.startswith(("[", "{"))))),
        takes=[re.sub(r"\s*\w*$", "", each) if " " in each else each for each in takes],
        body=_with_own_names(function[function.index("{") :]),
        examples=lists.get(examples, examples) or "LLAMA_EXAMPLE_COMMON",
        env=next(iter(cpp.strings(_chained(chained, "set_env"))), None),
        excluded=_chained(chained, "set_excludes"),
    )


def _with_own_names(body: str) -> str:
    """`body` with `value` for each other name that it gives to it."""
    for name in re.findall(r"\bstd::string (\w+) = value;", body):
        body = re.sub(rf"\bstd::string {name} = value;", "", body)
        body = re.sub(rf"\b{name}\b", "value", body)
    return body


def _chained(text: str, method: str) -> str:
    found = re.search(rf"\.{method}\(", text)
    return cpp.inside(text, found.end() - 1) if found is not None else ""


def _record(name: str, option: Option, structs: "Structs", cached: list[str]) -> Record:
    path, inverted = _field(option)
    dest = _dest(path, inverted=inverted) if path else re.sub(r"[-.]", "_", name.lstrip("-"))
    spelled = [name, *(each for each in option.spellings if each != name), *option.negative]
    record: Record = {"dest": dest, "flags": spelled}
    if option.negative:
        record["off"] = option.negative
    record |= _kind(option, cached)
    default = _default(path, structs)
    if inverted and isinstance(default, bool) and dest != "no_host":
        default = not default
    if not path and (record.get("action") in ("toggle", "const") or re.search(r"\bdefault: ", option.words)):
        default = {"$expression": ARGUMENTS}  # it ends in more than one field, or in none of that name
    elif not path and record.get("action") == "true":
        default = False
    if isinstance(default, bool) and record.get("type") == "leading-int":
        default = int(default)
    if default is not None and record.get("action") not in ("help", "refused", "append"):
        record["default"] = default
    if option.env:
        record["env"] = option.env
    if "DEPRECATED" in option.words or "DEPRECATED" in option.body:
        record["deprecated"] = True
    return record


_SET = re.compile(r"\bparams\.((?:\w+\.)*\w+)\s*=(?!=)\s*([^;]*);")
_FROM_FILES = ("read_file", "ifstream")
_ADD = re.compile(r"\bparams\.((?:\w+\.)*\w+)\.(?:push_back|emplace_back|insert)\(")


def _field(option: Option) -> tuple[str, bool]:
    """The field of `common_params` that holds what is written, and whether as its opposite; empty where none does."""
    written = [(path, value.strip()) for path, value in _SET.findall(option.body)]
    if not written:
        added = _ADD.search(option.body)
        plain = option.takes not in ([], ["int"]) and not any(word in option.body for word in _FROM_FILES)
        return (added[1], False) if added is not None and plain else ("", False)
    path, value = written[0]
    no = path.rpartition(".")[2].startswith("no_")
    if not option.takes:
        plain = value in ("true", "false") and len({each for each, _ in written}) == 1
        return (path, no) if plain else ("", False)
    compared = "value ==" in option.body or "is_truthy(value)" in option.body
    one = compared and len({each for each, _ in written}) == 1
    called = re.fullmatch(r"[\w:]+\(value\)", value) is not None and "read_file" not in value
    if value in ("value", "!value") or called or one:
        return path, value == "!value"
    return "", False


def _dest(path: str, *, inverted: bool) -> str:
    plain = re.sub(r"^sparams\.", "sampling.", path).replace(".", "_")
    if inverted and path.rpartition(".")[2].startswith("no_") and path != "no_host":
        plain = re.sub(r"(^|_)no_", r"\1", plain, count=1)
    return _RENAMED.get(plain, plain)


def _kind(option: Option, cached: list[str]) -> Record:
    """How many words, of which type: what decides how the command line is read."""
    body, takes = option.body, option.takes
    if any(end in body for end in _ENDS):
        return {"action": "help"}
    if "arg_removed(" in body:
        return {"action": "refused", **({"nargs": "1"} if takes else {})}
    if not takes:
        stored = re.search(r"params\.(?:\w+\.)*(\w+)\s*=\s*(true|false)\b", body)
        opposite = stored is not None and stored[1].startswith("no_") and stored[1] != "no_host"
        off = stored is not None and (stored[2] == "false") != opposite
        return {"action": "const", "const": False} if off else {"action": "true"}
    if takes == ["bool"]:
        return {"action": "toggle"}
    if len(takes) == 2:
        return {"type": "str", "nargs": "2"}
    if takes == ["int"]:
        return {"type": "leading-int"}
    number = re.search(r"=\s*std::sto(i|f|d|ul|u?ll)\(value\);", body)
    if number is not None and "value ==" not in body:
        return {"type": "leading-float" if number[1] in ("f", "d") else "leading-int"}
    return _text(body, cached)


def _text(body: str, cached: list[str]) -> Record:
    """A word that the function itself turns into a value."""
    record: Record = {"type": "str"}
    if 'value == "auto"' in body and "std::stoi(value)" in body:
        record["type"] = "layers"
    elif re.search(r"params\.[\w.]+\.(?:push_back|emplace_back|insert)\(", body):
        record["action"] = "append"
    elif "is_truthy(value)" in body and "is_falsey(value)" in body:
        record["type"] = "on-off-auto" if "is_autoy(value)" in body else "on-off"
    elif "kv_cache_type_from_str(value)" in body and cached:
        record["choices"] = cached
    elif "throw" in body and not re.search(r"std::sto|parse_|string_(?!format)", body):
        choices = re.findall(r'value == "([^"]*)"', body)
        if choices:
            record["choices"] = sorted(dict.fromkeys(choices))
    return record


def _cache_types(text: str) -> list[str]:
    found = re.search(r"kv_cache_types = \{([^}]*)\}", text)
    return sorted(name.lower() for name in re.findall(r"GGML_TYPE_(\w+)", found[1])) if found is not None else []


# ---- defaults -------------------------------------------------------------------------------------------------------

Structs = Mapping[str, Mapping[str, tuple[str, str]]]
"""Of each struct, the type and the initial value of each member, as text."""


def _structs(text: str) -> Iterator[tuple[str, dict[str, tuple[str, str]]]]:
    for found in re.finditer(r"\nstruct (\w+) \{", text):
        body = cpp.inside(text, found.end() - 1)
        members: dict[str, tuple[str, str]] = {}
        for statement in cpp.parts(body, ";"):
            member = re.fullmatch(
                r"(?:enum |struct )?([\w:<>, *]+?)\s+\*?(\w+)(?:\[\w+\])?\s*(?:=\s*(.*))?", statement, re.DOTALL
            )
            if member is not None:
                members[member[2]] = (member[1], (member[3] or "").strip())
        yield found[1], members


def _default(path: str, structs: Structs, of: str = "common_params") -> Any:
    head, _, rest = path.partition(".")
    members = structs.get(of) or structs.get("gpt_params", {})
    if head not in members:
        return None
    kind, written = members[head]
    if rest:
        return _default(rest, structs, kind)
    if written in members:
        return _default(written, structs, of)
    return _value(written)


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.fullmatch(r"-?\d+\.\d*f?", text):
        return float(text.removesuffix("f"))
    if re.fullmatch(r'"[^"]*"', text):
        return cpp.strings(text)[0] or None
    if not text or text in ("{}", "{0}", '""', "nullptr") or text.endswith("_DISABLED"):
        return None
    prefix = next((each for each in _WORDS if text.startswith(each) and not text.endswith("_UNSPECIFIED")), None)
    return text.removeprefix(prefix).lower() if prefix is not None else {"$expression": " ".join(text.split())[:60]}
