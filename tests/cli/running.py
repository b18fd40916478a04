"""Running the command line in this process, and manifests whose answers are known."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from skewguard.cli import boundary

GOOD = Path(__file__).parents[2].joinpath("examples/contract/deployment.yaml").read_text("utf-8")
"""A manifest with notes and nothing worse."""

WARNED = GOOD.replace("vllm-openai:v0.11.0", "vllm-openai:latest")
"""The same under a tag that changes: a warning."""

BAD = GOOD.replace("- --dtype=bfloat16", "- --dtyp=bfloat16\n            - --nonsense=1")
"""The same with a flag that vLLM does not know: an error."""

UNSEEN = GOOD.replace("--max-model-len=32768", "--max-model-len=$(LENGTH)").replace(
    "          env:\n",
    "          env:\n            - {name: LENGTH, valueFrom: {configMapKeyRef: {name: gone, key: length}}}\n",
)
"""The same with a length that stands in a ConfigMap which nobody gave."""

NO_ENGINE = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: nginx:1.27}]}\n"

CONTRACT = """\
apiVersion: skewguard.dev/v1alpha1
kind: ServingContract
metadata: {name: chat}
spec:
  targets: [{kind: Deployment, name: chat}]
"""

KEPT = f"{CONTRACT}  limits: {{max_model_len: 32768}}\n"
BROKEN = f"{CONTRACT}  limits: {{max_model_len: 16384}}\n"


class Outcome(Struct):
    """What one run left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as JSON."""
        return msgspec.json.decode(self.out)


Run = Callable[..., Outcome]


def runner(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs one command: `run("check", "x.yaml", stdin=…)`."""

    def run(*words: str, stdin: str | bytes = b"") -> Outcome:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        capsys.readouterr()
        code = boundary.run(list(words))
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return run


def write(path: str | Path, content: str | bytes) -> str:
    """A file with its folders; its path."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return os.fspath(path)


def program() -> list[str]:
    """The words that start the product as users do."""
    return [sys.executable, "-m", "skewguard"]
