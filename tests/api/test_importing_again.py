"""`baseline import` of what was imported before: one run of a tool is one recording, however often its file is named."""

import shutil
from pathlib import Path

import pytest

from skewguard import api
from skewguard.language.baselines import Baseline
from skewguard.report import baseline_documents
from tests.api.recorded import baseline, keep

REPORT = Path(__file__).parents[1] / "data" / "load-reports" / "vllm-0.32.0-detailed.json"


def test_the_same_run_is_kept_once(tmp_path: Path) -> None:
    """By another name, or twice in one call; the id is that of the first, and it is said."""
    copy, store = tmp_path / "copy.json", str(tmp_path / "store.db")
    shutil.copy(REPORT, copy)
    first = api.import_baselines([str(REPORT)], store=store)
    again = api.import_baselines([str(copy), str(REPORT)], store=store)
    (made,) = first.baselines
    assert {each.id for each in again.baselines} == {made.id}
    assert first.notes == ()
    assert all(f"is kept already, as {made.id}" in note for note in again.notes)
    assert len(again.notes) == 2
    assert [each.id for each in api.list_baselines(store=store).baselines] == [made.id]


def test_the_same_run_of_another_workload_is_kept_of_it(tmp_path: Path) -> None:
    """Who imported it under the wrong name can do it again."""
    store = str(tmp_path / "store.db")
    first = api.import_baselines([str(REPORT)], as_="prod/deployment/chat", store=store)
    again = api.import_baselines([str(REPORT)], as_="prod/deployment/other", store=store)
    assert first.baselines[0].id != again.baselines[0].id
    assert again.notes == ()


STAGE = REPORT.parent / "inference-perf" / "stage_0_lifecycle_metrics.json"
SAID = {"profile": "poisson", "api": "completions"}


@pytest.fixture
def alone(tmp_path: Path) -> str:
    """A report of inference-perf without the file beside it that tells its load."""
    return str(shutil.copy(STAGE, tmp_path / STAGE.name))


def imported(path: str, store: str | None, **said: object) -> tuple[Baseline, tuple[str, ...]]:
    """What became of the one run in it, and what was noted."""
    made = api.import_baselines([path], as_="deployment/chat", said=said, store=store, keep=store is not None)
    return made.baselines[0], made.notes


def test_load_that_no_report_tells_can_be_said(alone: str) -> None:
    """What was said stands in the load, and beside it that somebody said it; what the report tells is not touched."""
    silent, _ = imported(alone, None)
    said, notes = imported(alone, None, **SAID)
    assert (silent.load.profile, silent.load.api) == ("untold", "untold")
    assert (said.load.profile, said.load.api, said.load.rate) == ("poisson", "completions", silent.load.rate)
    assert "not told by the report, but said when it was imported: profile poisson, api completions" in said.notes
    assert notes == ()


def test_what_a_report_tells_is_not_said_otherwise() -> None:
    """It stands, and that is noted: nobody turns a closed loop into another load by an option."""
    baseline, notes = imported(str(REPORT), None, profile="constant", rate=3.0, api="chat")
    assert (baseline.load.profile, baseline.load.rate) == ("poisson", 10.0)
    assert notes == (
        "a report of vllm bench serve tells profile poisson and not constant, rate 10.0 and not 3.0: what it tells stands",
    )


def test_number_that_no_such_load_has_is_not_taken(alone: str) -> None:
    """Requests at a rate have no number at once: it is left out, and that is noted."""
    baseline, notes = imported(alone, None, **SAID, concurrency=5)
    assert baseline.load.concurrency is None
    assert notes == ("a report of inference-perf tells a load without concurrency: what it tells stands",)


def test_rate_is_said_where_no_report_tells_it(tmp_path: Path) -> None:
    """A report in the format of llm-d without a scenario tells nothing of its load."""
    source = STAGE.parent / "inference-perf.partial.stage_0.yaml"
    silent, _ = imported(str(source), None)
    said, _ = imported(str(source), None, **SAID, rate=4.0)
    assert (silent.load.profile, silent.load.rate, silent.load.api) == ("untold", None, "untold")
    assert (said.load.profile, said.load.rate, said.load.api) == ("poisson", 4.0, "completions")


def test_run_whose_load_is_said_later_is_kept_once_more(alone: str, tmp_path: Path) -> None:
    """The one that does not tell it stays, and how to set it aside is said; saying the same again, or nothing, keeps no third."""
    store = str(tmp_path / "store.db")
    silent, _ = imported(alone, store)
    said, notes = imported(alone, store, **SAID)
    again, _ = imported(alone, store, **SAID)
    nothing, _ = imported(alone, store)
    assert silent.id != said.id
    assert f"`skewguard baseline retire {silent.id}`" in notes[0]
    assert again.id == said.id
    assert nothing.id == said.id
    assert len(api.list_baselines(store=store).baselines) == 2


def test_untold_load_is_kept_and_never_compared(alone: str, tmp_path: Path) -> None:
    """As it was read, it comes out of the store; with another such run it is not comparable, and both sides are told of."""
    store = str(tmp_path / "store.db")
    first, _ = imported(alone, store)
    other = tmp_path / "other.json"
    other.write_text(Path(alone).read_text().replace('"p99"', '"p98"'))
    second, _ = imported(str(other), store)
    assert api.show_baseline(first.id, store=store).baselines[0].load == first.load
    found = api.compare_baselines(first.id, second.id, store=store)
    assert found.exit_code == 3
    assert [(each.what, each.a, each.b) for each in found.comparison.differs if "not told" in each.a] == [
        ("profile", "not told", "not told"),
        ("api", "not told", "not told"),
        ("prompt source", "not told", "not told"),
    ]


def test_own_recording_is_kept_once(tmp_path: Path) -> None:
    """One that was written to a file and nowhere else: kept twice it would be a pair without any noise."""
    rescued, store = tmp_path / "rescued.json", str(tmp_path / "store.db")
    rescued.write_bytes(baseline_documents.write(baseline()))
    first = api.import_baselines([str(rescued)], store=store)
    again = api.import_baselines([str(rescued)], store=store)
    (made,) = first.baselines
    assert again.notes == (f"this recording is kept already, as {made.id}: it was not kept again",)
    assert [each.id for each in api.list_baselines(store=store).baselines] == [made.id]


def test_own_recording_of_another_workload_is_kept_of_it(tmp_path: Path) -> None:
    """`--as` of what the same store holds of somebody else: it is found where it is said to be."""
    exported, store = tmp_path / "exported.json", tmp_path / "store.db"
    (kept,) = keep(store, baseline())
    exported.write_bytes(baseline_documents.write(baseline(id=kept)))
    told = api.import_baselines([str(exported)], store=str(store))
    assert told.notes == (f"this recording is kept already, as {kept}: it was not kept again",)
    api.import_baselines([str(exported)], as_="prod/deployment/other", store=str(store))
    (found,) = api.list_baselines("deployment/other", namespace="prod", store=str(store)).baselines
    assert found.id != kept


def test_recording_of_skewguard_says_that_it_was_kept(tmp_path: Path) -> None:
    """Under which id, since it has another one where it came from."""
    file, store = tmp_path / "own.json", str(tmp_path / "store.db")
    file.write_bytes(baseline_documents.write(baseline()))
    made = api.import_baselines([str(file)], store=store)
    assert any(f"it was kept as it is, as {made.baselines[0].id} here" in note for note in made.notes)
