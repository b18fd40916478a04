"""Values, choices, gaps and counts in words, the same in every format that a person reads."""

import re
from collections.abc import Sequence

from skewguard.language.facts import Choice, Effective, Fact, Gap, Origin, Subject, Value
from skewguard.language.findings import Finding
from skewguard.language.results import SettingLine, SubjectLine, SubjectSettings, Summary
from skewguard.language.running import ENDPOINT

_ELSE = ("", "else", "otherwise", "in every other case")

_SINGULAR = {"tokens": "token", "requests": "request", "GPUs": "GPU", "replicas": "replica", "retries": "retry"}

_UNITS_OF_SIZE = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))

_INPUTS = {
    "gpu@scheduling": "the GPU of the node it lands on (a node selector or affinity would say)",
    "gpu@node": "the GPU of node {0} (its labels would say)",
    "config.json": "the config.json of {0}",
    "generation_config.json": "the generation_config.json of {0}",
    "version": "the engine version inside image {0}",
    "value": "the value of {0}",
    "env": "the environment: what {0} holds",
    "file": "the text of {0}",
    "starts": "the script that starts it: which start happens, and with which words",
    "program": "a look at the running server: `{0}` reads its arguments by rules that are not known here",
    "secret": "the value of the Secret used at {0}",
    "digest": "the digest of image {0}",
    "preset": "what the preset {0} adds",
    "runtime": "the serving runtime {0}",
    "code": "the code of {0}",
    "claim": "the devices behind the resource claim {0}",
    "class": "how the code of model type {0} reads its config",
    "transformers": "the release of transformers installed beside {0}",
    "default": "the defaults of {0}",
    "object": "the running server, which fills in {0} at the start",
    "engine": "whether the engine is {0}",
    "runner": "which runner serves {0}",
    "pooling": "the pooling of {0}",
    "autoscaler": "the autoscaler of {0}",
    "route": "the route to {0}",
    "replicas": "what the replicas of {0} have in common",
    "route-default": "what the controller behind {0} does by default",
    "arguments": "the arguments that {0} was started with",
    "workload": "the workload behind {0}",
    "gpu@node of": "the node of pod {0}",
    "gpu@device": "the class of the devices that call themselves {0}",
    "gpu-count": "how many GPUs one server gets",
    "gpus": "how many GPUs it finds",
    "profile": "the profile that {0} chooses at the start",
    "image-config": "the digest of the image whose config is {0}",
    "environment": "the environment that image {0} sets",
    "gguf": "the header of {0}",
    "wrapper": "what {0} makes of its arguments",
    "async": "whether asynchronous scheduling works with {0}",
    "quantity": "a number that can be read, in place of {0}",
    "field": "a value that can be read, in place of {0}",
    "random": "nothing before {0}: it is drawn anew",
    "tables": "what {0} itself does (the tables hold only the releases on both sides of it)",
    "pods": "how many pods of {0} act as one server, with how many GPUs",
}
"""What each kind of input key (the word before its `@`) asks for, in words."""

_SCRIPT = re.compile(r"(.*?)\(script:[0-9a-f]{8}\)\Z", re.DOTALL)
_HASH = re.compile(r"\((?:variable:)?[0-9a-f]{8}\)\Z")
"""What tells an unknown from another one in a key, and tells a reader nothing."""

