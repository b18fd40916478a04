"""Checks of the way to an engine: ports, probes, time limits, retries and the place of the weights."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from skewguard.judge.checks import (
    serving,  # noqa: F401 - importing it registers the checks
    serving_probes,
)
from skewguard.judge.checks.interface import Case
from skewguard.language.facts import Choice
from skewguard.language.neighbours import Backend, Route, Timeout
from skewguard.language.workloads import Container, Invocation, Mount, Port, Probe, Service, TextFile
from tests.judge.cases import argument, at, case, env, gap, located, run, service, severities, tokens, verdicts


def http(port: int | str = 8000, **more: Any) -> Probe:
    return Probe(origin=at(40), handler="http", path="/health", port=port, port_origin=at(41, str(port)), **more)


def runs(*command: str, **more: Any) -> Probe:
    return Probe(origin=at(40), handler="exec", command=command, **more)


def mount(path: str, volume: str = "cache", **more: Any) -> Mount:
    return Mount(volume=volume, path=path, origin=at(70, path), **more)


def beside(*boxes: Container, **more: Any) -> Case:
    """A case with further containers in its pod."""
    made = case(**more)
    template = structs.replace(made.workload.template, containers=(made.container, *boxes))
    return structs.replace(made, workload=structs.replace(made.workload, template=template))


def pointed(number: int | None, target: int | str | None = None, **more: Any) -> Service:
    return service("chat", selector={"app": "chat"}, ports=(Port(number, at(81, str(target)), target=target),), **more)


def routed(*timeouts: Timeout, retries: int | None = None, family: str | None = None, **more: Any) -> Case:
    """A case behind an Ingress with these limits."""
    route = Route(
        kind=more.pop("kind", "Ingress"),
        name="chat",
        namespace="prod",
        origin=at(95),
        backends=(Backend("chat", 80, "prod"),),
        timeouts=timeouts,
        retries=() if retries is None else (located(retries, 97),),
        family=family,
        ignored=tuple(located(name, 98) for name in more.pop("ignored", ())),
    )
    return case(
        inventory={"services": (pointed(80, 8000),), "routes": (route,)}, template={"labels": {"app": "chat"}}, **more
    )


def limit(seconds: float | None, name: str = "nginx.ingress.kubernetes.io/proxy-read-timeout") -> Timeout:
    return Timeout(name=name, seconds=seconds, origin=at(96, f"{seconds:.0f}" if seconds else "0"))


LISTENS = {"vllm.port": 8000}


# ---- ports and addresses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (case(derived=LISTENS, container={"readiness": http(8000)}), "pass"),
        (case(derived=LISTENS, container={"readiness": http(8080)}), "fail"),
        (case(declared={"vllm.port": 9000}, container={"liveness": http(8000)}), "fail"),
        (case(derived=LISTENS, container={"readiness": http("http"), "ports": (Port(8080, at(33), name="http"),)}), "fail"),
        (case(derived=LISTENS, container={"ports": (Port(8080, at(33)),)}), "fail"),
        (case(derived=LISTENS, container={"ports": (Port(8000, at(33)), Port(8265, at(34)))}), "pass"),
        (
            case(
                derived=LISTENS,
                container={"ports": (Port(8000, at(33)), Port(9000, at(34))), "readiness": http(9000)},
            ),
            "pass",
        ),
        (case(container={"readiness": http(8080)}), "skipped"),
        (case(open_settings=[gap("vllm.port")], container={"readiness": http(8080)}), "skipped"),
        (case(derived=LISTENS, container={"liveness": runs("curl", "localhost:8080")}), "pass"),
        (case(derived=LISTENS, subject={"role": "worker"}, container={"readiness": http(8080)}), "skipped"),
    ],
)  # fmt: skip
def test_port_mismatch_compares_probes_and_container_ports(subject: Case, verdict: str) -> None:
    """A probe or the only container port at another number fails; an unknown port and a worker are left alone."""
    assert [verdict] == verdicts("serving.port-mismatch", subject)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (pointed(80, 8000), "pass"),
        (pointed(8000), "pass"),
        (pointed(80, 8080), "fail"),
        (pointed(80), "fail"),
        (pointed(80, 8080, headless=True), "pass"),
        (service("other", selector={"app": "other"}, ports=(Port(80, at(81), target=8080),)), "pass"),
        (service("chat", selector={}, ports=(Port(80, at(81), target=8080),)), "pass"),
    ],
)
def test_port_mismatch_compares_services(found: Service, verdict: str) -> None:
    """A Service that selects the pod and leads elsewhere fails; headless and other Services are left alone."""
    subject = case(derived=LISTENS, template={"labels": {"app": "chat"}}, inventory={"services": (found,)})

    assert [verdict] == verdicts("serving.port-mismatch", subject)


def test_port_mismatch_gives_one_finding_for_one_edit() -> None:
    """Probe, container port and Service at the same wrong number have one remedy."""
    subject = case(
        derived=LISTENS,
        container={"readiness": http(8080), "ports": (Port(8080, at(33)),)},
        template={"labels": {"app": "chat"}},
        inventory={"services": (pointed(80, 8080),)},
    )

    (answer,) = run("serving.port-mismatch", subject)

    assert "the readinessProbe, Service chat and the containerPort go to 8080" in answer.message
    assert answer.expected == 8080
    assert severities("serving.port-mismatch", subject) == ["error"]


def test_port_mismatch_changes_the_port_that_is_written() -> None:
    """A second `--port` is no remedy: the edit names the written value, what to write for it, and where it stands."""
    flag = argument("--port", flag="--port", dest="port", value_origin=at(14, "9000", 22))
    subject = case(declared={"vllm.port": 9000}, arguments=[flag], container={"readiness": http(8000)})

    (answer,) = run("serving.port-mismatch", subject)

    assert "change `9000` to `8000` at deploy.yaml:14:22" in answer.remedy
    assert "Write 9000 in the readinessProbe (deploy.yaml:41:1)" in answer.remedy


def test_port_mismatch_offers_one_port_where_several_are_wrong() -> None:
    """A probe and a Service at different wrong numbers cannot both have the engine's port: they take the engine's."""
    subject = case(
        derived=LISTENS,
        container={"liveness": http(8080)},
        template={"labels": {"app": "chat"}},
        inventory={"services": (pointed(80, 8001),)},
    )

    remedies = [answer.remedy for answer in run("serving.port-mismatch", subject)]

    assert remedies == [
        "Write 8000 in the livenessProbe (deploy.yaml:41:1).",
        "Write 8000 in Service chat (deploy.yaml:81:1).",
    ]


@pytest.mark.parametrize("right", [{"readiness": http(8000)}, {"ports": (Port(8000, at(33)),)}])
def test_port_mismatch_leaves_the_engine_where_somebody_finds_it(right: dict[str, Any]) -> None:
    """To move the engine to the wrong probe's port would take it from those who ask at the right one."""
    subject = case(derived=LISTENS, container={"liveness": http(8080), **right})

    assert run("serving.port-mismatch", subject)[0].remedy == "Write 8000 in the livenessProbe (deploy.yaml:41:1)."


