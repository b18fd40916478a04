"""`baseline record` of a workload on a real API server, with an engine behind `--endpoint` whose truth is known."""

from pathlib import Path
from typing import Any

import pytest

from skewguard import api
from skewguard.api import watching
from skewguard.language.errors import UsageError
from tests.cluster import scenes
from tests.fakes import engine
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane

SERVED = b'{"data": [{"id": "Qwen/Qwen3-8B"}]}'
LOAD = {"concurrency": 4, "requests": 40, "warmup": 0.0, "prompt_tokens": "16", "output_tokens": "4"}


@pytest.mark.slow
def test_a_recording_is_bound_to_the_workload_as_the_server_has_it(
    control_plane: Plane, namespace: Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can read its metrics there, which is no leave; with one it is measured, kept, and found by its name."""
    monkeypatch.setattr(watching, "LOOK_S", 0.3)
    namespace.gpu_node("a")
    namespace.apply(scenes.chat(container=scenes.WHOLE))
    namespace.wait_ready("deployment/chat")
    store = str(tmp_path / "store.db")
    with engine.serving(engine.Answer(ttft=0.01, gap=0.002), models=SERVED) as url:
        words: dict[str, Any] = {
            "endpoint": url, "namespace": namespace.name, "kubeconfig": str(control_plane.kubeconfig), "depth": "api",
            "load": LOAD, "store": store,
        }  # fmt: skip
        with pytest.raises(UsageError, match="nobody can tell whether"):
            api.record_baseline("deploy/chat", **words)
        assert url.requests == []
        (made,) = api.record_baseline("deploy/chat", on_live=True, **words).baselines
    assert (made.requests.sent, made.requests.completed, len(url.requests)) == (40, 40, 40)
    assert (made.subject.kind, made.subject.name, made.subject.namespace) == ("Deployment", "chat", namespace.name)
    assert (made.engine, bool(made.facts), bool(made.replicas)) == ("vllm", True, True)
    found = api.list_baselines("deploy/chat", namespace=namespace.name, store=store, every=True).baselines
    assert [each.id for each in found] == [made.id]
