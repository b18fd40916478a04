"""`baseline import` of what was imported before: one run of a tool is one recording, however often its file is named."""

import shutil
from pathlib import Path

from skewguard import api

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
