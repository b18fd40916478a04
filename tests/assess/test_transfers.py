"""The role of a server in the transfer of KV caches."""

import pytest

from tests.assess.laid_out import case, findings


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ('{"kv_connector": "NixlConnector", "kv_role": "kv_both"}', []),
        ('{"kv_connector": "NixlConnector", "kv_role": "kv_producer"}', []),
        ('{"kv_connector": "NixlConnector", "kv_role": "kv_reader"}', ["fail"]),
        ('{"kv_connector": "NixlConnector"}', ["fail"]),
        ('{"kv_buffer_size": 1}', []),
        ("$(TRANSFER)", []),  # nobody knows
    ],
)
def test_role_that_vllm_does_not_know_is_an_error(config: str, expected: list[str]) -> None:
    """It ends at its start, and at a connector without a role."""
    served = case(
        f"args: ['--model=m', '--kv-transfer-config={config}']\nenvFrom: [{{configMapRef: {{name: unseen}}}}]"
    )
    assert [item.verdict for item in findings(served, "parallel.kv-role")] == expected


def test_nearest_role_is_advised() -> None:
    """A slip in the word."""
    served = case("""args: ['--model=m', '--kv-transfer-config={"kv_connector": "c", "kv_role": "kv_producr"}']""")
    (found,) = findings(served, "parallel.kv-role")

    assert (found.severity, found.remedy) == ("error", 'write `"kv_role": "kv_producer"`')
