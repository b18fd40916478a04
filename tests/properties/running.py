"""Running the product on generated input, and what must hold whatever it was."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
from hypothesis import HealthCheck, settings

from skewguard import api, report
from skewguard.cli import boundary
from skewguard.language.results import CheckReport, Report
from skewguard.report.check_documents import CheckDocument
from skewguard.report.documents import DiffDocument
from skewguard.report.settings_documents import SettingsDocument
from tests import searching

CODES = {0, 1, 2, 3}
"""What a command may end with; 4 would be a crash, 130 an interruption."""

DOCUMENTS: dict[str, Any] = {"check": CheckDocument, "settings": SettingsDocument, "diff": DiffDocument}


def examples(number: int) -> settings:
    """So many examples, in a working folder that all of them share."""
    return searching.examples(number, HealthCheck.function_scoped_fixture)


def ran(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output and error stream of one command."""
    out, err = io.StringIO(), io.StringIO()
    sys.stdin = io.TextIOWrapper(io.BytesIO(b""))
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = boundary.run(list(words))
    finally:
        sys.stdin = sys.__stdin__
    return code, out.getvalue(), err.getvalue()


def answered(*words: str) -> Any:
    """The document of a command that must have ended well; its types are those that are promised."""
    code, out, err = ran(*words, "-o", "json")
    assert code in CODES, err
    if not out:
        return None
    assert json.loads(out, parse_constant=_no_constant)["exit_code"] == code
    return msgspec.json.decode(out, type=DOCUMENTS[words[0]])


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def rendered(checked: Report) -> dict[str, str]:
    """The report in every format its verb has."""
    rules = api.rules() if isinstance(checked, CheckReport) else {}
    options = report.Options(color=False, width=100, verbose=True, lines=api.source_line, rules=rules)
    return {name: report.render(checked, name, options) for name in report.formats_for(report.verb(checked))}


def agree(texts: dict[str, str]) -> None:
    """Every format parses, and all of them tell the same number of findings."""
    document = msgspec.json.decode(texts["json"], type=CheckDocument)
    sarif = json.loads(texts["sarif"], parse_constant=_no_constant)
    results = sarif["runs"][0]["results"]
    assert len(document.findings) == len(results)
    cases = ET.fromstring(texts["junit"]).iter("testcase")  # noqa: S314  # our own text
    told = document.summary.by_verdict
    assert sum(told.values()) + len(document.errors) == len(list(cases))
    open_ = sum(finding.verdict in ("fail", "unknown", "error") for finding in document.findings)
    assert open_ + len(document.errors) + len(document.missing) == len(texts["github"].splitlines())
    assert texts["table"].count("\x1b") == 0


def save(name: str, content: Any) -> str:
    """A manifest as JSON, which is YAML; returns its name."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=True)
    Path(name).write_text(text, encoding="utf-8", errors="replace")
    return name
