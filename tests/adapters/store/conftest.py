"""A store of each kind, empty, for tests that ask the same of both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from skewguard.adapters import store
from skewguard.adapters.store.keeping import Store
from tools.postgresql import programs
from tools.postgresql.server import Server, started


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server of this session; where none can be had, the tests that ask for it are listed as not run."""
    try:
        found = programs.find()
    except programs.NotToBeHad as why:
        pytest.skip(f"PostgreSQL: {why}")
    with started(found) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    running: Server = request.getfixturevalue("server")
    return running.database()


@pytest.fixture
def kept(url: str) -> Iterator[Store]:
    """An open, empty store of either kind."""
    with store.open(url, environ={}) as opened:
        yield opened
