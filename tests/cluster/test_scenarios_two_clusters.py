"""Staging against production: two contexts of one kubeconfig, and what differs between them besides what must."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from skewguard import api
from skewguard.language.results import DiffReport
from tests.cluster import scenes
from tests.cluster.scenes import ARGS, chat
from tools.control_plane import objects
from tools.control_plane.plane import Plane


@pytest.fixture(scope="module")
def kubeconfig(control_plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A kubeconfig with both contexts; `same` runs alike in both, `other` has another length, image and GPU in production."""
    with control_plane.namespace() as staging, control_plane.namespace() as production:
        staging.gpu_node("h100")
        production.gpu_node("h100", labels={"pool": "h100"})
        production.gpu_node("a100", objects.A100, labels={"pool": "a100"})
        staging.apply(chat("same"), chat("other"))
        longer = (*ARGS[:2], "--max-model-len=40960")
        production.apply(
            chat("same", replicas=3, nodeSelector={"pool": "h100"}),
            chat("other", *longer, nodeSelector={"pool": "a100"}),
        )
        for namespace in (staging, production):
            for name in ("same", "other"):
                namespace.wait_ready(f"deployment/{name}")
        production.set_image_id(scenes.pods(production, "other")[0], f"{scenes.REPOSITORY}@{scenes.MOVED}")
        contexts = {"staging": staging.name, "production": production.name}
        path = tmp_path_factory.mktemp("clusters") / "kubeconfig"
        yield control_plane.write_kubeconfig(path, control_plane.users["admin"], contexts)


def compared(kubeconfig: Path, name: str) -> DiffReport:
    """What `diff` says of one workload in both."""
    report = api.diff(f"staging:deploy/{name}", f"production:deploy/{name}", kubeconfig=str(kubeconfig), depth="api")
    assert (report.errors, report.compared, report.only_in_a, report.only_in_b) == ((), 1, (), ())
    return report


def test_a_production_that_is_its_staging(kubeconfig: Path) -> None:
    """Names, namespaces and numbers of replicas are set aside, by their names; nothing else differs."""
    report = compared(kubeconfig, "same")
    assert ([each.setting for each in report.changes], report.exit_code) == ([], 0)
    assert {each.setting for each in report.expected_differences} >= {"cluster", "namespace"}


def test_a_production_that_is_not_what_staging_tried(kubeconfig: Path) -> None:
    """Another length, other bytes of the same tag and another GPU: each is told, with both values."""
    report = compared(kubeconfig, "other")
    changes = {each.setting: each for each in report.changes}
    assert report.exit_code == 1
    assert {"limits.max_model_len", "runtime.image_digest", "hardware.gpu_class"} <= changes.keys()
    length = changes["limits.max_model_len"]
    assert (getattr(length.before, "value", None), getattr(length.after, "value", None)) == (32768, 40960)
    assert not {each for each in changes if each.startswith(("model.", "tokenizer.", "parallelism.", "serving."))}
