"""Variables that do not reach the engine as settings, or reach it as something they are not."""

from typing import Any

import pytest
from msgspec import structs

from skewguard.judge.checks import environment
from skewguard.knowledge.engines.interface import Recognition
from skewguard.language.workloads import UnseenEnv
from tests.judge.cases import argument, at, case, env, gap, run, service, severities, variable, verdicts

BUILTIN = {"model.id": "Qwen/Qwen3-0.6B"}


def test_variables_instead_of_arguments_are_an_error() -> None:
    """The engine reads none of them and serves its built-in model; the edit passes each as an argument."""
    subject = case(
        derived=BUILTIN,
        environment=[env("MODEL", "Qwen/Qwen3-8B"), env("TENSOR_PARALLEL_SIZE", "2"), env("HF_HOME", "/cache")],
    )
    (answer,) = run("args.none-given", subject)
    assert severities("args.none-given", subject) == ["error"]
    assert "`Qwen/Qwen3-0.6B`" in answer.message
    assert "MODEL, TENSOR_PARALLEL_SIZE" in answer.message
    assert "`- --tensor-parallel-size=$(TENSOR_PARALLEL_SIZE)`" in answer.remedy


def test_no_model_at_all_is_a_warning() -> None:
    """Nothing looks like settings, and the built-in model is served all the same."""
    assert severities("args.none-given", case(derived=BUILTIN)) == ["warning"]


def test_engine_that_needs_a_model_is_left_to_its_parser() -> None:
    """Without a built-in model and without look-alikes there is nothing to say here."""
    assert verdicts("args.none-given", case()) == ["pass"]


def test_variables_of_an_image_that_may_read_them_are_unknown() -> None:
    """An image whose name only suggests the engine may have a start-up of its own."""
    found = Recognition("vllm", "the name of the image suggests vLLM", certain=False)
    subject = case(derived=BUILTIN, environment=[env("MODEL_NAME", "m")], recognition=found)
    assert verdicts("args.none-given", subject) == ["unknown"]


@pytest.mark.parametrize("fault", ["swallowed", "ignored"])
def test_model_that_another_finding_explains_is_not_told_again(fault: str) -> None:
    """A positional model that is dropped has its own finding and its own remedy."""
    subject = case(derived=BUILTIN, arguments=[argument("Qwen/Qwen3-8B", fault)])
    assert verdicts("args.none-given", subject) == ["pass"]


def test_model_that_is_told_or_hidden_passes() -> None:
    """Written, hidden in a config file, or given by the platform."""
    assert verdicts("args.none-given", case(declared={"model.id": "m"}, environment=[env("MODEL", "m")])) == ["pass"]
    assert verdicts("args.none-given", case(derived=BUILTIN, blind=gap("model.id"))) == ["pass"]
    assert verdicts("args.none-given", case(arguments=None, environment=[env("MODEL", "m")])) == ["pass"]


def test_image_that_holds_its_model_is_told_none() -> None:
    """NIM's image is the model: variables that it does not read say nothing of that."""
    subject = case(
        engine="nim", title="NVIDIA NIM", version="2.1.6", environment=[env("NIM_ENABLE_KV_CACHE_REUSE", "1")]
    )
    assert verdicts("args.none-given", subject) == ["pass"]


def test_variable_that_is_dead_by_hearsay_is_a_note() -> None:
    """The pages of a release that were read do not name it."""
    said = structs.replace(variable("NIM_X", "dead"), hearsay=True)
    assert severities("args.dead-env", case(environment=[env("NIM_X", "1")], variables=[said])) == ["note"]


def test_variables_that_the_engine_reads_are_no_look_alikes() -> None:
    """An engine that reads MODEL_ID is configured by it."""
    subject = case(environment=[env("MODEL_ID", "m")], variables=[variable("MODEL_ID")])
    assert verdicts("args.none-given", subject) == ["pass"]


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("TENSOR_PARALLEL_SIZE", "parallelism.tensor"),
        ("VLLM_MAX_MODEL_LEN", "limits.max_model_len"),
        ("TP_SIZE", "parallelism.tensor"),
        ("MODEL_NAME", "model.id"),
        ("HF_TOKEN", None),
        ("PORT", None),
    ],
)
def test_names_of_variables_tell_the_setting_they_mean(name: str, setting: str | None) -> None:
    """By the engine's destinations and the usual short forms."""
    assert environment.setting_of("vllm", name) == setting


