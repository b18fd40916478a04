"""The page of the comparison of load generators."""

from typing import Any

import pytest

from benchmarks.loadgen import page
from benchmarks.loadgen.running import START, Outcome

OURS, PEERS = {"client": "our client"}, {"slow": "a slow tool", "other": "another tool"}
RUN: dict[str, Any] = {
    "command": "python -m benchmarks.loadgen",
    "minutes": 3.2,
    "machine": {"processor": "a processor", "cores": 2, "memory_gib": 24, "kernel": "6.1", "python": "3.11.7"},
    "notes": {"slow": "It is slow."},
    "left_out": ["absent: it needs Python 4"],
}


def rendered(*outcomes: Outcome) -> str:
    """A page of these."""
    return page.render(outcomes, OURS, PEERS, RUN)


def peaks(tool: str, *rates: float) -> list[Outcome]:
    """One outcome a round."""
    return [Outcome(tool, "peak", turn, {"rate": rate, "others_cores": 0.05}) for turn, rate in enumerate(rates)]


def test_number_is_shown_as_median_with_least_most_and_rounds() -> None:
    """What a reader needs to doubt it."""
    assert "| peak requests/s | 900 (800 to 1000; 3) | – |" not in rendered(*peaks("client", 800, 1000, 900))
    assert "| peak requests/s | 900 (800 to 1000; 3) |" in rendered(*peaks("client", 800, 1000, 900))


@pytest.mark.parametrize(("rate", "verdict"), [(500.0, "5.0 | pass"), (400.0, "4.0 | **MISSED**")])
def test_promise_that_is_missed_is_said_as_loudly_as_one_that_is_kept(rate: float, verdict: str) -> None:
    """Honestly, and with the ratio."""
    text = rendered(*peaks("client", rate), *peaks("slow", 90), *peaks("other", 100))

    assert f"| peak requests/s: at least 5x | our client | {rate:g} | 100 (another tool) | {verdict} |" in text


def test_ratio_of_what_should_be_little_is_a_fraction() -> None:
    """A tenth of the best start-up."""
    outcomes = [Outcome(tool, START, 0, {"startup_s": value}) for tool, value in (("client", 0.4), ("slow", 6.0))]

    assert "| start-up to the first request: at most 1/10 | our client | 0.4 | 6 (a slow tool) | 1/15.0 | pass |" in (
        rendered(*outcomes)
    )


def test_promise_without_a_peer_is_not_measured() -> None:
    """And is no pass."""
    assert "| peak requests/s: at least 5x | our client | – | – | – | not measured |" in rendered(*peaks("client", 9))


def test_how_a_tool_was_run_is_said() -> None:
    """Where it did not run as it comes."""
    assert "## The tools\n\n- a slow tool: It is slow.\n" in rendered()


def test_what_could_not_be_measured_is_listed_with_its_reason() -> None:
    """A tool that is absent, and a cell that failed, on one line each."""
    text = rendered(Outcome("slow", "chunks", 2, problem="not done after\n90 s, ended"))

    assert "- absent: it needs Python 4\n- a slow tool, chunks, round 2: not done after 90 s, ended\n" in text


@pytest.mark.parametrize(("cores", "word"), [(0.1, "quiet"), (0.5, "some"), (1.2, "busy")])
def test_noise_is_told_of_each_cell(cores: float, word: str) -> None:
    """What everything else took of the machine decides which numbers compare."""
    text = rendered(Outcome("client", "peak", 0, {"rate": 1.0, "others_cores": cores}))

    assert f"| our client | {word} ({cores:.2f}, {cores:.2f}) | – | – | – |" in text
