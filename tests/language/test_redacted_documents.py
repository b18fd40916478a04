"""Documents without secrets, and where something was masked."""

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


def test_a_document_without_secrets_stays_as_it_is() -> None:
    """References to a Secret, switches and numbers are none."""
    content = {"env": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}], "n": 1.5}
    masked: list[str] = []
    assert redacted_documents.document(content, masked) == content
    assert masked == []
