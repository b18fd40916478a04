"""The URL of an engine as people write it: its base, and what is wrong with one."""

import pytest

from skewguard.language import addresses
from skewguard.language.errors import UsageError


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/chat/completions", "/v1/completions", "/v1/models"])
def test_path_of_the_api_is_left_off_and_said(path: str) -> None:
    """What stands before it stays, such as the path of a gateway."""
    found, (note,) = addresses.base(f"https://gateway:8443/team{path}")
    assert found == "https://gateway:8443/team"
    assert note.startswith(path.rstrip("/"))


@pytest.mark.parametrize(
    "url", ["http://chat:8000", "http://chat/v10", "http://chat/api/v1x", "chat/v1", "http://chat/?a=/v1"]
)
def test_any_other_url_is_left_as_it_is(url: str) -> None:
    """And nothing is said of it."""
    assert addresses.base(url) == (url, ())


@pytest.mark.parametrize(
    ("url", "why", "hint"),
    [
        ("127.0.0.1:8100", "does not begin with http:// or https://", "write http://127.0.0.1:8100"),
        ("chat:8000/team", "does not begin with http:// or https://", "write http://chat:8000/team"),
        ("me:hunter2@chat", "does not begin with http:// or https://", "write http://HOST:PORT"),
        ("htp://chat", "begins with htp://, and", "write http://HOST:PORT"),
        ("http://", "names no host", "write http://HOST:PORT"),
        ("http://chat?key=hunter2", "has a query", "write http://HOST:PORT, and leave that out"),
        ("http://chat#hunter2", "has a fragment", "write http://HOST:PORT, and leave that out"),
    ],
)
def test_what_is_wrong_with_a_url_is_said(url: str, why: str, hint: str) -> None:
    """Precisely that, and no secret with it."""
    with pytest.raises(UsageError, match=why) as caught:
        addresses.refuse_no_base(url)
    assert caught.value.hint == hint
    assert "hunter2" not in f"{caught.value}{caught.value.hint}"
