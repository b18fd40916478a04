"""Baselines of a real vLLM: the very same server is never called worse, and what made it slower is found.

Takes about twenty minutes, and wants a machine on which nothing else runs.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from tests.engine.asking import Said, skewguard
from tests.engine.conftest import FLAGS, Servers
from tools.real_engine.checkpoint import COMPUTING
from tools.real_engine.serving import RealEngine

pytestmark = pytest.mark.engine

PAIRS = 30
LOAD = (
    "--profile", "concurrency", "--concurrency", "8", "--warmup", "5s",
    "--prompt-tokens", "16-48", "--output-tokens", "32", "--ignore-eos",
)  # fmt: skip
DURATION = 20
"""Seconds of a run: four hundred answers of the smallest model on two cores."""
TO_LEARN = 10
"""Runs of the very same server from which its noise is learned."""


class Recorder:
    """Records baselines of servers into one store, and compares them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = ("--store", str(folder / "store.db"))

    def record(self, engine: RealEngine, seconds: int = DURATION) -> str:
        """The id of a valid baseline of this server."""
        asked = ("--endpoint", engine.url, *LOAD, "--duration", f"{seconds}s")
        said = skewguard("baseline", "record", *asked, *self._store)
        assert said.exit_code == 0, said.document or said.stderr
        return str(said.document["id"])

    def learn(self, ids: Sequence[str]) -> None:
        """Keep the noise of runs of the very same server."""
        assert skewguard("baseline", "calibrate", *ids, *self._store).exit_code == 0

    def compare(self, before: str, after: str) -> Said:
        """What the second says against the first."""
        return skewguard("baseline", "compare", before, after, *self._store)


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    """One store for all servers of this file."""
    return Recorder(tmp_path_factory.mktemp("baselines"))


@pytest.fixture(scope="module")
def good(servers: Servers, recorder: Recorder) -> list[str]:
    """Runs of the very same server: one more than there are pairs. Its noise is learned from the first of them."""
    engine = servers.serve(FLAGS)
    ids = [recorder.record(engine) for _ in range(PAIRS + 1)]
    recorder.learn(ids[:TO_LEARN])
    return ids


@contextmanager
def neighbours() -> Iterator[None]:
    """As many busy processes as there are cores, until the block ends."""
    loop = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100_000))"
    busy = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for each in busy:
            each.kill()
            each.wait()


def worse(said: Said) -> list[str]:
    """The metrics that are called worse, each with its statistic."""
    metrics = said.document["metrics"]
    return [f"{each['name']} {each['stat']}" for each in metrics if each["verdict"] == "worse"]


def test_the_very_same_server_is_never_called_worse(recorder: Recorder, good: Sequence[str]) -> None:
    """Each run against the one before it: thirty pairs, none of them worse in any metric."""
    called = {pair: worse(recorder.compare(*pair)) for pair in pairwise(good)}

    assert [pair for pair in called if called[pair]] == []
    assert len(called) == PAIRS


def test_a_busy_neighbour_is_found(servers: Servers, recorder: Recorder, good: Sequence[str]) -> None:
    """Something else computes on the engine's cores: its tokens come slower."""
    engine = servers.serve(FLAGS)
    with neighbours():
        after = recorder.record(engine)

    said = recorder.compare(good[-1], after)

    assert said.exit_code == 1
    assert "output_tokens_per_second value" in worse(said)


def test_a_smaller_batch_is_found(servers: Servers, recorder: Recorder, good: Sequence[str]) -> None:
    """Two at once where eight are asked for: the rest waits, and throughput falls."""
    after = recorder.record(servers.serve((*FLAGS, "--max-num-seqs", "2")), 2 * DURATION)

    said = recorder.compare(good[-1], after)

    assert said.exit_code == 1
    assert {"output_tokens_per_second value", "ttft p95"} <= set(worse(said))


def test_another_dtype_is_found(servers: Servers, recorder: Recorder) -> None:
    """bfloat16 on a processor without instructions for it, and a model whose numbers cost more than the program around them: the
    smallest hardly tells its dtypes apart."""
    before = recorder.record(servers.serve(FLAGS, size=COMPUTING), 3 * DURATION)
    after = recorder.record(servers.serve((*FLAGS, "--dtype", "bfloat16"), size=COMPUTING), 3 * DURATION)

    said = recorder.compare(before, after)

    assert said.exit_code == 1
    assert "ttft p95" in worse(said)
