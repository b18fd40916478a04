"""Whatever the verbs about performance print or keep is valid under the JSON Schema that is published of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skewguard.adapters import store
from skewguard.api import keeping, watching
from skewguard.judge.baseline import validity
from tests.api.recorded import baseline, invalid, keep
from tests.api.test_kept_baselines import shares
from tests.cli.running import BROKEN, GOOD, KEPT, Run, write
from tests.cli.test_import import DATA
from tests.fakes import engine
from tests.json_schema import faults_of

SMALL = ("--requests", "40", "--warmup", "0s", "--prompt-tokens", "16", "--output-tokens", "4")
GATE = ("--sanity-duration", "1500ms", "--contract", "c.yaml")


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short look, and a machine that others do not use."""
    monkeypatch.setattr(watching, "LOOK_S", 0.1)
    monkeypatch.setattr(validity, "_of_instrument", lambda *_, **__: ())


@pytest.fixture
def url() -> Iterator[str]:
    """An engine that answers."""
    with engine.serving(engine.Answer(ttft=0.01, gap=0.001)) as served:
        yield served


@pytest.fixture
def ids(here: Path) -> list[str]:
    """What the store holds: three valid recordings, and one that is not."""
    every = [baseline(1 + each / 500, f"2026-11-28T1{each}:00:00+00:00") for each in range(3)]
    return keep(here / "s.db", *every, invalid())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("baselines", ("list",)),
        ("baselines", ("list", "--all")),
        ("baselines", ("list", "sts/nobody")),
        ("baseline", ("show", "deploy/chat")),
        ("baseline", ("show", "ID")),
        ("baseline", ("export", "ID")),
        ("comparison", ("compare", "ID", "ID2")),
        ("comparison", ("compare", "deploy/chat")),
        ("comparison", ("compare", "ID", "BAD")),
        ("calibration", ("calibrate", "deploy/chat")),
        ("baseline", ("merge", "0.json", "1.json")),
        ("baseline", ("import", str(DATA / "vllm-0.32.0-detailed.json"))),
        ("baselines", ("import", str(DATA), str(DATA / "inference-perf"), str(DATA / "aiperf"))),
        ("baseline", ("record", "--endpoint", "URL", *SMALL)),
        ("baseline", ("record", "--endpoint", "URL", "--slo", "ttft.p95=1ms", *SMALL)),
        ("calibration", ("calibrate", "--runs", "3", "--endpoint", "URL", *SMALL)),
    ],
    ids=lambda each: " ".join(each)[:40] if isinstance(each, tuple) else None,
)
def test_what_a_verb_prints_is_valid(
    run: Run, ids: list[str], here: Path, url: str, name: str, words: tuple[str, ...]
) -> None:
    """As real runs print it, not only as reports made by hand do."""
    shares(here)
    meant = {"ID": ids[0], "ID2": ids[1], "BAD": ids[3], "URL": url}
    done = run("baseline", *(meant.get(word, word) for word in words), "--store", "s.db", "-o", "json")
    assert done.document["schema"] == f"skewguard.dev/{name}/v1", done.err
    assert faults_of(done.document) == []


@pytest.mark.parametrize("contract", [KEPT, BROKEN], ids=["kept", "broken"])
@pytest.mark.parametrize("there", [True, False], ids=["answers", "silent"])
def test_what_a_gate_prints_is_valid(run: Run, url: str, contract: str, there: bool) -> None:
    """With findings of the load, and where none could be sent."""
    write("c.yaml", contract)
    done = run(
        "check", write("x.yaml", GOOD), *GATE, "--endpoint", url if there else "http://127.0.0.1:9", "-o", "json"
    )
    assert done.document["schema"] == "skewguard.dev/report/v1"
    assert faults_of(done.document) == []


def test_what_the_store_keeps_is_valid(run: Run, ids: list[str], here: Path, url: str) -> None:
    """The body of every record is the document that its envelope names, and so is the one with the rows."""
    for words in (
        ("record", "--endpoint", url, *SMALL),
        ("calibrate", *ids[:3]),
        ("retire", ids[0], "--reason", "x"),
        ("retire", ids[0], "--undo", "--reason", "y"),
    ):
        assert run("baseline", *words, "--store", "s.db").code == 0
    with store.open(str(here / "s.db"), environ={}) as records:
        kept = [(each.schema, bytes(each.body)) for each in records.find()]
        kept += [
            (each.schema, records.attachment(each.id, keeping.WHOLE)) for each in records.find() if each.attachments
        ]
    assert {schema.split("/")[1] for schema, _ in kept} == {"baseline", "calibration", "retirement", "reinstatement"}
    for schema, body in kept:
        document: dict[str, Any] = json.loads(body)
        assert document["schema"] == schema
        assert faults_of(document) == []
