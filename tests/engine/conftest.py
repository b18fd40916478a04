"""Real servers for the tests of this folder: set up once on this machine, started as a test asks, one at a time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tools.real_engine import checkpoint, installing, serving
from tools.real_engine.checkpoint import SMALLEST, Size
from tools.real_engine.serving import RealEngine

TO_INSTALL = 20 * 60.0
TO_START = 10 * 60.0
"""Deadlines in seconds; on two idle cores it takes one minute and half a minute."""


FLAGS = ("--served-model-name", "chat", "--dtype", "float32", "--max-model-len", "512", "--max-num-seqs", "32")
"""What the server is started with that every other differs from in one setting."""


class Servers:
    """At most one server runs: two would need 6 GiB and share the cores. The last one is kept while the same is asked for."""

    def __init__(self, environment: Path, folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self._running = ExitStack()
        self._key: object = None
        self._engine: RealEngine | None = None

    def model(self, seed: int = 1, size: Size = SMALLEST) -> Path:
        """The checkpoint of a seed; its path is what the server calls the model."""
        return checkpoint.write(self._folder / f"model-{seed}-{size.hidden}", seed=seed, size=size)

    def serve(
        self,
        flags: Sequence[str],
        *,
        seed: int = 1,
        size: Size = SMALLEST,
        variables: Mapping[str, str] | None = None,
    ) -> RealEngine:
        """A server that answers, of this checkpoint with these flags and variables."""
        key = (tuple(flags), seed, size, tuple(sorted((variables or {}).items())))
        if self._engine is None or key != self._key:
            self.stop()
            self._engine = self._running.enter_context(
                serving.start(
                    serving.vllm(self._environment, self.model(seed, size)),
                    flags,
                    log=self._folder / "server.log",
                    variables={**serving.variables_of(self._environment), **(variables or {})},
                    deadline=TO_START,
                )
            )
            self._key = key
        return self._engine

    def stop(self) -> None:
        """End the server that runs, if one does."""
        self._engine = None
        self._running.close()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """What starts servers."""
    try:
        environment = installing.find_or_install(installing.default_cache(), deadline=TO_INSTALL)
    except installing.Unavailable as reason:
        pytest.skip(f"a real vLLM: {reason}")
    held = Servers(environment, tmp_path_factory.mktemp("engine"))
    try:
        yield held
    finally:
        held.stop()
