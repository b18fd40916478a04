"""What a container's environment leaves open: sources that are not in the input, values nobody reads, shells."""

import pytest

from skewguard.assess import cases
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.project import Project
from skewguard.language.facts import Effective, Fact, Gap
from tests.assess.laid_out import case, clauses, effective, own_contract, script
from tests.assess.laid_out import findings as found_in
from tests.observe import reading

OLD = "vllm/vllm-openai:v0.9.2"
STEP, SEQS, BACKEND = "limits.max_num_batched_tokens", "limits.max_num_seqs", "runtime.attention_backend"
UNSEEN = "envFrom: [{configMapRef: {name: settings}}]"
SOURCE = "ConfigMap prod/settings"
GPU = "nodeSelector: {nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3}"


def serving(*fields: str, image: str = OLD) -> Case:
    """A plain server on an H100 with more fields of its container."""
    return case("\n".join(("args: [--model=m]", *fields)), pod=GPU, image=image)


def assumes(item: Effective) -> tuple[str, ...]:
    """What a value rests on."""
    assert isinstance(item, Fact), item
    return item.assumes


# ---- sources that are not in the input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("promise", "verdict"),
    [
        ("vllm.env.VLLM_USE_V1: unset", "unknown"),
        ("vllm.env.*: unset", "unknown"),
        ("vllm.env.VLLM_USE_V1: '0'", "unknown"),
        ("vllm.*: unset", "pass"),  # arguments, which no variable adds
    ],
)
def test_promise_of_a_variable_is_open_where_an_unseen_source_may_set_it(promise: str, verdict: str) -> None:
    """The source is named, and so is what would settle it."""
    open_ = serving(UNSEEN)

    assert [verdict] == list(clauses(open_, f"engine_settings: {{{promise}}}").values())
    if verdict == "unknown":
        (told,) = found_in(open_, "contract.mismatch")
        assert SOURCE in told.message
        assert SOURCE in told.remedy


@pytest.mark.parametrize(
    "fields",
    [
        (),  # no unseen source at all
        ("envFrom: [{configMapRef: {name: settings}, prefix: APP_}]",),  # no variable of the engine begins so
        (UNSEEN, "env: [{name: VLLM_USE_V1, value: '1'}]"),  # `env` stands above `envFrom`
    ],
)
def test_promise_of_a_variable_is_settled_where_no_unseen_source_can_change_it(fields: tuple[str, ...]) -> None:
    """What cannot be set from there is known."""
    verdicts = clauses(serving(*fields), "engine_settings: {vllm.env.VLLM_ATTENTION_BACKEND: unset}")
    wanted = "unknown" if fields and fields[0] == UNSEEN else "pass"
    set_ = clauses(serving(*fields), "engine_settings: {vllm.env.VLLM_USE_V1: '1'}")

    assert [wanted] == list(verdicts.values())
    assert ["pass" if len(fields) > 1 else "fail"] == list(set_.values())


def test_derived_value_rests_on_an_unseen_source_that_could_decide_it() -> None:
    """VLLM_USE_V1 changes the batch size of this release, and no variable the memory share."""
    open_ = serving(UNSEEN)

    assert SOURCE in assumes(effective(open_, STEP))
    assert () == assumes(effective(open_, "runtime.gpu_memory_utilization"))


def test_variable_of_one_source_can_be_defined_again_by_a_later_unseen_one() -> None:
    """The later `envFrom` wins."""
    known = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: known, namespace: prod}\ndata: {VLLM_USE_V1: '0'}\n"
    both = "envFrom: [{configMapRef: {name: known}}, {configMapRef: {name: settings}}]"
    found = case(f"args: [--model=m]\n{both}", beside=known.removeprefix("---\n"), image=OLD)

    assert (SOURCE,) == assumes(effective(found, "vllm.env.VLLM_USE_V1"))


