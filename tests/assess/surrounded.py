"""Short ways from manifests to what is known of an engine and found about it, for tests of what surrounds it."""

from textwrap import dedent

from skewguard.assess import cases
from skewguard.judge.checks.interface import Case, Result
from skewguard.judge.checks.registry import CHECKS
from skewguard.knowledge.project import Project
from skewguard.language import documents
from skewguard.language.facts import Effective
from skewguard.observe.sources import manifests

DEPLOYMENT = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: chat, namespace: prod}
    spec:
      template:
        metadata: {labels: {app: chat}}
        spec:
          containers:
          - name: vllm
            image: vllm/vllm-openai:v0.11.0
            args: [--model=Qwen/Qwen3-8B, --max-model-len=32768]
            ports: [{containerPort: 8000, name: http}]
            resources: {limits: {nvidia.com/gpu: 1}}
"""
SERVICE = """
    apiVersion: v1
    kind: Service
    metadata: {name: chat, namespace: prod}
    spec: {selector: {app: chat}, ports: [{port: 80, targetPort: http}]}
"""


def engines(files: dict[str, str] | str) -> list[Case]:
    """The engines of some files (path → text), or of one."""
    found = []
    for path, text in ({"all.yaml": files} if isinstance(files, str) else files).items():
        read, errors = documents.read(dedent(text), path)
        assert errors == []
        found.extend(read)
    judged = cases.judged(manifests.read(found).inventory, Project())
    return [each.case for each in judged if each.case is not None]


def engine(*texts: str) -> Case:
    """The only engine of documents in one file."""
    (found,) = engines("\n---\n".join(dedent(text) for text in texts))
    return found


def known(setting: str, *texts: str) -> Effective:
    """What is known of a setting of the only engine."""
    return engine(*texts).sheet.effective(setting)


def found(check: str, case: Case) -> list[Result]:
    """What a check finds or cannot know."""
    return [each for each in CHECKS[check].run(case) if each.verdict in ("fail", "unknown")]


def together(*texts: str) -> str:
    """Documents as one file."""
    return "\n---\n".join(dedent(text) for text in texts)
