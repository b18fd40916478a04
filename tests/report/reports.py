"""A report with every verdict and severity, made by hand, so that each format can be read against it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from skewguard.language.facts import Arm, Choice, Effective, Fact, Gap, Origin, Source, Subject
from skewguard.language.findings import ContractRef, Effect, Finding, Observed, Waiver, identity
from skewguard.language.rereadings import EntrypointChange, WordChange
from skewguard.language.results import (
    ArgumentLine,
    Change,
    CheckExplanation,
    CheckReport,
    ContractLine,
    DiffReport,
    EngineReport,
    ExpectedDifference,
    FlagHistory,
    FlagLine,
    FlagRun,
    InputProblem,
    PassedCheck,
    SettingExplanation,
    SettingLine,
    SettingsReport,
    SizeLine,
    SubjectLine,
    SubjectSettings,
    Summary,
    Tables,
    Undecided,
    VariableDefault,
    VariableHistory,
    VariableLine,
    VariableRun,
    tally,
)
from skewguard.language.workloads import Missing
from skewguard.report import Options

RUN_AT = "2026-11-23T10:00:00Z"
TABLES = Tables({"vllm": "2026-11-20"})

DEPLOY = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: chat, namespace: prod}
spec:
  template:
    spec:
      containers:
        - name: vllm
          image: vllm/vllm-openai:latest
          args:
            - Qwen/Qwen3-8B
            - --quantization bitsandbytes
            - --max-model-len=8192
            - --served-model-name=对话模型
\t    - --seed=0
"""
BATCH = "kind: Job\nmetadata: {name: score}\n"
SOURCES = {"deploy.yaml": DEPLOY, "batch.yaml": BATCH}

CHAT = Subject("Deployment", "chat", "prod", "vllm", group="apps", source=Source("deploy.yaml", 1))
SCORE = Subject("Job", "score", None, "engine", group="batch", source=Source("batch.yaml", 1))


def lines(file: str, line: int) -> str | None:
    """The source lines of the fixture."""
    text = SOURCES.get(file, "").splitlines()
    return text[line - 1] if 0 < line <= len(text) else None


def at(text: str, file: str = "deploy.yaml", line: int | None = None) -> Origin:
    """The place of `text` in a file of the fixture."""
    for number, content in enumerate(SOURCES[file].splitlines(), 1):
        if text in content and line in (None, number):
            column = content.index(text) + 1
            return Origin("file", file, file, number, column, column + len(text), text)
    raise AssertionError(text)


def finding(check: str, **more: Any) -> Finding:
    """A finding with its identity; whatever is not given is the common case."""
    values: dict[str, Any] = {
        "group": check.partition(".")[0],
        "category": "runtime",
        "verdict": "fail",
        "severity": "error",
        "subject": CHAT,
        "message": f"{check} was found.",
        "remedy": "Write it otherwise.",
    }
    values |= more
    subject: Subject = values["subject"]
    file = subject.source.path if subject.source else None
    same = identity(check, values.get("setting"), values.get("anchor"), subject, file, values.get("expected"))
    return Finding(id=same, check=check, **values)


CLAUSE = ContractRef("chat", Origin("file", ".skewguard/chat.yaml", ".skewguard/chat.yaml", 9, 20, 25, "32768"))
LENGTH = Origin("file", "deploy.yaml", "deploy.yaml", 13, 31, 35, "8192", template="chat/templates/deploy.yaml")

