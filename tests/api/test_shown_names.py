"""What a running engine shows of itself may be promised, also where no argument sets it."""

from pathlib import Path

import pytest

from skewguard.api import histories
from skewguard.observe.sources import logs
from tests.observe import spoken
from tests.observe.test_asking import asked

RECORDINGS = Path(__file__).parents[1] / "data" / "recordings"


@pytest.mark.parametrize("name", spoken.SPOKEN)
def test_every_setting_that_a_server_shows_is_one_that_contracts_know(name: str) -> None:
    """A contract that repeats what `settings URL` shows is never told that no release has such a setting."""
    facts = (*asked(name).facts, *logs.read((RECORDINGS / name / "server.log").read_bytes()).facts)
    own = [fact.setting.partition(".")[::2] for fact in facts if histories.releases(fact.setting.partition(".")[0])]

    assert own
    assert [dest for engine, dest in own if histories.choices(engine, dest) is None] == []


def test_a_misspelt_name_of_what_is_shown_is_told_with_the_one_that_was_meant() -> None:
    """Names that only a running process shows are among those that are suggested."""
    assert "kv_cache_bytes_per_token" in histories.destinations("vllm")
    assert histories.choices("vllm", "kv_cache_bytes_per_tokens") is None