@pytest.mark.parametrize(
    ("token", "edit"),
    [
        ("--port=$(PORT)", "change `--port=$(PORT)` to `--port=8000` at deploy.yaml:10:1"),
        ("--port=9000", "change `--port=9000` to `--port=8000` at deploy.yaml:10:1"),
    ],
)
def test_port_mismatch_changes_the_whole_token_of_a_joined_flag(token: str, edit: str) -> None:
    """Flag and value in one token are shown, and written again, as one."""
    flag = argument(token, flag="--port", dest="port")
    subject = case(declared={"vllm.port": 9000}, arguments=[flag], container={"readiness": http(8000)})

    assert edit in run("serving.port-mismatch", subject)[0].remedy


def test_port_mismatch_adds_the_port_where_none_is_written() -> None:
    """Where the engine's default decides, the flag has to be added."""
    subject = case(derived=LISTENS, container={"readiness": http(9000)})

    assert "add `- --port=9000` to the container's `args`" in run("serving.port-mismatch", subject)[0].remedy


def test_port_mismatch_leaves_ports_of_sidecars_alone() -> None:
    """A probe that asks the sidecar which declares the port is no fault; an undeclared one only warns."""
    declared = Container(name="proxy", origin=at(8), ports=(Port(8080, at(9)),))
    silent = Container(name="proxy", origin=at(8))
    probe: dict[str, Any] = {"derived": LISTENS, "container": {"readiness": http(8080)}}

    assert verdicts("serving.port-mismatch", beside(declared, **probe)) == ["pass"]
    assert severities("serving.port-mismatch", beside(silent, **probe)) == ["warning"]


