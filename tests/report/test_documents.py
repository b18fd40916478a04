"""The JSON documents: stable keys, readable schemas, and YAML that reads back the same."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language.findings import Observed
from skewguard.language.results import CheckReport
from skewguard.report import render, schemas
from skewguard.report.documenting import document
from skewguard.report.parts import plain
from skewguard.report.schemas import DOCUMENTS
from skewguard.report.yaml_text import emitted
from tests.json_schema import faults_of
from tests.report.every_report import EVERY_REPORT
from tests.report.reports import OPTIONS, REPORT, RUN_AT, SETTINGS, finding, summary

DOCS = Path(__file__).parents[2] / "docs" / "formats"
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def read(report: Any) -> Any:
    """The JSON document of a report."""
    return json.loads(render(report, "json", OPTIONS))


@pytest.mark.parametrize("name", EVERY_REPORT)
def test_every_document_says_what_it_is(name: str) -> None:
    """Schema, tool and exit code come first in every document."""
    assert list(read(EVERY_REPORT[name]))[:3] == ["schema", "tool", "exit_code"]


@pytest.mark.parametrize("name", EVERY_REPORT)
def test_every_document_fits_its_own_type(name: str) -> None:
    """What is printed reads back as the documented type, key by key."""
    made = document(EVERY_REPORT[name])
    again = msgspec.json.decode(render(EVERY_REPORT[name], "json", OPTIONS), type=type(made), strict=True)
    assert again == made


@pytest.mark.parametrize("name", EVERY_REPORT)
def test_every_document_is_valid_under_its_published_schema(name: str) -> None:
    """As a validator reads the file in docs/formats, which other programs build on."""
    assert faults_of(read(EVERY_REPORT[name])) == []


def test_finding_has_the_documented_keys() -> None:
    """The keys of a finding, in their order."""
    assert list(read(REPORT)["findings"][0]) == [
        "id", "check", "group", "category", "verdict", "severity", "setting", "anchor", "subject", "contract", "waiver",
        "expected", "observed", "inputs", "assumes", "message", "remedy", "effect", "pods",
    ]  # fmt: skip


def test_setting_has_exactly_one_of_value_choice_and_gap() -> None:
    """What is in effect is told in one way."""
    shapes = [list(line["effective"]) for line in read(SETTINGS)["subjects"][0]["settings"]]
    assert all(shape in (["value"], ["choice"], ["gap"]) for shape in shapes)
    assert {shape[0] for shape in shapes} == {"value", "choice", "gap"}


def test_numbers_without_a_json_form_become_text() -> None:
    """Infinity, NaN and integers beyond 64 bits are kept as text, never lost as null."""
    assert plain([float("inf"), float("nan"), 2**70, {1: (2,)}]) == ["inf", "nan", str(2**70), {"1": [2]}]


def test_lone_surrogate_does_not_stop_the_document() -> None:
    r"""YAML's `"\ud800"` has no UTF-8 form; the document is printed with a replacement."""
    found = finding("a.b", message="x\ud800y", observed=Observed({"\ud800": ["\udfff"]}, None, None))
    report = CheckReport(run_at=RUN_AT, findings=(found,), summary=summary((found,), ()))
    assert read(report)["findings"][0]["message"] == "x\ufffdy"


@given(JSON)
def test_yaml_reads_back_as_the_same_value(value: Any) -> None:
    """Whatever a document holds, its YAML is the same document."""
    assert yaml.safe_load(emitted(value)) == value


@pytest.mark.parametrize(
    "text", ["no", "1e3", "0o7", "1:30", "~", "", "- a", "a: b", "#", "2026-01-01", "\x85", "\ufeff", "="]
)
def test_yaml_text_stays_text(text: str) -> None:
    """Words that YAML would take for something else are quoted."""
    assert yaml.safe_load(emitted({text: text})) == {text: text}


@pytest.mark.parametrize("name", EVERY_REPORT)
def test_yaml_is_the_json_document(name: str) -> None:
    """Both formats hold the same document."""
    assert yaml.safe_load(render(EVERY_REPORT[name], "yaml", OPTIONS)) == read(EVERY_REPORT[name])


@pytest.mark.parametrize("name", schemas.files())
def test_generated_documentation_is_current(name: str) -> None:
    """Page and schemas in docs/formats are those of the code; write `schemas.files()` there when they are not."""
    assert (DOCS / name).read_text(encoding="utf-8") == schemas.files()[name]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schema_requires_the_name_of_the_document(name: str) -> None:
    """A reader can tell the documents apart by `schema` alone."""
    schema = json.loads(schemas.files()[f"{name}.schema.json"])
    assert schema["properties"]["schema"] == {"const": f"skewguard.dev/{name}/v1"}
    assert "schema" in schema["required"]


@given(st.lists(SCALARS, min_size=17, max_size=40))
def test_long_column_is_one_line_and_reads_back(column: list[Any]) -> None:
    """Sixty thousand moments do not fill sixty thousand lines."""
    text = emitted({"a": {"b": column}, "c": [column]})
    assert yaml.safe_load(text) == {"a": {"b": column}, "c": [column]}
    assert text.count("\n") == 4