@pytest.mark.parametrize(
    ("value", "expected"),
    [("16", ["fail"]), ("8", ["pass"]), ("8.0", ["pass"]), ("eight", ["pass"]), (None, ["pass"])],
)
def test_variable_that_contradicts_an_argument_is_a_warning(value: str | None, expected: list[str]) -> None:
    """TP_SIZE=16 beside --tensor-parallel-size 8."""
    subject = case(declared={"parallelism.tensor": 8}, environment=[env("TP_SIZE", value)])
    assert verdicts("args.env-contradicts", subject) == expected


def test_variable_that_the_engine_reads_does_not_contradict() -> None:
    """What the engine reads is settled by its own rules."""
    subject = case(
        declared={"parallelism.tensor": 8}, environment=[env("TP_SIZE", "16")], variables=[variable("TP_SIZE")]
    )
    assert verdicts("args.env-contradicts", subject) == ["pass"]


def test_dead_variable_is_an_error_with_what_took_its_place() -> None:
    """Silently ignored is an error."""
    subject = case(
        version="0.15.1",
        environment=[env("VLLM_ATTENTION_BACKEND", "FLASHINFER")],
        variables=[variable("VLLM_ATTENTION_BACKEND", "dead", suggestion="--attention-backend FLASHINFER")],
    )
    (answer,) = run("args.dead-env", subject)
    assert severities("args.dead-env", subject) == ["error"]
    assert answer.remedy == (
        "remove VLLM_ATTENTION_BACKEND, and add `- --attention-backend=FLASHINFER` to the container's `args`"
    )
    assert answer.setting == "vllm.env.VLLM_ATTENTION_BACKEND"


@pytest.mark.parametrize(
    ("better", "value", "remedy"),
    [
        (
            "--moe-runner-backend=cutlass",
            "1",
            "remove OLD, and add `- --moe-runner-backend=cutlass` to the container's `args`",
        ),
        ("--moe-runner-backend=cutlass", "false", "remove OLD"),
        (
            "--enable-prefill-delayer",
            "true",
            "remove OLD, and add `- --enable-prefill-delayer` to the container's `args`",
        ),
        ("--enable-prefill-delayer", "0", "remove OLD"),
        (
            "--prefill-delayer-max-delay-passes",
            "3",
            "remove OLD, and add `- --prefill-delayer-max-delay-passes=3` to the container's `args`",
        ),
    ],
)
def test_flag_in_place_of_a_variable_says_what_the_variable_said(better: str, value: str, remedy: str) -> None:
    """A switch takes no value, a variable that meant one value becomes that value, and one that said no is removed."""
    subject = case(
        engine="sglang",
        version="0.5.20",
        environment=[env("OLD", value)],
        variables=[variable("OLD", "dead", suggestion=better)],
    )
    (answer,) = run("args.dead-env", subject)
    assert answer.remedy == remedy


@pytest.mark.parametrize(("value", "severity"), [("1", "note"), ("true", "note"), ("0", "error")])
def test_dead_variable_that_held_the_default_is_a_note(value: str, severity: str) -> None:
    """VLLM_USE_V1=1 asks for what runs anyway; VLLM_USE_V1=0 asks for an engine that is gone."""
    subject = case(
        version="0.12.0", environment=[env("VLLM_USE_V1", value)], variables=[variable("VLLM_USE_V1", "dead")]
    )
    assert severities("args.dead-env", subject) == [severity]


def test_dead_variable_of_an_unknown_value_is_an_error() -> None:
    """What a Secret holds cannot be compared with a default."""
    subject = case(
        version="0.12.0",
        environment=[env("VLLM_USE_V1", None, source="secret")],
        variables=[variable("VLLM_USE_V1", "dead")],
    )
    assert severities("args.dead-env", subject) == ["error"]


