"""How the test cluster finds its programs, knows its users and tells what is ready: what needs no cluster."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.control_plane import binaries, building, credentials, objects, waiting
from tools.control_plane.client import Object
from tools.control_plane.running import DATA

Program = Callable[[str, str], Path]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Makes a program `folder/name` that says a version; nothing else is on this machine."""
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(binaries, "ENVTEST", tmp_path / "envtest")

    def make(path: str, said: str) -> Path:
        made = tmp_path / path
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(f"#!/bin/sh\necho '{said}'\n")
        made.chmod(0o755)
        return made

    return make


def test_named_assets_go_before_path(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sets KUBEBUILDER_ASSETS means those programs."""
    program("path/etcd", "etcd Version: 3.6.14")
    named = program("assets/etcd", "etcd Version: 3.5.2")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    assert binaries.find()["etcd"] == named


def test_a_program_that_is_too_old_is_passed_over(program: Program) -> None:
    """etcd 3.4 of a distribution has no streaming lists: the next place is asked."""
    program("path/etcd", "etcd Version: 3.4.23")
    newer = program("envtest/etcd", "etcd Version: 3.5.0")
    assert binaries.find()["etcd"] == newer


def test_the_cache_comes_last_and_is_not_asked_for_its_version(program: Program) -> None:
    """What the project built has the versions that it wants."""
    built = program(f"cache/skewguard/control-plane/{building.bin_folder().name}/kwok", "built by hand")
    assert binaries.find()["kwok"] == built


def test_versions_stand_in_the_modules_alone() -> None:
    """Another version of a module is another folder of the cache, so that what was built before is not taken for it."""
    assert all(f"{module.folder}-{module.version}" in building.bin_folder().name for module in building.MODULES)


def test_no_go_anywhere_is_said_with_what_helps(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without programs, Go and package index there is no control plane, and the reason names all three ways out."""

    def fails(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "ERROR: no index")

    monkeypatch.setattr(building, "_go_version", lambda _path: (0, 0))
    monkeypatch.setattr(subprocess, "run", fails)
    with pytest.raises(
        binaries.NotToBeHad, match=r"no Go 1\.26 .*\(ERROR: no index\)\. Install Go, or set KUBEBUILDER"
    ):
        binaries.ready(lambda _line: None)


def test_a_cache_that_cannot_be_written_is_said(program: Program, tmp_path: Path) -> None:
    """A full disk or a home of somebody else leaves the tests that need a cluster not run, and breaks none."""
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(binaries.NotToBeHad, match=r"the cache cannot be written .* XDG_CACHE_HOME"):
        binaries.ready(lambda _line: None)


def test_a_go_that_does_not_answer_is_none(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrapper that waits for somebody is no Go."""

    def hangs(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        raise subprocess.TimeoutExpired("go", 20)

    monkeypatch.setattr(subprocess, "run", hangs)
    assert building._go_version("go") == (0, 0)


def test_a_key_is_a_new_one_of_the_curve_each_time() -> None:
    """The signing key is PEM that holds a number of 32 bytes and the curve's name."""
    keys = {credentials.signing_key() for _ in range(20)}
    assert len(keys) == 20
    assert all(key.startswith("-----BEGIN EC PRIVATE KEY-----\nMDECAQEEI") for key in keys)


def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    """Tokens and keys are written with mode 0600."""
    credentials.write_secret(tmp_path / "kubeconfig", "token")
    assert (tmp_path / "kubeconfig").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        ({}, False),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, True),
        ({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, False),
        ({"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 2}, False),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}, False),
    ],
)
def test_a_deployment_is_ready_when_only_the_newest_pods_run(status: Object, ready: bool) -> None:
    """A status of an earlier generation, old pods and pods that are not available yet all mean: not yet."""
    thing = {"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status}
    assert waiting.READY["deployment"][2](thing) is ready


def smi(*words: str, **gpu: str) -> subprocess.CompletedProcess[str]:
    """What the pods' nvidia-smi answers."""
    environment = {**os.environ, **{f"FAKE_GPU_{name.upper()}": value for name, value in gpu.items()}}
    return subprocess.run(
        [DATA / "bin" / "nvidia-smi", *words], capture_output=True, text=True, env=environment, check=False
    )


def test_nvidia_smi_of_the_pods_answers_in_the_form_that_was_asked_for() -> None:
    """A line for each GPU, with or without header and units."""
    query = "--query-gpu=name,memory.total"
    assert smi(query, "--format=csv", name="NVIDIA L4", memory_mib="23034", count="2").stdout.splitlines() == [
        "name, memory.total [MiB]",
        "NVIDIA L4, 23034 MiB",
        "NVIDIA L4, 23034 MiB",
    ]
    assert (
        smi(query, "--format=csv,noheader,nounits", name="NVIDIA L4", memory_mib="23034").stdout == "NVIDIA L4, 23034\n"
    )


@pytest.mark.parametrize(
    "question", [["-q"], ["--query-gpu=pstate", "--format=csv"], ["--query-gpu=name", "--format=xml"]]
)
def test_nvidia_smi_of_the_pods_refuses_what_it_does_not_know(question: list[str]) -> None:
    """A question that it was not taught fails loudly: no test rests on an empty answer."""
    done = smi(*question)
    assert done.returncode == 9
    assert "does not know" in done.stderr


def test_a_gpu_machine_is_labelled_as_feature_discovery_does() -> None:
    """The label's product, its memory in MiB and the driver in parts."""
    labels = objects.gpu_node("a", objects.L4, count=2, driver="580.65.06")["metadata"]["labels"]
    assert [
        labels[f"nvidia.com/{key}"] for key in ("gpu.product", "gpu.memory", "gpu.count", "cuda.driver-version.minor")
    ] == ["NVIDIA-L4", "23034", "2", "65"]