def test_contract_written_beside_an_unseen_source_promises_nothing_of_its_variables() -> None:
    """`init` says so instead of a promise that nobody can keep an eye on."""
    assert [] == own_contract(serving(UNSEEN))


@pytest.mark.parametrize("name", ["VLLM_USE_V1", "VLLM_ATTENTION_BACKEND"])
def test_variable_of_unknown_value_decides_nothing(name: str) -> None:
    """A value from a Secret or an unseen key is not the default."""
    hidden = f"env: [{{name: {name}, valueFrom: {{configMapKeyRef: {{name: settings, key: k}}}}}}]"
    setting = SEQS if name == "VLLM_USE_V1" else BACKEND

    assert isinstance(effective(serving(hidden), setting), Gap)


# ---- shells ---------------------------------------------------------------------------------------------------------


def test_exported_variable_reaches_the_engine() -> None:
    """`export` in the script sets what `env` would."""
    old = script("export VLLM_USE_V1=0", "exec vllm serve m", image=OLD)

    assert 256 == getattr(effective(old, SEQS), "value", None)
    assert {"vllm.env.VLLM_USE_V1": "fail"} == clauses(old, "engine_settings: {vllm.env.VLLM_USE_V1: unset}")


@pytest.mark.parametrize(
    "lines",
    [
        ("if [ -n $A ]; then", "  export VLLM_USE_V1=0", "fi"),
        ("[ -n $A ] && export VLLM_USE_V1=0",),
        ("export VLLM_USE_V1=$(cat /etc/engine)",),
        ("unset VLLM_USE_V1",),
    ],
)
def test_variable_that_the_shell_may_set_is_open(lines: tuple[str, ...]) -> None:
    """One arm of a condition is not what the engine gets."""
    found = script(*lines, "exec vllm serve m", image=OLD, more="env: [{name: VLLM_USE_V1, value: '1'}]")

    assert isinstance(effective(found, "vllm.env.VLLM_USE_V1"), Gap)
    assert isinstance(effective(found, SEQS), Gap)


def test_variable_of_a_subshell_does_not_leave_it() -> None:
    """`( export A=b )` sets it for the commands inside."""
    found = script("( export VLLM_USE_V1=0; env )", "exec vllm serve m", image=OLD)

    assert {"vllm.env.VLLM_USE_V1": "pass"} == clauses(found, "engine_settings: {vllm.env.VLLM_USE_V1: unset}")


def test_file_that_the_script_sources_may_set_any_variable() -> None:
    """A vault's file comes after `env`, and stands above it."""
    found = script(
        ". /vault/secrets/env", "exec vllm serve m", image=OLD, more="env: [{name: VLLM_USE_V1, value: '1'}]"
    )

    assert ("/vault/secrets/env",) == assumes(effective(found, "vllm.env.VLLM_USE_V1"))
    assert ["unknown"] == list(clauses(found, "engine_settings: {vllm.env.*: unset}").values())


def test_starts_that_get_a_variable_differently_leave_it_open() -> None:
    """Two servers, each with an engine of its own."""
    found = script("VLLM_USE_V1=0 vllm serve m &", "VLLM_USE_V1=1 vllm serve m &", "wait", image=OLD)

    assert isinstance(effective(found, "vllm.env.VLLM_USE_V1"), Gap)
    assert isinstance(effective(found, SEQS), Gap)


# ---- the two engines of vLLM ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "env", "assumed"),
    [
        ("vllm/vllm-openai:v0.9.2", "", ("a fall-back to engine V0",)),
        ("vllm/vllm-openai:v0.9.2", "env: [{name: VLLM_USE_V1, value: '1'}]", ()),
        ("vllm/vllm-openai:v0.11.0", "", ()),
        ("vllm/vllm-openai:v0.7.3", "", ()),
    ],
)
def test_batch_size_of_a_release_that_tries_engine_v1_rests_on_it(
    image: str, env: str, assumed: tuple[str, ...]
) -> None:
    """From 0.8.0 to 0.10.2 the engine falls back for a model that V1 cannot run."""
    assert assumed == assumes(effective(serving(env, image=image), SEQS))