@pytest.mark.parametrize("check", ["args.dead-env", "args.unread-env", "args.invalid-env"])
def test_variables_that_are_read_pass(check: str) -> None:
    """A read variable is no finding, nor is one that only some versions do not read."""
    assert verdicts(check, case(variables=[variable("VLLM_PORT")])) == ["pass"]
    some = [variable("VLLM_X", outcome, versions=("0.10.0",)) for outcome in ("dead", "unread", "invalid")]
    assert verdicts(check, case(variables=some)) == ["pass"]


def test_unread_variable_is_a_warning() -> None:
    """VLLM_LOG_LEVEL is VLLM_LOGGING_LEVEL."""
    subject = case(variables=[variable("VLLM_LOG_LEVEL", "unread", suggestion="VLLM_LOGGING_LEVEL")])
    (answer,) = run("args.unread-env", subject)
    assert severities("args.unread-env", subject) == ["warning"]
    assert answer.remedy == "write `VLLM_LOGGING_LEVEL` instead of `VLLM_LOG_LEVEL`"


def test_variable_that_says_what_the_engine_does_anyway_passes() -> None:
    """`TP_SIZE=1` beside a server that runs on one GPU changes nothing; `TP_SIZE=2` was meant."""
    shared = {"declared": {"model.id": "m"}, "derived": {"parallelism.tensor": 1}}
    told = [variable("TP_SIZE", "unread", suggestion="--tensor-parallel-size")]
    same = case(environment=[env("TP_SIZE", "1")], variables=told, **shared)  # type: ignore[arg-type]
    other = case(environment=[env("TP_SIZE", "2")], variables=told, **shared)  # type: ignore[arg-type]
    assert verdicts("args.unread-env", same) == ["pass"]
    assert verdicts("args.unread-env", other) == ["fail"]


def test_settings_of_a_program_around_the_engine_pass() -> None:
    """`run.sh` makes arguments of SWAP_SPACE."""
    found = Recognition("vllm", "it runs run.sh", runs="wrapped")
    told = [variable("SWAP_SPACE", "unread"), variable("VLLM_LOG_LEVEL", "unread")]
    assert verdicts("args.unread-env", case(variables=told[:1], recognition=found)) == ["pass"]
    assert verdicts("args.unread-env", case(variables=told, recognition=found)) == ["fail"]


def test_unread_variable_of_somebody_elses_image_is_a_note() -> None:
    """A build for other hardware reads variables of its own; a misspelt name is wrong there too."""
    image = {"image": "corp/vllm-gaudi:latest", "version": None}
    own = case(variables=[variable("VLLM_SKIP_WARMUP", "unread")], **image)  # type: ignore[arg-type]
    near = [variable("VLLM_LOG_LEVEL", "unread", suggestion="VLLM_LOGGING_LEVEL")]
    misspelt = case(variables=near, **image)  # type: ignore[arg-type]
    assert severities("args.unread-env", own) == ["note"]
    assert severities("args.unread-env", misspelt) == ["warning"]


def test_unread_variable_of_a_newer_version_is_unknown() -> None:
    """A version outside the tables may read it."""
    subject = case(version="9.9.0", certainty="newer", variables=[variable("VLLM_NEW", "unread")])
    assert verdicts("args.unread-env", subject) == ["unknown"]


def test_unread_variable_that_the_command_hands_on_passes() -> None:
    """VLLM_ADDITIONAL_ARGS in a shell line is the manifest's own."""
    subject = case(command=["sh", "-c", "vllm serve m $VLLM_ARGS"], variables=[variable("VLLM_ARGS", "unread")])
    assert verdicts("args.unread-env", subject) == ["pass"]


def test_invalid_variable_is_an_error() -> None:
    """The engine ends at start."""
    subject = case(variables=[variable("VLLM_PORT", "invalid", message="VLLM_PORT must be a number")])
    assert severities("args.invalid-env", subject) == ["error"]


