"""Settings that nobody wrote: told once for a container, with what they are and what they become."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import structs

from skewguard.judge.checks.interface import Case, Elsewhere, Result
from skewguard.judge.checks.registry import CHECKS, find
from skewguard.knowledge.engines import vllm
from skewguard.knowledge.engines.interface import Recognition
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Arm, Choice, Fact, Gap, Origin
from skewguard.language.workloads import NodeTerm
from tests.judge.cases import COMMIT, argument, at, case, gap, run, severities, verdicts

CHECK = "runtime.left-to-chance"
SEQS, SHARE, DTYPE, LENGTH = (
    "limits.max_num_seqs",
    "runtime.gpu_memory_utilization",
    "runtime.dtype",
    "limits.max_model_len",
)
H100 = NodeTerm(
    key="nvidia.com/gpu.product", operator="In", values=("NVIDIA-H100-80GB-HBM3",), origin=at(60), alternative=-1
)
OF_THE_MODEL = Gap(DTYPE, "the checkpoint says it", "vllm.dtype@0.8.0", (f"config.json@Qwen/Qwen3-8B@{COMMIT}",))
BY_GPU = Choice(SEQS, "tier", ("gpu@scheduling(1)",), (Arm("on an H100", 1024), Arm("on an L4", 256)))


def elsewhere(
    releases: Mapping[str, Any] | None = None, gpus: Mapping[str, Any] | None = None, of: str = SHARE
) -> Elsewhere:
    """An engine that takes other values from these releases on, or on these GPUs."""

    def ask(setting: str, version: str | None, gpu: Accelerator | None) -> Fact | None:
        value = None
        if version is not None:
            at_version = vllm.releases().index(version)
            passed = [held for first, held in (releases or {}).items() if vllm.releases().index(first) <= at_version]
            value = passed[-1] if passed else None
        if gpu is not None:
            value = (gpus or {}).get(gpu.name)
        if setting != of or value is None:
            return None
        return Fact(setting, value, "derived", Origin("rule", "rule x"))

    return ask


def left(value: Any = 0.9, of: str = SHARE, kind: Any = "rule", **more: Any) -> Case:
    """An engine whose rules give one setting, on an H100 and with everything pinned."""
    more.setdefault("gpus", 1)
    more.setdefault("template", {"node_terms": (H100,)})
    more.setdefault("declared", {"model.id": "Qwen/Qwen3-8B", "model.revision": COMMIT})
    found = case(**more)
    found.sheet.add(Fact(of, value, "derived", Origin(kind, "default of vLLM 0.11.0")))
    if "hardware.gpu_class" not in found.sheet.names():
        found.sheet.add(Fact("hardware.gpu_class", "H100-80GB-SXM", "declared", at(60)))
    return found


def on_model(**more: Any) -> Case:
    """An engine whose number format hangs on a checkpoint that nobody gave."""
    found = case(open_settings=(OF_THE_MODEL,), **more)
    assert found.parsed is not None
    found.parsed = structs.replace(found.parsed, gaps={})
    return found


def only(subject: Case) -> Result:
    """The one finding."""
    (found,) = run(CHECK, subject)
    return found


def test_default_that_a_newer_release_changes_is_a_note() -> None:
    """With what it is now, the first release that takes another value, and the word that keeps it."""
    found = only(left(elsewhere=elsewhere({"0.20.0": 0.92})))

    assert found.message == (
        "vLLM decides a setting that nobody wrote: gpu_memory_utilization is 0.9 (0.92 from vLLM 0.20.0 on)"
    )
    assert found.remedy == (
        "write what you validated: add `--gpu-memory-utilization=0.9` to the container's `args`; or promise it in a "
        "contract (`skewguard init`)"
    )
    assert (found.verdict, found.severity, CHECKS[CHECK].severity) == ("fail", None, "note")


@pytest.mark.parametrize("first", ["0.11.1", "0.12.0", "0.19.1", "0.33.0"])
def test_first_release_with_another_value_is_named(first: str) -> None:
    """The next one, the newest, and any between."""
    assert f"from vLLM {first} on" in only(left(elsewhere=elsewhere({first: 0.92}))).message


def test_default_that_changes_on_another_gpu_is_a_note() -> None:
    """Where the class is pinned: moving to another pool is an edit elsewhere."""
    found = only(left(1024, SEQS, elsewhere=elsewhere(gpus={"L40S": 256}, of=SEQS)))

    assert "max_num_seqs is 1024 (256 on an L40S)" in found.message


def test_default_that_nothing_changes_is_no_news() -> None:
    """Nobody needs a word for it."""
    assert verdicts(CHECK, left(elsewhere=elsewhere())) == ["pass"]
    assert verdicts(CHECK, left(elsewhere=elsewhere({"0.20.0": 0.9}))) == ["pass"]
    assert verdicts(CHECK, left()) == ["pass"]


def test_literal_default_is_not_asked_of_other_gpus() -> None:
    """Only rules look at the hardware."""
    assert verdicts(CHECK, left(kind="default", elsewhere=elsewhere(gpus={"L40S": 0.5}))) == ["pass"]


def test_number_format_of_an_unseen_checkpoint_is_told() -> None:
    """A reader of the manifest cannot see it; other gaps are no news."""
    pinned = {"model.id": "Qwen/Qwen3-8B", "model.revision": COMMIT}
    found = only(on_model(declared=pinned))

    assert found.message == "vLLM decides a setting that nobody wrote: dtype is taken from the model's config.json"
    assert "add `--dtype=VALUE` to" in found.remedy
    assert found.value == [{"setting": DTYPE, "known": False, "now": None, "becomes": []}]
    assert verdicts(CHECK, case(declared=pinned, open_settings=(gap("runtime.seed"),), arguments=())) == ["pass"]


def test_word_that_leaves_it_to_the_engine_is_to_be_changed() -> None:
    """`auto` stands there already: a second flag beside it would be the same one twice."""
    written = argument("--dtype=auto", flag="--dtype", dest="dtype", value_origin=at(12, "auto"))
    found = on_model(declared={"model.id": "/models/x", DTYPE: "auto"}, arguments=[written])
    found.sheet.add(OF_THE_MODEL)

    assert "change `auto` to `VALUE` at deploy.yaml:12:1" in only(found).remedy


@pytest.mark.parametrize(
    ("setting", "value"), [(DTYPE, "bfloat16"), (SHARE, 0.9), (SEQS, 64), ("runtime.seed", 0), (LENGTH, 4096)]
)
def test_setting_that_somebody_wrote_is_not_left(setting: str, value: Any) -> None:
    """Whatever would change it."""
    subject = case(declared={setting: value}, elsewhere=elsewhere({"0.12.0": "x"}, of=setting))
    assert verdicts(CHECK, subject) == ["pass"]


def test_all_settings_of_a_container_are_one_finding() -> None:
    """The most consequential first."""
    subject = left(elsewhere=elsewhere({"0.20.0": 0.92}))
    subject.sheet.add(OF_THE_MODEL)
    found = only(subject)

    assert found.message.startswith("vLLM decides 2 settings that nobody wrote: dtype is taken from")
    assert [each["setting"] for each in found.value] == [DTYPE, SHARE]


# ---- another check says it already ---------------------------------------------------------------------------------


def test_release_that_is_not_known_or_can_move_comes_first() -> None:
    """Its own finding has the remedy."""
    other = elsewhere({"0.12.0": 0.92})
    assert verdicts(CHECK, left(image="vllm/vllm-openai:latest", elsewhere=other)) == ["skipped"]
    assert verdicts(CHECK, left(version=None, elsewhere=other)) == ["skipped"]
    assert verdicts(CHECK, left(certainty="between", elsewhere=other)) == ["skipped"]


def test_model_without_a_revision_is_told_by_its_pin() -> None:
    """`pin.model-revision` asks for the same; a folder has no revision to pin."""
    on_hub = on_model(declared={"model.id": "Qwen/Qwen3-8B"})
    in_folder = on_model(declared={"model.id": "/models/qwen"})

    assert verdicts("pin.model-revision", on_hub) == ["fail"]
    assert verdicts(CHECK, on_hub) == ["pass"]
    assert severities(CHECK, in_folder) == ["note"]


def test_class_that_nobody_named_is_told_by_its_own_check() -> None:
    """Limits that differ by GPU are a part of its reason."""
    subject = case(gpus=1, open_settings=(BY_GPU,))

    assert severities("hardware.gpu-class", subject) == ["warning"]
    assert verdicts(CHECK, subject) == ["pass"]


def test_several_classes_that_no_other_check_tells_are_a_warning() -> None:
    """Devices that come by a claim are asked for without a resource name, and two classes may serve it."""
    classes = Choice("hardware.gpu_class", "scheduling", ("gpu@scheduling(1)",), (Arm("a", "H100"), Arm("b", "L4")))
    subject = case(open_settings=(BY_GPU, classes), engine="vllm", template={"node_name": "n"}, gpus=1)

    assert verdicts("hardware.gpu-classes-mixed", subject) == ["pass"]
    assert severities(CHECK, subject) == ["warning"]
    assert "max_num_seqs is 1024 (on an H100), 256 (on an L4)" in only(subject).message


def test_device_that_is_fixed_and_not_named_is_a_note() -> None:
    """One node decides, and nothing moves."""
    subject = case(open_settings=(BY_GPU,), template={"node_name": "n"}, gpus=1)
    assert severities(CHECK, subject) == ["note"]


@pytest.mark.parametrize(
    "subject",
    [
        left(kind="default", blind=gap("x"), elsewhere=elsewhere({"0.12.0": 0.92})),
        left(recognition=Recognition("vllm", "r", runs="wrapped"), elsewhere=elsewhere({"0.12.0": 0.92})),
        left(recognition=Recognition("vllm", "r", runs="worker"), elsewhere=elsewhere({"0.12.0": 0.92})),
        case(arguments=None),
    ],
)
def test_arguments_that_cannot_be_read_leave_nothing_to_say(subject: Case) -> None:
    """Somebody may have written it where nobody sees it, and a worker's settings are its leader's."""
    assert verdicts(CHECK, subject) == ["pass"]


# ---- words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "other", "said", "word"),
    [
        ("runtime.prefix_caching", True, False, "prefix_caching is on (off from", "`--enable-prefix-caching`"),
        ("runtime.prefix_caching", False, True, "prefix_caching is off (on from", "`--no-enable-prefix-caching`"),
        (SEQS, 256, 1024, "max_num_seqs is 256 (1024 from", "`--max-num-seqs=256`"),
    ],
)
def test_value_that_holds_now_is_given_as_a_word(setting: str, value: Any, other: Any, said: str, word: str) -> None:
    """As the engine spells it, switches too."""
    found = only(left(value, setting, elsewhere=elsewhere({"0.12.0": other}, of=setting)))

    assert (said in found.message, word in found.remedy) == (True, True)


def test_value_without_a_word_is_left_to_a_contract() -> None:
    """No flag says `none`."""
    found = only(left(None, "runtime.seed", elsewhere=elsewhere({"0.12.0": 0}, of="runtime.seed")))

    assert found.message.endswith("seed is none (0 from vLLM 0.12.0 on)")
    assert found.remedy == "promise it in a contract (`skewguard init`)"


@pytest.mark.parametrize("former", ["limits.length-implicit", "runtime.dtype-implicit"])
def test_former_names_are_known(former: str) -> None:
    """Waivers that name them go on working."""
    assert find(former) is CHECKS[CHECK]
