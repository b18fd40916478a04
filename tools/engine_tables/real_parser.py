"""Asks a released parser itself what it registers: the ground truth that the tables are tested against.

This is the one place where code of an engine runs, and only when a maintainer asks (`python -m tools.engine_tables ask
sglang 0.5.6`): in a process of its own, from the Python files in the cache, with everything that is not installed here
(PyTorch, Transformers, kernels) replaced by stand-ins that do nothing. What a stand-in decides is no truth: the choices
of a registry that they fill, and the device.
"""

import argparse
import contextlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import io
import json
import sys
import types
from abc import ABCMeta
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

ROOT = "sglang"


class _Loose(ABCMeta):
    """Classes that have every attribute, whatever it is."""

    def __getattr__(cls, name: str) -> Any:
        if name == "__func__":
            return cls
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        setattr(cls, name, _Loose(name, (Nothing,), {}))  # one of its own, because engines patch what they import
        return cls.__dict__[name]

    def __getitem__(cls, _: Any) -> Any:
        return cls

    def __setitem__(cls, _: Any, __: Any) -> None:
        pass

    def __iter__(cls) -> Iterator[Any]:
        return iter(())

    def __or__(cls, _: Any) -> Any:
        return object

    def __int__(cls) -> int:
        return 0

    __ror__ = __or__
    __index__ = __int__


class Nothing(metaclass=_Loose):
    """What every stand-in holds: a class to derive from, a function to call, a decorator that changes nothing."""

    __class_validators__ = ()

    @staticmethod
    def register(*_: Any, **__: Any) -> Any:
        """Registries take everything, as a decorator too."""
        return Nothing()

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __init_subclass__(cls, **_: Any) -> None:
        pass

    def __call__(self, *given: Any, **_: Any) -> Any:
        """What is decorated, or the stand-in itself."""
        return given[0] if len(given) == 1 and callable(given[0]) else self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __getitem__(self, _: Any) -> Any:
        return self

    def __setitem__(self, _: Any, __: Any) -> None:
        pass

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __int__(self) -> int:
        return 0

    def __lt__(self, _: Any) -> bool:
        return False

    __index__ = __int__
    __gt__ = __le__ = __ge__ = __lt__


_NVIDIA = argparse.Namespace(backend="cuda", arch=90)
_DRIVER = argparse.Namespace(active=argparse.Namespace(get_current_target=lambda: _NVIDIA))
GIVEN: dict[str, Any] = {
    "dill.dumps": lambda *_, **__: b"",
    "triton.runtime": argparse.Namespace(driver=_DRIVER),
    "torch.version.hip": None,
    "torch.version.cuda": "12.8",
    "torch.cuda.is_available": lambda: False,
    "torch.library.Library": type("Library", (Nothing,), {"ns": "namespace", "m": None}),
    "torch.finfo": lambda *_: argparse.Namespace(min=-448.0, max=448.0, eps=0.125),
    "torch.iinfo": lambda *_: argparse.Namespace(min=-(2**63), max=2**63 - 1),
}
"""What stands in for names whose value decides something on the way: a machine with NVIDIA's libraries and no GPU."""


class _StandIn(types.ModuleType):
    """A module that has every name."""

    __version__ = "99.0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        path = f"{self.__name__}.{name}"
        if any(given.startswith(f"{path}.") for given in GIVEN):
            return importlib.import_module(path)
        setattr(self, name, GIVEN[path] if path in GIVEN else _Loose(name, (Nothing,), {}))
        return self.__dict__[name]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what nothing else finds."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> Any:
        del path, target
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def registered(parser: argparse.ArgumentParser) -> Iterator[dict[str, Any]]:
    """Every argument of a parser, its canonical spelling first; what has no value in a record is left out."""
    by_name: dict[str, argparse.Action] = vars(parser)["_option_string_actions"]  # argparse tells nobody but itself
    for action in dict.fromkeys(by_name.values()):
        if action.dest != "help":
            own = [name for name, each in by_name.items() if each is action]
            row = {
                "flags": sorted(own, key=lambda name: (name not in action.option_strings, name)),
                "dest": action.dest,
                "default": repr(action.default),
                "action": type(action).__name__,
                "nargs": action.nargs,
                "choices": None if action.choices is None else _texts(action.choices),
            }
            yield {name: value for name, value in row.items() if value is not None}


VECTORS = (
    "",
    "--tp 2",
    "--tp_size 2",
    "--tensor-parallel-size 4 --tp-size 2",
    "--mem-frac 0.8",
    "--mem-fraction-static=0.8",
    "--context-len 4096",
    "--context-length 4k",
    "--max-running-requests=-1",
    "--max 4",
    "--schedule-policy lpm",
    "--schedule-policy nothing",
    "--enable-metrics",
    "--enable-metrics true",
    "--enable-metrics=true",
    "--no-such-flag",
    "--cuda-graph-bs 1 2 4",
    "--cuda-graph-max-bs 64",
    "--lora-paths a=b c",
    "--enable-ep-moe",
    "--enable-deepep-moe",
    "--disable-cuda-graph",
    "--stream-output",
    "--revision",
    "--revision None",
    "--seed 7",
    "word",
)
"""Arguments, besides a model, that parsers were seen to read in different ways."""


def read(parser: argparse.ArgumentParser, text: str) -> dict[str, Any] | None:
    """What a parser makes of arguments: every value that is not the default, by destination; None where it refuses."""
    before = vars(parser.parse_args(["--model-path", "m"]))
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            after = vars(parser.parse_args(["--model-path", "m", *text.split()]))
    except (SystemExit, ValueError):
        return None
    return {name: repr(value) for name, value in after.items() if before.get(name) != value}


def _texts(choices: Iterable[Any]) -> list[str]:
    """Each choice as it is written in Python; those of a set, which has no order, in order."""
    texts = [repr(each) for each in choices]
    return sorted(texts) if isinstance(choices, set | frozenset) else texts


def main(folder: str, what: str) -> None:
    """Print what the parser below `folder` registers, a line for each argument, or what it makes of `VECTORS`."""
    sys.path.insert(0, folder)
    sys.meta_path.append(_Finder())
    found = importlib.metadata.version

    def version(distribution_name: str) -> str:
        try:
            return found(distribution_name)
        except importlib.metadata.PackageNotFoundError:
            return "99.0"

    importlib.metadata.version = version
    arguments: Any = importlib.import_module(f"{ROOT}.srt.server_args")
    parser = argparse.ArgumentParser()
    arguments.ServerArgs.add_cli_args(parser)
    if what == "cases":
        print(json.dumps({text: read(parser, text) for text in VECTORS}, indent=1))
        return
    rows = (json.dumps(row, separators=(",", ":")) for row in registered(parser))
    print("[\n" + ",\n".join(rows) + "\n]")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
