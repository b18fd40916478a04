"""Bytes of one element in the number formats that engines and safetensors name."""

from skewguard.knowledge.capacity.values import Plan, gap
from skewguard.language.facts import Gap

FLOATING = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
"""The formats of a safetensors file that are converted to the number format of the run."""

_RUN = {"float32": 4, "float": 4, "float16": 2, "half": 2, "bfloat16": 2}
_CACHE = {**_RUN, "fp8": 1, "fp8_e4m3": 1, "fp8_e5m2": 1}  # vLLM's `CacheDType`; others pack scales beside the values


def run(plan: Plan) -> int | Gap:
    """Bytes of one weight that is not quantized."""
    found = _RUN.get(plan.dtype or "")
    return found if found is not None else gap("dtype", f"the number format is {plan.dtype or 'not known'}", "dtype")


def cached(plan: Plan, *, scheme: bool) -> int | Gap:
    """Bytes of one element of the KV cache. `scheme` is whether the checkpoint quantizes its own KV cache: engines then
    read `auto` differently by version.
    """
    if plan.kv_dtype == "auto":
        if scheme:
            return gap("kv_cache_dtype", "the checkpoint names a scheme for its KV cache", "an explicit kv_cache_dtype")
        return run(plan)
    found = _CACHE.get(plan.kv_dtype)
    if found is None:
        return gap("kv_cache_dtype", f"the size of a {plan.kv_dtype} KV cache is not known", "fp8 or the dtype itself")
    return found
