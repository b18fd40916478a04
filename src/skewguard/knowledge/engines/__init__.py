"""What each inference engine and each of its versions means: which containers run one, what it makes of its arguments.

What may enter: argument grammars, version tables, start-time rules, image and command recognition, all as pure
functions over values. What may not: reading a manifest or a cluster, a verdict, a message about a team's contract.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from skewguard.knowledge.engines import tables
from skewguard.knowledge.engines.interface import EngineModule
from skewguard.language.explanations import Tables


def _llamacpp() -> EngineModule:
    from skewguard.knowledge.engines import llamacpp

    return llamacpp


def _nim() -> EngineModule:
    from skewguard.knowledge.engines import nim

    return nim


def _sglang() -> EngineModule:
    from skewguard.knowledge.engines import sglang

    return sglang


def _tgi() -> EngineModule:
    from skewguard.knowledge.engines import tgi

    return tgi


def _trtllm() -> EngineModule:
    from skewguard.knowledge.engines import trtllm

    return trtllm


def _vllm() -> EngineModule:
    from skewguard.knowledge.engines import vllm

    return vllm


_HOMES: Mapping[str, Callable[[], EngineModule]] = {
    "vllm": _vllm,
    "sglang": _sglang,
    "tgi": _tgi,
    "trtllm": _trtllm,
    "llamacpp": _llamacpp,
    "nim": _nim,
}


class _Engines(Mapping[str, EngineModule]):
    """The engines by name; the module of one is imported when it is asked for, so that a check pays for those it meets."""

    def __getitem__(self, name: str) -> EngineModule:
        return _HOMES[name]()

    def __contains__(self, name: object) -> bool:
        return name in _HOMES

    def __iter__(self) -> Iterator[str]:
        return iter(_HOMES)

    def __len__(self) -> int:
        return len(_HOMES)


ENGINES: Mapping[str, EngineModule] = _Engines()
"""Every engine with a table, by name."""


def file_fields(engine: str) -> Collection[str]:
    """Destinations that a file of an engine's options can set, whether or not a flag does."""
    if engine != "trtllm":
        return ()
    from skewguard.knowledge.engines import trtllm_fields

    return trtllm_fields.NAMES


def file_holds(engine: str, dest: str) -> bool:
    """Whether a file of an engine's options may set a destination, as a field or inside of one."""
    return dest in file_fields(engine) or dest.partition(".")[0] in file_fields(engine)


def tables_used() -> Tables:
    """Which table of each engine holds now."""
    found = {name: tables.load(name) for name in _HOMES}
    files = {name: table.file for name, table in found.items() if table.file is not None}
    return Tables({name: table.table_version for name, table in found.items()}, files)
