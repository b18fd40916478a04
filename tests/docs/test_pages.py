"""The pages people copy from: every block of YAML in them is what the product accepts."""

import re
import shlex
from pathlib import Path

import pytest

from skewguard.cli import boundary
from skewguard.knowledge import project
from skewguard.knowledge.contract import loading
from skewguard.knowledge.engines import commands

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"


def blocks(page: str) -> list[str]:
    """The YAML blocks of a page, in order."""
    return re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def test_contract_page_shows_a_contract_that_loads() -> None:
    """The contract of the page loads without a mistake, every section read."""
    loaded = loading.load([("contract.md", blocks("contract.md")[0])])

    assert ([], 1, 1) == (loaded.errors, len(loaded.contracts), len(loaded.contracts[0].waivers))
    assert len(loaded.contracts[0].clauses) == 14


def test_configuration_page_shows_a_configuration_that_loads() -> None:
    """The configuration of the page is read without a mistake."""
    found, errors = project.read(blocks("configuration.md")[0], "config.yaml", tuple(commands.ENGINES))

    assert ([], 2, {"corp/gpu=h1": "H100-80GB"}, 2, "warning") == (
        errors, len(found.images), dict(found.accelerators), len(found.ignore), found.fail_on
    )  # fmt: skip


def test_first_page_shows_what_the_command_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The finding of the README is the product's own, word for word, with its place and its edit, and soon enough."""
    monkeypatch.chdir(ROOT)
    for name in ("COLUMNS", "FORCE_COLOR", "SKEWGUARD_FAIL_ON"):
        monkeypatch.delenv(name, raising=False)
    readme = (ROOT / "README.md").read_text("utf-8")
    ((command, shown),) = re.findall(r"```text\n\$ skewguard (.*?)\n(.*?)```", readme, re.DOTALL)

    assert 1 == boundary.run(shlex.split(command))
    assert shown in capsys.readouterr().out
    assert readme[: readme.index(shown) + len(shown)].count("\n") <= 30


@pytest.mark.parametrize(
    ("release", "row"),
    [
        ("0.8.0", "| **`runtime.prefix_caching`** | `false` | `true` |  |"),
        ("0.8.0", "| **`runtime.generation_config`** | *no value* | `auto` |  |"),
        ("0.11.1", "The image starts `vllm serve` instead of `python3 -m vllm.entrypoints.openai.api_server`."),
        ("0.18.0", "`--swap-space`"),
        ("0.20.0", "| **`runtime.gpu_memory_utilization`** | `0.9 (fraction)` | `0.92 (fraction)` |  |"),
        ("0.5.3", "| **`runtime.chunked_prefill`** | `false` | `true` | a context of 131072"),
        ("0.8.3", "| `8192 tokens` | `131072 tokens` | `model_max_length` 131072 beside 8192 positions |"),
        ("0.9.0", "| **`limits.max_num_seqs`** | `1024 requests` | `256 requests` | A100-80GB |"),
        ("0.9.1", "| **`runtime.dtype`** | `float16` | `bfloat16` | a float32 checkpoint |"),
        ("0.10.0", "| **`model.id`** | `facebook/opt-125m` | `Qwen/Qwen3-0.6B` | where none is given |"),
        ("0.11.1", "| **`limits.max_model_len`** | `131072 tokens` | `4096 tokens` | LongRoPE, 4096 to 131072 |"),
        ("0.14.0", "| **`runtime.kv_cache_dtype`** | `bfloat16` | `fp8_e4m3` | ModelOpt FP8 with an FP8 KV cache |"),
        ("0.17.0", "| `vllm.kv_transfer_config.kv_load_failure_policy` | `recompute` | `fail` |  |"),
        ("0.28.0", "| **`limits.max_num_batched_tokens`** | `8192 tokens` | `16384 tokens` | B200 |"),
        ("0.28.0", "| **`runtime.prefix_caching`** | `false` | `true` | a hybrid model with Mamba layers |"),
        ("0.30.0", "| **`limits.max_model_len`** | `131072 tokens` | `32768 tokens` | YaRN ×4 over 32768 |"),
    ],
)
def test_page_of_releases_tells_what_the_engines_notes_tell(release: str, row: str) -> None:
    """Changes that people were bitten by: by a flag's default, by a rule at the start, by the image."""
    page = (DOCS / "releases.md").read_text(encoding="utf-8")

    assert row in page.partition(f"### vLLM {release}, after")[2].partition("\n### ")[0]


@pytest.mark.parametrize(
    ("release", "row"),
    [
        ("0.4.3.post3", "| `sglang.schedule_policy` | `lpm` | `fcfs` |  |"),
        ("0.4.9.post4", "| **`runtime.block_size`** | `1 token` | *decided at the start* |  |"),
        ("0.5.4.post2", "| `sglang.lora_backend` | `triton` | `csgmv` |  |"),
        ("0.5.20", "| `sglang.chunked_prefill_size` | `2048` | `4096` | L4 |"),
        ("0.5.20", "`--cuda-graph-max-bs`"),
    ],
)
def test_page_of_releases_tells_of_sglang_too(release: str, row: str) -> None:
    """Flags, rules and what only the start decides."""
    page = (DOCS / "releases.md").read_text(encoding="utf-8")

    assert row in page.partition(f"### SGLang {release}, after")[2].partition("\n### ")[0]