def test_port_mismatch_knows_each_engines_own_port() -> None:
    """An engine's default counts; what cannot be seen leaves the port unknown, and a member of a group has none."""
    shared: dict[str, Any] = {"engine": "sglang", "title": "SGLang", "version": "0.5.5"}
    shared["container"] = {"readiness": http(8000)}
    member = {"sglang.port": 30000, "sglang.node_rank": 1}

    assert verdicts("serving.port-mismatch", case(derived={"sglang.port": 30000}, **shared)) == ["fail"]
    assert verdicts("serving.port-mismatch", case(declared={"sglang.port": 8000}, **shared)) == ["pass"]
    assert verdicts("serving.port-mismatch", case(open_settings=[gap("sglang.port")], **shared)) == ["skipped"]
    assert verdicts("serving.port-mismatch", case(declared=member, **shared)) == ["skipped"]


@pytest.mark.parametrize(
    ("container", "services", "verdict"),
    [
        ({"readiness": http("http"), "ports": (Port(8000, at(33), name="http"),)}, (), "pass"),
        ({"readiness": http("http"), "ports": (Port(8000, at(33)),)}, (), "fail"),
        ({"ports": (Port(8000, at(33), name="web"),)}, (pointed(80, "http"),), "fail"),
        ({"ports": (Port(8000, at(33), name="http"),)}, (pointed(80, "http"),), "pass"),
        ({"readiness": http(8000)}, (), "pass"),
    ],
)
def test_port_name_wants_a_port_of_that_name(
    container: dict[str, Any], services: tuple[Service, ...], verdict: str
) -> None:
    """A name that no container port has fails."""
    subject = case(container=container, template={"labels": {"app": "chat"}}, inventory={"services": services})

    assert [verdict] == verdicts("serving.port-name", subject)


def test_loopback_knows_the_default_of_each_engine() -> None:
    """SGLang without `--host` binds 127.0.0.1; what cannot be seen is left alone."""
    shared: dict[str, Any] = {"engine": "sglang", "title": "SGLang"}
    check = "serving.loopback"

    assert verdicts(check, case(derived={"sglang.host": "127.0.0.1"}, **shared)) == ["fail"]
    assert verdicts(check, case(declared={"sglang.host": "0.0.0.0"}, **shared)) == ["skipped"]  # noqa: S104 - the value under test
    assert verdicts(check, case(open_settings=[gap("sglang.host")], **shared)) == ["skipped"]


def test_loopback_changes_the_address_that_is_written() -> None:
    """A second `--host` is no remedy either."""
    flag = argument("--host", flag="--host", dest="host", value_origin=at(14, "127.0.0.1", 22))
    (answer,) = run("serving.loopback", case(declared={"vllm.host": "127.0.0.1"}, arguments=[flag]))

    assert "change `127.0.0.1` to `0.0.0.0` at deploy.yaml:14:22" in answer.remedy


def test_loopback_is_an_error_where_somebody_is_refused() -> None:
    """With a Service or a probe the engine is unreachable; without one it may be meant so, and a proxy may stand by."""
    shared: dict[str, Any] = {"declared": {"vllm.host": "127.0.0.1"}}

    assert severities("serving.loopback", case(**shared)) == ["warning"]
    assert severities("serving.loopback", case(**shared, container={"readiness": http()})) == ["error"]
    assert verdicts("serving.loopback", beside(Container(name="proxy", origin=at(8)), **shared)) == ["skipped"]


