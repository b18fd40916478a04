"""What every test on the real control plane shares: one cluster for the whole run, and a namespace of each test's own."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tools.control_plane import binaries, sharing
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane
from tools.control_plane.running import ControlPlane

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the control plane: no file can forget to say so."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows what the programs of its cluster printed last."""
    report = yield
    if report.failed:
        for used in getattr(item, "funcargs", {}).values():
            if isinstance(used, Plane | ControlPlane):
                plane = used if isinstance(used, Plane) else used.plane
                report.sections.append(("control plane", plane.logs()))
    return report


@pytest.fixture(scope="session")
def programs() -> binaries.Binaries:
    """The programs of a control plane; tests that ask for one do not run where there are none."""
    try:
        return binaries.ready(sharing.tell)
    except binaries.NotToBeHad as why:
        pytest.skip(f"no control plane: {str(why).rstrip('.')}; then `make control-plane` builds one")


@pytest.fixture(scope="session")
def control_plane(programs: binaries.Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """The one control plane of this run, which all its processes use; a test makes itself a `namespace` on it."""
    base = tmp_path_factory.getbasetemp()
    # With several processes each has a folder of its own below one that is the run's.
    run = base.parent if base.name.startswith("popen-") else base
    with sharing.joined(run / "control-plane") as plane:
        yield plane


@pytest.fixture
def namespace(control_plane: Plane) -> Iterator[Namespace]:
    """A namespace of this test's own, with machines that only its pods use."""
    with control_plane.namespace() as made:
        yield made


@pytest.fixture(scope="module")
def own_control_plane(programs: binaries.Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane for this module alone, which may stop, suspend and restart its API server; starts in seconds."""
    with ControlPlane(programs, folder=tmp_path_factory.mktemp("own-control-plane")) as control_plane:
        yield control_plane
