"""What an engine makes of environment variables: read, no longer read, not read yet, never read, or refused."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from skewguard.knowledge.engines import conversions, history, renamings, variable_kinds
from skewguard.knowledge.engines.answers import Engine
from skewguard.knowledge.engines.interface import Release, Variable
from skewguard.knowledge.engines.renamings import Renaming, Runs
from skewguard.knowledge.engines.tables import Flag, Table
from skewguard.knowledge.engines.versions import span
from skewguard.language import vocabulary
from skewguard.language.facts import Origin
from skewguard.language.workloads import EnvVar

LOOK_ALIKES: Mapping[str, str] = {
    "MODEL": "model.id",
    "MODEL_ID": "model.id",
    "MODEL_NAME": "model.id",
    "MODEL_PATH": "model.id",
    "HF_MODEL_ID": "model.id",
    "SERVED_MODEL_NAME": "model.served_name",
    "TOKENIZER": "tokenizer.id",
    "REVISION": "model.revision",
    "MODEL_REVISION": "model.revision",
    "DTYPE": "runtime.dtype",
    "QUANTIZATION": "runtime.quantization",
    "QUANTIZE": "runtime.quantization",
    "KV_CACHE_DTYPE": "runtime.kv_cache_dtype",
    "MAX_MODEL_LEN": "limits.max_model_len",
    "MAX_MODEL_LENGTH": "limits.max_model_len",
    "CONTEXT_LENGTH": "limits.max_model_len",
    "MAX_NUM_SEQS": "limits.max_num_seqs",
    "MAX_NUM_BATCHED_TOKENS": "limits.max_num_batched_tokens",
    "GPU_MEMORY_UTILIZATION": "runtime.gpu_memory_utilization",
    "TENSOR_PARALLEL_SIZE": "parallelism.tensor",
    "TENSOR_PARALLEL": "parallelism.tensor",
    "TP_SIZE": "parallelism.tensor",
    "TP": "parallelism.tensor",
    "NUM_SHARD": "parallelism.tensor",
    "PIPELINE_PARALLEL_SIZE": "parallelism.pipeline",
    "PP_SIZE": "parallelism.pipeline",
    "DATA_PARALLEL_SIZE": "parallelism.data",
    "DP_SIZE": "parallelism.data",
    "TRUST_REMOTE_CODE": "runtime.trust_remote_code",
    "ENFORCE_EAGER": "runtime.enforce_eager",
    "BLOCK_SIZE": "runtime.block_size",
    "ENABLE_PREFIX_CACHING": "runtime.prefix_caching",
    "ENABLE_CHUNKED_PREFILL": "runtime.chunked_prefill",
    "TOOL_CALL_PARSER": "tokenizer.tool_call_parser",
    "CHAT_TEMPLATE": "tokenizer.chat_template",
}
"""Names that people give settings in the environment, with the setting each means."""


class Manner(Struct, frozen=True, eq=False):
    """What one engine does with variables.

    `prefixes` begin the names that look like its own; `not_ours` are names, or beginnings of names, with such a prefix
    that other programs around it read. `look_alikes` are names that people give settings in the environment and the
    engine does not read, with the setting each means. `successors` took the place of variables that are gone: the name
    to write instead, or None and what else to know. `port` is a variable that takes a port where a Service of the
    engine's name injects an address. `bare` is True where the engine's own names begin with nothing of their own: a slip
    of one of them counts as one. `renamed` are old names that it still takes for new ones. `twin` gives the value of a
    variable that stands for a flag, and raises `conversions.Refused`. `wanted` gives the words of which a release wants
    one in a variable (name, text, version), where it ends at the text.
    """

    engine: Engine
    prefixes: tuple[str, ...]
    not_ours: tuple[str, ...]
    look_alikes: Mapping[str, str]
    successors: Mapping[str, tuple[str | None, str]]
    port: str
    bare: bool = False
    renamed: tuple[Renaming, ...] = ()
    twin: Callable[[Flag, str], Any] | None = None
    wanted: Callable[[str, str, str], tuple[str, ...] | None] | None = None


def read(manner: Manner, table: Table, env: Sequence[EnvVar], release: Release) -> tuple[Variable, ...]:
    """Every variable that concerns the engine, in order; of one written twice, the entry that counts."""
    last = {entry.name: entry for entry in env}
    reader = _Reader(manner, table, release)
    return tuple(variable for entry in env if last[entry.name] is entry for variable in reader.variable(entry))


class _Reader(Struct):
    manner: Manner
    table: Table
    release: Release

    def variable(self, entry: EnvVar) -> Iterator[Variable]:
        runs = self._runs(entry.name)
        flag = self._flag(self.manner.look_alikes.get(entry.name))
        if runs:
            yield from self._known(entry, runs)
        elif flag is not None:
            text = f"{self.manner.engine.title} reads no variable `{entry.name}`; only `{flag}` sets this"
            yield Variable(entry.name, "unread", _place(entry), text, flag)
        elif entry.name.startswith(self.manner.prefixes) and not entry.name.startswith(self.manner.not_ours):
            yield self._strange(entry)
        elif self.manner.bare and (near := history.slipped(entry.name, self.table.env_names())):
            text = f"no version of {self.manner.engine.title} reads `{entry.name}`; the nearest is `{near}`"
            yield Variable(entry.name, "unread", _place(entry), text, near)

    def _runs(self, name: str) -> Runs:
        return renamings.runs(self.manner.renamed, self.table, name)

    def _new_name(self, name: str, versions: Sequence[str]) -> Renaming | None:
        """What these releases take the name for where it is none of their own; `changed` where not all of them do."""
        own = self.table.env_runs(name)
        taken = [
            renamings.of(self.manner.renamed, name, version) if _run(own, self.table.index(version)) is None else None
            for version in versions
        ]
        some = next((each for each in taken if each is not None), None)
        return some if some is None or len(set(taken)) == 1 else structs.replace(some, changed=True)

    def _flag(self, setting: str | None) -> str | None:
        """The flag that sets a setting; None where no release has one."""
        dest = vocabulary.destination(self.manner.engine.name, setting) if setting else None
        runs = self.table.runs_of_dest(dest) if dest else ()
        return runs[-1][2].name if runs else None

    def _strange(self, entry: EnvVar) -> Variable:
        successor = self.manner.successors.get(entry.name, (None, ""))[0]
        near = successor or history.nearest(entry.name, self.table.env_names())
        hint = f"; the nearest is `{near}`" if near else ""
        text = f"no version of {self.manner.engine.title} reads `{entry.name}`{hint}"
        return Variable(entry.name, "unread", _place(entry), text, near)

    def _known(self, entry: EnvVar, runs: Runs) -> Iterator[Variable]:
        sorts: dict[str, list[str]] = {}
        for version in self.release.candidates:
            sorts.setdefault(self._outcome(entry, version, runs), []).append(version)
        for outcome, versions in sorts.items():
            some = tuple(versions) if len(sorts) > 1 else ()
            who = span(self.manner.engine.title, versions)
            if outcome in ("dead", "not-yet"):
                yield self._silent(entry, outcome, who, runs, some)
                continue
            yield Variable(
                entry.name,
                "read" if outcome == "read" else "invalid",
                entry.origin,
                "" if outcome == "read" else self._refusal(entry, outcome, who, versions[-1]),
                self._better(entry, versions[-1]),
                some,
                passed_over=outcome in ("passed-over", "false"),
                stands_for=self._twin(entry, versions),
                renamed=self._new_name(entry.name, versions),
            )

    def _better(self, entry: EnvVar, version: str) -> str | None:
        """The word that a refused one most likely means."""
        words = self._words(entry, version) or ()
        return next((word for word in words if len(words) == 1), None) or history.nearest(entry.value or "", words)

    def _twin(self, entry: EnvVar, versions: Sequence[str]) -> str | None:
        """The destination of the flag that the variable stands for."""
        flag = self.table.twin(entry.name, versions[-1])
        return None if flag is None else flag.dest

    def _outcome(self, entry: EnvVar, version: str, runs: Runs) -> str:
        flag = self.table.twin(entry.name, version)
        if flag is None or entry.value is None or "$(" in entry.value:
            outcome = _outcome(entry, self.table.index(version), runs)
            own = entry.name.startswith(self.manner.prefixes)  # another program may take more texts in its own
            if outcome == "read" and self._words(entry, version) is not None:
                return "invalid"
            return outcome if outcome != "passed-over" or own else "read"
        return "read" if self._refused(flag, entry.value) is None else "invalid"

    def _words(self, entry: EnvVar, version: str) -> tuple[str, ...] | None:
        """The words of which the release wants one, where it ends at what the variable says."""
        known = self.manner.wanted is not None and entry.value is not None and "$(" not in entry.value
        return self.manner.wanted(entry.name, entry.value or "", version) if known and self.manner.wanted else None

    def _refused(self, flag: Flag, text: str) -> str | None:
        """What the flag takes, where it does not take this text."""
        assert self.manner.twin is not None
        try:
            self.manner.twin(flag, text)
        except conversions.Refused as refused:
            return str(refused)
        return None

    def _refusal(self, entry: EnvVar, outcome: str, who: str, version: str) -> str:
        flag = self.table.twin(entry.name, version)
        if flag is not None:
            wanted = self._refused(flag, entry.value or "")
            return f"`{entry.name}` of {who} takes {wanted}, not `{entry.value}`: the server does not start"
        words = self._words(entry, version)
        if words is not None:
            listed = ", ".join(f"`{word}`" for word in words)
            return f"{who} takes {'one of ' if len(words) > 1 else ''}{listed} in `{entry.name}`, not `{entry.value}`: the server does not start"
        run = _run(self._runs(entry.name), self.table.index(version))
        takes = f"{who} takes {variable_kinds.wanted(run[3] if run else '')} in `{entry.name}`"
        if outcome == "false":
            return f"{takes}, and reads `{entry.value}` as false"
        if outcome == "passed-over":
            return f"{takes}, passes over `{entry.value}` and takes its default"
        if entry.name == self.manner.port and "://" in (entry.value or ""):
            return (
                f"{takes}, not `{entry.value}`: this is what Kubernetes injects for a "
                f"Service named {self.manner.engine.name}. The server does not start"
            )
        return f"{takes}, not `{entry.value}`, and fails when it reads it"

    def _silent(self, entry: EnvVar, outcome: str, who: str, runs: Runs, some: tuple[str, ...]) -> Variable:
        if outcome == "not-yet":
            first = self.table.versions[runs[0][0]]
            text = f"{who} does not read `{entry.name}` yet; {first} is the first that does"
            return Variable(entry.name, "unread", _place(entry), text, None, some)
        successor, advice = self.manner.successors.get(entry.name, (None, ""))
        last = self.table.versions[max(run[1] for run in runs)]
        more = f"; `{successor}` took its place" if successor else f"; {advice}" if advice else ""
        text = f"{who} no longer reads `{entry.name}`, {last} was the last that did{more}"
        return Variable(entry.name, "dead", _place(entry), text, successor, some)


def _place(entry: EnvVar) -> Origin:
    return entry.name_origin or entry.origin


def _outcome(entry: EnvVar, at: int, runs: Runs) -> str:
    run = _run(runs, at)
    if run is None:
        return "dead" if any(last < at for _, last, _, _ in runs) else "not-yet"
    return "read" if entry.value is None else variable_kinds.taken(entry.value, run[3])


def _run(runs: Runs, at: int) -> tuple[int, int, object, str] | None:
    """The run of releases that one release is in."""
    return next((run for run in runs if run[0] <= at <= run[1]), None)
