"""Contracts against cases: every clause, every binding, and what is said about contracts as a whole."""

from typing import Any

import pytest
from msgspec import structs

from skewguard.judge.checks import contract_itself
from skewguard.judge.checks.interface import Case, Result
from skewguard.knowledge.contract import binding, loading, waiving
from skewguard.knowledge.contract.values import Binding, Contract
from skewguard.language.facts import Arm, Choice, Fact, Gap, Origin
from skewguard.language.findings import Finding, Phase
from skewguard.language.neighbours import Autoscaler, Backend, Route, Timeout
from tests.judge.cases import COMMIT, argument, at, case, located, run, service, variable, verdicts

HEAD = (
    "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: chat}\n"
    "spec:\n  targets: [{kind: Deployment, name: chat}]\n"
)


def promised(body: str, name: str = "chat") -> Contract:
    """A contract for the Deployment chat."""
    text = HEAD.replace("{name: chat}\n", f"{{name: {name}}}\n", 1) + "".join(
        f"  {line}\n" for line in body.splitlines()
    )
    loaded = loading.load([("chat.yaml", text)])
    assert loaded.errors == []
    return loaded.contracts[0]


def judge(body: str, subject: Case) -> list[Result]:
    """The answers of `contract.mismatch` for a case under a contract."""
    subject.binding = Binding((promised(body),))
    return run("contract.mismatch", subject)


def left_open(*items: Gap | Choice, **more: Any) -> Case:
    """A case whose settings the engine leaves open: nobody wrote anything that cannot be read."""
    subject = case(open_settings=items, **more)
    assert subject.parsed is not None
    subject.parsed = structs.replace(subject.parsed, gaps={})
    return subject


def from_checkpoint(setting: str, revision: str = "main") -> Gap:
    """A value that the model's own config decides."""
    return Gap(
        setting,
        "the checkpoint decides, and its config.json is not in the input",
        rule="checkpoint",
        inputs=(f"config.json@Qwen/Qwen3-8B@{revision}",),
        would_need="the model's config.json (--model-config)",
    )


TIER = Choice("limits.max_num_seqs", "batch-tier", ("gpu@x",), (Arm("GPU memory ≥ 70 GiB", 1024), Arm("else", 256)))