_NAME = re.compile(r"[A-Za-z_]\w*\Z")


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 file`, `3 files`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def value(value: Value, unit: str = "") -> str:
    """A JSON value as a person writes it, with its unit."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number(value, unit)
    if isinstance(value, str):
        return value if value == value.strip() != "" else f'"{value}"'
    import json

    return json.dumps(value, ensure_ascii=False, default=str)


def _number(number: float, unit: str) -> str:
    if unit == "bytes" and number > 0:
        for name, size in _UNITS_OF_SIZE:
            if number % size == 0:
                return f"{int(number // size)} {name}"
    if unit == "fraction":
        return f"{number} (fraction)"
    if not unit:
        return str(number)
    return f"{str(number).removesuffix('.0')} {_SINGULAR.get(unit, unit) if number == 1 else unit}"


def shortened(text: str, longest: int = 300) -> str:
    """A text that fits a table: a chat template written in place may be pages long."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text)} characters; -o wide and -o json show all)"


def effective(item: Effective | None, unit: str = "") -> str:
    """What is in effect, in words: the value, the arms of a choice, or why nobody can know."""
    if item is None:
        return "no such setting"
    if isinstance(item, Fact):
        return value(item.value, unit)
    if isinstance(item, Choice):
        return choice(item, unit)
    return gap(item)


def choice(item: Choice, unit: str = "") -> str:
    """`1024 if GPU memory ≥ 70 GiB, else 256`; of replicas that run apart `512 on 2 of 3 replicas (…), 1024 on 1 of 3 …`."""
    if item.at_once:
        return ", ".join(f"{value(arm.value, unit)} {arm.when}" for arm in item.arms)
    parts: list[str] = []
    for arm in item.arms:
        when = arm.when.strip()
        said = value(arm.value, unit)
        if parts and when in _ELSE:
            parts.append(f"else {said}")
        else:
            parts.append(f"{said} if {when.removeprefix('if ')}" if when not in _ELSE else said)
    return ", ".join(parts)


def gap(item: Gap) -> str:
    """`unknown: …`, with what would settle it; `not set` where nobody wrote it and no rule gives it."""
    if item.rule == "absent":
        return "not set"
    needed = f" ({item.would_need} would tell)" if item.would_need else ""
    return f"unknown: {item.reason}{needed}"


def needed(inputs: Sequence[str]) -> str:
    """The unseen inputs that would decide, in words."""
    said = "; ".join(dict.fromkeys(words for key in inputs if (words := _input(key))))
    return said or ("the running server" if inputs else "")


def _input(key: str) -> str:
    """One input in words; nothing of a GPU that scheduling names: that much is known."""
    kind, _, rest = key.partition("@")
    made = _SCRIPT.match(rest)
    if made is not None:
        return f"the script that starts it: what {_dollar(made[1])} becomes"
    rest = _HASH.sub("", rest)
    if kind == "gpu":
        if rest.startswith("class/"):
            return ""
        kind, rest = next(
            (
                (f"gpu@{name}", rest.removeprefix(name)[1:])
                for name in ("node of", "node", "device")
                if rest.startswith(name)
            ),
            ("gpu@scheduling", ""),
        )
    if kind not in _INPUTS or (not rest and "{0}" in _INPUTS[kind]):
        return _HASH.sub("", key)
    return _INPUTS[kind].format(_dollar(rest) if kind == "value" else rest)


def _dollar(name: str) -> str:
    """`$ARGS (ConfigMap prod/run)`: a variable as a shell writes it, with what holds it."""
    variable, opened, source = name.partition("(")
    if not _NAME.match(variable):
        return f"`{name}`"
    return f"${variable} ({source}" if opened else f"${variable}"


def place(origin: Origin | None) -> str:
    """Where something stands, as an editor can jump to it."""
    return str(origin) if origin else ""


def file_of(finding: Finding) -> str:
    """The file a finding belongs to: that of its subject, else that of its evidence."""
    if finding.subject.source is not None:
        return finding.subject.source.path
    return (finding.origin.file if finding.origin else None) or ""


def subject(item: Subject, context: str | None = None) -> str:
    """The container, its role and its pod in one line; its cluster too, where it is not the one all is about."""
    cluster = f"{item.cluster}: " if item.cluster and item.cluster != context else ""
    role = f", {item.role}" if item.role else ""
    pod = f", pod {item.pod}" if item.pod else ""
    return f"{cluster}{item}{role}{pod}"


def engine(line: SubjectLine) -> str:
    """`vllm 0.11.0`, `vllm of unknown version`, `tgi, arguments not understood`."""
    if not line.understood:
        return f"{line.engine}, arguments not understood"
    return f"{line.engine} {line.version or 'of unknown version'}"


def heading(item: Subject, line: SubjectLine | None) -> str:
    """The container with its engine, version and contract, over the findings about it."""
    said = subject(item)
    if line is not None:
        said += f" · {engine(line)}"
        said += f" · contract {line.contract}" if line.contract else ""
    return said


def evidence(finding: Finding) -> list[tuple[str, str]]:
    """What a finding rests on, as names and texts: identity, category, expected, observed, template, assumptions."""
    rows: list[tuple[str, str]] = [("id", finding.id), ("category", finding.category)]
    if finding.expected is not None:
        rows.append(("expected", value(finding.expected)))
    if finding.observed is not None:
        by = f" ({finding.observed.authority})" if finding.observed.authority else ""
        rows.append(("observed", value(finding.observed.value) + by))
    if finding.origin and finding.origin.template:
        rows.append(("template", finding.origin.template))
    if finding.assumes:
        rows.append(("assumes", ", ".join(finding.assumes)))
    if finding.inputs and finding.verdict != "unknown":
        rows.append(("inputs", needed(finding.inputs)))
    return rows


def started(subject: SubjectSettings) -> str:
    """What its arguments are read by; behind a URL nobody sees any."""
    if subject.subject.kind == ENDPOINT:
        return "its arguments are not to be seen through a URL"
    return f"started as: {subject.entrypoint}"


def starts(subject: SubjectSettings) -> str | None:
    """Whether the engine's parser accepts the arguments, where that is not simply so; None where there is nothing to say."""
    if subject.starts is True or subject.subject.kind == ENDPOINT:
        return None
    if subject.starts is None:
        return "Whether its parser accepts these arguments cannot be told from the input."
    return "Its parser refuses these arguments: the container will not start."


def origin_of(line: SettingLine) -> str:
    """Where the effective value of a setting comes from, and what could still change it; the rule where there is none."""
    item = line.effective
    if not isinstance(item, Fact):
        return f"rule {item.rule}" if item.rule not in ("", "absent") else ""
    unseen = f", unless {', '.join(item.assumes)} says otherwise" if item.assumes else ""
    template = f" ({item.origin.template})" if item.origin.template else ""
    return place(item.origin) + template + unseen


def engines(summary: Summary) -> str:
    """`3 engines, 2 under contract`: the end of every summary."""
    if not summary.engines:
        return "no engine"
    return f"{counted(summary.engines, 'engine')}, {summary.under_contract} under contract"


def verdicts(summary: Summary) -> list[str]:
    """The counts that are not zero, worst first: errors, warnings, notes, crashes, unknowns, waived, passed."""
    by_severity, by_verdict = summary.by_severity, summary.by_verdict
    counts = [
        (by_severity.get("error", 0), "error", None),
        (by_severity.get("warning", 0), "warning", None),
        (by_severity.get("note", 0), "note", None),
        (by_verdict.get("error", 0), "check crashed", "checks crashed"),
        (by_verdict.get("unknown", 0), "unknown", "unknown"),
        (by_verdict.get("waived", 0), "waived", "waived"),
        (by_verdict.get("pass", 0), "check passed", "checks passed"),
    ]
    return [counted(number, noun, plural) for number, noun, plural in counts if number]