FINDINGS = (
    finding(
        "pin.image-tag",
        severity="warning",
        setting="runtime.image",
        message="The image tag latest can be moved to another version at any time.",
        remedy="Write the tag of the version you validated: image: vllm/vllm-openai:v0.11.0",
        anchor="vllm/vllm-openai",
        observed=Observed("vllm/vllm-openai:latest", "declared", at("vllm/vllm-openai:latest")),
    ),
    finding(
        "args.swallowed",
        setting="runtime.quantization",
        anchor="--quantization",
        message="One argument holds a flag and its value, so vLLM serves the model unquantized.",
        remedy="Write two list items, --quantization and bitsandbytes.",
        observed=Observed("--quantization bitsandbytes", "declared", at("--quantization bitsandbytes")),
    ),
    finding(
        "contract.mismatch",
        setting="limits.max_model_len",
        anchor="--max-model-len",
        contract=CLAUSE,
        expected=32768,
        message="The contract promises 32768 tokens, the engine will take 8192.",
        remedy="Write --max-model-len=32768, or change the contract.",
        effect=(Effect("capacity.full_length_requests", "requests", 4.625, 18.5, "at-most"),),
        observed=Observed(8192, "declared", LENGTH),
        assumes=("ConfigMap prod/vllm-env",),
    ),
    finding(
        "contract.mismatch",
        verdict="unknown",
        setting="limits.max_num_seqs",
        contract=CLAUSE,
        expected={"max": 256},
        message="Whether at most 256 requests are batched depends on the GPU.",
        remedy="Write --max-num-seqs=256.",
        inputs=("gpu@scheduling(3f2a)", "config.json@Qwen/Qwen3-8B@main"),
    ),
    finding(
        "limits.batch-below-length",
        verdict="unknown",
        severity="warning",
        message="The length of the model is not in the input.",
        inputs=("config.json@Qwen/Qwen3-8B@main",),
        observed=Observed(None, None, at("Qwen/Qwen3-8B")),
    ),
    finding(
        "runtime.implicit-dtype",
        severity="note",
        category="model",
        setting="runtime.dtype",
        message="The dtype is left to the engine, which takes that of the checkpoint at this version.",
        remedy="Add --dtype=bfloat16.",
    ),
    finding(
        "pin.image-digest",
        verdict="waived",
        severity="warning",
        waiver=Waiver("mirror has no digests", "2027-01-31", CLAUSE.origin),
        message="The image has no digest.",
        observed=Observed("vllm/vllm-openai:latest", "declared", at("vllm/vllm-openai:latest")),
    ),
    finding(
        "serving.liveness-budget",
        verdict="error",
        category="serving",
        message="The check crashed: division by zero. The other checks went on.",
        remedy="",
        subject=SCORE,
    ),
    finding(
        "scaling.cpu-signal",
        severity="warning",
        category="orchestration",
        subject=SCORE,
        message="The autoscaler looks at the CPU, which an inference engine keeps busy at any load.",
        observed=Observed("cpu", "declared", at("score", "batch.yaml")),
    ),
)

PASSED = (
    PassedCheck("args.unknown", CHAT, "pass"),
    PassedCheck("args.unknown", SCORE, "pass", "rests on ConfigMap prod/vllm-env"),
    PassedCheck("pin.model-revision", SCORE, "skipped", "the model is a local path"),
)

MISSING = Missing(
    "ConfigMap prod/vllm-env",
    "the environment of container vllm",
    "add the file that defines it to the command line",
    at("name: vllm"),
    CHAT,
)


def summary(findings: Iterable[Finding], passed: Iterable[PassedCheck], **more: int) -> Summary:
    """A summary whose counts are those of the findings."""
    by_verdict, by_severity = tally(findings, Counter(line.verdict for line in passed))
    return Summary(by_verdict=by_verdict, by_severity=by_severity, **more)


REPORT = CheckReport(
    run_at=RUN_AT,
    tables=TABLES,
    contracts=(ContractLine("chat", CLAUSE.origin, 1),),
    subjects=(
        SubjectLine(CHAT, "vllm", "the image is vllm/vllm-openai", None, "chat"),
        SubjectLine(SCORE, "vllm", "the command starts vllm serve", "0.11.0"),
    ),
    findings=FINDINGS,
    gaps=((CHAT, Gap("runtime.dtype", "the checkpoint is not in the input", "dtype", ("config.json@m@main",), "it")),),
    errors=(
        InputProblem("broken.yaml", "A mapping value is not allowed here.", 3, 5, "Quote the value."),
        InputProblem("gone.yaml", "The file does not exist."),
    ),
    missing=(MISSING,),
    notes=("Foo prod/x was read by the shape of its pod template.",),
    passed=PASSED,
    summary=summary(FINDINGS, PASSED, files=4, documents=3, skipped_files=2, engines=2, under_contract=1, assumed=1),
    exit_code=1,
)

FINE = CheckReport(
    run_at=RUN_AT,
    tables=TABLES,
    subjects=(SubjectLine(CHAT, "vllm", "the image is vllm/vllm-openai", "0.11.0", "chat"),),
    passed=PASSED[:1],
    summary=summary((), PASSED[:1], files=1, documents=1, engines=1, under_contract=1),
)