@pytest.mark.parametrize(
    ("body", "declared", "derived", "verdict"),
    [
        ("limits: {max_num_seqs: {max: 256}}", {"limits.max_num_seqs": 256}, {}, "pass"),
        ("limits: {max_num_seqs: {max: 256}}", {"limits.max_num_seqs": 512}, {}, "fail"),
        ("limits: {max_num_seqs: {max: 256}}", {}, {"limits.max_num_seqs": 1024}, "fail"),
        ("limits: {max_num_seqs: {max: 256}}", {"limits.max_num_seqs": "auto"}, {}, "unknown"),
        ("runtime: {dtype: float16}", {"runtime.dtype": "half"}, {}, "pass"),
        ("runtime: {dtype: auto}", {"runtime.dtype": "auto"}, {}, "pass"),
        ("runtime: {dtype: auto}", {}, {}, "pass"),
        ("runtime: {dtype: auto}", {"runtime.dtype": "half"}, {}, "fail"),
        ("runtime: {quantization: null}", {}, {"runtime.quantization": None}, "pass"),
        ("runtime: {quantization: null}", {"runtime.quantization": "fp8"}, {}, "fail"),
        ("runtime: {quantization: fp8}", {}, {"runtime.quantization": None}, "fail"),
        ("runtime: {enforce_eager: unset}", {}, {"runtime.enforce_eager": False}, "pass"),
        ("runtime: {enforce_eager: unset}", {"runtime.enforce_eager": True}, {}, "fail"),
        ("runtime: {enforce_eager: [unset, false]}", {"runtime.enforce_eager": False}, {}, "pass"),
        ("runtime: {enforce_eager: [unset, false]}", {}, {}, "pass"),
        ("runtime: {enforce_eager: [unset, false]}", {"runtime.enforce_eager": True}, {}, "fail"),
        ("runtime: {version: '>=0.11,<0.12'}", {"runtime.version": "0.11.2"}, {}, "pass"),
        ("runtime: {version: '>=0.11,<0.12'}", {"runtime.version": "0.12.0"}, {}, "fail"),
        ("hardware: {gpu_class: [H100-80GB, H200]}", {"hardware.gpu_class": "nvidia-h100-80gb"}, {}, "pass"),
        ("hardware: {gpu_class: [H100-80GB, H200]}", {"hardware.gpu_class": "A100-80GB"}, {}, "fail"),
        ("hardware: {gpu_class: A100-80GB}", {"hardware.gpu_class": "A100"}, {}, "unknown"),
        ("hardware: {driver_version: 580.65.06}", {}, {}, "skipped"),
        ("autoscaling: {signal: [queue, concurrency]}", {"autoscaling.signal": ["queue", "cpu"]}, {}, "fail"),
        ("serving: {request_timeout: {min: 600s}}", {"serving.request_timeout": 60.0}, {}, "fail"),
        ("serving: {request_timeout: {min: 600s}}", {}, {}, "unknown"),
        ("model: {lora: null}", {}, {}, "pass"),
        ("engine_settings: {vllm.max_lora_rank: 16}", {"vllm.max_lora_rank": 16}, {}, "pass"),
        ("engine_settings: {vllm.max_lora_rank: 16}", {}, {"vllm.max_lora_rank": 8}, "fail"),
        ("engine_settings: {vllm.max_lora_rnak: 16}", {}, {}, "fail"),
        ("engine_settings: {sglang.schedule_policy: lpm}", {}, {}, "fail"),
        ("engine_settings: {vllm.env.VLLM_X: 1}", {"vllm.env.VLLM_X": "1"}, {}, "pass"),
        ("engine_settings: {vllm.env.VLLM_X: 1}", {}, {}, "fail"),
    ],
)
def test_clause_is_judged(body: str, declared: dict[str, Any], derived: dict[str, Any], verdict: str) -> None:
    """What somebody wrote, or what the engine makes of it, is held against the promise."""
    assert [verdict] == [answer.verdict for answer in judge(body, case(declared=declared, derived=derived))]


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("limits: {max_num_seqs: {max: 2048}}", "pass"),
        ("limits: {max_num_seqs: [256, 1024]}", "pass"),
        ("limits: {max_num_seqs: {max: 128}}", "fail"),
        ("limits: {max_num_seqs: {max: 512}}", "unknown"),
        ("limits: {max_num_seqs: unset}", "pass"),
    ],
)
def test_choice_is_judged_by_all_its_arms(body: str, verdict: str) -> None:
    """All arms keep the promise: it holds. None does: it is broken. Else the input that decides is named."""
    answer = judge(body, left_open(TIER))[0]

    assert verdict == answer.verdict
    assert (("gpu@x",) if verdict != "pass" else ()) == answer.inputs


@pytest.mark.parametrize(
    ("body", "gap", "verdict"),
    [
        ("runtime: {dtype: bfloat16}", from_checkpoint("runtime.dtype", COMMIT), "unknown"),
        ("runtime: {quantization: null}", from_checkpoint("runtime.quantization"), "unknown"),
        ("runtime: {quantization: null}", from_checkpoint("runtime.quantization", COMMIT), "skipped"),
        ("runtime: {quantization: unset}", from_checkpoint("runtime.quantization"), "pass"),
    ],
)
def test_gap_is_unknown_unless_a_pin_fixes_it(body: str, gap: Gap, verdict: str) -> None:
    """What the checkpoint decides is unknown; at a full commit nothing can change it, and no edit would decide it."""
    assert [verdict] == [answer.verdict for answer in judge(body, left_open(gap))]


SILENT = Gap("serving.request_timeout", "HTTPRoute b sets no time limit", rule="route", inputs=("route-default@b",))
AGAIN = Gap("serving.retries", "HTTPRoute b sets no number of retries", rule="route", inputs=("route-default@b",))


