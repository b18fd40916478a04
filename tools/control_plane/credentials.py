"""What a control plane needs to know its users: a signing key, tokens, and a kubeconfig for each user."""

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

ADMIN = "admin"
# SEC 1 (RFC 5915): ECPrivateKey ::= SEQUENCE { 1, OCTET STRING of 32 bytes, [0] OID prime256v1 }. The public key may be
# left out: it follows from the private one.
_HEAD = bytes.fromhex("30310201010420")
_TAIL = bytes.fromhex("a00a06082a8648ce3d030107")
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256: a private key is a number from 1 to below it."""


def signing_key() -> str:
    """A fresh P-256 key as PEM, by which the API server and the controller manager sign service accounts' tokens."""
    number = 1 + secrets.randbelow(_ORDER - 1)
    body = base64.encodebytes(_HEAD + number.to_bytes(32, "big") + _TAIL).decode()
    return f"-----BEGIN EC PRIVATE KEY-----\n{body}-----END EC PRIVATE KEY-----\n"


def write_secret(path: Path, text: str) -> None:
    """A file that only its owner can read, from the first byte on."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def tokens_csv(tokens: Mapping[str, str], groups: Mapping[str, Sequence[str]]) -> str:
    """The file that `--token-auth-file` takes: token, name, uid, groups."""
    return "".join(f'{token},{name},{name},"{",".join(groups[name])}"\n' for name, token in tokens.items())


def kubeconfig(server: str, authority: Path, token: str, contexts: Mapping[str, str]) -> str:
    """A kubeconfig of one user; each context is a name with its namespace, the first is current. JSON is YAML too."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": next(iter(contexts)),
            "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority": str(authority)}}],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [
                {"name": name, "context": {"cluster": "test", "user": "user", "namespace": namespace}}
                for name, namespace in contexts.items()
            ],
        },
        indent=1,
    )