RULES: Mapping[str, CheckExplanation] = {
    "args.swallowed": CheckExplanation(
        id="args.swallowed",
        title="One argument holds a flag and its value",
        category="runtime",
        severity="error",
        why="Kubernetes passes each list item as one argument; the engine takes this one for a second model name.",
        remedy="Write the flag and its value as two list items, or join them with an equals sign.",
        phases=("static", "live"),
        bad="args:\n  - --quantization bitsandbytes\n",
        good="args:\n  - --quantization=bitsandbytes\n",
        aliases=("args.one-token",),
        sources=("vllm/utils/argparse_utils.py",),
    ),
    "pin.image-tag": CheckExplanation(
        id="pin.image-tag",
        title="The image tag can move",
        category="model",
        severity="warning",
        why="A pod that restarts may run another version.",
        remedy="Name a version.",
    ),
}

OPTIONS = Options(lines=lines, rules=RULES)


def fact(setting: str, value: Any, origin: Origin, **more: Any) -> Fact:
    """A declared fact."""
    return Fact(setting, value, more.pop("authority", "declared"), origin, **more)


SEQS = Choice(
    "limits.max_num_seqs",
    "batch-tier",
    ("gpu@scheduling(3f2a)",),
    (Arm("GPU memory ≥ 70 GiB", 1024), Arm("otherwise", 256)),
)
DTYPE = Gap("runtime.dtype", "the checkpoint is not in the input", "dtype", ("config.json@m@main",), "its config.json")
DEFAULT = Origin("default", "default of vLLM 0.11.0")


def _setting(item: Effective, unit: str = "", facts: tuple[Fact, ...] = ()) -> SettingLine:
    known = (item,) if isinstance(item, Fact) else ()
    authority = item.authority if isinstance(item, Fact) else None
    return SettingLine(item.setting, item, unit, authority, facts or known)


COMPUTED = Origin("rule", "arithmetic over the files of qwen3-8b on L4")
SIZES = (
    SizeLine(
        "capacity.weight_bytes",
        "weights in memory, over all devices of one replica",
        "bytes",
        fact("capacity.weight_bytes", 16_381_470_720, COMPUTED, authority="derived", assumes=("no file is missing",)),
        "exact",
    ),
    SizeLine(
        "capacity.kv_bytes_per_token",
        "KV cache of one more token, on the fullest device",
        "bytes per token",
        fact("capacity.kv_bytes_per_token", 147_456, COMPUTED, authority="derived"),
        "exact",
    ),
    SizeLine(
        "capacity.full_length_requests",
        "requests of the longest length that the KV cache holds at once",
        "requests",
        fact("capacity.full_length_requests", 4.625, COMPUTED, authority="derived", assumes=("activations take none",)),
        "at-most",
    ),
    SizeLine(
        "capacity.decode_tokens_per_second",
        "tokens that one request is given while it decodes",
        "tokens/s",
        Gap("capacity.decode_tokens_per_second", "no bandwidth is known", "capacity", (), "a data sheet"),
    ),
)

SETTINGS = SettingsReport(
    subjects=(
        SubjectSettings(
            CHAT,
            "vllm",
            "0.11.0",
            "vllm serve",
            starts=False,
            arguments=(
                ArgumentLine("Qwen/Qwen3-8B", "parsed", at("Qwen/Qwen3-8B"), dest="model", value="Qwen/Qwen3-8B"),
                ArgumentLine(
                    "--quantization bitsandbytes",
                    "swallowed",
                    at("--quantization bitsandbytes"),
                    message="One token holds flag and value: it is taken for a second model.",
                ),
            ),
            environment=(
                VariableLine("VLLM_USE_V1", "dead", at("vllm/vllm-openai"), "No version since 0.10 reads it."),
                VariableLine("VLLM_LOGGING_LEVEL", "read", at("vllm/vllm-openai")),
            ),
            settings=(
                _setting(fact("runtime.gpu_memory_utilization", 0.9, DEFAULT, authority="derived"), "fraction"),
                _setting(SEQS, "requests"),
                _setting(DTYPE),
                _setting(fact("vllm.schedule_policy", "fcfs", DEFAULT, authority="derived")),
                _setting(
                    fact("limits.max_model_len", 8192, LENGTH, assumes=("ConfigMap prod/vllm-env",)),
                    "tokens",
                    (
                        fact("limits.max_model_len", 8192, LENGTH, assumes=("ConfigMap prod/vllm-env",)),
                        fact("limits.max_model_len", 40960, DEFAULT, authority="derived"),
                    ),
                ),
                _setting(fact("hardware.gpu_memory", 80 * 2**30, at("name: vllm")), "bytes"),
                _setting(fact("runtime.speculative", {"method": "ngram", "tokens": 3}, at("name: vllm"))),
                _setting(fact("serving.request_timeout", 600.0, at("name: vllm")), "s"),
            ),
            capacity=SIZES,
        ),
    ),
    tables=TABLES,
    missing=(MISSING,),
)

