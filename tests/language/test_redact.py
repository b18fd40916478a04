"""Secrets stay inside; what an engineer needs to see stays visible."""

import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skewguard.language import redact, secret_names

SECRET_NAMES = [
    "--api-key",
    "--api_key",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "VLLM_API_KEY",
    "OPENAI_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "DB_PASSWORD",
    "--hf-token",
    "hfToken",
    "auth.apiKey",
    "NGC_API_KEY",
    "--admin-api-key",
    "--api-k",
    "--hf-tok",
    "API_TOKENS",
    "client_secret",
    "Authorization",
    "PGPASSWORD",
    "DBPASS",
    "SMTP_PASS",
    "REDISCLI_AUTH",
    "GITHUBTOKEN",
    "MYAPIKEY",
    "HF_TOKEN2",
    "GIT_CREDS",
]

# A secret as people have them: long enough not to be in a pseudonym by chance, and no reference to a variable.
_secrets = st.text(min_size=8, max_size=60).filter(
    lambda text: text.strip() == text and not text.startswith(("$", "<", "--")) and "redacted" not in text
)
_plain = st.text(string.ascii_letters + string.digits + "+/=_.~!%^*#@?-", min_size=8, max_size=60).filter(
    lambda text: not text.startswith(("-", "$", "<"))
)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_is_secret_knows_secret_names(name: str) -> None:
    """Flags, variables and fields, in every spelling."""
    assert secret_names.is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "MAX_NUM_BATCHED_TOKENS",
        "--max-num-batched-tokens",
        "--max-num-batched-token",
        "TOKENIZER",
        "--tokenizer-revision",
        "TOKENIZERS_PARALLELISM",
        "MAX_TOTAL_TOKENS",
        "eos_token_id",
        "--speculative-token-tree",
        "CACHE_KEY_SIZE",
        "VLLM_HASH_KEY_BITS",
        "--ssl-keyfile",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "HF_TOKEN_PATH",
        "--served-model-name",
        "--revision",
        "--seed",
        "PATH",
        "KEY",
        "time_per_output_token",
        "num_kv_heads",
        "",
        "--",
        "api-server-count",
        "BYPASS",
        "COMPASS",
        "FORWARD_PASS",
        "pass",
        "AUTHORITY",
        "ENABLE_AUTH",
        "eostoken",
        "OLDPWD",
    ],
)
def test_is_secret_leaves_words_of_the_trade(name: str) -> None:
    """A token is mostly a piece of text, and a key mostly a cache's."""
    assert not secret_names.is_secret(name)


@given(
    st.text(string.ascii_uppercase + "_", max_size=12),
    st.sampled_from(["PASSWORD", "PASSWD", "SECRET", "APIKEY", "API_KEY", "CREDENTIALS", "ACCESSKEY", "PWD"]),
    st.sampled_from(["", "2", "_3"]),
)
def test_is_secret_whatever_is_glued_to_its_front(front: str, ending: str, number: str) -> None:
    """The word that makes a secret ends the name; a number may follow."""
    assume((front + ending).upper() != "OLDPWD")
    assert secret_names.is_secret(front + ending + number)


@given(st.sampled_from(SECRET_NAMES), _secrets)
def test_value_of_a_secret_name_never_shows_it(name: str, secret: str) -> None:
    """Whatever the secret looks like."""
    assert secret not in redact.value(name, secret)


@given(st.sampled_from(["--api-key", "--hf-token", "--api_key"]), _secrets, st.lists(st.text(max_size=20), max_size=4))
def test_argv_never_shows_a_secret_flag_s_value(flag: str, secret: str, others: list[str]) -> None:
    """As the next word, behind `=`, or in one word with the flag."""
    assume(all(secret not in other for other in others))
    for words in ([flag, secret], [f"{flag}={secret}"], [f"{flag} {secret}"], ["env", f"HF_TOKEN={secret}", "vllm"]):
        assert all(secret not in word for word in redact.argv([*others, *words, "--port", "8000"]))


@given(st.sampled_from(["HF_TOKEN", "DB_PASSWORD", "api_key"]), _plain, st.text(" abc\n:=-", max_size=20))
def test_free_text_never_shows_a_named_secret(name: str, secret: str, around: str) -> None:
    """Assignments, fields, flags and manifests inside any text."""
    assume(secret not in f"{around} {around}\n{around}")
    for text in (
        f'{around} {name}="{secret}" {around}',
        f"{around}\n{name}: '{secret}'\n{around}",
        f'{{"{name}": "{secret}"}} {around}',
        f"{around}\n- name: {name}\n  value: '{secret}'\n",
        f"{around}\n- value: '{secret}'\n  name: {name}\n",
        f"[{{name: A, value: x}}, {{name: {name}, value: '{secret}'}}, {{name: B, value: y}}]",
        f"{around} --{name} '{secret}' {around}",
        f"{around}\nexport {name}={secret}\n",
    ):
        assert secret not in redact.free_text(text)


