"""No secret reaches the database, whoever forgot to redact; what is no secret stays to the byte."""

import json
import sqlite3
from pathlib import Path

import pytest

from skewguard.adapters import store
from skewguard.adapters.store import doors
from skewguard.language.errors import UsageError
from skewguard.language.facts import Subject

KEY = "hf_" + "PlantedPlantedPlanted1234"
PLAIN = "correct-horse-battery"


def test_a_planted_key_is_nowhere_in_the_files(tmp_path: Path) -> None:
    """In arguments, environment, a script, an attachment, and beside the body; not in the write-ahead log either."""
    body = {
        "argv": ["serve", "--api-key", PLAIN, f"--hf-token={KEY}"],
        "env": [{"name": "HF_TOKEN", "value": KEY}, {"name": "DB", "value": f"postgres://u:{PLAIN}@db/x"}],
        "pairs": [{"name": "DB_PASSWORD", "value": PLAIN}],
        "arguments": f"serve --api-key {PLAIN}",
        "nested": {"api_key": PLAIN, "password": {"value": PLAIN}},
    }
    attachments = {"log": f"Authorization: Bearer {KEY}\n".encode(), "rows": json.dumps({"api_key": [PLAIN]}).encode()}
    with store.open(str(tmp_path / "store.db"), environ={}) as opened:
        made = opened.append(
            "snapshot", "s", json.dumps(body).encode(), subject=Subject("Deployment", KEY),
            actor=f"ann token={KEY}", tool="t", attachments=attachments,
        )  # fmt: skip
        held = bytes(opened.get(made.id).body) + opened.attachment(made.id, "log") + opened.attachment(made.id, "rows")
        files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (KEY, PLAIN):
        assert secret.encode() not in files
        assert secret.encode() not in held


def test_what_is_no_secret_stays_to_the_byte() -> None:
    """Words that only share letters with one, numbers as they were written, and what is masked already."""
    text = (
        '{"max_tokens": 1.0, "tokenizer": "x", "MAX_NUM_BATCHED_TOKENS":8192, "api_key":"<redacted:0a1b2c>", "e":1e3}'
    )
    assert doors.body(text.encode()) == text


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"NaN", b'"\\ud800"', b"[" + b"1,," * 40 + b"1]"])
def test_a_body_that_is_no_json_is_an_error_of_the_caller(body: bytes) -> None:
    """It is not kept."""
    with pytest.raises(ValueError):
        doors.body(body)


def test_rows_of_numbers_pass_as_they_are() -> None:
    """Names of columns that speak of tokens are no secrets, and a million numbers are not looked at one by one."""
    rows = json.dumps(
        {"prompt_tokens": [1, 2] * 1000, "first_tokens": [0.5] * 1000, "failure": ["", "timeout"]}
    ).encode()
    assert doors.attachment(rows) == rows


def test_a_secret_is_found_beside_and_in_rows_of_numbers() -> None:
    """A key may be numbers, too."""
    numbers = list(range(100, 150))
    shown = json.loads(doors.body(json.dumps({"rows": numbers, "api_key": numbers, "n": [None] * 50}).encode()))
    assert shown["rows"] == numbers
    assert not set(shown["api_key"]) & set(numbers)
    assert shown["n"] == [None] * 50


def test_an_attachment_that_is_no_text_is_an_error_of_the_caller() -> None:
    """What cannot be read cannot be redacted."""
    with pytest.raises(ValueError):
        doors.attachment(b"\xff\x00")


def test_a_coding_of_later_is_not_guessed_at(tmp_path: Path) -> None:
    """It says that a newer skewguard reads it."""
    with store.open(str(tmp_path / "store.db"), environ={}) as opened:
        made = opened.append("alert", "s", b"{}", subject=None, actor="a", tool="t")
        with sqlite3.connect(tmp_path / "store.db") as connection:
            connection.execute("INSERT INTO skewguard_attachments VALUES (?, 'x', 'brotli', X'00')", (made.id,))
        connection.close()
        with pytest.raises(UsageError, match="coded as brotli"):
            opened.attachment(made.id, "x")
