"""Documents without secrets, and where something was masked."""

from typing import Any

import pytest

from skewguard.language import redacted_documents

PLAIN = "correct-horse-battery"


def test_a_secret_is_known_by_what_stands_around_it() -> None:
    """By the key, by a neighbour that names it, by the word before it, by its looks; the paths are told."""
    content = {
        "spec": {
            "env": [{"name": "HF_TOKEN", "value": PLAIN}, {"name": "TOKENIZER", "value": "m"}],
            "args": ["--api-key", PLAIN, "--seed", "0"],
            "x.y/z": f"postgres://u:{PLAIN}@db/x",
        },
        "password": [PLAIN, 7],
    }
    masked: list[str] = []
    shown = redacted_documents.document(content, masked)
    assert PLAIN not in str(shown)
    assert shown["spec"]["env"][1] == {"name": "TOKENIZER", "value": "m"}
    assert shown["spec"]["args"][2:] == ["--seed", "0"]
    assert masked == ["spec.env[0].value", "spec.args[1]", "spec['x.y/z']", "password[0]", "password[1]"]


VOLUMES = [
    {
        "name": "keys",
        "secret": {"secretName": "keys", "defaultMode": 420, "items": [{"key": "tls.key", "path": "key"}]},
    },
    {
        "name": "all",
        "projected": {
            "sources": [
                {"secret": {"name": "keys", "items": [{"key": "password", "path": "password"}]}},
                {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600, "audience": "vault"}},
            ]
        },
    },
    {"name": "x", "csi": {"driver": "secrets-store.csi.k8s.io", "nodePublishSecretRef": {"name": "creds"}}},
]


@pytest.mark.parametrize(
    "content",
    [
        {"env": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}], "n": 1.5},
        {"imagePullSecrets": [{"name": "registry"}, {"name": "registry.example.com"}]},
        {"spec": {"image": {"repository": "r", "pullSecrets": ["ngc-pull"]}}},
        {"volumes": VOLUMES},
        {"apiVersion": "apps.nvidia.com/v1alpha1", "spec": {"authSecret": "ngc-api"}},
        {"object": {"apiVersion": "nvidia.com/v1alpha1", "spec": {"services": {"W": {"envFromSecret": "hf-token"}}}}},
        {"redisPassword": {"valueFrom": {"secretKeyRef": {"name": "redis", "key": "password"}}}},
        {"vllmConfig": {"hfTokenSecret": {"name": "hf"}}},
        {"automountServiceAccountToken": False, "envFrom": [{"secretRef": {"name": "all-keys"}}]},
    ],
)
def test_a_document_without_secrets_stays_as_it_is(content: Any) -> None:
    """References to a Secret, switches and numbers are none: what is put back needs them."""
    masked: list[str] = []
    assert redacted_documents.document(content, masked) == content
    assert masked == []


@pytest.mark.parametrize(
    "content",
    [
        {"imagePullSecrets": ["Not A Name!"]},
        {"imagePullSecrets": [{"name": "registry", "password": "hunter2"}]},
        {"imagePullSecrets": [{"auth": "hunter2"}]},
        {"authSecret": "hunter2"},
        {"apiVersion": "v1", "spec": {"authSecret": "hunter2"}},
        {"secret": {"name": "keys", "value": "hunter2"}},
        {"secret": "hunter2"},
        {"secret": {"key": "hunter2"}},
        {"client_secret": {"name": "hunter2"}},
        {"serviceAccountToken": {"path": "token", "token": "hunter2"}},
        {"redisPassword": {"value": "hunter2"}},
        {"hf_token": {"name": "hunter2"}},
        {"env": [{"name": "AUTH_SECRET", "value": "hunter2"}]},
    ],
)
def test_what_only_looks_like_a_reference_stays_masked(content: Any) -> None:
    """A field too many, a text that no object can be called, a field of somebody else."""
    masked: list[str] = []
    shown = redacted_documents.document(content, masked)
    assert masked
    assert "hunter2" not in str(shown)
    assert "Not A Name" not in str(shown)
