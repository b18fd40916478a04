"""One recording as values: what is answered to which request, and the log without or with the tags of processes."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct


class Answer(Struct, frozen=True):
    """What was answered to one request, as it came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Recording(Struct, frozen=True):
    """One server: its engine, its command, its answers by method and target (path with query), and its log."""

    engine: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    answers: Mapping[tuple[str, str], Answer]
    log: str

    def answer(self, method: str, target: str) -> Answer | None:
        """What was answered to this request; one that was recorded without a query answers for every query."""
        path = target.partition("?")[0]
        return self.answers.get((method, target)) or self.answers.get((method, path))

    def log_without_tags(self) -> str:
        """The log as a release prints it that does not tag its lines with their process."""
        return re.sub(r"^\((?:APIServer|EngineCore|Worker|VllmWorker)[^)]*pid=\d+\) ", "", self.log, flags=re.MULTILINE)

    def log_with_tag(self, tag: str) -> str:
        """The log with this tag (`(EngineCore_DP0 pid=143)`) before each line, in place of its own."""
        return "".join(f"{tag} {line}" for line in self.log_without_tags().splitlines(keepends=True))


def read(folder: Path) -> Recording:
    """The recording in a folder."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    answers = {
        (each["method"], each["path"]): Answer(
            each["status"],
            tuple((name, value) for name, value in each["headers"]),
            (folder / each["file"]).read_bytes(),
        )
        for each in manifest["requests"]
    }
    engine = "sglang" if any("sglang" in word for word in manifest["cmd"]) else "vllm"
    log = (folder / "server.log").read_text("utf-8")
    return Recording(engine, tuple(manifest["cmd"]), manifest.get("env", {}), answers, log)
