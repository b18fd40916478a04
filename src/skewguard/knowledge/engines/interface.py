"""What an engine module gives, and the values it answers with.

An engine is a module with the names of `EngineModule`, listed in `knowledge.engines.ENGINES`. It is pure: argument
vectors and values in, values out. Versions are release names of its table (`0.11.0`).
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines import versions
from skewguard.knowledge.engines.renamings import Renaming
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Choice, Fact, Gap, Origin, Value
from skewguard.language.workloads import Container, EnvVar, Invocation, TextFile, Token

Certainty = Literal["exact", "between", "newer", "older", "unknown"]


class Release(Struct, frozen=True):
    """Which version of an engine runs, as far as the inputs say.

    `candidates` are the table versions that can speak for it: one when `exact`; the two neighbours when `between`;
    the newest when `newer` than the table (unknown flags are then unknown, defaults are gaps), the oldest when
    `older`; every table version when `unknown`. `text` is the version as known: with `approximate` a release after
    which the image was built. `key` is the input key that would decide it, `version@IMAGE`. `reason` says in words
    where it comes from.
    """

    engine: str
    text: str | None
    candidates: tuple[str, ...]
    certainty: Certainty
    reason: str
    key: str
    origin: Origin | None = None
    approximate: bool = False

    @property
    def version(self) -> str | None:
        """The version that runs; None where the inputs name none, only a series, or a release near it."""
        return None if self.text is None or self.approximate or versions.minor_only(self.text) else self.text

    @property
    def beyond(self) -> bool:
        """True when the table does not cover this version, so that defaults and unknown names are not known."""
        return self.certainty in ("newer", "older")


Outcome = Literal["parsed", "swallowed", "ignored", "overridden", "unknown", "ambiguous", "invalid"]

Fault = Literal[
    "swallowed",  # one token holds flag and value; it became a positional
    "unknown",  # the parser has no such flag
    "misspelt",  # unknown, and a near name exists
    "removed",  # existed in an older version
    "not-yet",  # appears in a newer version
    "ambiguous",  # prefix of several flags
    "abbreviated",  # unique prefix of one flag: works today
    "duplicated",  # an earlier value, overridden by a later one
    "ignored",  # accepted, without effect (`--config=…`, YAML false, positional under api_server)
    "overruled",  # accepted, and the engine decides otherwise at its start
    "invalid",  # a value the parser refuses
    "missing-value",  # the flag needs a value and has none
    "unexpected-value",  # the flag takes none (`--x=False`), or a stray positional stops the start
    "literal-variable",  # `$VAR`, `${VAR}` or a placeholder that nothing expands
    "deprecated",  # works, and says so
    "model-by-flag",  # `vllm serve --model X` where the version refuses it
]


class Argument(Struct, frozen=True):
    """One argument as the engine's parser takes it.

    `text` is the token as written (secret values replaced), `flag` the canonical spelling it stands for, `dest` its
    destination, `value` the typed value. `origin` is the place of the flag, `value_origin` of the token that holds
    the value. `fault` names what is wrong or odd, `message` says it in a sentence. `suggestion` is the spelling to
    write instead. `fatal` is True when this stops the start, None when only some candidate versions do.
    `versions` are the candidate versions the outcome holds for, empty when for all. `doubt` says what decides whether
    it comes to that at all (the model, which of several starts happens), empty where it does.
    """

    text: str
    outcome: Outcome
    origin: Origin
    flag: str | None = None
    dest: str | None = None
    value: Value = None
    value_origin: Origin | None = None
    fault: Fault | None = None
    message: str = ""
    suggestion: str | None = None
    fatal: bool | None = False
    versions: tuple[str, ...] = ()
    source: Literal["argument", "config-file"] = "argument"
    doubt: str = ""


class Variable(Struct, frozen=True):
    """One environment variable as the engine sees it. dead: an older version read it; unread: none ever did but its

    name looks like a setting of the engine. `passed_over`: the engine starts with an invalid value, and takes its default.
    `stands_for`: the destination of the flag whose value it gives, so that it is no setting of its own beside that.
    `renamed`: the engine takes it for an old name of another variable, whose value it gives.
    `hearsay`: only pages that name variables tell it, so that their silence is no proof.
    """

    name: str
    outcome: Literal["read", "unread", "dead", "invalid"]
    origin: Origin
    message: str = ""
    suggestion: str | None = None
    versions: tuple[str, ...] = ()
    passed_over: bool = False
    stands_for: str | None = None
    renamed: Renaming | None = None
    hearsay: bool = False


class Parsed(Struct, frozen=True):
    """An argument vector, read as the engine would.

    `values` are the values that somebody wrote, by destination (the engine's own name), each a declared `Fact`
    whose setting is the vocabulary name, or `<engine>.<dest>` outside the vocabulary. `gaps` are destinations whose value somebody wrote
    but nobody can know. `blind` is set when anything may have been set by an unseen source (a `--config` file that
    is not in the input): every setting not in `values` is then a gap with this reason.
    `starts`: would the parser accept this (None: cannot tell). `entrypoint` is the program and sub-command that
    reads the arguments, as the engine names it. `versions` are the releases that can have read them: the candidates
    that have the program at all. `decided` are destinations that the engine decides against what was written.
    """

    arguments: tuple[Argument, ...]
    values: Mapping[str, Fact]
    gaps: Mapping[str, Gap]
    starts: bool | None
    entrypoint: str
    blind: Gap | None = None
    versions: tuple[str, ...] = ()
    decided: Mapping[str, Fact] = {}


Runs = Literal["server", "worker", "wrapped", "unstarted"]


class Recognition(Struct, frozen=True):
    """Why a container is an inference engine (or, with `engine` None, why it is not).

    `argv` is the argument vector from the engine's program on, wrappers such as `env` and `numactl` taken off; it is
    what `EngineModule.parse` reads. Where `invocation.via` is "image" it holds the arguments alone, and the image's
    own entrypoint goes before them. `runs` says how it is reached: as a "server" of its own; as a "worker" that joins
    a group, whose settings are the leader's; "wrapped" in a program whose arguments are not the engine's (every
    setting nobody can see is then a gap); "unstarted" where its command became the arguments of another program.
    `certain` is False when the evidence only suggests it; with `engine` None, that it could be one nevertheless.
    `assumes` then names what decides: the shell's condition, a wrapper or an image that is not in the input.
    `others` are further starts of the engine in the same container (both arms of an `if`, two servers), `rivals` the
    titles of other engines that the container starts as well. `origin` is the place of the evidence. `wrapper` names the
    wrapping program where it takes the engine's arguments among its own; `argv` then are that program's.
    """

    engine: str | None
    reason: str
    argv: tuple[Token, ...] = ()
    certain: bool = True
    runs: Runs = "server"
    invocation: Invocation | None = None
    others: tuple[Invocation, ...] = ()
    origin: Origin | None = None
    assumes: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    wrapper: str = ""


class ImageRule(Protocol):
    """What the project's configuration says of images: which engine the matching ones hold, and which version."""

    @property
    def match(self) -> str:
        """A glob over image references."""
        ...

    @property
    def engine(self) -> str:
        """The engine's name."""
        ...

    @property
    def version(self) -> str | None:
        """The version itself."""
        ...

    @property
    def from_tag(self) -> str | None:
        """A regular expression whose first group (or whole match) in the tag is the version."""
        ...

    @property
    def origin(self) -> Origin | None:
        """Where it is written."""
        ...


class Declarations(Protocol):
    """The part of the project's configuration that speaks of engines; `knowledge.project.Project` has this shape."""

    @property
    def images(self) -> Sequence[ImageRule]:
        """The rules, the first that matches decides."""
        ...


Platform = Literal["cuda", "rocm", "cpu", "tpu", "xpu", "hpu", "neuron"]
"""For which kind of device an engine is built, as engines name it."""


class Hardware(Struct, frozen=True):
    """What an engine's rules may ask of the accelerator: the class when known, else the key of the unknown.

    `classes` are all that may turn out, where several may. `platform` None: nothing tells, and a GPU is to be expected.
    `count` are the GPUs that the container gets; None where nothing tells.
    """

    key: str
    accelerator: Accelerator | None = None
    classes: tuple[Accelerator, ...] = ()
    platform: Platform | None = None
    count: int | None = None


class Inputs(Struct, frozen=True):
    """What decides at an engine's start beside arguments and environment, as far as it is known.

    `checkpoint` holds the model's own files; None where nobody gave them.
    """

    hardware: Hardware
    checkpoint: Checkpoint | None = None


FlagKind = Literal["literal", "computed", "required"]


class FlagRecord(Struct, frozen=True):
    """One flag of one version, for `explain`."""

    dest: str
    spellings: tuple[str, ...]
    kind: FlagKind
    default: Value
    type: str | None
    choices: tuple[Value, ...] | None
    nargs: str | None
    deprecated: bool
    setting: str | None


class EngineModule(Protocol):
    """The names an engine module defines."""

    NAME: str
    TITLE: str

    def releases(self) -> tuple[str, ...]:
        """Every version of the table, oldest first."""
        ...

    def table_version(self) -> str:
        """The version of the table itself, printed in every result."""
        ...

    def entrypoint(self, version: str) -> tuple[str, ...]:
        """What the official image runs when the container gives no `command`."""
        ...

    def parse(
        self,
        argv: Sequence[Token],
        release: Release,
        files: Sequence[TextFile],
        *,
        from_image: bool = False,
    ) -> Parsed:
        """Read `argv` (program first) as this release's parser does; merged over the release's candidates.

        `from_image`: `argv` are arguments alone, for the image's own entrypoint.
        """
        ...

    def settle(self, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs) -> Parsed:
        """What the engine's start makes of flags that its parser took: `parsed` itself where it obeys them all.

        A variable of `env` without a value is one that is set, or may be, to what nobody knows. `inputs` are the machine
        and the model's own files, which may decide whether a flag counts.
        """
        ...

    def environment(self, env: Sequence[EnvVar], release: Release) -> tuple[Variable, ...]:
        """What the engine makes of each variable that concerns it."""
        ...

    def derive(
        self, setting: str, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs
    ) -> Fact | Choice | Gap | None:
        """The engine's own value of a setting that nobody wrote; None when the engine has no such setting.

        A variable of `env` without a value is one that is set, or may be, to what nobody knows.
        """
        ...

    def settings(self, release: Release) -> tuple[str, ...]:
        """Every setting name this release has: vocabulary names first, then `<engine>.<dest>`."""
        ...

    def flags(self, version: str) -> tuple[FlagRecord, ...]:
        """Every flag of one version."""
        ...

    def variables(self, version: str) -> Mapping[str, Value]:
        """Every environment variable of one version, with its default."""
        ...

    def history(self, flag: str) -> tuple[tuple[str, str, FlagRecord | None], ...]:
        """(first version, last version, record) runs of one flag or destination through the table; None: absent."""
        ...

    def recognised_command(self, argv: Sequence[Token]) -> bool:
        """Whether this argument vector starts this engine."""
        ...

    def recognised_image(self, container: Container) -> str | None:
        """Why this image is the engine's, in words; None when it is not."""
        ...
