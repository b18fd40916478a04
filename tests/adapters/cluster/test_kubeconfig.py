"""Which cluster, as whom: files found, merged and chosen from as kubectl does it."""

import json
from pathlib import Path
from typing import Any

import pytest

from skewguard.adapters.cluster import access, kubeconfig
from skewguard.adapters.cluster.errors import Misconfigured


def config(path: Path, current: str | None = None, **contexts: dict[str, Any]) -> Path:
    """Contexts by name, each with a cluster and user of that name: `user`, `cluster`, `namespace` as they stand."""
    content: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}
    for name, given in contexts.items():
        cluster = {"server": f"https://{name}.example.com:6443", **given.get("cluster", {})}
        content["clusters"].append({"name": name, "cluster": cluster})
        content["users"].append({"name": name, "user": given.get("user", {"token": f"token-of-{name}"})})
        space = {"namespace": given["namespace"]} if "namespace" in given else {}
        content["contexts"].append({"name": name, "context": {"cluster": name, "user": name, **space}})
    if current is not None:
        content["current-context"] = current
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def test_the_current_context(tmp_path: Path) -> None:
    """Its cluster, its namespace, and where it was found."""
    path = config(tmp_path / "a", "prod", prod={"namespace": "llm"}, dev={})
    chosen = access.select(None, str(path))
    assert (chosen.context, chosen.namespace) == ("prod", "llm")
    assert chosen.server.server == "https://prod.example.com:6443"
    assert chosen.source == str(path)


def test_a_context_by_name(tmp_path: Path) -> None:
    """And the default namespace where it names none."""
    chosen = access.select("dev", str(config(tmp_path / "a", "prod", prod={}, dev={})))
    assert (chosen.context, chosen.namespace) == ("dev", "default")


def test_several_files_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first file that names something wins, files that are not there are left out, and each is relative to itself."""
    first = config(tmp_path / "one" / "a", prod={"namespace": "first"})
    second = config(
        tmp_path / "two" / "b",
        "dev",
        prod={"namespace": "second"},
        dev={"user": {"client-certificate": "my.crt", "client-key": "/keys/my.key"}},
    )
    monkeypatch.setenv("KUBECONFIG", f"{first}:{tmp_path / 'none'}:{second}:")
    assert access.select("prod").namespace == "first"
    chosen = access.select()
    assert chosen.context == "dev"
    assert (chosen.user.cert_file, chosen.user.key_file) == (str(tmp_path / "two" / "my.crt"), "/keys/my.key")


def test_the_file_at_home(tmp_path: Path) -> None:
    """Where no variable names one."""
    config(tmp_path / ".kube" / "config", "prod", prod={})
    assert access.select().context == "prod"


def test_a_name_that_is_nearly_one(tmp_path: Path) -> None:
    """The nearest context is offered, else those there are."""
    path = str(config(tmp_path / "a", "prod", prod={}, staging={}))
    with pytest.raises(Misconfigured, match="there is no context prd") as caught:
        access.select("prd", path)
    assert caught.value.hint == "did you mean prod?"
    with pytest.raises(Misconfigured) as caught:
        access.select("zzz", path)
    assert caught.value.hint == "choose one with --context: prod, staging"


def test_no_context_is_chosen(tmp_path: Path) -> None:
    """A file without `current-context` says what there is."""
    with pytest.raises(Misconfigured, match="no context is chosen") as caught:
        access.select(None, str(config(tmp_path / "a", prod={})))
    assert caught.value.hint == "choose one with --context: prod"


def test_no_kubeconfig_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where was looked, and what to do."""
    with pytest.raises(Misconfigured, match=r"no kubeconfig: ~/\.kube/config is not there, KUBECONFIG is not set"):
        access.select()
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "gone"))
    with pytest.raises(Misconfigured, match="gone, and nothing is there"):
        access.select()
    with pytest.raises(Misconfigured, match="cannot be read"):
        access.select(None, str(tmp_path / "gone"))


USER_C = "current-context: a, contexts: [{name: a, context: {cluster: b, user: c}}], clusters: [{name: b, cluster: {server: x}}]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{users: [", "cannot be read"),
        ("- a list", "is no kubeconfig"),
        ("{current-context: a, contexts: [{name: a, context: {cluster: b}}]}", "names cluster b, which is not there"),
        (
            f"{{{USER_C}}}",
            "names user c, which is not there",
        ),
        (
            "{current-context: a, contexts: [{name: a, context: {cluster: b}}], clusters: [{name: b}]}",
            "has no `server`",
        ),
        (
            f"{{{USER_C}, users: [{{name: c, user: {{token: [s3cr3t]}}}}]}}",
            r"user c cannot be read: Expected `str \| null`, got `array` - at `\$\.token`",
        ),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    """What is wrong with it, and never a value of it."""
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(Misconfigured, match=message) as caught:
        access.select(None, str(path))
    assert "s3cr3t" not in f"{caught.value} {caught.value.hint}"


def test_a_broken_user_hides_no_other(tmp_path: Path) -> None:
    """Only what the chosen context needs has to be right."""
    path = config(tmp_path / "a", "prod", prod={}, broken={"user": {"token": 7}})
    assert access.select(None, str(path)).user.token == "token-of-prod"  # noqa: S105


def test_an_empty_file_is_one_without_contexts(tmp_path: Path) -> None:
    """As kubectl takes it."""
    (tmp_path / "empty").write_text("")
    merged = kubeconfig.find(str(tmp_path / "empty"))
    assert merged is not None
    assert merged.contexts == ()


def test_inside_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service account is used where there is no kubeconfig, and a kubeconfig goes before it."""
    for name, text in (("token", "t"), ("namespace", "monitoring\n"), ("ca.crt", "")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(access, "SERVICE_ACCOUNT", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    chosen = access.select()
    assert (chosen.context, chosen.namespace) == ("in-cluster", "monitoring")
    assert chosen.server.server == "https://[fd00::1]:443"
    assert chosen.user.token_file == str(tmp_path / "token")
    config(tmp_path / ".kube" / "config", "prod", prod={})
    assert access.select().context == "prod"