@pytest.mark.parametrize(
    ("body", "gap", "verdict"),
    [
        ("serving: {request_timeout: {min: 600s}}", SILENT, "fail"),
        ("serving: {request_timeout: {min: 30s}}", SILENT, "unknown"),
        ("serving: {request_timeout: {max: 30s}}", SILENT, "unknown"),
        ("serving: {request_timeout: 600s}", SILENT, "fail"),
        ("serving: {request_timeout: 30s}", SILENT, "unknown"),
        ("serving: {retries: {max: 1}}", AGAIN, "fail"),
        ("serving: {retries: {max: 5}}", AGAIN, "unknown"),
    ],
)
def test_known_way_breaks_a_promise_whatever_the_unknown_ones_do(body: str, gap: Gap, verdict: str) -> None:
    """The shortest time and the most retries count, so one bad way suffices, and one good way does not."""
    known = Route("Ingress", "a", "prod", at(5), (Backend("chat", 80, "prod"),),
                  (Timeout("proxy-read-timeout", 60, at(6)),), (located(3, 7),))  # fmt: skip
    silent = Route("HTTPRoute", "b", "prod", at(9), (Backend("chat", 80, "prod"),))
    subject = left_open(gap, template={"labels": {"app": "chat"}})
    services = (service("chat", selector={"app": "chat"}),)
    subject.inventory = structs.replace(subject.inventory, services=services, routes=(known, silent))

    assert [verdict] == [answer.verdict for answer in judge(body, subject)]


def test_unknown_names_the_edit_and_the_input_that_would_decide() -> None:
    """An unknown is no dead end: it says what to write, or what to supply."""
    answer = judge("limits: {max_model_len: 32k}", left_open(from_checkpoint("limits.max_model_len")))[0]

    assert (
        "contract chat promises limits.max_model_len = 32000 tokens, but nobody can say whether it holds: "
        "the checkpoint decides, and its config.json is not in the input"
    ) == answer.message
    assert (
        "add `- --max-model-len=32000` to the container's `args`, or supply the model's config.json (--model-config)"
    ) == answer.remedy
    assert ("config.json@Qwen/Qwen3-8B@main",) == answer.inputs


def test_mismatch_says_what_where_and_what_to_write() -> None:
    """The message names promise, place and value; the remedy is the edit; the clause is on record."""
    answer = judge(
        "limits: {max_num_seqs: {max: 256}}",
        case(
            declared={"limits.max_num_seqs": 512},
            arguments=[argument("512", dest="max_num_seqs", flag="--max-num-seqs")],
        ),
    )[0]

    assert (
        "contract chat promises limits.max_num_seqs ≤ 256 requests, deploy.yaml:20 sets 512 requests" == answer.message
    )
    assert (
        "set `--max-num-seqs 256` (deploy.yaml:20); if the new value was validated, change the contract at chat.yaml:6"
    ) == answer.remedy
    assert ("limits.max_num_seqs", "--max-num-seqs", {"max": 256}, "runtime") == (
        answer.setting,
        answer.anchor,
        answer.expected,
        answer.category,
    )
    assert answer.contract is not None
    assert ("chat", 6) == (answer.contract.name, answer.contract.origin.line)