def test_variable_that_is_passed_over_is_a_warning() -> None:
    """The server starts, with its default."""
    passed = variable("SGLANG_PORT", "invalid", message="passes over", passed_over=True)
    assert severities("args.invalid-env", case(engine="sglang", variables=[passed])) == ["warning"]


def test_service_named_like_the_engine_is_an_error() -> None:
    """Service links set the engine's own port variable."""
    subject = case(inventory={"services": (service("chat"), service("vllm"))})
    (answer,) = run("args.service-named-engine", subject)
    assert (answer.verdict, answer.setting, answer.at) == ("fail", "vllm.env.VLLM_PORT", at(80, "vllm"))


def test_service_named_sglang_troubles_sglang_alone() -> None:
    """Each engine reads its own name."""
    around = {"services": (service("sglang"),)}
    assert verdicts("args.service-named-engine", case(inventory=around)) == ["pass"]
    sglang = case(engine="sglang", title="SGLang", version="0.5.5", inventory=around)
    assert verdicts("args.service-named-engine", sglang) == ["fail"]


@pytest.mark.parametrize(
    ("versions", "found"), [(("0.5.5",), ["error"]), (("0.5.23",), []), (("0.5.5", "0.5.23"), ["warning"])]
)
def test_service_named_sglang_troubles_older_releases(versions: tuple[str, ...], found: list[str]) -> None:
    """From 0.5.15 on an address in SGLANG_PORT is passed over; an unknown version may be an older one."""
    more: dict[str, Any] = {"version": versions[0]} if len(versions) == 1 else {"version": None, "candidates": versions}
    subject = case(engine="sglang", title="SGLang", inventory={"services": (service("sglang"),)}, **more)
    assert severities("args.service-named-engine", subject) == found


def test_service_that_injects_nothing_passes() -> None:
    """Headless, in another namespace, links off, a variable of one's own, another engine."""
    named = {"services": (service("vllm"),)}
    check = "args.service-named-engine"
    assert verdicts(check, case(inventory={"services": (service("vllm", headless=True),)})) == ["pass"]
    assert verdicts(check, case(inventory={"services": (service("vllm", "other"),)})) == ["pass"]
    assert verdicts(check, case(inventory=named, template={"service_links": False})) == ["pass"]
    assert verdicts(check, case(inventory=named, environment=[env("VLLM_PORT", "5000")])) == ["pass"]
    assert verdicts(check, case(inventory=named, engine="tgi", version="3.3.4")) == ["pass"]


@pytest.mark.parametrize(("version", "found"), [("3.2.3", []), ("3.3.0", ["error"])])
def test_service_named_prometheus_ends_tgi(version: str, found: list[str]) -> None:
    """3.3.0 gave the metrics a port, and with it a variable that such a Service sets to an address."""
    around = {"services": (service("prometheus"),)}
    subject = case(engine="tgi", title="TGI", version=version, inventory=around)
    assert severities("args.service-named-engine", subject) == found


def test_service_beside_an_unseen_source_is_told_with_what_it_assumes() -> None:
    """An unseen envFrom may set the variable first."""
    unseen = UnseenEnv("ConfigMap prod/settings", "", optional=False, origin=at(40))
    subject = case(inventory={"services": (service("vllm"),)}, unseen_env=[unseen])
    assert run("args.service-named-engine", subject)[0].assumes == ("ConfigMap prod/settings",)


def test_unread_variable_whose_setting_is_written_or_told_is_left_alone() -> None:
    """One remedy, one finding: a missing model is told once, and a written setting needs no variable."""
    named = [variable("MAX_MODEL_LEN", "unread")]
    entries = [env("MAX_MODEL_LEN", "8192")]
    check = "args.unread-env"
    assert verdicts(check, case(variables=named, environment=entries)) == ["pass"]
    written = case(declared={"model.id": "m", "limits.max_model_len": 8192}, variables=named, environment=entries)
    assert verdicts(check, written) == ["pass"]
    assert verdicts(check, case(declared={"model.id": "m"}, variables=named, environment=entries)) == ["fail"]
