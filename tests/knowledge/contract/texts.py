"""Short contracts for tests."""

from skewguard.knowledge.contract import loading
from skewguard.knowledge.contract.values import Clause, Contract

HEAD = "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: chat}\n"
TARGETS = "  targets: [{kind: Deployment, name: chat}]\n"
CHECKS = ("pin.image-digest", "pin.image-tag", "contract.mismatch", "limits.lengths")


def contract_text(body: str, targets: str = TARGETS) -> str:
    """A contract whose spec is `body` (indented by two), bound to the Deployment chat."""
    lines = "".join(f"  {line}\n" for line in body.splitlines())
    return f"{HEAD}spec:\n{targets}{lines}"


def load(text: str, path: str = "chat.yaml") -> loading.Loaded:
    """Read one text as a file of contracts."""
    return loading.load([(path, text)], CHECKS)


def contract(body: str) -> Contract:
    """The one contract of a text that has no mistakes."""
    loaded = load(contract_text(body))
    assert loaded.errors == []
    return loaded.contracts[0]


def clause(body: str) -> Clause:
    """The one clause of a contract."""
    return contract(body).clauses[0]


def complaints(text: str) -> list[str]:
    """Every mistake as `line:column message (hint)`."""
    loaded = load(text)
    return [
        f"{error.line}:{error.column} {error.message}" + (f" ({error.hint})" if error.hint else "")
        for error in loaded.errors
    ]
