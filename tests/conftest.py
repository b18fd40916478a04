"""Rules for every test: nothing is left out in silence.

A test whose component cannot be had on a machine calls `pytest.skip` with the component and the way to get it. Such
tests are listed once more, under "not run", in the closing lines; with CI set in the environment the list must be
empty. A tier that takes gigabytes runs where it is asked for by its marker, and the closing lines name it where not.
"""

import gc
import os
import signal
from collections.abc import Iterator

import pytest

from tests import searching


def pytest_configure(config: pytest.Config) -> None:
    """The tier that leaves out the slow tests also searches for a shorter time. A shell that starts the tests in the background has
    Ctrl-C ignored by all that they start: those that send it would wait for ever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    searching.load_profile(fast="not slow" in config.option.markexpr)


OPT_IN = {"engine": "make test-engine"}
"""Tiers that run only where the marker is named with `-m`, and the task that does so."""


def _unasked(config: pytest.Config) -> list[str]:
    return [tier for tier in OPT_IN if tier not in config.option.markexpr]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the opt-in tiers out that nobody asked for."""
    unasked = _unasked(config)
    left_out = [item for item in items if any(item.get_closest_marker(tier) for tier in unasked)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """List the tests that did not run, with the reason, and the tiers that nobody asked for."""
    left_out = list(_not_run(terminalreporter))
    if left_out:
        terminalreporter.section("not run")
        for name, reason in left_out:
            terminalreporter.line(f"not run: {name}: {reason}")
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        for tier in _unasked(config):
            terminalreporter.line(f"opt-in, not asked for: the tests marked {tier} ({OPT_IN[tier]})")
