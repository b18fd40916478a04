"""What vLLM is told of the KV cache that it hands to another server, or gets from one."""

from collections.abc import Iterator

from skewguard.judge.checks.interface import Case, Result, check, fail
from skewguard.knowledge.engines import history

_ROLES = ("kv_producer", "kv_consumer", "kv_both")


@check(
    "parallel.kv-role",
    reads_arguments=True,
    title="The role in the transfer of KV caches is none",
    category="runtime",
    severity="error",
    until_ready=True,
    why="A server that moves its KV cache is a producer, a consumer or both. vLLM ends at its start at any other word, and "
    "at a connector without a role.",
    remedy='write "kv_role": "kv_producer", "kv_consumer" or "kv_both"',
    bad="""args: ['--kv-transfer-config={"kv_connector": "NixlConnector", "kv_role": "both"}']""",
    good="""args: ['--kv-transfer-config={"kv_connector": "NixlConnector", "kv_role": "kv_both"}']""",
    sources=("vLLM vllm/config/kv_transfer.py: KVTransferConfig, every release from 0.6.5 on",),
)
def kv_role(case: Case) -> Iterator[Result]:
    """A role that vLLM does not know, or a connector without one."""
    setting = "vllm.kv_transfer_config"
    written = case.sheet.declared(setting) if case.engine == "vllm" else None
    if written is None or not isinstance(written.value, dict):
        return
    role, connector = written.value.get("kv_role"), written.value.get("kv_connector")
    if role in _ROLES or (role is None and connector is None):
        return
    near = history.nearest(str(role), _ROLES) if role is not None else None
    yield fail(
        f"`kv_role` is {role}, and {case.title} knows {', '.join(_ROLES)} alone: it does not start"
        if role is not None
        else f"`kv_connector` is {connector} without a `kv_role`: {case.title} does not start",
        remedy=f'write `"kv_role": "{near}"`' if near else "",
        setting=setting,
        anchor="--kv-transfer-config",
        fact=written,
    )