# ---- probes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("Qwen/Qwen3-8B", 8),
        ("meta-llama/Llama-3.1-70B-Instruct", 70),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", 56),
        ("Qwen/Qwen3-30B-A3B", 30),
        ("openai/gpt-oss-120b", 120),
        ("Qwen/Qwen2.5-0.5B-Instruct", 0.5),
        ("HuggingFaceTB/SmolLM2-135M", 0.135),
        ("/models/llama-3-8b/", 8),
        ("deepseek-ai/DeepSeek-V3", None),
        ("microsoft/phi-4", None),
        ("org/model-4bit", None),
        ("70B/chat", None),
    ],
)
def test_parameters_are_read_from_a_well_formed_name(name: str, billions: float | None) -> None:
    """The number of parameters stands in many names; a name without one tells nothing."""
    assert billions == serving_probes.parameters_of(name)


@given(st.text(max_size=80))
def test_parameters_survive_any_name(name: str) -> None:
    """No name breaks the reader."""
    size = serving_probes.parameters_of(name)

    assert size is None or size >= 0


CACHED = (mount("/root/.cache/huggingface"),)


@pytest.mark.parametrize(
    ("model", "container", "verdict"),
    [
        ("Qwen/Qwen3-8B", {"liveness": http(initial_delay_s=60), "mounts": ()}, "fail"),
        ("Qwen/Qwen3-8B", {"liveness": http(initial_delay_s=60), "mounts": CACHED}, "pass"),
        ("Qwen/Qwen3-8B", {"liveness": http(), "mounts": CACHED}, "fail"),
        ("Qwen/Qwen3-8B-AWQ", {"liveness": http(), "mounts": CACHED}, "pass"),
        ("Qwen/Qwen3-32B", {"liveness": http(initial_delay_s=600), "mounts": ()}, "pass"),
        ("meta-llama/Llama-3.1-70B", {"liveness": http(initial_delay_s=60), "mounts": CACHED}, "fail"),
        ("deepseek-ai/DeepSeek-V3", {"liveness": http(initial_delay_s=60)}, "unknown"),
        ("deepseek-ai/DeepSeek-V3", {"liveness": http(initial_delay_s=3000)}, "pass"),
        ("Qwen/Qwen3-8B", {"liveness": http(), "startup": http(failure_threshold=60)}, "skipped"),
        ("Qwen/Qwen3-8B", {"liveness": runs("echo", "alive")}, "skipped"),
        ("Qwen/Qwen3-8B", {}, "skipped"),
    ],
)
def test_liveness_budget_is_compared_with_loading(model: str, container: dict[str, Any], verdict: str) -> None:
    """A budget below the least load time of a known size fails; an unknown size is unknown; a startupProbe covers."""
    subject = case(declared={"model.id": model}, container=container)

    assert [verdict] == verdicts("serving.liveness-kills-loading", subject)


def test_liveness_remedy_is_a_startup_probe_of_the_same_question() -> None:
    """The edit asks what the liveness probe asks, with twice the least load time."""
    subject = case(declared={"model.id": "Qwen/Qwen3-8B"}, container={"liveness": http(9000), "mounts": CACHED})

    (answer,) = run("serving.liveness-kills-loading", subject)

    assert (
        "`startupProbe: {httpGet: {path: /health, port: 9000}, periodSeconds: 10, failureThreshold: 7}`"
        in answer.remedy
    )
    assert "8 billion parameters" in answer.message


def test_liveness_remedy_asks_where_the_engine_answers() -> None:
    """A startupProbe at a port or path where nothing answers would be the next fault."""
    probe = structs.replace(http(8080), path="/healthz")
    subject = case(declared={"model.id": "Qwen/Qwen3-8B"}, derived=LISTENS, container={"liveness": probe})

    assert "httpGet: {path: /health, port: 8000}" in run("serving.liveness-kills-loading", subject)[0].remedy


@pytest.mark.parametrize(
    ("path", "more", "expected"),
    [
        ("/healthz", {}, ["error"]),
        ("/healthz/?verbose", {}, ["error"]),
        ("/", {}, ["error"]),
        ("/health", {}, []),
        ("/health/", {}, []),
        ("/ping", {}, []),
        ("/v1/models", {}, []),
        ("/a-path-of-the-next-release", {}, []),
        ("/healthz", {"declared": {"vllm.root_path": "/llm"}}, []),
        ("/healthz", {"declared": {"vllm.middleware": ["mine.Health"]}}, []),
        ("/healthz", {"blind": gap("vllm")}, []),
        ("/healthz", {"image": "registry.example/mine/vllm:1", "version": None}, ["warning"]),
        ("/health_generate", {"engine": "sglang", "title": "SGLang", "derived": {"sglang.port": 8000}}, []),
    ],
)
def test_probe_path_is_one_that_the_engine_serves(path: str, more: dict[str, Any], expected: list[str]) -> None:
    """A path of other servers is answered with 404 for ever; what may serve it, and paths nobody knows, are left alone."""
    probe = structs.replace(http(8000), path=path)
    subject = case(**{"derived": LISTENS, "container": {"readiness": probe}, **more})

    assert severities("serving.probe-path", subject) == expected


