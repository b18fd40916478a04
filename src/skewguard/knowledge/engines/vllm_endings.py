"""Values of variables that end vLLM, or are refused by what reads them, beside those of the wrong type.

`VLLM_USE_V1`: the API server of 0.11.0 asserts that it is on, the release after does not read it any more. The names of
attention backends are compared from 0.10.1 on (`vllm/attention/selector.py`, from 0.11.0 on `env_with_choices` in
`vllm/envs.py`), to the last release that reads the variable; releases from 0.5.5 on passed over a name they did not know.
"""

from skewguard.knowledge.engines.versions import since

_COMPARED = "0.10.1"

_ALWAYS = (
    "CUTLASS_MLA",
    "FLASHINFER",
    "FLASHMLA",
    "FLASH_ATTN",
    "FLEX_ATTENTION",
    "IPEX",
    "NO_ATTENTION",
    "ROCM_AITER_FA",
    "ROCM_AITER_MLA",
    "TORCH_SDPA",
    "TREE_ATTN",
    "TRITON_MLA",
)
"""The attention backends of every release that compares the name."""

_SOME = (
    ("CPU_ATTN", "0.11.1", ""),
    ("CUSTOM", "0.11.1", ""),
    ("DIFFERENTIAL_FLASH_ATTN", "0.10.1", "0.11.1"),
    ("DUAL_CHUNK_FLASH_ATTN", "0.10.1", "0.11.1"),
    ("FLASHINFER_MLA", "0.10.2", ""),
    ("FLASHINFER_VLLM_V1", "0.10.1", "0.11.0"),
    ("FLASHMLA_SPARSE", "0.11.1", ""),
    ("FLASHMLA_VLLM_V1", "0.10.1", "0.11.0"),
    ("FLASH_ATTN_DIFFKV", "0.14.0", ""),
    ("FLASH_ATTN_MLA", "0.10.2", ""),
    ("FLASH_ATTN_VLLM_V1", "0.10.1", "0.11.0"),
    ("PALLAS", "0.10.1", "0.14.0"),
    ("PALLAS_VLLM_V1", "0.10.1", "0.11.0"),
    ("ROCM_AITER_MLA_SPARSE", "0.12.0", ""),
    ("ROCM_AITER_MLA_VLLM_V1", "0.10.1", "0.11.0"),
    ("ROCM_AITER_TRITON_MLA", "0.12.0", ""),
    ("ROCM_AITER_UNIFIED_ATTN", "0.11.1", ""),
    ("ROCM_ATTN", "0.11.0", ""),
    ("ROCM_FLASH", "0.10.1", "0.11.1"),
    ("TORCH_SDPA_VLLM_V1", "0.10.2", "0.11.0"),
    ("TRITON_ATTN", "0.11.0", ""),
    ("TRITON_ATTN_VLLM_V1", "0.10.1", "0.11.0"),
    ("TRITON_MLA_VLLM_V1", "0.10.1", "0.11.0"),
    ("XFORMERS", "0.10.1", "0.12.0"),
    ("XFORMERS_VLLM_V1", "0.10.1", "0.11.0"),
)
"""The other ones: name, first release that has it, first that no longer does."""


def wanted(name: str, text: str, version: str) -> tuple[str, ...] | None:
    """The words one of which the release wants in a variable, where it ends at this text; None where it does not."""
    if name == "VLLM_USE_V1":
        ends = since(version, "0.11.0") and not since(version, "0.11.1") and text.strip() == "0"
        return ("1",) if ends else None
    if name != "VLLM_ATTENTION_BACKEND" or not since(version, _COMPARED):
        return None
    words = backends(version)
    return None if text in words else words


def backends(version: str) -> tuple[str, ...]:
    """The names of attention backends of a release from 0.10.1 on."""
    some = (name for name, first, gone in _SOME if since(version, first) and not (gone and since(version, gone)))
    return (*_ALWAYS, *some)
