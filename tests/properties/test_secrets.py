"""A secret that somebody planted is printed nowhere: in no format, under no verb, on neither stream."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard import api
from skewguard.language.results import Report
from tests.properties.running import examples, ran, rendered, save
from tests.properties.shapes import as_list, deployment

_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SECRETS = st.text(_ALPHABET, min_size=20, max_size=40).map(lambda text: f"Zq{text}")
NAMES = st.sampled_from(
    ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "VLLM_API_KEY", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD",
     "MY_AUTH_TOKEN", "S3_SECRET", "CHAT_TOKEN"]
)  # fmt: skip


def planted(secret: str, name: str) -> dict[str, list[Any]]:
    """Where people write secrets: the place, and the objects that hold it there."""
    quoted = f'"{secret}"'
    coded = base64.b64encode(secret.encode()).decode()
    meta = {"name": "sec", "namespace": "prod"}
    by_reference = deployment(
        args=["--api-key", f"$({name})"],
        env=[{"name": name, "valueFrom": {"secretKeyRef": {"name": "sec", "key": "k"}}}],
    )
    return {
        "a variable": [deployment(env=[{"name": name, "value": secret}], args=["--api-key", f"$({name})", "--bad=1"])],
        "an argument": [deployment(args=["--api-key", secret, "--bad=1"])],
        "an argument with =": [deployment(args=[f"--api-key={secret}", "--nonsense=2"])],
        "several keys": [deployment(args=["--api-key", secret, f"{secret}2", "--model", "m"])],
        "an abbreviated flag": [deployment(args=["--hf-tok", secret, "--api-k", secret])],
        "one word": [deployment(args=[f"--api-key {secret}"])],
        "a script": [deployment(command=["sh", "-c", f"export {name}={secret}; vllm serve m --api-key {secret} --bad"])],
        "a quoted script": [deployment(command=["bash", "-c", f"{name}={quoted} vllm serve m --api-key={quoted}"])],
        "a token by its looks": [
            deployment(
                command=["sh", "-c", f"huggingface-cli login --token hf_{secret}\nvllm serve m"],
                env=[{"name": "SETTING", "value": f"hf_{secret}"}],
                args=[f"hf_{secret}", "--model", f"hf_{secret}"],
            )
        ],
        "a Secret": [{"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"k": coded}}, by_reference],
        "a Secret in clear": [
            {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"k": secret}},
            by_reference,
            deployment(envFrom=[{"secretRef": {"name": "sec"}}], args=["--api-key", "$(k)"]),
        ],
        "a Secret on the same line": [
            {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"k": secret}, "type": "Opaque"},
            {"spec": {"containers": [{"image": "vllm/vllm-openai:latest"}]}, "apiVersion": "v1", "kind": "Pod"},
            {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"k": coded, "other": coded}},
        ],
        "a value before its name": [deployment(env=[{"value": secret, "name": name}, {"value": "1", "name": "VLLM_BAD"}])],
        "a ConfigMap": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {name: secret, "c.yaml": f"api-key: {secret}\n"}},
            deployment(
                args=["--config", "/c/c.yaml"],
                envFrom=[{"configMapRef": {"name": "sec"}}],
                volumeMounts=[{"name": "c", "mountPath": "/c"}],
            ),
        ],
        "a URL": [deployment(args=["--model", f"https://user:{secret}@host/m"], env=[{"name": "HTTP_PROXY", "value": f"http://u:{secret}@p"}])],
        "a JSON argument": [deployment(args=["--hf-overrides", f'{{"auth_token": {quoted}}}', "--kv-transfer-config", f'{{"password": {quoted}']) ],
        "an annotation's waiver": [deployment(args=["--api-key", secret]) | {"metadata": {"name": "chat", "annotations": {f"x/{name}": secret}}}],
    }  # fmt: skip


PLACES = list(planted("x", "HF_TOKEN"))


@pytest.mark.parametrize("place", PLACES)
@examples(8)
@given(SECRETS, NAMES)
def test_planted_secret_is_printed_nowhere(place: str, secret: str, name: str) -> None:
    """In no format of `check`, `settings` and `diff`, nor by `init`, nor on stderr; its base64 neither."""
    objects = planted(secret, name)[place]
    manifest = save("x.yaml", as_list(objects))
    save("y.yaml", as_list(planted(f"{secret}other", name)[place]))
    reports: list[Report] = [api.check([manifest], environ={}), api.settings([manifest]), api.diff(manifest, "y.yaml")]
    said = {f"{type(each).__name__} {form}": text for each in reports for form, text in rendered(each).items()}
    for words in (("init", manifest), ("check", manifest, "-o", "github"), ("check", manifest, "-v")):
        code, out, err = ran(*words)
        assert code in (0, 1, 2), err
        said[" ".join(words)] = out + err
    coded = base64.b64encode(secret.encode()).decode()
    assert [] == [where for where, text in said.items() if secret in text or coded in text]