DIFF = DiffReport(
    a="deploy.yaml",
    b="vllm==0.12.0",
    arguments=(
        WordChange(
            CHAT,
            "--quantization",
            "read",
            "refused",
            "error",
            "vLLM 0.12.0 does not start with `--quantization bitsandbytes`.",
            "write the two as list items",
            "runtime.quantization",
            at("--quantization bitsandbytes"),
        ),
    ),
    environment=(WordChange(CHAT, "VLLM_USE_V1", "dead", "read", "note", "vLLM 0.12.0 reads it again."),),
    entrypoints=(EntrypointChange(CHAT, "vllm serve", "api_server", "The image starts `api_server` in B."),),
    entrypoint_a="vllm serve",
    changes=(
        Change(
            CHAT,
            "limits.max_model_len",
            fact("limits.max_model_len", 8192, LENGTH),
            fact("limits.max_model_len", 40960, DEFAULT, authority="derived"),
            "error",
            "b does not set it, and the model's own length counts.",
            "tokens",
            (
                Effect("capacity.full_length_requests", "requests", 18.5, 3.7, "at-most"),
                Effect("capacity.kv_tokens", "tokens", 151_552, None, "at-most"),
            ),
        ),
        Change(
            CHAT, "vllm.schedule_policy", None, fact("vllm.schedule_policy", "fcfs", DEFAULT), "note", "New in 0.12.0."
        ),
    ),
    undecided=(
        Undecided(CHAT, "limits.max_num_seqs", SEQS, fact("limits.max_num_seqs", 256, LENGTH), SEQS.inputs, "requests"),
        Undecided(CHAT, "runtime.dtype", DTYPE, fact("runtime.dtype", "bfloat16", LENGTH), DTYPE.inputs),
    ),
    only_in_a=(SCORE,),
    starts_a=True,
    starts_b=False,
    expected_differences=(ExpectedDifference("runtime.version", "two versions were asked for"),),
    tables=TABLES,
    exit_code=1,
)

_SEQS_FLAG = FlagLine(
    "max_num_seqs", ("--max-num-seqs",), "literal", 256, "int", None, None, False, "limits.max_num_seqs"
)
_DTYPE_FLAG = FlagLine("dtype", ("--dtype",), "literal", "auto", "str", ("auto", "half"), None, True, "runtime.dtype")

EXPLANATIONS: Mapping[str, Any] = {
    "setting": SettingExplanation(
        "limits.max_num_seqs",
        "integer",
        "requests in one batch",
        "runtime",
        "requests",
        phases=("static", "live"),
        called={"vllm": "--max-num-seqs"},
        example="limits:\n  max_num_seqs: {max: 256}",
        values=("1", "2"),
        tables=TABLES,
    ),
    "check": RULES["args.swallowed"],
    "flag": FlagHistory(
        "vllm",
        "--max-num-seqs",
        "limits.max_num_seqs",
        (
            FlagRun("0.1.0", "0.2.0", None),
            FlagRun("0.3.0", "0.8.5", _SEQS_FLAG),
            FlagRun("0.9.0", "0.9.0", FlagLine("max_num_seqs", ("--max-num-seqs",), "computed", None, "int")),
        ),
        TABLES,
    ),
    "variable": VariableHistory(
        "vllm",
        "VLLM_USE_V1",
        "vllm.env.VLLM_USE_V1",
        (
            VariableRun("0.1.0", "0.2.0", None),
            VariableRun("0.3.0", "0.8.5", VariableDefault("VLLM_USE_V1", False)),
            VariableRun("0.9.0", "0.9.0", VariableDefault("VLLM_USE_V1", None)),
        ),
        TABLES,
        ("vLLM 0.9.1 no longer reads it",),
    ),
    "engine": EngineReport(
        "vllm",
        "0.11.0",
        "vllm serve",
        (_SEQS_FLAG, _DTYPE_FLAG, FlagLine("model", ("--model",), "required")),
        (VariableDefault("VLLM_PORT", None), VariableDefault("VLLM_LOGGING_LEVEL", "INFO")),
        TABLES,
    ),
}