def test_probe_path_leaves_a_neighbour_of_the_pod_alone() -> None:
    """At another port than the engine's a proxy may answer."""
    probe = structs.replace(http(9000), path="/healthz")
    silent = Container(name="proxy", origin=at(8))

    subject = beside(silent, derived=LISTENS, container={"readiness": probe})

    assert severities("serving.probe-path", subject) == []


@pytest.mark.parametrize(
    ("model", "startup", "verdict"),
    [
        ("meta-llama/Llama-3.1-70B", http(period_s=5, failure_threshold=6), "fail"),
        ("meta-llama/Llama-3.1-70B", http(failure_threshold=120), "pass"),
        ("org/unnamed", http(period_s=5, failure_threshold=6), "unknown"),
        ("org/unnamed", http(failure_threshold=60), "skipped"),
        ("Qwen/Qwen3-8B", None, "skipped"),
    ],
)
def test_startup_budget_is_compared_with_loading(model: str, startup: Probe | None, verdict: str) -> None:
    """A startupProbe that ends before the least load time fails."""
    subject = case(declared={"model.id": model}, container={"startup": startup})

    assert [verdict] == verdicts("serving.startup-too-short", subject)


@pytest.mark.parametrize(
    ("command", "verdict"),
    [
        (("echo", "alive"), "fail"),
        (("sh", "-c", "echo alive"), "fail"),
        (("/bin/true",), "fail"),
        (("bash", "-c", "curl -f localhost:8000/health || true"), "fail"),
        (("sh", "-c", "curl localhost:8000/health; exit 0"), "fail"),
        (("sleep", "1"), "fail"),
        (("sh", "-c", "curl -f localhost:8000/health || exit 1"), "pass"),
        (("sh", "-c", "curl -f localhost:8000/health && echo ok"), "pass"),
        (("cat", "/run/healthy"), "pass"),
        (("python3", "/probe.py", "true"), "pass"),
    ],
)
def test_probe_that_asks_nothing_is_found(command: tuple[str, ...], verdict: str) -> None:
    """A last command that always succeeds fails; one that depends on the engine passes."""
    subject = case(container={"liveness": runs(*command)})

    assert [verdict] == verdicts("serving.probe-never-fails", subject)


def test_http_probe_can_fail() -> None:
    """A question over HTTP is a question."""
    assert verdicts("serving.probe-never-fails", case(container={"liveness": http(), "readiness": http()})) == ["pass"]


@pytest.mark.parametrize(("delay", "verdict"), [(None, "pass"), (600, "pass"), (3600, "fail"), (172800, "fail")])
def test_probe_delay_of_hours_is_found(delay: int | None, verdict: str) -> None:
    """An initial delay of an hour or more fails."""
    assert [verdict] == verdicts("serving.probe-delay", case(container={"readiness": http(initial_delay_s=delay)}))


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ("vllm serve m || sleep infinity", "fail"),
        ("vllm serve m; sleep infinity", "fail"),
        ("vllm serve m &\nsleep infinity", "fail"),
        ("python3 -m vllm.entrypoints.openai.api_server --model m || true", "fail"),
        ("vllm serve m || tail -f /dev/null", "fail"),
        ("pip install x || true\nexec vllm serve m", "pass"),
        ("rm -f /tmp/x || true; vllm serve m --port 8000", "pass"),
        ("vllm serve m || exit 1", "pass"),
        ("# vllm serve m || sleep infinity\nexec vllm serve m", "pass"),
        ("until curl -f http://ray:6379; do sleep 5; done; vllm serve m", "pass"),
        ("sleep infinity", "pass"),
    ],
)
def test_hidden_exit_looks_behind_the_engine(script: str, verdict: str) -> None:
    """What keeps the container alive after the engine fails; the same words before it do not."""
    assert [verdict] == verdicts("serving.hidden-exit", case(command=["bash", "-c", script]))