@pytest.mark.parametrize(
    ("body", "declared", "derived", "remedy"),
    [
        ("runtime: {prefix_caching: true}", {"runtime.prefix_caching": False}, {}, "write `--enable-prefix-caching` instead"),
        ("runtime: {prefix_caching: false}", {}, {"runtime.prefix_caching": True}, "add `--no-enable-prefix-caching`"),
        ("runtime: {quantization: null}", {"runtime.quantization": "fp8"}, {}, "remove `--quantization`"),
        ("runtime: {enforce_eager: unset}", {"runtime.enforce_eager": True}, {}, "remove `--enforce-eager`"),
        ("runtime: {hf_overrides: {equals: {a: 1}}}", {"runtime.hf_overrides": {}}, {}, "set `--hf-overrides '{\"a\":1}'`"),
        ("runtime: {dtype: bfloat16}", {}, {"runtime.dtype": "float16"}, "add `- --dtype=bfloat16` to the container's `args`"),
        ("runtime: {version: '>=0.11,<0.12'}", {"runtime.version": "0.12.0"}, {}, "use an image of vLLM >=0.11,<0.12"),
        ("runtime: {version: 0.11.0}", {"runtime.version": "0.12.0"}, {}, "use an image of vLLM 0.11.0"),
        ("model: {id: a/b}", {"model.id": "a/c"}, {}, "name the model `a/b`"),
        ("hardware: {gpu_count: 2}", {"hardware.gpu_count": 1}, {}, "write `nvidia.com/gpu: 2` in the limits"),
        ("hardware: {gpu_class: [H200, B200]}", {"hardware.gpu_class": "L4"}, {}, "let the pod run on H200 only"),
        ("autoscaling: {min_replicas: {min: 2}}", {"autoscaling.min_replicas": 1}, {}, "set `replicas: 2`"),
        ("serving: {request_timeout: {min: 600s, max: 900s}}", {"serving.request_timeout": 60.0}, {}, "set `timeout` to 600 s"),
        ("serving: {request_timeout: {min: 600s, max: 900s}}", {"serving.request_timeout": 1e4}, {}, "set `timeout` to 900 s"),
        ("engine_settings: {vllm.env.X: 2}", {"vllm.env.X": "1"}, {}, 'set the variable X to "2"'),
        ("engine_settings: {vllm.env.*: unset}", {"vllm.env.X": "1"}, {}, "remove the variable X"),
    ],
)  # fmt: skip
def test_remedy_is_the_exact_edit(body: str, declared: dict[str, Any], derived: dict[str, Any], remedy: str) -> None:
    """The person on call is told what to write, not what to think about."""
    answer = judge(body, case(declared=declared, derived=derived))[0]

    assert ("fail", True) == (answer.verdict, answer.remedy.startswith(remedy)), answer.remedy


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        (None, "set `replicas: 2`"),
        ("HorizontalPodAutoscaler", "set `minReplicas: 2`"),
        ("ScaledObject", "set `minReplicaCount: 2`"),
    ],
)
def test_remedy_for_replicas_names_the_field_that_is_there(kind: str | None, remedy: str) -> None:
    """A plain Deployment has `replicas` alone; each autoscaler has its own name for the bound."""
    scalers = (Autoscaler(kind, "h", "prod", at(90), "Deployment", "chat"),) if kind else ()
    subject = case(declared={"autoscaling.min_replicas": 1}, inventory={"autoscalers": scalers})

    answer = judge("autoscaling: {min_replicas: {min: 2}}", subject)[0]

    assert answer.remedy.startswith(remedy), answer.remedy


@pytest.mark.parametrize(
    ("version", "body", "declared", "derived", "remedy"),
    [
        ("0.5.5", "runtime: {prefix_caching: true}", {"runtime.prefix_caching": False}, {}, "remove `--disable-radix-cache`"),
        ("0.5.5", "runtime: {prefix_caching: false}", {}, {"runtime.prefix_caching": True}, "add `--disable-radix-cache`"),
        ("0.5.5", "runtime: {enforce_eager: false}", {"runtime.enforce_eager": True}, {}, "remove `--disable-cuda-graph`"),
        ("0.5.5", "runtime: {seed: 1}", {"runtime.seed": 2}, {}, "set `--random-seed 1`"),
    ],
)  # fmt: skip
def test_remedy_is_in_the_words_of_the_engine(
    version: str, body: str, declared: dict[str, Any], derived: dict[str, Any], remedy: str
) -> None:
    """SGLang's switches have no negative form, and one of them says the opposite of its setting."""
    subject = case(engine="sglang", title="SGLang", version=version, declared=declared, derived=derived)
    answer = judge(body, subject)[0]

    assert ("fail", True) == (answer.verdict, answer.remedy.startswith(remedy)), answer.remedy


def test_value_that_follows_another_setting_is_told_with_it() -> None:
    """Where nothing is written there is nothing to remove: the setting it comes from is named."""
    subject = case()
    follows = Origin("rule", "follows --revision in vLLM 0.11.0")
    subject.sheet.add(Fact("tokenizer.revision", "main", "derived", follows))
    answer = judge("tokenizer: {revision: null}", subject)[0]

    assert (
        "contract chat promises tokenizer.revision = null (explicitly none), "
        "but it follows --revision in vLLM 0.11.0, which gives main"
    ) == answer.message
    assert answer.remedy.startswith("change what it comes from (it follows --revision in vLLM 0.11.0)")