@pytest.mark.parametrize(("product", "seqs"), [("NVIDIA-H100-80GB-HBM3", 1024), ("NVIDIA-B200", 256)])
def test_flag_that_makes_the_engine_fall_back_brings_its_batch_size(product: str, seqs: int) -> None:
    """A KV cache of 8 bits wants V0 on all GPUs but Hopper's, and V0 takes 256 requests where V1 takes 1024."""
    gpu = f"nodeSelector: {{nvidia.com/gpu.product: {product}}}"
    found = case("args: [--model=m, --kv-cache-dtype=fp8]", pod=gpu, image=OLD)
    plain = case("args: [--model=m]", pod=gpu, image=OLD)

    assert getattr(effective(found, SEQS), "value", None) == seqs
    assert getattr(effective(plain, SEQS), "value", None) == 1024


@pytest.mark.parametrize(
    ("image", "words", "env", "verdict"),
    [
        ("v0.8.5", "--no-enable-chunked-prefill", "1", "fail"),  # V1 splits the prompts of every model
        ("v0.9.2", "--no-enable-chunked-prefill, --task=generate", "1", "fail"),
        ("v0.9.2", "--no-enable-chunked-prefill", "1", "unknown"),  # not of a model that embeds
        ("v0.10.2", "--no-enable-chunked-prefill", "", "unknown"),  # nor where V0 runs the model
        ("v0.11.0", "--no-enable-chunked-prefill", "", "unknown"),
        ("v0.10.2", "--no-enable-chunked-prefill", "0", "pass"),
        ("v0.7.3", "--enable-chunked-prefill=False", "", "pass"),
        ("v0.12.0", "--no-enable-chunked-prefill", "", "pass"),
        ("v0.11.0", "--enable-chunked-prefill", "", "pass"),
        ("latest", "--no-enable-chunked-prefill", "", "pass"),  # the newest obeys
    ],
)
def test_flag_that_engine_v1_overrules_is_told(image: str, words: str, env: str, verdict: str) -> None:
    """Where it is certain the setting is lost, where it hangs on the model nobody can say."""
    variable = f"env: [{{name: VLLM_USE_V1, value: '{env}'}}]" if env else ""
    found = case(f"args: [--model=m, {words}]\n{variable}", image=f"vllm/vllm-openai:{image}")
    told = found_in(found, "args.ignored")

    assert [verdict] == ([item.verdict for item in told] or ["pass"])
    assert all("--no-enable-chunked-prefill" in item.remedy for item in told)
    if verdict == "fail":
        assert effective(found, "runtime.chunked_prefill").value is True  # type: ignore[union-attr]
    elif image != "latest":
        assert isinstance(effective(found, "runtime.chunked_prefill"), Gap if verdict == "unknown" else Fact)


@pytest.mark.parametrize(("image", "told"), [("v0.15.1", "unknown"), ("v0.9.2", "fail")])
def test_length_that_is_fitted_to_the_memory_keeps_no_promise(image: str, told: str) -> None:
    """-1 means as long as fits from 0.14 on; before, it is a number that no engine can serve with. Neither is a limit."""
    found = case("args: [--model=m, --max-model-len=-1]", image=f"vllm/vllm-openai:{image}")

    assert {"limits.max_model_len": told} == clauses(found, "limits: {max_model_len: {max: 4096}}")


def test_model_that_a_file_may_send_elsewhere_rests_on_the_file() -> None:
    """VLLM_MODEL_REDIRECT_PATH maps the name that was written to another place."""
    found = serving("env: [{name: VLLM_MODEL_REDIRECT_PATH, value: /etc/redirect.tsv}]")

    assert ("the file of VLLM_MODEL_REDIRECT_PATH",) == assumes(effective(found, "model.id"))