def test_hidden_exit_reads_mounted_scripts() -> None:
    """A script from a ConfigMap is read like a line of the container."""
    script = TextFile(path="/opt/start.sh", text="vllm serve m || sleep infinity\n", ref="ConfigMap x", origin=at(66))

    assert verdicts("serving.hidden-exit", case(command=["bash", "/opt/start.sh"], container={"files": (script,)})) == [
        "fail"
    ]


def test_hidden_exit_is_a_note_behind_a_liveness_probe() -> None:
    """A liveness probe that asks the engine ends the container all the same."""
    subject = case(command=["bash", "-c", "vllm serve m || sleep infinity"], container={"liveness": http()})

    assert severities("serving.hidden-exit", subject) == ["note"]


# ---- time limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (routed(limit(3600), declared={"limits.max_output_tokens": 4096}), []),
        (routed(limit(60), declared={"limits.max_output_tokens": 4096}), ["warning"]),
        (routed(limit(60), declared={"limits.default_output_tokens": 4096}), ["warning"]),
        (routed(limit(30), declared={"limits.max_model_len": 32768}), ["warning"]),
        (routed(limit(300), declared={"limits.max_model_len": 32768}), ["note"]),
        (routed(limit(300), declared={"limits.max_model_len": 4096}), []),
        (routed(limit(5, "nginx.ingress.kubernetes.io/proxy-connect-timeout"), declared={"limits.max_model_len": 9999}), []),
        (routed(limit(None, "timeout"), declared={"limits.max_model_len": 32768}), []),
    ],
)  # fmt: skip
def test_timeout_is_compared_with_the_longest_answer(subject: Case, expected: list[str]) -> None:
    """A cap that a limit cuts warns, the whole context only where usual answers are cut, connect limits never."""
    assert expected == severities("serving.timeout-too-short", subject)


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (routed(limit(60)), "unknown"),
        (
            routed(
                limit(60),
                open_settings=[Choice("limits.max_model_len", "context", ("config.json@m@main",), ())],
            ),
            "unknown",
        ),
        (routed(), "skipped"),
        (case(declared={"limits.max_model_len": 32768}), "skipped"),
    ],
)
def test_timeout_is_unknown_without_a_length(subject: Case, verdict: str) -> None:
    """Without a known length nobody can judge a limit; without a route there is none."""
    assert [verdict] == verdicts("serving.timeout-too-short", subject)


def test_timeout_says_assumption_and_edit() -> None:
    """The message names tokens and speed, and whether streaming helps; the edit keeps the style of the value."""
    (answer,) = run("serving.timeout-too-short", routed(limit(60), declared={"limits.max_output_tokens": 4096}))

    assert "4,096 tokens (limits.max_output_tokens), which takes 164 s at 40 ms each" in answer.message
    assert "streamed answers pass" in answer.message
    assert '`nginx.ingress.kubernetes.io/proxy-read-timeout: "164"`' in answer.remedy
    assert '{"max_new_tokens": 1500}' in answer.remedy


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (routed(family="gce", declared={"limits.max_model_len": 32768}), ["warning"]),
        (routed(family="nginx", declared={"limits.max_model_len": 32768}), ["note"]),
        (routed(family="nginx", declared={"limits.max_output_tokens": 4096}), ["warning"]),
        (routed(family="traefik", declared={"limits.max_model_len": 32768}), []),
        (routed(family=None, declared={"limits.max_model_len": 32768}), []),
        (routed(limit(600), family="gce", declared={"limits.max_model_len": 32768}), []),
        (routed(kind="HTTPRoute", declared={"limits.max_model_len": 32768}), []),
        (routed(kind="Route", family="openshift", declared={"limits.max_output_tokens": 4096}), ["warning"]),
        (routed(family="gce"), []),
    ],
)
def test_timeout_default_of_a_documented_controller_counts(subject: Case, expected: list[str]) -> None:
    """A route without a limit has its controller's default, where that is documented."""
    assert expected == severities("serving.timeout-default", subject)