@pytest.mark.parametrize(
    "secret",
    [
        "hf_" + "a1B2c3D4" * 4,
        "sk-proj-" + "abcDEF123456" * 3,
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "x1" * 18,
        "nvapi-" + "Ab1-" * 8,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "glpat-" + "abcd1234" * 3,
        "AIza" + "Sy1234567" * 4,
    ],
)
def test_free_text_knows_secrets_by_their_shape(secret: str) -> None:
    """Without any name beside them."""
    assert secret not in redact.free_text(f"loading with {secret}, please wait")


@pytest.mark.parametrize(
    ("text", "hidden", "kept"),
    [
        ("postgresql://user:pa55word@db:5432/x", "pa55word", "postgresql://user:"),
        ("redis://:p@ss@cache:6379/0", "p@ss", "@cache:6379/0"),
        ("https://s3/x?X-Amz-Signature=abcdef&partNumber=1", "abcdef", "partNumber=1"),
        ("curl -H 'Authorization: Bearer abcDEF123'", "abcDEF123", "curl -H 'Authorization: "),
        ("Bearer abcdefgh12345", "abcdefgh12345", "Bearer "),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nrest", "MIIE", "rest"),
        (
            "non-default args: {'api_key': ['one1', 'two2'], 'hf_token': 'three3', 'max_model_len': 4096}",
            "two2",
            "4096",
        ),
        (
            "vllm serve m --api-key my-own-key --max-num-batched-tokens 8192",
            "my-own-key",
            "--max-num-batched-tokens 8192",
        ),
    ],
)
def test_free_text_masks_the_secret_and_keeps_the_rest(text: str, hidden: str, kept: str) -> None:
    """What surrounds a secret still reads."""
    shown = redact.free_text(text)
    assert hidden not in shown
    assert kept in shown


@pytest.mark.parametrize(
    "text",
    [
        "--revision 9c925d64d72725edaf899c6cb9c377fd0709d9c5 --tokenizer-revision=9c925d64d72725edaf899c6cb9c377fd0709d9c5",
        "image vllm/vllm-openai@sha256:" + "0123456789abcdef" * 4,
        "MAX_NUM_BATCHED_TOKENS=8192 TOKENIZER=/models/tokenizer VLLM_CACHE_KEY_BITS=64",
        "The token is invalid. Basic authentication failed, Bearer authentication is off.",
        '{"eos_token": "</s>", "max_tokens": 128, "usage": {"prompt_tokens": 5}}',
        "--api-key $(VLLM_API_KEY) --hf-token=${HF_TOKEN}",
        "write `--api-key=$(API_KEY)`; then replace the key",
        "write `--api-key=${API_KEY}`.",
        "value: <YOUR_TOKEN>",
        "http://vllm.prod.svc:8000/v1/models",
        "HF_TOKEN_PATH=/secrets/hf",
        "",
    ],
)
def test_free_text_keeps_what_is_no_secret(text: str) -> None:
    """Revisions, digests, counts, references and prose stay as they are."""
    assert redact.free_text(text) == text


def test_served_model_name_is_shown_whatever_it_looks_like() -> None:
    """Clients ask for that name."""
    name = "sk-chat-model-with-a-long-name"
    assert redact.value("--served-model-name", name) == name
    assert redact.argv(["--served-model-name", name]) == ["--served-model-name", name]


def test_references_and_placeholders_stay_visible() -> None:
    """Whoever mends the manifest has to see that nothing expands them."""
    for text in ("$(API_KEY)", "${API_KEY}", "$API_KEY", "<YOUR API KEY>", ""):
        assert redact.value("--api-key", text) == text


@pytest.mark.parametrize("text", ["`--api-key=a1b2c3d4`", "write `--api-key a1b2c3d4`.", "`--api-key=a1`b2c3d4`"])
def test_secret_between_backticks_is_masked_up_to_the_closing_one(text: str) -> None:
    """A sentence that quotes a secret keeps its own signs and nothing of the secret."""
    shown = redact.free_text(text)
    assert "b2c3d4" not in shown
    assert ">`" in shown


def test_equal_secrets_have_equal_pseudonyms() -> None:
    """So that a reader sees whether two replicas hold the same key."""
    one, other = redact.value("API_KEY", "first secret"), redact.value("HF_TOKEN", "first secret")
    assert one == other
    assert one != redact.value("API_KEY", "second secret")
    assert redact.value("API_KEY", one) == one


def test_masked_lists_what_was_hidden() -> None:
    """By the name it was known by, and what stands for it."""
    masked: list[redact.Masked] = []
    redact.argv(["--api-key", "abc", "--port", "1"], masked)
    assert masked == [redact.Masked("--api-key", redact.pseudonym("abc"))]