@pytest.mark.parametrize(("backend", "seqs"), [("XFORMERS", 256), ("FLASH_ATTN", 1024)])
def test_backend_that_engine_v1_lacks_brings_the_batch_size_of_v0(backend: str, seqs: int) -> None:
    """XFORMERS makes 0.9.2 fall back to V0."""
    found = serving(f"env: [{{name: VLLM_ATTENTION_BACKEND, value: {backend}}}]")

    assert getattr(effective(found, SEQS), "value", None) == seqs


def test_variable_that_env_removes_is_open() -> None:
    """`env -u NAME vllm serve` takes away what the container sets."""
    found = case(
        "command: [env, -u, VLLM_USE_V1, vllm, serve, m]\nenv: [{name: VLLM_USE_V1, value: '0'}]", pod=GPU, image=OLD
    )

    assert isinstance(effective(found, "vllm.env.VLLM_USE_V1"), Gap)


def test_neighbours_that_agree_on_a_value_agree_whatever_it_rests_on() -> None:
    """Between 0.10.2, which tries engine V1, and 0.11.0, which has no other, the batch size is one."""
    annotated = 'metadata: {annotations: {skewguard.dev/engine: "vllm==0.11.0rc1"}}'
    text = reading.deployment("command: [vllm, serve, m]", pod=GPU).replace(
        "  template:\n", f"  template:\n    {annotated}\n"
    )
    (found,) = [item.case for item in cases.judged(reading.read(text).inventory, Project()) if item.case]

    assert (1024, ("a fall-back to engine V0",)) == (found.sheet.effective(SEQS).value, assumes(effective(found, SEQS)))  # type: ignore[union-attr]


def test_unseen_source_alone_does_not_doubt_where_the_model_comes_from() -> None:
    """Of a Secret with a token nobody expects a redirect."""
    assert () == assumes(effective(serving(UNSEEN), "model.id"))


def test_text_that_stands_only_where_a_variable_is_set_is_open_beside_an_unseen_source() -> None:
    """`${EXTRA:+--dtype half}` is nothing where nothing sets EXTRA, and a flag where the ConfigMap does."""
    line = "exec vllm serve m --max-num-seqs 64 ${EXTRA:+--dtype half}"

    assert isinstance(effective(script(line, more=UNSEEN), "runtime.load_format"), Gap)
    assert isinstance(effective(script(line), "runtime.load_format"), Fact)


def test_sum_of_numbers_in_a_shell_is_one_word() -> None:
    """`$((8*8))` is not known here, and is no bundle of flags."""
    found = script("exec vllm serve m --max-num-seqs $((8*8))")

    assert found.parsed is not None
    assert (None, True) == (found.parsed.blind, isinstance(effective(found, SEQS), Gap))


# ---- old names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ("[{name: SGL_ENABLE_JIT_DEEPGEMM, value: '0'}]", "0"),
        ("[{name: SGLANG_ENABLE_JIT_DEEPGEMM, value: '1'}, {name: SGL_ENABLE_JIT_DEEPGEMM, value: '0'}]", "0"),
        ("[{name: SGL_ENABLE_JIT_DEEPGEMM, value: '0'}, {name: SGLANG_ENABLE_JIT_DEEPGEMM, value: '1'}]", "0"),
    ],
)
def test_old_name_of_a_variable_gives_the_new_one_its_value(fields: str, value: str) -> None:
    """SGLang copies it over the new name at its start, whatever that one says; nothing is dead."""
    served = case(f"args: [--model-path=m]\nenv: {fields}", image="lmsysorg/sglang:v0.5.4")
    found = effective(served, "sglang.env.SGLANG_ENABLE_JIT_DEEPGEMM")

    assert isinstance(found, Fact)
    assert found.value == value
    assert "sglang.env.SGL_ENABLE_JIT_DEEPGEMM" not in served.sheet.names()
    assert found_in(served, "args.dead-env") == []


