"""Short ways from YAML text to what the observer read, for its tests."""

from textwrap import dedent, indent

from skewguard.language import documents
from skewguard.language.workloads import Container, Invocation, Token, Workload
from skewguard.observe.sources import manifests
from skewguard.observe.sources.manifests import Manifests

FILE = "deploy.yaml"
POD = "{containers: [{name: c, image: i, args: [a]}]}"
TEMPLATE = f"{{metadata: {{labels: {{app: x}}}}, spec: {POD}}}"


def read(*texts: str, namespace: str | None = None) -> Manifests:
    """Everything some files hold; the second is `1.yaml`, and so on."""
    found = []
    for number, text in enumerate(texts):
        documents_, errors = documents.read(dedent(text), f"{number}.yaml" if number else FILE)
        assert errors == []
        found.extend(documents_)
    return manifests.read(found, namespace)


def workloads(*texts: str) -> tuple[Workload, ...]:
    """The workloads of some files."""
    return read(*texts).inventory.workloads


def told(*texts: str) -> list[tuple[str, str | None, list[str]]]:
    """(kind, role, container names) of each workload."""
    return [
        (each.subject.kind, each.subject.role, [item.name for item in each.template.containers])
        for each in workloads(*texts)
    ]


def only(text: str) -> Workload:
    """The one workload of a text."""
    found = workloads(text)
    assert len(found) == 1
    return found[0]


def deployment(container: str, pod: str = "", beside: str = "") -> str:
    """A Deployment in namespace prod with one container `vllm`, more of its pod, and further documents."""
    more = indent(dedent(container), " " * 10).rstrip()
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: chat, namespace: prod}\nspec:\n  template:\n    spec:\n"
        f"{indent(dedent(pod), ' ' * 6)}\n      containers:\n        - name: vllm\n          image: vllm/vllm-openai:v0.11.0\n"
        f"{more}\n{('---' + chr(10) + dedent(beside)) if beside else ''}"
    )


def container(text: str, pod: str = "", beside: str = "") -> Container:
    """The only container of a Deployment."""
    return workloads(deployment(text, pod, beside))[0].template.containers[0]


def starts(text: str, pod: str = "", beside: str = "") -> list[tuple[str, bool, list[str]]]:
    """(via, certain, words) of every program start of a container."""
    return [
        (each.via, each.certain, [token.text for token in each.argv])
        for each in container(text, pod, beside).invocations
    ]


def words(invocation: Invocation) -> list[str]:
    """The words of an invocation."""
    return [token.text for token in invocation.argv]


def slices(tokens: tuple[Token, ...], text: str) -> list[str]:
    """What stands in the file at the place of each token."""
    lines = text.split("\n")
    found = []
    for token in tokens:
        place = token.origin
        assert place.line is not None
        assert place.column is not None
        end = place.end_column if place.end_column is not None else len(lines[place.line - 1]) + 1
        found.append(lines[place.line - 1][place.column - 1 : end - 1])
    return found
