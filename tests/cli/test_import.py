"""`baseline import`: reports of other tools into the store, each file for itself."""

import json
import shutil
from pathlib import Path

import pytest

from tests.api.recorded import baseline, keep
from tests.cli.running import Run, write

DATA = Path(__file__).parents[1] / "data" / "load-reports"
VLLM = str(DATA / "vllm-0.32.0-detailed.json")


@pytest.fixture
def store(here: Path) -> str:
    """A store of this test's own."""
    return f"sqlite:///{here}/store.db"


def test_an_imported_run_is_kept_and_found_again(run: Run, store: str) -> None:
    """Under the workload that it is said to be of."""
    made = run("baseline", "import", VLLM, "--as", "prod/deploy/chat", "--store", store, "-o", "json")
    assert made.code == 0, made.err
    shown = run("baseline", "show", "deploy/chat", "-n", "prod", "--store", store, "-o", "json")
    assert shown.code == 0, shown.err
    text = json.dumps(shown.document)
    assert "vllm bench serve" in text
    assert '"chat"' in text


def test_what_no_report_tells_of_a_load_is_said_on_the_command_line(run: Run, here: Path) -> None:
    """Without it the load is unknown in words and in the document; with it as somebody says."""
    alone = shutil.copy(
        DATA / "inference-perf" / "stage_0_lifecycle_metrics.json", here / "stage_0_lifecycle_metrics.json"
    )
    silent = run("baseline", "import", str(alone), "--as", "deploy/chat", "--no-store")
    assert silent.code == 0, silent.err
    assert "unknown arrivals 4 req/s" in silent.out
    assert "API unknown" in silent.out
    words = ("--profile", "poisson", "--api", "completions")
    said = run("baseline", "import", str(alone), "--as", "deploy/chat", "--no-store", *words, "-o", "json")
    assert (said.document["load"]["profile"], said.document["load"]["api"]) == ("poisson", "completions")


def test_without_a_store_it_is_shown_alone(run: Run, store: str) -> None:
    """Nothing is written."""
    made = run("baseline", "import", VLLM, "--no-store")
    assert made.code == 0, made.err
    assert "vllm bench serve" in made.out


def test_one_broken_file_hides_no_other(run: Run, here: Path) -> None:
    """The sound one is shown, the others are told with their names, and the exit code is 2."""
    cut = write(here / "cut.json", Path(VLLM).read_text()[:500])
    other = write(here / "other.json", '{"a": 1}')
    made = run("baseline", "import", cut, other, str(here / "gone.json"), VLLM, "--no-store", "-o", "json")
    assert made.code == 2
    files = {each["file"] for each in made.document["errors"]}
    assert {Path(each).name for each in files} == {"cut.json", "other.json", "gone.json"}
    assert "vllm bench serve" in made.out


def test_a_folder_is_read_with_what_lies_in_it(run: Run, here: Path) -> None:
    """Stages once each, without the summary of them; rows with their report; and what is no report is told."""
    folder = here / "results"
    shutil.copytree(DATA / "inference-perf", folder)
    shutil.copytree(DATA / "aiperf", folder, dirs_exist_ok=True)
    write(folder / "notes.json", '{"a": 1}')
    made = run("baseline", "import", str(folder), "--no-store", "-o", "json")
    assert made.code == 0, made.out + made.err
    text = json.dumps(made.document)
    assert text.count('"made_by": "inference-perf"') == 2
    assert text.count('"made_by": "AIPerf 0.13.0"') == 1
    assert "notes.json" in text


def test_a_folder_without_a_report_is_an_error(run: Run, here: Path) -> None:
    """It says so, and does not pass in silence."""
    write(here / "results" / "notes.json", '{"a": 1}')
    made = run("baseline", "import", str(here / "results"), "--no-store")
    assert made.code == 2
    assert "no report that is known" in " ".join((made.out + made.err).split())


def test_a_run_without_an_answer_is_kept_as_invalid(run: Run, here: Path, store: str) -> None:
    """Exit code 3, and nothing is ever compared with it."""
    tree = {key: each for key, each in json.loads(Path(VLLM).read_text()).items() if not isinstance(each, list)}
    path = write(here / "none.json", json.dumps({**tree, "completed": 0, "failed": 20}))
    made = run("baseline", "import", path, "--as", "deploy/chat", "--store", store)
    assert made.code == 3
    assert "no request was answered" in made.out


def test_recording_out_of_the_same_store_is_kept_once(run: Run) -> None:
    """What was exported is not another measurement; another store takes it as a new one."""
    (made,) = keep(Path("s.db"), baseline())
    write("one.json", run("baseline", "export", made, "--store", "s.db").out)
    for store in ("s.db", "t.db"):
        assert run("baseline", "import", "one.json", "--store", store).code == 0
        assert len(run("baseline", "list", "--store", store, "-o", "json").document["baselines"]) == 1
