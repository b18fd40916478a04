"""What is the matter with an argument that only `trtllm-serve` takes so, in a sentence for the person on call."""

from skewguard.knowledge.engines.readings import Reading
from skewguard.knowledge.engines.sentences import Voice
from skewguard.knowledge.engines.trtllm_grammar import SERVE


def _required(_reading: Reading, who: str, _program: str) -> str:
    return f"`trtllm-serve` of {who} is told no model and does not start without one"


def _flag_first(reading: Reading, who: str, _program: str) -> str:
    return (
        f"`trtllm-serve` of {who} takes `{reading.text}` for a flag of its own before any command, has no such flag and "
        "does not start: the model or `serve` stands first"
    )


def _by_file(reading: Reading, who: str, _program: str) -> str:
    value, path, place = reading.detail
    return (
        f"`{reading.flag}` is overwritten: {who} lays the file of its options over the command line, and the file's "
        f"`{path}` gives `{value}` ({place})"
    )


def _cache_replaced(reading: Reading, who: str, _program: str) -> str:
    return (
        f"`{reading.flag}` is dropped: {who} takes the file's `kv_cache_config` ({reading.detail[0]}) in place of the "
        "whole KV cache configuration, and that names no free_gpu_memory_fraction, so that the default counts"
    )


def _by_flags(reading: Reading, who: str, _program: str) -> str:
    key, runs = reading.detail
    return (
        f"`{key}` in the file has no effect: {who} takes it from the build configuration that is made of the flags, "
        f"where it is {runs}"
    )


def _wrong_name(reading: Reading, who: str, _program: str) -> str:
    key, field = reading.detail
    return f"`{key}` is a flag's name and no field of {who}'s options, where it is called `{field}`: the server does not start"


def _no_field(reading: Reading, who: str, _program: str) -> str:
    key, near = reading.detail
    return f"`{key}` is no field of {who}'s options, which take no other names; the nearest is `{near}`: the server does not start"


def _unread_field(reading: Reading, who: str, _program: str) -> str:
    return (
        f"`{reading.text}` is none of the fields of {who}'s options that were read: a release without it does not start"
    )


def _unused(reading: Reading, who: str, _program: str) -> str:
    return f"{who} accepts `{reading.flag}` and hands it to nobody: experts are not spread over clusters"


VOICE = Voice(
    "TensorRT-LLM",
    own={
        "required": _required,
        "flag-first": _flag_first,
        "by-file": _by_file,
        "cache-replaced": _cache_replaced,
        "by-flags": _by_flags,
        "wrong-name": _wrong_name,
        "no-field": _no_field,
        "unread-field": _unread_field,
        "unused": _unused,
    },
    stray={SERVE: "; the model is its one word without a flag"},
)