def test_tree_masks_by_the_key_above() -> None:
    """Also below a list or a mapping under a secret's name."""
    shown = redact.tree(
        {"api_key": ["a-key", {"x": "b-key"}], "limits": {"max_tokens": 5, "pin": None}, "hf_token": 12345}
    )
    assert "a-key" not in str(shown)
    assert "b-key" not in str(shown)
    assert shown["limits"] == {"max_tokens": 5, "pin": None}
    assert "12345" not in str(shown)


@given(st.text(max_size=200) | st.text("token: key='\"\\[]{}()<>$-=\n/@?&BEGIN eyJhf_sk", max_size=200))
def test_free_text_never_fails_and_is_settled(text: str) -> None:
    """Any text is taken; redacting twice shows no less than redacting once hides."""
    once = redact.free_text(text)
    assert redact.free_text(once) == once
    redact.argv(text.split())
    redact.value(text, text)


@pytest.mark.parametrize(
    "text",
    [
        '"HF_TOKEN=\\"abcdefgh12\\" vllm serve m"',
        '"--api-key \\"abcdefgh12\\" --seed 1"',
        '"{\\"auth_token\\": \\"abcdefgh12\\"}"',
        "'password=\\'abcdefgh12\\''",
        '"{\\\\\\"auth_token\\\\\\": \\\\\\"abcdefgh12\\\\\\"}"',
        '"{\\"auth_token\\": \\"abcdefgh12',
    ],
)
def test_secret_in_quotes_inside_quotes_is_masked(text: str) -> None:
    """As a script or a JSON value stands on a line of JSON; what surrounds it still reads."""
    shown = redact.free_text(text)
    assert "abcdefgh12" not in shown
    assert text.partition("abcdefgh12")[0] == shown.partition("<redacted")[0]


@pytest.mark.parametrize(
    "text",
    [
        'args: ["serve", "--api-key", "a1b2c3d4", "--port", "8000"]',
        r"{\"args\": [\"--api-key\", \"a1b2c3d4\"]}",
        "['--api-key', 'a1b2c3d4']",
        "args:\n  - --api-key\n  - a1b2c3d4\n  - --port\n",
        'args:\n- "--api-key"\n- "a1b2c3d4"\n',
        "vllm serve m \\\n    --api-key \\\n    a1b2c3d4 \\\n    --port 8000",
        "api-key: |\n  a1b2c3d4\nport: 8000",
        "auth:\n  - api_key: >-\n      a1b2c3d4\n    port: 8000",
        "env:\n- name: HF_TOKEN\n  value: |\n    a1b2c3d4\n",
        "api_keys:\n- first\n- a1b2c3d4\nport: 8000",
        "api_keys:\n  team: a1b2c3d4\nport: 8000",
        '{"api_keys": {"team": "a1b2c3d4"}}',
        '{"api_keys": [\n  "first",\n  "a1b2c3d4"\n]}',
        "postgresql://user:a1b2c3d4/e5@host/db",
    ],
)
def test_a_secret_that_stands_apart_from_its_name_is_masked(text: str) -> None:
    """In a list the value is the next item, in a script the next line, in YAML all that is indented below the name."""
    assert "a1b2c3d4" not in redact.free_text(text)


@pytest.mark.parametrize(
    "text",
    [
        '["--api-key", "--port", "8000"]',
        "- --tokenizer\n- org/model\n",
        "tokenizer: |\n  org/model\n",
        "api_key:\n\nport: 8000\n",
        "--max-num-batched-tokens \\\n  8192",
        "oci://registry:5000/repo@sha256:0123",
        "--api-key \\\n  $(API_KEY)",
    ],
)
def test_what_stands_after_a_name_that_is_no_secret_s_stays(text: str) -> None:
    """Neither the next flag, nor the value of another name, nor a port and a path are taken for a secret."""
    assert redact.free_text(text) == text


def test_what_follows_a_block_of_secret_lines_stays() -> None:
    """Only what is indented deeper than the name is below it."""
    shown = redact.free_text("api_key: |\n  a1b2c3d4\n  e5f6\nport: 8000\n")
    assert re.fullmatch(r"api_key: \|\n  <redacted:[0-9a-f]{6}>\nport: 8000\n", shown)


@pytest.mark.parametrize(
    "text",
    [
        "no kubeconfig: ~/.kube/config is not there, KUBECONFIG is not set",
        "KUBECONFIG=/root/.kube/config:/etc/other.yaml",
        "--kubeconfig ./clusters/eu.yaml",
    ],
)
def test_path_of_a_kubeconfig_is_no_secret(text: str) -> None:
    """Where it lies is what somebody has to see."""
    assert redact.free_text(text) == text


def test_content_of_a_kubeconfig_is_a_secret() -> None:
    """Whoever has it is somebody in the cluster; and a token within a path is one too."""
    assert "YXBpVmVyc2lvbjogdjEK" not in redact.free_text("kubeconfig: YXBpVmVyc2lvbjogdjEK")
    assert "hf_abcdefgh" not in redact.free_text("KUBECONFIG=/home/hf_abcdefghijklmnopqrst/config")