READ, BODY = "nginx.ingress.kubernetes.io/proxy-read-timeout", "nginx.ingress.kubernetes.io/proxy-body-size"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (routed(family="alb", ignored=(READ,)), ["fail"]),
        (routed(family="nginx", ignored=(READ,)), ["fail"]),
        (routed(limit(600, "idle_timeout"), family="alb", ignored=(READ,)), ["pass"]),
        (routed(limit(600, "idle_timeout"), family="alb", ignored=(READ, BODY)), ["fail"]),
        (routed(family="alb"), ["pass"]),
        (case(), ["skipped"]),
    ],
)
def test_annotation_that_nobody_reads_is_told(subject: Case, expected: list[str]) -> None:
    """Another controller's annotation, or one in a form its own refuses; beside an own limit it is harmless."""
    assert expected == verdicts("serving.annotation-ignored", subject)


def test_annotation_that_nobody_reads_has_one_finding_for_one_edit() -> None:
    """The default that holds instead has the same remedy, and is not told again."""
    subject = routed(family="gce", ignored=(READ,), declared={"limits.max_model_len": 32768})

    (answer,) = run("serving.annotation-ignored", subject)
    assert "the Google Cloud load balancer does not read" in answer.message
    assert "`BackendConfig spec.timeoutSec`" in answer.remedy
    assert verdicts("serving.timeout-default", subject) == ["pass"]


def test_limit_beside_a_way_replaces_the_default_of_its_controller() -> None:
    """A BackendConfig settles the Google load balancer's route, and is judged itself."""
    beside = Route("Service", "chat", "prod", at(90), (Backend("chat", None, "prod"),), (limit(60, "timeoutSec"),),
                   family="gce", beside=True)  # fmt: skip
    subject = routed(family="gce", declared={"limits.max_output_tokens": 4096})
    subject.inventory = structs.replace(subject.inventory, routes=(*subject.inventory.routes, beside))

    assert verdicts("serving.timeout-default", subject) == ["skipped"]
    assert severities("serving.timeout-too-short", subject) == ["warning"]


def test_limit_beside_the_way_of_another_controller_is_none() -> None:
    """A BackendConfig does nothing on the way of an ingress-nginx."""
    beside = Route("Service", "chat", "prod", at(90), (Backend("chat", None, "prod"),), (limit(5, "timeoutSec"),),
                   family="gce", beside=True)  # fmt: skip
    subject = routed(limit(3600), family="nginx", declared={"limits.max_output_tokens": 4096})
    subject.inventory = structs.replace(subject.inventory, routes=(*subject.inventory.routes, beside))

    assert verdicts("serving.timeout-too-short", subject) == ["pass"]


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [(routed(retries=3), "fail"), (routed(retries=1), "pass"), (routed(), "pass"), (case(), "skipped")],
)
def test_retries_beyond_one_are_found(subject: Case, verdict: str) -> None:
    """More than one retry multiplies generations."""
    assert [verdict] == verdicts("serving.retries", subject)


@pytest.mark.parametrize(
    ("grace", "tokens_", "verdict"), [(None, 4096, "fail"), (600, 4096, "pass"), (None, 512, "pass"), (None, None, "skipped")]
)  # fmt: skip
def test_grace_period_is_noted(grace: int | None, tokens_: int | None, verdict: str) -> None:
    """A grace period below the longest answer is noted."""
    declared = {} if tokens_ is None else {"limits.max_output_tokens": tokens_}

    assert [verdict] == verdicts(
        "serving.grace-period", case(declared=declared, template={"termination_grace_s": grace})
    )


# ---- caches --------------------------------------------------------------------------------------------------------


def keeps(*mounts: Mount, model: str = "Qwen/Qwen3-8B", **more: Any) -> Case:
    container = {"mounts": mounts, **more.pop("container", {})}
    return case(declared={"model.id": model, **more.pop("declared", {})}, container=container, **more)


