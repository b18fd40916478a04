"""What `trtllm-serve` does around click's parser, by release: which program it is, and how its file meets its flags.

Read in the documentation that each release generates from its own commands (`commands/trtllm-serve`), in the released
`llmapi/llm_args.py` that it carries (1.0.0, 1.1.0, 1.2.0), and in the states of `commands/serve.py` between them:

* up to 1.2.1 the file that `--config` (up to 1.1.0: `--extra_llm_api_options`) names is laid over the flags, key by key;
* up to 1.1.0 its `kv_cache_config` replaces the flag's whole object, from 1.2.0 on it is laid over it key by key;
* up to 1.0.0 four limits reach the engine a second time, inside the build configuration made of the flags. Under
  PyTorch that one wins, so that the file's own word for them has no effect; 1.1.0 carries the file's word over;
* in 1.3.0rc29 flags that somebody wrote win, and the file speaks for the rest.
"""

from functools import cache
from typing import Literal

from msgspec import Struct

from skewguard.knowledge.engines.versions import since

Program = Literal["trtllm-serve serve"]
SERVE: Program = "trtllm-serve serve"
CONFIG = "extra_llm_api_options"
"""The destination of the file's path, whichever of its two names is written."""

FIRST_CARRIED = "1.1.0"
FIRST_MERGED = "1.2.0"
FIRST_FLAGS_WIN = "1.3.0rc29"
FIRST_READ_KNOBS = "1.0.0"

KNOBS = ("max_batch_size", "max_num_tokens", "max_beam_width", "max_seq_len")
"""The limits that the build configuration holds as well."""

KV_FIELDS = {"dtype": "kv_cache_dtype"}
"""Fields of `kv_cache_config` that have another destination here than their own name."""

SERVER_ONLY = frozenset(
    (
        "allow_request_chat_template", "chat_template", "custom_module_dirs", "disagg_cluster_uri", "enable_visual_gen",
        "extra_llm_api_options", "grpc", "grpc_protocol", "host", "log_level", "media_io_kwargs",
        "metadata_server_config_file", "middleware", "moe_cluster_parallel_size", "num_input_processor_workers",
        "num_media_load_workers", "port", "report_addr", "served_model_name", "server_role", "tool_parser",
        "visual_gen_args",
    )
)  # fmt: skip
"""Destinations of the server around the engine, which no key of the file reaches."""

SUBCOMMANDS = ("serve", "disaggregated", "disaggregated_mpi_worker", "mm_embedding_serve", "grpc", "embeddings")


class Behaviour(Struct, frozen=True):
    """What one release does with a file.

    `flags_win`: written flags go before it. `merges_cache`: its `kv_cache_config` is laid over the flags' key by key.
    `knobs`: what becomes of its own word for the four limits: `carried` (it counts), `built` (the flags' count under
    PyTorch), `unread` (nobody has read which).
    """

    flags_win: bool
    merges_cache: bool
    knobs: Literal["carried", "built", "unread"]


@cache
def behaviour(version: str) -> Behaviour:
    """What release `version` does."""
    knobs: Literal["carried", "built", "unread"] = "built" if since(version, FIRST_READ_KNOBS) else "unread"
    return Behaviour(
        flags_win=since(version, FIRST_FLAGS_WIN),
        merges_cache=since(version, FIRST_MERGED),
        knobs="carried" if since(version, FIRST_CARRIED) else knobs,
    )


BOUNDARIES = (FIRST_READ_KNOBS, FIRST_CARRIED, FIRST_MERGED, FIRST_FLAGS_WIN)
"""The releases at which a file begins to be read in another way."""