def test_observed_value_decides_over_the_written_one() -> None:
    """What the running process shows is held against the promise, with its own source."""
    subject = case(declared={"limits.max_num_seqs": 256})
    subject.sheet.add(Fact("limits.max_num_seqs", 64, "observed", Origin("endpoint", "GET /server_info of pod chat-0")))
    answer = judge("limits: {max_num_seqs: 256}", subject)[0]

    assert (
        "contract chat promises limits.max_num_seqs = 256 requests, GET /server_info of pod chat-0 shows 64 requests"
    ) == answer.message


SHOWN_ALONE = "engine_settings: {vllm.kv_cache_bytes_per_token: 1024}"
"""A setting that no argument sets: a server shows it."""


@pytest.mark.parametrize(("phase", "verdict"), [("static", "skipped"), ("live", "unknown")])
def test_what_only_a_server_shows_is_no_matter_for_a_manifest(phase: Phase, verdict: str) -> None:
    """One contract serves both: a manifest is not blamed for what it cannot say, and a server has to show it."""
    subject = case()
    subject.phase = phase

    assert [verdict] == [answer.verdict for answer in judge(SHOWN_ALONE, subject)]


def test_what_no_argument_sets_is_not_advised_to_be_set() -> None:
    """A server that shows another value than was promised has other files or settings; there is no flag for it."""
    subject = case()
    subject.phase = "live"
    shown = Origin("endpoint", "GET /metrics of pod chat-0")
    subject.sheet.add(Fact("vllm.kv_cache_bytes_per_token", 512, "observed", shown))
    (answer,) = judge(SHOWN_ALONE, subject)

    assert ("fail", True) == (answer.verdict, answer.remedy.startswith("no argument sets")), answer.remedy
    assert "--kv-cache-bytes-per-token" not in answer.remedy


def test_pass_that_rests_on_an_unseen_source_says_so() -> None:
    """A pass under an `envFrom` that is not in the input is a pass, and is counted as assumed."""
    subject = case()
    subject.sheet.add(Fact("runtime.dtype", "half", "declared", Origin("file", "x"), assumes=("ConfigMap prod/env",)))

    assert [("pass", ("ConfigMap prod/env",))] == [
        (answer.verdict, answer.assumes) for answer in judge("runtime: {dtype: half}", subject)
    ]


def test_role_is_held_to_its_own_clauses() -> None:
    """A prefill worker is judged by the clauses merged for its role."""
    body = "limits: {max_num_seqs: 256}\nroles: {prefill: {limits: {max_num_seqs: 32}}}"
    prefill = case(declared={"limits.max_num_seqs": 32}, subject={"role": "prefill"})
    decode = case(declared={"limits.max_num_seqs": 32}, subject={"role": "decode"})

    assert ["pass"] == [answer.verdict for answer in judge(body, prefill)]
    assert ["fail"] == [answer.verdict for answer in judge(body, decode)]


PATTERNS = "engine_settings: {vllm.port: any, vllm.*: unset, vllm.env.*: unset}"


@pytest.mark.parametrize(
    ("declared", "settings"),
    [
        ({}, []),
        ({"vllm.port": 8000}, []),
        ({"limits.max_num_seqs": 1}, []),
        ({"vllm.foo": 1, "vllm.bar": 2}, ["vllm.foo", "vllm.bar"]),
        ({"vllm.env.VLLM_X": "1"}, ["vllm.env.VLLM_X"]),
    ],
)
def test_pattern_notices_what_no_clause_names(declared: dict[str, Any], settings: list[str]) -> None:
    """`vllm.*: unset` fails on the setting that somebody added, and on no other."""
    answers = judge(PATTERNS, case(declared=declared))

    assert settings == [answer.setting for answer in answers if answer.verdict == "fail"]
    assert {"fail", "pass"} >= {answer.verdict for answer in answers}


def test_pattern_meets_what_cannot_be_read() -> None:
    """A flag with an unreadable value is set, and whether it is the engine's own choice nobody can say."""
    hidden = Gap("vllm.foo", "its value comes from a shell variable", rule="argument")
    subject = case(open_settings=[hidden, Gap("vllm.env.VLLM_X", "it comes from Secret a", rule="env")],
                   declared={"vllm.bar": 1}, variables=[variable("VLLM_X")])  # fmt: skip
    subject.sheet.add(hidden)

    assert [("vllm.bar", "fail"), ("vllm.env.VLLM_X", "unknown"), ("vllm.foo", "unknown")] == sorted(
        (str(answer.setting), answer.verdict) for answer in judge(PATTERNS, subject) if answer.verdict != "pass"
    )


