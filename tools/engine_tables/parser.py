"""A parser that records what is registered with it, in place of `argparse`'s."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from tools.engine_tables.values import CannotTell, Unknown, Value


class Argument(Struct, eq=False):
    """One call of `add_argument`. `conditional`: it stands under a condition that cannot be told."""

    names: tuple[Value, ...]
    options: dict[str, Value]
    conditional: bool = False


class Recorder(Struct, eq=False):
    """A parser, or a group of one, which shares its list. `commands` are the parsers of sub-commands, by name."""

    arguments: list[Argument] = field(default_factory=list)
    commands: "dict[str, Recorder]" = field(default_factory=dict)

    def method(self, name: str, uncertain: Callable[[], bool]) -> Callable[..., Value]:
        """A method of the parser. Raises `CannotTell` for one that registers nothing."""

        def add_argument(*names: Value, **options: Value) -> Value:
            self.arguments.append(Argument(names, dict(options), uncertain()))
            return Unknown("an argument")

        def add_parser(command: Value, *_: Any, **__: Any) -> Recorder:
            return self.commands.setdefault(str(command), Recorder())

        def same(*_: Any, **__: Any) -> Recorder:
            return self

        methods: dict[str, Callable[..., Value]] = {
            "add_argument": add_argument,
            "add_parser": add_parser,
            "add_argument_group": same,
            "add_mutually_exclusive_group": same,
            "add_subparsers": same,
        }
        if name not in methods:
            raise CannotTell(name)
        return methods[name]
