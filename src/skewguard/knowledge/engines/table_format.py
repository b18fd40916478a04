"""What the file of an engine's table holds: the records of flags, variables and config fields, in runs of releases."""

from typing import Any

from msgspec import Struct, field

ValueKind = str
"""How a flag's text becomes a value: `str`, `int`, `float`, `human-int` (`32k` is 32000, `32K` 32768), `si-int` (`32k`
is 32000, `32Ki` 32768, upper and lower case told apart), `human-int-or-auto`, `json`,
`json-or-str`, `json-or-pairs` and `pairs` (`a=1,b=2`), `object` (a JSON object, fields in `configs`),
`level-or-object`, `bool-text` (Python's `bool("False")`), `lower`, `device-ids`; of Rust `uint`, `u32`, `u16`, `uints`
(behind commas), `plain-float` and `bool` (`true` or `false`); of C++ `leading-int` and `leading-float` (`32k` is 32), and of llama.cpp `layers`,
`on-off` and `on-off-auto`."""


_SWITCHES = frozenset(("true", "toggle", "enable-disable", "const", "refused", "retired", "help"))
ACTIONS = _SWITCHES | {"boolean", "const-value", "alias", "append", "extend", "lora", "adapters"}
"""Every `Flag.action` that is known here, beside None."""


class Flag(Struct, frozen=True, eq=False):
    """One argument as a release registers it.

    `dest` names the field of the engine's own record of settings that the value ends in, which is nearly always the
    parser's destination. `flags` are its spellings, the canonical one first; of a positional, its name. `action` is None for an argument
    that takes a value; `true` (switch), `boolean` (`[=]true|false`), `toggle` (`--x`, `--no-x`), `enable-disable`
    (and `--disable-x`), `const` (switch that stores `const`), `const-value` (takes a value and stores `const`), `alias`
    (takes a value like any flag; an old name of another one), `append`, `extend` (each value a list), `lora` and `adapters` (lists of NAME=PATH), `refused` (switch that is known only to stop the start, naming what took
    its place), `retired` (switch that is accepted and has no effect). `nullable`: the text `None` means none.
    `required`: the parser does not start without it. `fallback`: what the engine takes in the end where nobody wrote a
    flag whose default is None and none of its start rules decides. `serve_only`: registered by `vllm serve` and not by
    the API server module. `off`: spellings of a pair of switches that switch it off, beside `--no-…`. `env`: the variable that stands for the flag where the command line has none (`twins`).
    """

    dest: str
    flags: tuple[str, ...]
    default: Any = None
    type: ValueKind | None = None
    action: str | None = None
    nargs: str | None = None
    const: Any = None
    nullable: bool = False
    choices: tuple[Any, ...] | None = None
    config: str | None = None
    deprecated: bool = False
    required: bool = False
    fallback: Any = None
    serve_only: bool = False
    env: str | None = None
    off: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The canonical spelling."""
        return self.flags[0]

    @property
    def switch(self) -> bool:
        """True when the flag takes no value at all."""
        return self.action in _SWITCHES

    @property
    def collects(self) -> bool:
        """True when the flag takes a list of values."""
        return self.nargs in ("+", "*")

    @property
    def human_json(self) -> bool:
        """True for a JSON object of one of the engine's config classes, whose numbers may read `32k`."""
        return self.type == "object" and self.config is not None

    def negates(self, spelling: str) -> bool:
        """Whether this spelling of a toggle switches it off."""
        if spelling in self.off or (spelling.startswith("--no-") and f"--{spelling[5:]}" in self.flags):
            return True
        if self.action != "enable-disable":
            return False
        for prefix, inverse in (("--enable-", "--disable-"), ("--disable-", "--enable-")):
            partner = inverse + spelling.removeprefix(prefix)
            if spelling.startswith(prefix) and partner in self.flags:
                return self.flags.index(partner) < self.flags.index(spelling)
        return False

    def takes_like(self, other: "Flag") -> bool:
        """Whether two records of the flag read an argument in the same way; their defaults may differ."""
        return self is other or (
            self.dest == other.dest
            and self.flags == other.flags
            and (self.type, self.action, self.nargs, self.nullable)
            == (other.type, other.action, other.nargs, other.nullable)
            and (self.choices, self.off) == (other.choices, other.off)
            and (self.config, self.const) == (other.config, other.const)
            and (self.deprecated, self.required, self.serve_only)
            == (other.deprecated, other.required, other.serve_only)
        )


class FlagRun(Struct, array_like=True, frozen=True):
    """A flag as it was from the release `first` to `last`, indexes into the table's list."""

    first: int
    last: int
    flag: Flag


class EnvRun(Struct, array_like=True, frozen=True):
    """An environment variable in a run of releases."""

    first: int
    last: int
    default: Any
    kind: str = "text"


class ConfigRun(Struct, array_like=True, frozen=True):
    """A field of a config class in a run of releases."""

    first: int
    last: int
    default: Any


class Content(Struct):
    """What a table's file holds."""

    engine: str
    table_version: str
    versions: tuple[str, ...]
    flags: dict[str, tuple[FlagRun, ...]]
    env: dict[str, tuple[EnvRun, ...]] = field(default_factory=dict)
    configs: dict[str, tuple[ConfigRun, ...]] = field(default_factory=dict)