@pytest.mark.parametrize(
    ("new", "expected"), [("", "64"), (", {name: SGLANG_EPLB_P2P_BATCH_CHUNK_SIZE, value: '8'}", "8")]
)
def test_old_name_that_gives_way_counts_where_the_new_one_is_not_set(new: str, expected: str) -> None:
    """Some old names are only looked for where nobody set the new one."""
    old = "{name: SGLANG_EPLB_ROCM_P2P_BATCH_CHUNK_SIZE, value: '64'}"
    served = case(f"args: [--model-path=m]\nenv: [{old}{new}]", image="lmsysorg/sglang:v0.5.23")
    found = effective(served, "sglang.env.SGLANG_EPLB_P2P_BATCH_CHUNK_SIZE")

    assert isinstance(found, Fact)
    assert found.value == expected


def test_old_name_in_another_unit_leaves_the_new_one_open() -> None:
    """Milliseconds become seconds: the text is not the value."""
    served = case(
        "args: [--model-path=m]\nenv: [{name: SGLANG_QUEUED_TIMEOUT_MS, value: '500'}]", image="lmsysorg/sglang:v0.5.10"
    )

    assert isinstance(effective(served, "sglang.env.SGLANG_REQ_WAITING_TIMEOUT"), Gap)


# ---- variables beside arguments --------------------------------------------------------------------------------------

LLAMACPP, TGI = "ghcr.io/ggml-org/llama.cpp:server-b6700", "ghcr.io/huggingface/text-generation-inference:3.3.5"


@pytest.mark.parametrize(
    ("image", "args", "env", "says"),
    [
        (LLAMACPP, "-m, m.gguf, -c, '32768'", "LLAMA_ARG_CTX_SIZE, value: '4096'", "runs with 32768"),
        (LLAMACPP, "-m, m.gguf, -c, '4096'", "LLAMA_ARG_CTX_SIZE, value: '4096'", ""),
        (LLAMACPP, "-m, m.gguf", "LLAMA_ARG_CTX_SIZE, value: '4096'", ""),
        (TGI, "--model-id=m, --max-total-tokens=8192", "MAX_TOTAL_TOKENS, value: '9000'", "runs with 8192"),
        (TGI, "--model-id=m, --max-total-tokens=8192", "MAX_TOTAL_TOKENS, value: '8192'", ""),
        (TGI, "--model-id=m, --max-total-tokens=$(MAX_TOTAL_TOKENS)", "MAX_TOTAL_TOKENS, value: '8192'", ""),
        (LLAMACPP, "-m, m.gguf, --api-key, one", "LLAMA_API_KEY, value: two", ""),  # never shown
    ],
)
def test_variable_of_a_flag_that_an_argument_overrules_is_told(image: str, args: str, env: str, says: str) -> None:
    """The engine reads both, and the argument goes first; equal values and secrets are not told."""
    served = case(f"args: [{args}]\nenv: [{{name: {env}}}]", image=image)
    told = [item for item in found_in(served, "args.env-contradicts") if item.verdict == "fail"]

    assert [item.severity for item in told] == (["warning"] if says else [])
    assert all(says in item.message and "argument goes before" in item.message for item in told)


def test_variable_that_an_argument_refers_to_is_no_slip() -> None:
    """`$(NAME)` hands it on, and Kubernetes has put its value there."""
    image = "ghcr.io/huggingface/text-generation-inference:3.3.4"
    handed, slipped = (
        case(f"args: [--model-id=m, {more}]\nenv: [{{name: MAX_INPUT_TOKEN, value: '8'}}]", pod=GPU, image=image)
        for more in ("--max-input-tokens=$(MAX_INPUT_TOKEN)", "--max-input-tokens=8")
    )

    assert found_in(handed, "args.unread-env") == []
    assert len(found_in(slipped, "args.unread-env")) == 1
