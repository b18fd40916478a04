"""What vLLM makes of its own flags after the parser took them: not applied, cut to what fits, or sent elsewhere.

To 0.11.0 engine V1 splits the prompts of every model that generates text (`_override_v1_engine_args`,
`_set_default_args_v1` from 0.8.0 on, in 0.11.0 `_set_default_args` of `vllm/engine/arg_utils.py`); the old engine obeys `--no-enable-chunked-prefill`, and so does V1
from 0.9.2 on for models that pool. Encoder-decoder models, which V1 takes from 0.10.2 on, are never split.

The V1 of 0.6.4 takes batch limits of its own, whatever is written.

From 0.14.0 on a `--max-model-len` of -1 or `auto` is cut to what fits into the GPU's memory. From 0.8.5 on the file that
VLLM_MODEL_REDIRECT_PATH names can give a model another place (`maybe_model_redirect` of `vllm/transformers_utils`).
"""

from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import structs

from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.knowledge.engines.overruling import marked
from skewguard.knowledge.engines.versions import since, span
from skewguard.knowledge.engines.vllm_generations import engine, engine_v1, first_v1
from skewguard.knowledge.engines.vllm_ground import Ground
from skewguard.knowledge.engines.vllm_kinds import encoder_decoder, pooling
from skewguard.language.facts import Fact, Gap, Origin, assuming
from skewguard.language.workloads import EnvVar

Says = Literal["obeys", "overrules", "depends"]

CHUNKED, LENGTH, MODEL = "enable_chunked_prefill", "max_model_len", "model"
REDIRECT = "VLLM_MODEL_REDIRECT_PATH"


def applied(parsed: Parsed, env: Sequence[EnvVar], release: Release, ground: Callable[[str], Ground]) -> Parsed:
    """`parsed` with what the engine makes of flags that it does not always obey.

    `ground` gives what the rules of one release may look at: the model's own files, the GPU.
    """
    versions = parsed.versions or release.candidates
    split = _numbered(_split(parsed, env, release, ground), env, versions)
    return _redirected(_fitted(split, versions), env, versions)


_FIRST_V1 = {"max_num_seqs": 1024, "max_num_batched_tokens": 2048}
"""What the first V1 takes for the OpenAI server (`EngineCore.__init__` of 0.6.4, vllm/v1/engine/core.py)."""


def _numbered(parsed: Parsed, env: Sequence[EnvVar], versions: Sequence[str]) -> Parsed:
    """The batch limits of the first release with V1, where V1 is asked for."""
    entry = next((each for each in reversed(env) if each.name == "VLLM_USE_V1"), None)
    runs = [first_v1(each) and engine_v1(each, entry.value if entry else None) is True for each in versions]
    if not runs or not all(runs):
        return parsed
    for dest, number in _FIRST_V1.items():
        written = parsed.values.get(dest)
        if written is None or written.value == number:
            continue
        told = f"engine V1 of {span('vLLM', versions)} takes {number}, whatever this flag says"
        decided = Fact(written.setting, number, "derived", Origin(kind="rule", ref=told))
        arguments = marked(parsed, dest, told, "")
        parsed = structs.replace(parsed, decided={**parsed.decided, dest: decided}, arguments=arguments)
    return parsed


def _fitted(parsed: Parsed, versions: Sequence[str]) -> Parsed:
    """A length of -1 leaves it to the engine, as `auto` does."""
    written = parsed.values.get(LENGTH)
    if written is None or written.value != -1 or not any(since(version, "0.14.0") for version in versions):
        return parsed
    return structs.replace(parsed, values={**parsed.values, LENGTH: structs.replace(written, value="auto")})


def _redirected(parsed: Parsed, env: Sequence[EnvVar], versions: Sequence[str]) -> Parsed:
    """The model that was written, where a file may send the engine to another place for it."""
    entry = next((each for each in reversed(env) if each.name == REDIRECT), None)
    written = parsed.values.get(MODEL)
    unset = entry is None or entry.value == "" or (entry.value is None and entry.assumes)  # it only may be set
    if unset or written is None or not any(since(each, "0.8.5") for each in versions):
        return parsed
    doubted = assuming(written, (f"the file of {REDIRECT}",))
    return structs.replace(parsed, values={**parsed.values, MODEL: doubted})


def _split(parsed: Parsed, env: Sequence[EnvVar], release: Release, ground: Callable[[str], Ground]) -> Parsed:
    written = parsed.values.get(CHUNKED)
    if written is None or written.value is not False or CHUNKED in parsed.gaps:
        return parsed
    said = {version: _chunked(version, parsed, env) for version in parsed.versions or release.candidates}
    said = {version: _decided(ground(version)) if says == "depends" else says for version, says in said.items()}
    against = [version for version, says in said.items() if says != "obeys"]
    if not against:
        return parsed
    told = (
        f"engine V1 of {span('vLLM', against)} splits the prompts of models that generate text, whatever this flag says"
    )
    newest = next(reversed(said.values()))
    if set(said.values()) == {"overrules"}:
        where = Origin(kind="rule", ref=f"engine V1 of {span('vLLM', against)}, whatever the flag says")
        decided = {**parsed.decided, CHUNKED: Fact(written.setting, value=True, authority="derived", origin=where)}
        return structs.replace(parsed, decided=decided, arguments=marked(parsed, CHUNKED, told, ""))
    gap = Gap(
        written.setting,
        told,
        rule="vllm.chunked-prefill-forced",
        inputs=("engine@V0 or V1", f"runner@{_model(parsed)}"),
        would_need="the running server's log",
    )
    tried = [version for version in against if not since(version, "0.11.0")]
    doubt = f"whether {'V1 runs this model and ' if tried else ''}it generates text is not in the input"
    arguments = parsed.arguments if newest == "obeys" else marked(parsed, CHUNKED, f"{told}; {doubt}", doubt)
    return structs.replace(parsed, gaps={**parsed.gaps, CHUNKED: gap}, arguments=arguments)


def _decided(ground: Ground) -> Says:
    """What the model's own files and the GPU say of it, where they are known."""
    gpu = ground.hardware.accelerator
    old = gpu is None and ground.on_gpu and not ground.since("0.10.2")  # a GPU older than Ampere may run it
    runs = engine(ground, gpu)
    if ground.checkpoint is None or old or runs.v1 is None:
        return "depends"
    if not runs.v1:
        return "obeys"
    if not ground.since("0.9.2"):
        return "overrules"
    pools, reads = pooling(ground), encoder_decoder(ground)
    if pools is None or reads is None:
        return "depends"
    return "obeys" if pools or reads else "overrules"


def _model(parsed: Parsed) -> str:
    """What tells one model from another in an input key."""
    if MODEL in parsed.gaps:
        return ", ".join(parsed.gaps[MODEL].inputs)
    return str(parsed.values[MODEL].value) if MODEL in parsed.values else "the default model"


def _chunked(version: str, parsed: Parsed, env: Sequence[EnvVar]) -> Says:
    """What one release does with a flag that switches chunked prefill off."""
    if not since(version, "0.6.4") or since(version, "0.11.1"):
        return "obeys"
    entry = next((each for each in reversed(env) if each.name == "VLLM_USE_V1"), None)
    if entry is not None and entry.value is None:
        return "depends"
    runs = engine_v1(version, entry.value if entry is not None else None)
    if runs is not True:
        return "obeys" if runs is False else "depends"
    if not since(version, "0.9.2"):
        return "overrules"
    said = {parsed.values[dest].value for dest in ("task", "runner") if dest in parsed.values}
    return "overrules" if "generate" in said and not since(version, "0.10.2") else "depends"
