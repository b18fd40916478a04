"""From YAML text to the cases that are judged: the whole way of a manifest but for files and reports."""

from collections.abc import Sequence

from msgspec import structs

from skewguard.assess import cases, evaluation
from skewguard.assess.given import Given
from skewguard.judge.checks import registry
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract import binding, loading, writer
from skewguard.knowledge.project import Project
from skewguard.language.facts import Effective
from skewguard.language.findings import Finding
from tests.observe import reading


def case(
    container: str, pod: str = "", beside: str = "", *, image: str | None = None, given: Given | None = None
) -> Case:
    """The only engine of a Deployment whose container `vllm` holds these fields, with what was given beside it."""
    text = reading.deployment(container, pod, beside)
    if image is not None:
        text = text.replace("vllm/vllm-openai:v0.11.0", image)
    inventory = reading.read(text).inventory
    (found,) = [item.case for item in cases.judged(inventory, Project(), given=given) if item.case is not None]
    return found


def script(*lines: str, image: str | None = None, beside: str = "", more: str = "") -> Case:
    """The engine of a container that runs a script."""
    shown = "\n".join(f"    {line}" for line in lines)
    return case(f"command: [bash, -c]\nargs:\n  - |\n{shown}\n{more}", image=image, beside=beside)


def effective(of: Case, setting: str) -> Effective:
    """What decides a setting."""
    return of.sheet.effective(setting)


def findings(of: Case, *checks: str, contract: str | None = None) -> list[Finding]:
    """What the checks found: those named, or all. `contract` is the text of a contract to hold the case against."""
    if contract is not None:
        loaded = loading.load([("contract.yaml", contract)], list(registry.CHECKS))
        assert not loaded.errors, loaded.errors
        (of.binding,) = binding.bind(tuple(loaded.contracts), [of.sheet.subject], None)
    rows = [row for row in registry.CHECKS.values() if not checks or row.id in checks]
    return evaluation.evaluate(of, rows, str).findings


def clauses(of: Case, *lines: str) -> dict[str | None, str]:
    """The verdict of each clause of a contract whose spec holds these lines, by setting."""
    spec = "\n".join(f"  {line}" for line in lines)
    head = "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: c}\nspec:\n"
    text = f"{head}  targets: [{{kind: Deployment, name: chat}}]\n{spec}\n"
    loaded = loading.load([("contract.yaml", text)], list(registry.CHECKS))
    assert not loaded.errors, loaded.errors
    (of.binding,) = binding.bind(tuple(loaded.contracts), [of.sheet.subject], None)
    return {result.setting: result.verdict for result in registry.CHECKS["contract.mismatch"].run(of)}


def own_contract(of: Case) -> list[Finding]:
    """What `contract.mismatch` says of a case under the contract that is written from it."""
    return findings(structs.replace(of), "contract.mismatch", contract=writer.write(of, "own"))


def verdicts(found: Sequence[Finding]) -> list[tuple[str, str]]:
    """Check and verdict of each finding."""
    return [(item.check, item.verdict) for item in found]