HOME = env("HF_HOME", "/data")


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (keeps(mount("/root/.cache/huggingface")), "pass"),
        (keeps(mount("/root/.cache")), "pass"),
        (keeps(mount("/data"), environment=[HOME]), "pass"),
        (keeps(mount("/data/hub"), environment=[HOME]), "pass"),
        (keeps(mount("/root/.cache/huggingface"), environment=[HOME]), "fail"),
        (keeps(mount("/root/.cache/huggingface"), environment=[env("HF_HUB_CACHE", "/models")]), "fail"),
        (keeps(mount("/root/.cache/huggingface"), environment=[env("HOME", "/home/vllm")]), "fail"),
        (keeps(mount("/root/.cache/huggingface"), mount("/data"), environment=[HOME]), "pass"),
        (keeps(mount("/.cache/huggingface")), "unknown"),
        (keeps(mount("/.cache/huggingface"), environment=[HOME]), "fail"),
        (keeps(mount("/models", "model-cache"), declared={"vllm.download_dir": "/data"}), "fail"),
        (keeps(mount("/data", "model-cache"), declared={"vllm.download_dir": "/data"}), "pass"),
        (keeps(mount("/root/.cache/vllm", "compile"), environment=[HOME]), "pass"),
        (keeps(mount("/dev/shm", "shm")), "pass"),  # noqa: S108 - a mount path, not a file
        (keeps(), "pass"),
        (keeps(mount("/root/.cache/huggingface"), model="/models/qwen"), "skipped"),
        (keeps(mount("/root/.cache/huggingface"), model="s3://bucket/qwen"), "skipped"),
        (keeps(mount("/root/.cache/huggingface"), environment=[env("HF_HOME", None, source="config-map")]), "skipped"),
        (keeps(mount("/root/.cache/huggingface"), engine="ollama", title="Ollama"), "skipped"),
    ],
)
def test_cache_is_where_the_engine_looks(subject: Case, verdict: str) -> None:
    """A cache volume beside the place in use fails; where the home is not known it is unknown."""
    assert [verdict] == verdicts("serving.cache-unused", subject)


def test_cache_remedy_names_both_ways() -> None:
    """Either the mount moves or HF_HOME does."""
    (answer,) = run("serving.cache-unused", keeps(mount("/root/.cache/huggingface"), environment=[HOME]))

    assert answer.remedy == "Set `mountPath: /data` for volume cache, or `HF_HOME` to /root/.cache/huggingface."


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (keeps(mount("/root/.cache/huggingface", read_only=True)), "fail"),
        (keeps(mount("/root/.cache/huggingface")), "pass"),
        (keeps(mount("/root/.cache/huggingface", read_only=True), environment=[env("HF_HUB_OFFLINE", "1")]), "skipped"),
        (keeps(mount("/models", read_only=True), model="/models/qwen"), "skipped"),
    ],
)
def test_cache_that_cannot_be_written_is_found(subject: Case, verdict: str) -> None:
    """A read-only cache fails unless the Hub is not asked."""
    assert [verdict] == verdicts("serving.cache-read-only", subject)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (keeps(container={"read_only_root": True}), ["warning"]),
        (keeps(container={"read_only_root": True}, environment=[HOME]), ["error"]),
        (keeps(mount("/data"), container={"read_only_root": True}, environment=[HOME]), []),
        (keeps(), []),
        (keeps(container={"read_only_root": True}, model="/models/qwen"), []),
    ],
)
def test_read_only_root_wants_a_place_for_the_model(subject: Case, expected: list[str]) -> None:
    """Without a volume a download has no place; it is an error where the place is written in the manifest."""
    assert expected == severities("serving.cache-no-place", subject)


def test_rest_of_a_cut_command_is_no_other_program() -> None:
    """Flags behind a command that ended too early start nothing that could listen."""
    starts = (
        Invocation(argv=tokens("vllm", "serve", "m"), via="shell"),
        Invocation(argv=tokens("--seed"), via="shell"),
    )
    subject = case(derived=LISTENS, container={"readiness": http(8080), "invocations": starts})

    assert severities("serving.port-mismatch", subject) == ["error"]


def test_two_starts_in_one_container_only_warn() -> None:
    """With another program in the container, the port may be that program's."""
    starts = (Invocation(argv=tokens("nginx"), via="shell"), Invocation(argv=tokens("vllm", "serve", "m"), via="shell"))
    subject = case(derived=LISTENS, container={"readiness": http(8080), "invocations": starts})

    assert severities("serving.port-mismatch", subject) == ["warning"]
