"""The product as its users start it, and the contract that a test holds a server to."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

PATIENT = 120.0
"""Seconds that one command may take; it takes one."""


class Said(NamedTuple):
    """What a command answered: its exit code, its document, and what it wrote for the eye."""

    exit_code: int
    document: dict[str, Any]
    stderr: str

    def found(self, verdict: str) -> list[str]:
        """The settings with this verdict, in order; `check` where a finding is of no setting."""
        findings = [each for each in self.document["findings"] if each["verdict"] == verdict]
        return sorted(each["setting"] or each["check"] for each in findings)


def skewguard(*words: str) -> Said:
    """Run the product, away from every contract and config of this repository. What a person would see is printed too:
    pytest shows it with a test that fails, and of all tests with `-rP`.
    """
    with TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        program = [str(Path(sys.executable).parent / "skewguard"), *words, "-o", f"json={result}", "-o", "table"]
        done = subprocess.run(program, capture_output=True, text=True, timeout=PATIENT, cwd=os.sep, check=False)
        print(" ".join(["skewguard", *words]), done.stdout, done.stderr, sep="\n")  # noqa: T201 - pytest shows it
        document = json.loads(result.read_text("utf-8")) if result.exists() else {}
        return Said(done.returncode, document, done.stderr)


def contract(folder: Path, promises: Mapping[str, object]) -> Path:
    """A contract file with these promises, by the names of settings; engines' own settings are told by their prefix."""
    spec: dict[str, Any] = {"targets": [{"kind": "*", "name": "*"}]}
    for setting, value in promises.items():
        section, _, name = setting.partition(".")
        if section == "vllm":
            spec.setdefault("engine_settings", {})[setting] = value
        else:
            spec.setdefault(section, {})[name] = value
    whole = {
        "apiVersion": "skewguard.dev/v1alpha1",
        "kind": "ServingContract",
        "metadata": {"name": "chat"},
        "spec": spec,
    }
    path = folder / "chat.yaml"
    path.write_text(json.dumps(whole, indent=1), "utf-8")
    return path


def settled(document: Mapping[str, Any]) -> dict[str, tuple[Any, str | None, str | None]]:
    """Value, authority and place of the settings that have a value, in a document of one subject."""
    (subject,) = document["subjects"]
    return {row["setting"]: _value(row) for row in subject["settings"] if "value" in row["effective"]}


def _value(row: Mapping[str, Any]) -> tuple[Any, str | None, str | None]:
    deciding = next((fact for fact in row["facts"] if fact["authority"] == row["authority"]), None)
    return row["effective"]["value"], row["authority"], deciding["origin"]["ref"] if deciding else None