def test_unseen_config_file_leaves_unset_undecided() -> None:
    """A `--config` file that is not in the input may set anything, so nothing can be called unset."""
    blind = Gap("vllm.config", "the file /etc/vllm.yaml is not in the input", rule="config-file")
    answers = judge("runtime: {enforce_eager: unset}\nengine_settings: {vllm.*: unset}", case(blind=blind))

    assert ["unknown", "unknown"] == [answer.verdict for answer in answers]


def test_engine_without_a_grammar_leaves_its_settings_undecided() -> None:
    """Where arguments cannot be read, nobody can say that nobody sets one."""
    subject = case(engine="vllm", arguments=None)

    assert ["unknown"] == [answer.verdict for answer in judge("limits: {max_num_seqs: unset}", subject)]


@pytest.mark.parametrize(
    ("contracts", "given", "expected"),
    [
        (0, False, {"contract.mismatch": "skipped", "contract.unbound": "skipped", "contract.ambiguous": "pass"}),
        (0, True, {"contract.mismatch": "skipped", "contract.unbound": "fail", "contract.ambiguous": "pass"}),
        (1, True, {"contract.mismatch": "pass", "contract.unbound": "pass", "contract.ambiguous": "pass"}),
        (2, True, {"contract.mismatch": "skipped", "contract.unbound": "pass", "contract.ambiguous": "fail"}),
    ],
)
def test_container_belongs_under_one_contract(contracts: int, given: bool, expected: dict[str, str]) -> None:
    """Without one where others are given: a warning. Under two: an error, and neither is judged."""
    subject = case(declared={"limits.max_num_seqs": 1})
    subject.binding = Binding(
        tuple(promised("limits: {max_num_seqs: 1}", f"chat{number}") for number in range(contracts)), given
    )

    assert expected == {check: verdicts(check, subject)[0] for check in expected}


def test_checks_without_contracts_have_nothing_to_say() -> None:
    """A run in which contracts play no part is not full of passes about them."""
    subject = case()

    assert ["skipped", "skipped"] == [*verdicts("contract.mismatch", subject), *verdicts("contract.unbound", subject)]


@pytest.mark.parametrize(("named", "severity"), [(True, "error"), (False, None)])
def test_contract_without_target_is_told_with_what_there_is(named: bool, severity: str | None) -> None:
    """A contract that judged nothing must not look green: an error where it was asked for by name."""
    meant = promised("limits: {max_num_seqs: 1}")
    lost = structs.replace(meant, targets=(structs.replace(meant.targets[0], name="chta"),))
    subjects = [case().sheet.subject]
    found = list(contract_itself.without_target([lost], binding.bind([lost], subjects), subjects, lambda _: named))

    assert [("contract.no-target", "ServingContract", severity)] == [
        (item.check.id, item.subject.kind, item.result.severity) for item in found
    ]
    assert (
        "contract chat binds nothing: it targets Deployment/chta, and the engines of the input are: "
        "Deployment prod/chat container vllm"
    ) == found[0].result.message


def test_waivers_are_told_when_they_end_or_excuse_nothing() -> None:
    """One answer for each waiver that ended or that no finding meets, at its own place."""
    text = (
        "waivers:\n- {check: pin.image-tag, reason: a, until: 2026-01-01}\n"
        "- {check: args.unknown, reason: b, until: 2027-01-01}"
    )
    rules = promised(text).waivers
    subject = case().sheet.subject
    about = Finding("0", "pin.image-tag", "pin", "runtime", "fail", "warning", subject, "", "")
    told = list(contract_itself.waivers(waiving.settle([(about, rules)], "2026-11-23", rules)))

    assert [("contract.waiver-expired", 7), ("contract.waiver-unused", 8)] == [
        (item.check.id, item.result.at.line if item.result.at else None) for item in told
    ]
