"""What vLLM decides against its own flags: accepted by the parser, and not applied.

From 0.8.0 to 0.11.0 engine V1 splits the prompts of every model that generates text (`_set_default_args_v1`, in 0.11.0
`_set_default_args` of `vllm/engine/arg_utils.py`); the old engine obeys `--no-enable-chunked-prefill`, and so does V1
from 0.9.2 on for models that pool. Encoder-decoder models, which V1 takes from 0.10.2 on, are never split.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import structs

from skewguard.knowledge.engines.interface import Argument, Parsed, Release
from skewguard.knowledge.engines.versions import since, span
from skewguard.knowledge.engines.vllm_ground import engine_v1
from skewguard.language.facts import Fact, Gap, Origin
from skewguard.language.workloads import EnvVar

Says = Literal["obeys", "overrules", "depends"]

CHUNKED = "enable_chunked_prefill"


def applied(parsed: Parsed, env: Sequence[EnvVar], release: Release) -> Parsed:
    """`parsed` with what the engine makes of flags that it does not always obey."""
    written = parsed.values.get(CHUNKED)
    if written is None or written.value is not False or CHUNKED in parsed.gaps:
        return parsed
    said = {version: _chunked(version, parsed, env) for version in parsed.versions or release.candidates}
    against = [version for version, says in said.items() if says != "obeys"]
    if not against:
        return parsed
    told = (
        f"engine V1 of {span('vLLM', against)} splits the prompts of models that generate text, whatever this flag says"
    )
    newest = next(reversed(said.values()))
    if set(said.values()) == {"overrules"}:
        where = Origin(kind="rule", ref=f"engine V1 of {span('vLLM', against)}, whatever the flag says")
        decided = {CHUNKED: Fact(written.setting, value=True, authority="derived", origin=where)}
        return structs.replace(parsed, decided=decided, arguments=_marked(parsed, told, ""))
    gap = Gap(
        written.setting,
        told,
        rule="vllm.chunked-prefill-forced",
        inputs=("engine@V0 or V1", "runner@the model"),
        would_need="the running server's log",
    )
    tried = [version for version in against if not since(version, "0.11.0")]
    doubt = f"whether {'V1 runs this model, and whether ' if tried else ''}this one does is not in the input"
    arguments = parsed.arguments if newest == "obeys" else _marked(parsed, f"{told}; {doubt}", doubt)
    return structs.replace(parsed, gaps={**parsed.gaps, CHUNKED: gap}, arguments=arguments)


def _chunked(version: str, parsed: Parsed, env: Sequence[EnvVar]) -> Says:
    """What one release does with a flag that switches chunked prefill off."""
    if not since(version, "0.8.0") or since(version, "0.11.1"):
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


def _marked(parsed: Parsed, message: str, doubt: str) -> tuple[Argument, ...]:
    """The arguments, the one that counts marked as accepted and not applied."""
    counts = [index for index, each in enumerate(parsed.arguments) if each.dest == CHUNKED and each.outcome == "parsed"]
    arguments = list(parsed.arguments)
    for index in counts[-1:]:
        arguments[index] = structs.replace(
            arguments[index], outcome="ignored", fault="overruled", message=message, doubt=doubt, versions=()
        )
    return tuple(arguments)
