"""Every example is judged as `expected.yaml` says: the product on input of the shapes people publish.

A message may be worded anew; a finding that comes or goes must be decided in that table.
"""

from typing import Any

import pytest
import yaml

from tests.examples import judging

EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load(judging.TABLE.read_text("utf-8"))
EVERY = pytest.mark.parametrize("name", judging.FILES)


def _in(folder: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", [name for name in judging.FILES if name.startswith(f"{folder}/")])


@EVERY
def test_example_is_judged_as_expected(name: str) -> None:
    """The exit code, the engines and every finding above a note are those of the table."""
    assert EXPECTED[name] == judging.judged(name)


@_in("clean")
def test_clean_example_has_no_failing_finding(name: str) -> None:
    """What is fully pinned passes without a word."""
    code, _ = judging.report(name)
    failing = [finding for finding in judging.findings(name) if finding.startswith("fail")]

    assert (code, failing) == (0, [])


@_in("public-shapes")
def test_published_shape_passes_with_advice_alone(name: str) -> None:
    """What people publish and run gives warnings, never an error."""
    code, _ = judging.report(name)
    errors = [finding for finding in judging.findings(name) if finding.startswith("fail error")]

    assert (code, errors) == (0, [])


@_in("skewed")
def test_skewed_example_is_found(name: str) -> None:
    """What is wrong on purpose is found: more than the missing revision that every public manifest has."""
    found = [finding for finding in judging.findings(name) if finding.startswith("fail")]

    assert [finding for finding in found if "pin." not in finding] != []


@EVERY
def test_every_finding_points_into_the_file(name: str) -> None:
    """A finding that has a place has a line of that file."""
    _, document = judging.report(name)
    count = len((judging.EXAMPLES / name).read_text("utf-8").splitlines())
    places = [finding["observed"]["origin"] for finding in document["findings"] if finding["observed"]]
    lines = [place["line"] for place in places if place and place.get("file") == name and place.get("line")]

    assert [line for line in lines if not 1 <= line <= count] == []


def test_contract_is_kept_by_one_example_and_broken_by_the_other() -> None:
    """The release that was validated passes; the next one breaks what was promised."""
    kept = [finding for finding in judging.findings("contract/deployment.yaml") if "contract." in finding]
    broken = [finding for finding in judging.findings("contract/drifted.yaml") if "contract.mismatch" in finding]

    assert [finding for finding in kept if finding.startswith("fail")] == []
    assert len([finding for finding in broken if finding.startswith("fail")]) >= 6


def test_model_that_does_not_fit_is_told_with_its_own_files() -> None:
    """Weights and one request are held against the GPU where the model's files are given."""
    lacking = [finding for finding in judging.findings("capacity/does-not-fit.yaml") if "does-not-fit" in finding]
    fitting = [finding for finding in judging.findings("capacity/fits.yaml") if finding.startswith("fail")]

    assert len(lacking) == 1
    assert fitting == []


def test_table_and_readme_name_every_example() -> None:
    """No example is forgotten, and none is listed that does not exist."""
    readme = (judging.EXAMPLES / "README.md").read_text("utf-8")

    assert sorted(EXPECTED) == judging.FILES
    assert [name for name in judging.FILES if f"({name})" not in readme] == []
