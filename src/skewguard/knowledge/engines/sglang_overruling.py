"""What SGLang decides by other arguments, whether or not somebody wrote the setting: it changes its own record at start.

Read in `ServerArgs.__post_init__`, from 0.5.3 on its `_handle_*` methods, from 0.5.14 on `arg_groups/overrides.py` and
`arg_groups/parallel_hook.py`, of every release from 0.4.0 on.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct, structs

from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.knowledge.engines.overruling import marked
from skewguard.knowledge.engines.readings import UNKNOWABLE
from skewguard.knowledge.engines.versions import since, span
from skewguard.language import vocabulary
from skewguard.language.facts import Fact, Gap, Origin

NAME = "sglang"


class Said(Protocol):
    """What the rules of one release look at."""

    @property
    def version(self) -> str:
        """The release."""
        ...

    @property
    def declared(self) -> Callable[[str], Any]:
        """What somebody wrote for a destination, `UNKNOWABLE` where nobody knows it."""
        ...


class _Written(Struct):
    """What an argument vector says to one release."""

    version: str
    declared: Callable[[str], Any]


class Imposed(Struct, frozen=True):
    """What a release takes, in its own sense (`UNKNOWABLE`: that hangs on what cannot be read), and why.

    `meant`: who wrote the setting can expect it, so that nothing is wrong with the argument.
    """

    value: Any
    why: str
    meant: bool = False


_SPANNING = {
    "deepep": "0.4.10.post2",
    "mooncake": "0.5.3.post3",
    "ascend_fuseep": "0.5.6",
    "flashinfer": "0.5.9",
    "mori": "0.5.9",
    "nixl": "0.5.10",
    "megamoe": "0.5.12",
    "deepep_v2": "0.5.20",
}
"""Ways to exchange tokens between experts that spread them over the whole tensor-parallel group, with their first release."""


def ep_size(said: Said) -> Imposed | None:
    """The size of the tensor-parallel group, where the exchange between experts spans it."""
    exchange = said.declared("moe_a2a_backend")
    old = not since(said.version, "0.5.3") and (
        said.declared("enable_ep_moe") is True
        or (since(said.version, "0.4.4.post4") and said.declared("enable_deepep_moe") is True)
    )
    first = _SPANNING.get(exchange) if isinstance(exchange, str) else None
    if exchange is UNKNOWABLE:
        return Imposed(UNKNOWABLE, "the exchange between experts, which is not known, may span all GPUs")
    if not old and (first is None or not since(said.version, first)):
        return None
    ranks = said.declared("tp_size")
    why = "the experts are spread over the whole tensor-parallel group"
    return Imposed(1 if ranks is None else ranks, why)


def page_size(said: Said) -> Imposed | None:
    """What the kernels take, where the written attention backend takes no other."""
    written = said.declared("page_size")
    main = {said.declared("attention_backend"), said.declared("decode_attention_backend")}
    named = main | {said.declared("prefill_attention_backend")}
    mha = (16, 32, 64, 128) if since(said.version, "0.5.17") else (16, 32, 64)
    for backend, where, fitting, forced in (
        ("flashmla", main, (64,), 64),
        ("cutlass_mla", main, (128,), 128),
        ("trtllm_mla", main, (32, 64), 64),
        ("trtllm_mha", named, mha, 64),
    ):
        if backend in where and written is not UNKNOWABLE and written not in fitting:
            return Imposed(forced, f"{backend} takes pages of {' or '.join(map(str, fitting))} tokens")
    return None


def chunked_prefill_size(said: Said) -> Imposed | None:
    """A written chunk is shared among the ranks of a data-parallel attention group."""
    written, ranks = said.declared("chunked_prefill_size"), attention_ranks(said)
    if not isinstance(written, int) or ranks == 1:
        return None
    why = "the ranks of data-parallel attention share it"
    return Imposed(UNKNOWABLE if ranks is None else written // ranks, why, meant=True)


def attention_ranks(said: Said) -> int | None:
    """Ranks of data-parallel attention; 1 where there is none, None where that is not known."""
    ranks, asked = said.declared("attn_dp_size"), said.declared("enable_dp_attention")
    if ranks is UNKNOWABLE or asked is UNKNOWABLE:
        return None
    if isinstance(ranks, int) and ranks > 1:
        return ranks
    if asked is not True:
        return 1
    copies = said.declared("dp_size")
    if not since(said.version, "0.4.4.post1"):
        return 2
    return None if copies is UNKNOWABLE else copies if isinstance(copies, int) else 1


def attn_dp_size(said: Said) -> Imposed | None:
    """From 0.5.22 on `--dp-size N --enable-dp-attention` is another spelling of `--attn-dp-size N`."""
    if not since(said.version, "0.5.22") or said.declared("attn_dp_size") not in (None, 1):
        return None
    if said.declared("enable_dp_attention") is not True:
        return None
    copies = said.declared("dp_size")
    return Imposed(1 if copies is None else copies, "`--dp-size` counts attention ranks here")


def disable_overlap_schedule(said: Said) -> Imposed | None:
    """A pipeline of several stages knows no overlap."""
    stages = said.declared("pp_size")
    if not since(said.version, "0.4.7") or not isinstance(stages, int) or stages < 2:
        return None
    return Imposed(value=True, why="pipeline parallelism switches the overlap off", meant=True)


def load_balance_method(said: Said) -> Imposed | None:
    """Two releases read the old `round_robin` of a prefill server as what it meant before they had a name for it."""
    between = since(said.version, "0.5.8") and not since(said.version, "0.5.10")
    if not between or said.declared("load_balance_method") != "round_robin":
        return None
    mode = said.declared("disaggregation_mode")
    if mode is not UNKNOWABLE and mode != "prefill":
        return None
    why = "a prefill server follows the room of its pair, which `round_robin` used to mean"
    return Imposed(UNKNOWABLE if mode is UNKNOWABLE else "follow_bootstrap_room", why, meant=True)


RULES: dict[str, Callable[[Said], Imposed | None]] = {
    "attn_dp_size": attn_dp_size,
    "chunked_prefill_size": chunked_prefill_size,
    "disable_overlap_schedule": disable_overlap_schedule,
    "ep_size": ep_size,
    "load_balance_method": load_balance_method,
    "page_size": page_size,
}
"""What decides a destination against what is written for it, or for what is not written."""


# ---- what was written ------------------------------------------------------------------------------------------------


def applied(parsed: Parsed, release: Release) -> Parsed:
    """`parsed` with what the start makes of the settings that it decides by others."""
    for dest in RULES:
        if dest in parsed.values and dest not in parsed.gaps:
            parsed = _applied(parsed, dest, parsed.versions or release.candidates)
    return parsed


def _applied(parsed: Parsed, dest: str, versions: Sequence[str]) -> Parsed:
    written = parsed.values[dest]
    said = {version: RULES[dest](_Written(version, lambda name: declared(parsed, name))) for version in versions}
    against = {
        version: imposed
        for version, imposed in said.items()
        if imposed is not None and vocabulary.spoken(NAME, dest, imposed.value) != written.value
    }
    if not against:
        return parsed
    newest = next(reversed(against.values()))
    sure = len(against) == len(said) and all(imposed == newest for imposed in against.values())
    told = f"{span('SGLang', list(against))} decides it otherwise: {newest.why}"
    if sure and newest.value is not UNKNOWABLE:
        where = Origin(kind="rule", ref=f"{span('SGLang', list(against))}: {newest.why}")
        fact = Fact(written.setting, vocabulary.spoken(NAME, dest, newest.value), "derived", where, written.assumes)
        arguments = parsed.arguments if newest.meant else marked(parsed, dest, told, "")
        return structs.replace(parsed, decided={**parsed.decided, dest: fact}, arguments=arguments)
    doubt = "whether it does here hangs on the release, or on an argument that cannot be read"
    gap = Gap(
        written.setting, told, f"sglang.imposed-{dest}", ("arguments", *against), "a pinned version, or the server"
    )
    arguments = parsed.arguments if newest.meant else marked(parsed, dest, f"{told}; {doubt}", doubt)
    return structs.replace(parsed, gaps={**parsed.gaps, dest: gap}, arguments=arguments)


def declared(parsed: Parsed, dest: str) -> Any:
    """What somebody wrote for a destination, in the engine's own sense; `UNKNOWABLE` where nobody can know it."""
    if dest in parsed.gaps:
        return UNKNOWABLE
    written = parsed.values.get(dest)
    return None if written is None else vocabulary.spoken(NAME, dest, written.value)
