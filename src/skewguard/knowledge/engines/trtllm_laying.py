"""The file of `trtllm-serve` and its flags, laid over each other as a release does it."""

from collections.abc import Sequence

from msgspec import structs

from skewguard.knowledge.engines import conversions, trtllm_fields, trtllm_file
from skewguard.knowledge.engines.grammar import Word
from skewguard.knowledge.engines.preparing import same_path
from skewguard.knowledge.engines.readings import UNKNOWABLE, Held, Reading, Simulation, same_value
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.trtllm_file import Line
from skewguard.knowledge.engines.trtllm_grammar import FIRST_READ_KNOBS, KNOBS, SERVER_ONLY, behaviour
from skewguard.knowledge.engines.versions import since
from skewguard.language.workloads import TextFile

FRACTION = "free_gpu_memory_fraction"


def found_at(path: str, files: Sequence[TextFile]) -> TextFile | None:
    """The file of the container that a path names."""
    return next((each for each in files if same_path(each.path, path)), None)


class Laying:
    """One release lays one file. `doubts` gets what it leaves open."""

    def __init__(self, table: Table, version: str, result: Simulation, doubts: dict[str, str]) -> None:
        self._flags = table.by_dest(version)
        self._spellings = table.spellings(version).flags
        self._does = behaviour(version)
        self._strict = since(version, FIRST_READ_KNOBS)
        self._result = result
        self._doubts = doubts

    def lay(self, file: TextFile, path: Word) -> None:
        """Every value of the file against what the flags say."""
        read = trtllm_file.read(file, path.key)
        for trouble in read.troubles:
            self._unreadable(path, trouble.detail)
        if not read.troubles and not read.lines and read.cache is None and read.build is None:
            if not self._does.flags_win:
                self._unreadable(path, "it is empty")
            return
        if read.cache is not None and not (self._does.merges_cache or self._does.flags_win):
            self._replace_cache(read.cache, {line.dest for line in read.lines})
        for line in read.lines:
            self._line(line, built=read.build is not None)
        if read.build is not None and not self._does.flags_win:
            for dest in KNOBS:
                self._doubts[dest] = "the file's build_config decides it, together with the backend"

    def _unreadable(self, path: Word, reason: str) -> None:
        origin = path.token.origin
        self._result.readings.append(
            Reading(
                (*path.key, 0), path.token.text, "invalid", origin, "--config", fault="invalid",
                why="config-unreadable", detail=(reason,), fatal=True,
            )
        )  # fmt: skip

    def _line(self, line: Line, *, built: bool) -> None:
        flag = self._spellings.get(f"--{line.path}")
        if self._strict and flag is not None and flag.dest != line.path and line.path not in self._flags:
            self._wrong_name(line, flag.dest)
            return
        if line.dest in SERVER_ONLY or self._strange(line) or not self._readable(line):
            return
        held = self._result.values.get(line.dest)
        written = held is not None and held.word.source == "argument"
        if self._does.flags_win and written:
            self._tell(line, "overridden", why="by-command-line")
        elif line.dest in KNOBS and self._does.knobs != "carried" and not built:
            self._knob(line, held)
        else:
            self._overwrite(line, held if written else None)

    def _strange(self, line: Line) -> bool:
        """Whether a name is none of the fields that were read, whose reader takes no other names."""
        strange = trtllm_fields.strange(line.path) if self._strict and line.dest not in self._flags else None
        if strange is None:
            return False
        near = f"--{strange.near}" if strange.near else None
        if strange.sure:
            detail = (line.path, strange.near or "")
            self._tell(line, "unknown", fault="misspelt", why="no-field", detail=detail, suggestion=near, fatal=True)
        else:
            doubt = "whether this release has such a field was not read"
            self._tell(line, "unknown", fault="unknown", why="unread-field", suggestion=near, doubt=doubt)
            self._result.sure = False
        return True

    def _readable(self, line: Line) -> bool:
        """Whether a value is one of its field; what stands for a number becomes one."""
        if not self._strict:
            return True
        try:
            line.content = trtllm_file.taken(self._flags.get(line.dest), line.content)
        except conversions.Refused as error:
            self._tell(line, "invalid", fault="invalid", why="refused", detail=(str(error),), fatal=True)
            return False
        return True

    def _wrong_name(self, line: Line, right: str) -> None:
        """A flag's name that is no field of the engine's options, whose reader takes no other names."""
        field = right if right != FRACTION else f"{trtllm_fields.CACHE}.{right}"
        self._tell(
            line,
            "unknown",
            fault="misspelt",
            why="wrong-name",
            detail=(line.path, field),
            suggestion=f"--{field}",
            fatal=True,
        )

    def _overwrite(self, line: Line, held: Held | None) -> None:
        """The file's value counts; a flag that says something else has no effect."""
        if held is not None:
            self._overrule(line, held)
        self._result.values[line.dest] = Held(line.content, line.value, self._name(line))
        self._tell(line, "parsed")

    def _overrule(self, line: Line, held: Held) -> None:
        equal = held.value is not UNKNOWABLE and same_value(held.value, line.content)
        place = line.key.token.origin.brief
        for index in self._told(line.dest):
            reading = self._result.readings[index]
            if equal:
                self._result.readings[index] = structs.replace(reading, outcome="overridden", why="by-equal-file")
                continue
            self._result.readings[index] = structs.replace(
                reading,
                outcome="ignored",
                fault="overruled",
                why="by-file",
                detail=(_shown(line.content), line.path, place),
                suggestion=f"`{line.path}` at {place}",
            )

    def _told(self, dest: str) -> list[int]:
        """The indexes of the flag that counts for a destination, if one was written."""
        found = [
            index
            for index, reading in enumerate(self._result.readings)
            if reading.dest == dest and reading.outcome == "parsed" and reading.source == "argument"
        ]
        return found[-1:]

    def _replace_cache(self, word: Word, named: set[str]) -> None:
        """The file's object takes the place of the one that the flag went into."""
        held = self._result.values.get(FRACTION)
        if held is None or FRACTION in named:
            return
        del self._result.values[FRACTION]
        place = word.token.origin.brief
        for index in self._told(FRACTION):
            self._result.readings[index] = structs.replace(
                self._result.readings[index],
                outcome="ignored",
                fault="overruled",
                why="cache-replaced",
                detail=(place,),
                suggestion=f"`{trtllm_fields.CACHE}` at {place}, which must hold {FRACTION} itself",
            )

    # ---- limits that reach the engine twice --------------------------------------------------------------------

    def _knob(self, line: Line, held: Held | None) -> None:
        flag = self._flags[line.dest]
        runs = held.value if held is not None else flag.default
        backend = self._result.values.get("backend")
        torch = (backend.value if backend is not None else self._flags["backend"].default) == "pytorch"
        if runs is None or (runs is not UNKNOWABLE and same_value(runs, line.content)):
            self._overwrite(line, held)
        elif not torch or self._does.knobs == "unread" or runs is UNKNOWABLE:
            self._tell(line, "parsed")
            self._doubts[line.dest] = (
                f"the file says `{line.path}: {_shown(line.content)}` and the flags make a build configuration of "
                f"`{_shown(runs)}`; which of them counts here is not known"
            )
        else:
            self._tell(
                line,
                "ignored",
                fault="overruled",
                why="by-flags",
                detail=(line.path, f"`{_shown(runs)}`{'' if held is not None else ' by default'}"),
                suggestion=f"{flag.name}={_shown(line.content)}",
            )

    # ---- telling -----------------------------------------------------------------------------------------------

    def _name(self, line: Line) -> str:
        flag = self._flags.get(line.dest)
        return flag.name if flag is not None else line.path

    def _tell(
        self,
        line: Line,
        outcome: str,
        *,
        fault: str | None = None,
        why: str = "",
        detail: tuple[str, ...] = (),
        suggestion: str | None = None,
        fatal: bool = False,
        doubt: str = "",
    ) -> None:
        flag = self._flags.get(line.dest)
        self._result.readings.append(
            Reading(
                line.key.key,
                line.path,
                outcome,  # type: ignore[arg-type]
                line.key.token.origin,
                flag.name if flag is not None and flag.name.startswith("-") else None,
                line.dest,
                line.content,
                line.value.token.origin,
                fault,  # type: ignore[arg-type]
                why,
                detail,
                suggestion,
                fatal,
                "config-file",
                doubt,
            )
        )


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
