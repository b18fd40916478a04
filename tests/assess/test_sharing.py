"""Sharing: a vector that stands in many places is read once, and no answer carries another one's place or values."""

from msgspec import structs

from skewguard.adapters import files
from skewguard.assess import cases, sharing
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.project import Project
from skewguard.language import documents
from skewguard.language.facts import Effective
from skewguard.language.workloads import Inventory
from skewguard.observe.sources import manifests
from tests.examples.judging import EXAMPLES

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: NAME}
spec:
  containers:
  - name: vllm
    image: vllm/vllm-openai:v0.11.0
    args: [--model=m/x, --max-model-len, 8k]
    env: [{name: VLLM_ATTENTION_BACKEND, value: VALUE}]
"""


def _inventory(*texts: tuple[str, str]) -> Inventory:
    found = [document for path, text in texts for document in documents.read(text, path)[0]]
    return manifests.read(found).inventory


def _cases(inventory: Inventory) -> list[Case]:
    return [item.case for item in cases.judged(inventory, Project()) if item.case is not None]


def _defaults(found: list[Case]) -> list[dict[str, Effective]]:
    """What the engine's rules give; routes and autoscalers have no part in it, and differ with who else is there."""
    return [
        {name: given for name in case.sheet.names() if (given := case.sheet.default(name)) is not None}
        for case in found
    ]


def test_every_container_is_read_as_if_it_were_alone() -> None:
    """All examples twice, the second time elsewhere: parsed arguments and derived settings are those of a reading alone."""
    texts = [(str(path), files.read_text(str(path))) for path in sorted(EXAMPLES.rglob("*.yaml"))]
    moved = [(f"moved/{path}", f"# moved\n{text}") for path, text in texts]

    inventory = _inventory(*texts, *moved)
    together = _cases(inventory)
    alone = [case for each in inventory.workloads for case in _cases(structs.replace(inventory, workloads=(each,)))]

    assert [case.parsed for case in alone] == [case.parsed for case in together]
    assert _defaults(alone) == _defaults(together)


def test_values_of_the_environment_are_not_shared() -> None:
    """Equal arguments under another variable keep their own value, at their own place."""
    first, second = (POD.replace("NAME", name).replace("VALUE", name.upper()) for name in ("one", "two"))

    found = [
        case.sheet.effective("runtime.attention_backend") for case in _cases(_inventory(("a", first), ("b", second)))
    ]

    assert [("ONE", "a"), ("TWO", "b")] == [(fact.value, fact.origin.file) for fact in found]  # type: ignore[union-attr]


def test_what_is_remembered_is_bounded() -> None:
    """More vectors than are kept do not grow the memory, and change no answer."""
    many = [(f"{number}.yaml", POD.replace("8k", str(1000 + number))) for number in range(sharing.MOST_VECTORS + 9)]

    found = [case.sheet.effective("limits.max_model_len") for case in _cases(_inventory(*many))]

    assert [1000 + number for number in range(len(many))] == [fact.value for fact in found]  # type: ignore[union-attr]
