"""Rules for every test: nothing is left out in silence.

A test whose component cannot be had on a machine calls `pytest.skip` with the component and the way to get it. Such
tests are listed once more, under "not run", in the closing lines; with CI set in the environment the list must be
empty.
"""

import gc
import os
from collections.abc import Iterator

import pytest

from tests import searching


def pytest_configure(config: pytest.Config) -> None:
    """The tier that leaves out the slow tests also searches for a shorter time."""
    searching.load_profile(fast="not slow" in config.option.markexpr)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of collected tests live until the end: the garbage collector need not walk them again and again."""
    gc.freeze()


def _not_run(reporter: pytest.TerminalReporter) -> Iterator[tuple[str, str]]:
    for report in reporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        yield report.nodeid, reason.removeprefix("Skipped: ")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run of CI that left a test out."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and session.exitstatus == pytest.ExitCode.OK and reporter and any(_not_run(reporter)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the tests that did not run, with the reason."""
    left_out = list(_not_run(terminalreporter))
    if left_out:
        terminalreporter.section("not run")
        for name, reason in left_out:
            terminalreporter.line(f"not run: {name}: {reason}")
