"""`record_baseline` against an engine whose truth is known, and against a cluster in this process."""

import json
import signal
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from skewguard import api
from skewguard.adapters.cluster import access
from skewguard.adapters.store import databases
from skewguard.api import keeping, measured, recording, sending, surroundings, watching
from skewguard.api.contracts import load_contracts
from skewguard.api.measured import Thing
from skewguard.api.running import Terms
from skewguard.api.witnessing import Reached
from skewguard.judge.baseline import validity
from skewguard.language.baselines import Baseline, BaselineReport
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import Fact
from skewguard.language.running import Unread
from skewguard.observe.loadgen import Live
from skewguard.observe.sources import sampling
from skewguard.observe.sources.sampling import Sampler, Seen
from skewguard.report import load_words
from tests.fakes import engine, pages
from tests.fakes.api_server import ApiServer, free_port
from tests.fakes.prometheus import Prometheus
from tests.observe.live import made

SMALL = {"concurrency": 4, "requests": 40, "warmup": 0.0, "prompt_tokens": "16", "output_tokens": "4"}
BEAT = 0.05
UNHURRIED = 0.4
"""A beat of a window of one second: no pause of a busy machine is a hole of three of them."""
CONTRACT = """
apiVersion: skewguard.dev/v1alpha1
kind: ServingContract
metadata: {name: chat}
spec:
  targets: [{kind: Deployment, name: chat}]
  performance:
    load: {profile: constant, rate: 100, requests: 40, warmup: 0s, prompt_tokens: 24, output_tokens: 4, seed: 9}
    slo: {e2e: {p95: 30s}}
"""


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short look, and a machine that others do not use: what the client says of itself there is tested elsewhere."""
    monkeypatch.setattr(watching, "LOOK_S", 0.3)
    monkeypatch.setattr(sending, "TOGETHER_S", 0.3)
    monkeypatch.setattr(validity, "_of_instrument", lambda *_, **__: ())


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Where recordings are kept."""
    return str(tmp_path / "store.db")


@contextmanager
def serving(
    answer: engine.Behaviour | None = None,
    page: Callable[[int], bytes] | None = None,
    models: Sequence[str] = (engine.MODEL,),
) -> Iterator[engine.Served]:
    """An engine; `page` is its page of metrics, by how often it was asked."""
    asked = iter(range(10**6))
    listed = json.dumps({"data": [{"id": model} for model in models]}).encode()
    told = {} if page is None else {"/metrics": lambda: page(next(asked))}
    with engine.serving(answer or engine.Answer(ttft=0.01, gap=0.002), pages=told, models=listed) as url:
        yield url


def idle(_number: int) -> bytes:
    """A page of an engine without traffic."""
    return pages.vllm(7, running=0)


def serves(number: int) -> bytes:
    """A page of an engine that has some."""
    return pages.vllm(7 + number, running=2)


def record(url: str | None, **more: Any) -> BaselineReport:
    """A small recording that is not kept, unless told otherwise."""
    more.setdefault("keep", "store" in more)
    more.setdefault("load", SMALL)
    return api.record_baseline(more.pop("workload", None), endpoint=url, **{"beat": BEAT, "timeout": 10, **more})


def one(report: BaselineReport) -> Baseline:
    """Its only baseline."""
    (found,) = report.baselines
    return found


# ---- an engine behind a URL ------------------------------------------------------------------------------------------


def test_load_is_sent_measured_and_kept(store: str) -> None:
    """Every request once, with the server's own counts, bound to the endpoint."""
    with serving(page=idle) as url:
        report = record(url, store=store)
    found = one(report)
    assert (report.exit_code, found.valid, found.partial, found.kind) == (0, True, False, "load")
    assert (found.requests.sent, found.requests.completed, found.requests.failed) == (40, 40, {})
    assert len(url.requests) == 40
    assert {request.body["max_tokens"] for request in url.requests} == {4}
    assert (found.subject.kind, found.subject.name) == ("Endpoint", url.partition("://")[2])
    assert (found.engine, found.model, found.load.prompts.source) == ("vllm", engine.MODEL, "synthetic")
    assert api.list_baselines(store=store).baselines[0].id == found.id != ""


def test_nothing_is_kept_where_nobody_wants_it(tmp_path: Path) -> None:
    """Nor is a store made."""
    with serving() as url:
        report = record(url, environ={"SKEWGUARD_STORE": str(tmp_path / "no.db")})
    assert (report.stored, one(report).id, (tmp_path / "no.db").exists()) == (None, "", False)


@pytest.mark.parametrize(
    "load", [{"stages": "40:1s,c4:1s"}, {"profile": "burst", "requests": 40}], ids=["stages", "burst"]
)
def test_load_that_says_itself_when_it_is_over_is_recorded(load: dict[str, Any]) -> None:
    """Nobody gave it a duration, which it does not need: no recording is lost over that once the load was sent."""
    slow = engine.Answer(ttft=0.3, gap=0.3)
    with serving(slow, page=idle) as url:
        made = one(record(url, load={"warmup": 0.0, "prompt_tokens": "16", "output_tokens": "4", **load}))
    assert made.requests.completed == made.requests.sent
    assert not any("nobody said how long" in note for note in made.notes)


def test_second_recording_is_held_against_the_first(store: str) -> None:
    """At the same load of the same endpoint; five times slower is worse, and no failure of the recording itself."""
    slow = False

    def answer(_number: int, _body: dict[str, Any]) -> engine.Answer:
        return engine.Answer(ttft=0.05 if slow else 0.01, gap=0.05 if slow else 0.01)

    load = {**SMALL, "output_tokens": "8", "requests": 80}
    with serving(answer) as url:
        first = record(url, store=store, load=load)
        slow = True
        second = record(url, store=store, load=load)
    assert (first.against, second.exit_code) == (None, 0)
    assert second.against is not None
    assert second.comparison is not None
    assert (second.against.id, second.comparison.verdict) == (one(first).id, "worse")


def test_what_an_endpoint_does_not_show_is_a_gap() -> None:
    """Its GPUs, its replicas: each with its reason, and no number."""
    with serving(page=idle) as url:
        found = one(record(url))
    per_gpu, memory = found.metric("output_tokens_per_second_per_gpu"), found.metric("gpu_memory_used")
    assert per_gpu is not None
    assert memory is not None
    assert (found.replicas, found.gpus, per_gpu.value, memory.value) == (None, None, None, None)
    assert (bool(per_gpu.gap), bool(memory.gap)) == (True, True)
    assert "hardware.gpu_class" in [gap.setting for gap in found.gaps]
    assert "runtime.image_digest" in [gap.setting for gap in found.gaps] or found.inputs_digest is None


def test_engine_that_nobody_knows_is_measured_without_its_settings() -> None:
    """And it is said that nothing is known of it, nor whether it served anybody meanwhile."""
    with serving() as url:
        found = one(record(url))
    assert (found.engine, found.facts, found.valid) == (None, (), True)
    assert any(note.startswith("no engine that is known answers") for note in found.notes)
    assert any(note.startswith("whether it had traffic of its users meanwhile is not known") for note in found.notes)


def test_endpoint_that_does_not_answer_is_no_recording() -> None:
    """With how to see for oneself."""
    with pytest.raises(InputError, match="nothing listens there") as refused:
        record(f"http://127.0.0.1:{free_port()}")
    assert "curl" in str(refused.value.hint)


def test_contract_says_load_and_objectives(tmp_path: Path) -> None:
    """Of the endpoint that it is given for; an option goes before it."""
    contract = tmp_path / "chat.yaml"
    contract.write_text(CONTRACT)
    with serving(page=idle) as url:
        report = record(url, contracts=[str(contract)], load={"prompt_tokens": "16"})
    load = one(report).load
    assert (load.profile, load.rate, load.requests, load.seed) == ("constant", 100, 40, 9)
    assert (str(load.prompts.prompt_tokens), str(load.prompts.output_tokens)) == ("16", "4")
    assert one(report).slo == {"e2e": {"p95": 30.0}}
    assert report.notes == ("load and objectives of contract chat",)


def test_objective_that_is_missed_fails_the_recording() -> None:
    """An answer whose first token takes 10 ms cannot end within two."""
    with serving(page=idle) as url:
        report = record(url, slo=["e2e.p50=2ms", "e2e.p95=60s"], load={**SMALL, "requests": 200})
    assert (report.exit_code, one(report).valid) == (1, True)
    assert [(each.stat, each.verdict) for each in report.objectives] == [("p50", "missed"), ("p95", "met")]


def test_objective_that_nobody_can_tell_of_is_no_pass() -> None:
    """Its engine counts no preemptions that anybody could read."""
    with serving() as url:
        report = record(url, slo=["preemptions.max=1"])
    assert (report.exit_code, one(report).valid) == (3, True)
    assert [(each.verdict, each.value) for each in report.objectives] == [("undecided", None)]


def test_recording_with_too_many_failures_is_not_valid(store: str) -> None:
    """It is kept, with the reason, and stands for nothing."""
    answers = {True: engine.Answer(status=500), False: engine.Answer()}
    with serving(lambda number, _body: answers[number % 4 == 0], idle) as url:
        report = record(url, store=store)
    assert (report.exit_code, one(report).valid, one(report).requests.failed) == (3, False, {"http": 10})
    assert "failed" in one(report).invalid_because[0]
    with pytest.raises(UsageError, match="invalid"):
        api.show_baseline(url, store=store)


def test_load_that_is_refused_altogether_ends_itself(store: str) -> None:
    """In its warm-up, and with what the server said; what was measured is kept."""
    load = {**SMALL, "requests": None, "duration": 60.0, "warmup": 60.0}
    body = b'{"error": {"message": "No such model."}}'
    with serving(engine.Answer(status=404, body=body), idle) as url:
        report = record(url, store=store, load=load)
    found = one(report)
    assert (report.exit_code, found.partial, found.duration < 30) == (3, True, True)
    assert "requests were answered with an HTTP error. The server answered with status 404" in found.invalid_because[0]
    assert "(No such model.)" in found.invalid_because[0]
    assert found.id is not None
    assert "no answer of a model" in load_words.ran(found)


def test_model_that_vllm_does_not_list_is_asked_for_by_no_request() -> None:
    """All of them would be answered 404; what is listed is named."""
    with serving(page=idle, models=["Qwen/Qwen3-8B"]) as url:
        with pytest.raises(UsageError, match=r"serves no model llama: it lists Qwen/Qwen3-8B; nothing was sent"):
            record(url, model="llama")
        assert url.requests == []
        assert one(record(url, model="Qwen/Qwen3-8B")).valid


def test_engine_that_takes_any_name_is_asked_for_it() -> None:
    """What nobody knows to refuse a name is asked."""
    with serving(models=["m"]) as url:
        assert one(record(url, model="other")).valid


@pytest.mark.parametrize(
    ("stands", "ends"),
    [
        ({"failed": 19, "refused": 19}, False),
        ({"failed": 20, "refused": 20}, True),
        ({"failed": 40, "refused": 39}, False),
        ({"failed": 40, "refused": 40, "completed": 1}, False),
    ],
)
def test_load_is_hopeless_where_all_of_it_was_refused(stands: dict[str, int], ends: bool) -> None:
    """One answer, or one failure of another kind, is a reason to go on."""
    live = structs.replace(Live(1.0, 50, 0, 0, 4, 0.0), **stands)
    assert bool(sending.hopeless(live)) is ends


def test_interrupt_keeps_what_was_measured(store: str) -> None:
    """Partial, kept, and never compared with."""

    def interrupt(_live: object) -> None:
        raise KeyboardInterrupt

    with serving(engine.Answer(ttft=0.01, gap=0.01)) as url:
        report = record(
            url, store=store, load={**SMALL, "requests": None, "duration": 60.0},
            telling=recording.Telling(running=interrupt),
        )  # fmt: skip
    found = one(report)
    assert (report.exit_code, found.partial, found.valid) == (130, True, False)
    assert 0 < (found.requests.sent or 0) < 2000
    assert [each.id for each in api.list_baselines(store=store, every=True).baselines] == [found.id]


def test_share_of_a_load_is_no_baseline_and_merges(tmp_path: Path) -> None:
    """Two machines send half of it each; together they are the load."""
    from skewguard.report import baseline_documents

    files: list[Path] = []
    with serving(page=idle) as url:
        for part in ("1/2", "/2"):
            report = record(url, part=part, environ={"JOB_COMPLETION_INDEX": "1"})
            assert (report.exit_code, one(report).requests.sent) == (3, 20)
            assert "share" in one(report).invalid_because[-1]
            files.append(tmp_path / f"{len(files)}.json")
            files[-1].write_bytes(baseline_documents.write(one(report)))
    merged = one(api.merge_baselines([str(file) for file in files], keep=False))
    assert (merged.requests.sent, merged.requests.completed, merged.part) == (40, 40, None)
    assert len({request.body["messages"][0]["content"] for request in url.requests}) == 40


def test_calibration_that_breaks_off_tells_what_was_recorded(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine has users since: no calibration, the reason, and the recordings that are kept."""
    real, made = recording.record_baseline, iter(range(9))

    def breaking(*words: Any, **more: Any) -> BaselineReport:
        if next(made) == 2:
            raise UsageError("it has traffic of its users")
        return real(*words, **more)

    monkeypatch.setattr(recording, "record_baseline", breaking)
    with serving(page=idle) as url:
        learned = api.calibrate_baseline(runs=4, endpoint=url, load=SMALL, store=store, beat=BEAT)
    assert (learned.calibration, learned.exit_code, len(learned.baselines)) == (None, 2, 2)
    assert [each.message for each in learned.errors] == ["it has traffic of its users"]


def test_calibration_tells_of_recordings_that_could_not_be_kept(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with the file it is in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(keeping.Kept, "keep", lambda *_: (_ for _ in ()).throw(UsageError("the disk is full")))
    with serving(page=idle) as url:
        learned = api.calibrate_baseline(runs=3, endpoint=url, load=SMALL, store=store, beat=BEAT)
    assert (learned.exit_code, len(learned.errors)) == (2, 3)
    assert all("the disk is full" in each.message for each in learned.errors)


def test_share_leaves_an_engine_alone_that_serves_its_users() -> None:
    """As any other load does; and who started it later than the others is told why it looks so."""
    with serving(page=serves) as url, pytest.raises(UsageError, match="has traffic of its users") as refused:
        record(url, part="2/2")
    assert "start all of them within 15 s" in str(refused.value.hint)
    assert url.requests == []


def test_share_takes_the_requests_of_the_others_for_no_traffic_of_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine was idle when it looked; what begins while it waits are the others, and it goes with them at once."""
    monkeypatch.setattr(sending, "TOGETHER_S", 600.0)
    real, others = watching.wait_for_traffic, []

    def waiting(sampler: Sampler, seconds: float) -> None:
        others.append("the first share goes")
        real(sampler, seconds)

    monkeypatch.setattr(watching, "wait_for_traffic", waiting)
    with serving(page=lambda _: pages.vllm(7, running=4 if others else 0)) as url:
        found = one(record(url, part="2/2"))
    assert (found.requests.completed, found.partial) == (20, False)
    assert not any("users" in note for note in found.notes)


def test_share_that_may_go_beside_users_does_not_look() -> None:
    """Whose requests it sees nobody can tell, and it is said so."""
    with serving(page=serves) as url:
        found = one(record(url, part="2/2", on_live=True))
    assert (found.requests.completed, found.partial) == (20, False)
    assert any("meanwhile is not known: other machines send their shares" in note for note in found.notes)
    assert not any("users were served" in note for note in found.notes)


def test_share_for_an_engine_of_which_nobody_can_tell_ends_at_errors() -> None:
    """It has no page of metrics: users may be there, and none of the machines could see them."""
    with serving(engine.Answer(status=503)) as url:
        found = one(record(url, part="1/2", load={**SMALL, "requests": None, "duration": 60.0}))
    assert (found.partial, found.duration < 30) == (True, True)


def test_calibration_records_as_often_as_it_is_asked_to(store: str) -> None:
    """And learns from what it recorded."""
    with serving(engine.Answer(ttft=0.01, gap=0.005)) as url:
        learned = api.calibrate_baseline(runs=3, endpoint=url, load=SMALL, store=store, beat=BEAT)
    assert learned.calibration is not None
    assert (len(url.requests), len(learned.calibration.baselines), learned.exit_code) == (120, 3, 0)


# ---- what must not be done -------------------------------------------------------------------------------------------


def test_engine_that_serves_its_users_is_left_alone() -> None:
    """It is said what was seen there, and both ways on; nothing was sent."""
    with serving(page=serves) as url, pytest.raises(UsageError, match="has traffic of its users") as refused:
        record(url)
    assert "2 running" in refused.value.message
    assert "--from traffic" in str(refused.value.hint)
    assert "--on-live" in str(refused.value.hint)
    assert url.requests == []


@pytest.mark.parametrize("path", ["/v1", "/v1/chat/completions"])
def test_engine_is_left_alone_under_any_path_of_its_api(path: str) -> None:
    """Its metrics stand beside the API and not below it, so that its users are seen all the same."""
    with serving(page=serves) as url, pytest.raises(UsageError, match="has traffic of its users"):
        record(f"{url}{path}")
    assert url.requests == []


def test_path_and_certificates_that_play_no_part_are_noted() -> None:
    """The recording is that of the base."""
    with serving(page=idle) as url:
        made = one(record(f"{url}/v1", ca_file="nowhere.pem"))
    assert made.endpoint == str(url)
    assert any(note.startswith("/v1 was left off") for note in made.notes)
    assert any(note.startswith("--ca-file was not read") for note in made.notes)


def test_slow_beat_is_no_way_around_the_look() -> None:
    """No request runs at the moment of a page; that some ended shows on the next one."""
    with (
        serving(page=lambda number: pages.vllm(7 + number, running=0)) as url,
        pytest.raises(UsageError, match="has traffic of its users"),
    ):
        record(url, beat=0.7)
    assert url.requests == []


def test_engine_whose_page_stays_away_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has answered before: what is too busy for a page of metrics gets no load on top."""
    late = Unread("GET /metrics", "it did not answer within 5 s", "metrics", "", kind="timeout")
    monkeypatch.setattr(sampling, "_asked", lambda *_: late)
    with serving(page=idle) as url, pytest.raises(UsageError, match="nobody can tell whether") as refused:
        record(url)
    assert "it did not answer within 5 s" in refused.value.message
    assert url.requests == []


def test_load_to_an_engine_of_which_nobody_can_tell_ends_at_errors() -> None:
    """It may be the front door of users, and a recording with so many errors is none anyway."""
    load = {**SMALL, "requests": None, "duration": 60.0}
    with serving(engine.Answer(status=503)) as url:
        found = one(record(url, load=load))
    assert (found.partial, found.duration < 30) == (True, True)
    assert any("requests failed, which is more than 1%" in reason for reason in found.invalid_because)


def test_users_who_come_after_the_look_make_a_recording_of_nothing() -> None:
    """The engine of a bare endpoint was idle, and then counted three times what was sent; the reason has both numbers."""
    asked: list[engine.Request] = []
    with serving(page=lambda _: pages.vllm(7 + 3 * sum(each.whole for each in asked), running=0, tokens=4)) as url:
        asked = url.requests
        report = record(url)
        beside = record(url, on_live=True)
    assert (report.exit_code, one(report).valid, one(report).partial) == (3, False, False)
    assert (
        "the engine counted 120 requests meanwhile, and at most 40 were this load's" in one(report).invalid_because[0]
    )
    assert (beside.exit_code, one(beside).valid) == (0, True)
    assert any("the engine counted 120 requests meanwhile" in note for note in one(beside).notes)


def test_load_beside_users_says_that_no_queue_could_end_it() -> None:
    """The page does not tell of requests that wait: that none was seen is no news."""
    with serving(page=lambda number: pages.vllm(7 + number, waiting=None)) as url:
        found = one(record(url, on_live=True))
    assert any(note.startswith("whether a queue stood is not known") for note in found.notes)


def test_load_beside_users_is_small_whatever_the_contract_says(tmp_path: Path) -> None:
    """Its rate was meant for an idle engine; an option still goes before."""
    contract = tmp_path / "chat.yaml"
    contract.write_text(CONTRACT)
    with serving(page=serves) as url:
        found = one(record(url, contracts=[str(contract)], on_live=True, load={"requests": 40, "warmup": 0.0}))
    assert (found.load.profile, found.load.concurrency, str(found.load.prompts.prompt_tokens)) == (
        "concurrency",
        4,
        "24",
    )
    assert any("users were served meanwhile" in note for note in found.notes)


def test_load_beside_users_ends_at_errors() -> None:
    """Long before its minute is over."""
    load = {**SMALL, "requests": None, "duration": 60.0}
    with serving(engine.Answer(status=503), serves) as url:
        report = record(url, on_live=True, load=load)
    found = one(report)
    assert (report.exit_code, found.partial, found.duration < 30) == (3, True, True)
    assert any("requests failed, which is more than 1%" in reason for reason in found.invalid_because)


def test_load_beside_users_ends_at_a_standing_queue() -> None:
    """Requests that wait on page after page."""
    waiting = pages.vllm(7).replace(b"num_requests_waiting{engine", b"x{engine") + b"vllm:num_requests_waiting 5\n"
    load = {**SMALL, "requests": None, "duration": 60.0}
    with serving(engine.Answer(ttft=0.01, gap=0.01), lambda _number: waiting) as url:
        found = one(record(url, on_live=True, load=load))
    assert (found.partial, found.duration < 30) == (True, True)
    assert any("requests wait in" in reason for reason in found.invalid_because)


def test_nothing_is_sent_where_it_could_not_be_kept(tmp_path: Path) -> None:
    """Ten minutes of load for nothing help nobody."""
    with serving() as url, pytest.raises(UsageError, match="is no folder"):
        record(url, store=str(tmp_path / "no" / "such" / "store.db"))
    assert url.requests == []


def raising(error: Exception) -> str:
    """Raise it, where an expression is wanted."""
    raise error


def test_nothing_is_sent_where_the_store_can_only_be_read(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lists what it holds, and would lose what is measured."""
    with keeping.named(store, {}) as kept:
        assert kept.is_there
    unwritable = sqlite3.OperationalError("unable to open database file")
    unwritable.sqlite_errorname = "SQLITE_CANTOPEN"
    monkeypatch.setattr(databases, "_journal", lambda *_: raising(unwritable))
    with serving() as url, pytest.raises(UsageError, match="nothing was recorded"):
        record(url, store=store)
    assert url.requests == []
    assert api.list_baselines(store=store).baselines == ()


def test_nothing_is_sent_under_a_contract_that_cannot_be_read(tmp_path: Path) -> None:
    """It says what is to be sent; the error stands at its line."""
    contract = tmp_path / "chat.yaml"
    contract.write_text(CONTRACT.replace("rate: 100", "rate: fast"))
    with serving() as url, pytest.raises(InputError, match="nothing was sent") as refused:
        record(url, contracts=[str(contract)])
    assert (refused.value.file, refused.value.line, url.requests) == (str(contract), 8, [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"url": None}, "nothing to measure"),
        ({"traffic": True}, "--from traffic sends nothing, which rules out --concurrency"),
        ({"traffic": True, "load": {}, "on_live": True}, "rules out --on-live"),
        ({"traffic": True, "load": {}, "part": "1/2"}, "rules out --part"),
        ({"traffic": True, "load": {"seed": 0}, "model": "m"}, "rules out --seed and --model"),
        ({"traffic": True, "load": {}, "processes": 2}, "rules out --processes"),
        ({"window": 5.0}, "--window would do nothing here"),
        ({"prometheus_match": 'pod="x"'}, "--prometheus-match would do nothing here"),
        ({"exec_": True}, "--exec would do nothing here"),
        ({"workload": "deploy/chat", "as_": "deploy/other"}, "--as would do nothing here"),
        ({"load": {"rate": 1, "concurrency": 1}}, "contradict each other"),
        ({"slo": ["latency=1"]}, "no metric"),
        ({"prometheus": "http://127.0.0.1:9"}, "which series of the Prometheus"),
        ({"prometheus": "prom:9090", "prometheus_match": 'job="x"'}, "no URL"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: dict[str, Any], said: str) -> None:
    """Before anything is sent."""
    with serving(page=idle) as url, pytest.raises(UsageError, match=said):
        record(words.pop("url", url), **words)
    assert url.requests == []


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("trace", '{"at": 0, "prompt_tokens": 4, "output_tokens": 4}\n\n{"prompt_tokens": 4}\n', "no 'at'"),
        ("prompts", '{"prompt": "one"}\n\n{"text": "two"}\n', 'neither a "prompt"'),
    ],
)
def test_line_that_cannot_be_sent_is_named_by_file_and_number(
    tmp_path: Path, option: str, text: str, said: str
) -> None:
    """Blank lines count as an editor counts them."""
    (tmp_path / "asked.jsonl").write_text(text)
    with serving(page=idle) as url, pytest.raises(InputError, match=said) as refused:
        record(url, load={option: str(tmp_path / "asked.jsonl")})
    assert (refused.value.file, refused.value.line) == (str(tmp_path / "asked.jsonl"), 3)


# ---- the traffic of users --------------------------------------------------------------------------------------------


def test_traffic_is_watched_and_nothing_sent(store: str) -> None:
    """Its rate and lengths are the engine's own counts."""
    with serving(page=serves) as url:
        report = record(url, traffic=True, window=1.0, beat=UNHURRIED, load={}, store=store)
    found = one(report)
    assert (report.exit_code, found.kind, found.load.profile, url.requests) == (0, "traffic", "observed", [])
    assert found.load.prompts.prompt_tokens.mean == pytest.approx(100)


def test_window_without_traffic_is_not_valid() -> None:
    """Nobody asked anything, so that nothing was measured."""
    with serving(page=idle) as url:
        report = record(url, traffic=True, window=0.5, load={})
    assert (report.exit_code, one(report).valid) == (3, False)
    assert "no traffic" in one(report).invalid_because[0]


def test_window_of_which_no_page_could_be_read_is_no_recording(store: str) -> None:
    """A web page in the place of metrics: not even the moment of a recording would be known."""
    web = b"<!DOCTYPE html><html><body>Sign in</body></html>"
    with serving(page=lambda _number: web) as url, pytest.raises(InputError, match="could be read") as refused:
        record(url, traffic=True, window=0.3, load={}, store=store)
    assert f"GET {url}/metrics" in refused.value.message
    assert api.list_baselines(store=store, every=True).baselines == ()


# ---- a workload of a cluster -----------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A cluster with the Deployment `chat` of namespace prod: two replicas, and the Service before them."""
    with ApiServer() as running:
        running.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}})
        spec = made.spec(
            made.container("m", "--port=8000", image="vllm/vllm-openai:v0.32.0", ports=[{"containerPort": 8000}])
        )
        for each in made.chat(2, spec):
            running.add(each)
        yield running


def behind(server: ApiServer, page: pages.Pages) -> None:
    """Let a page of metrics answer for both replicas."""
    for pod in names(server):
        server.listen("prod", pod, 8000, ("127.0.0.1", page.port))


def counting(url: engine.Served, twice: float = 1.0) -> pages.Page:
    """The page of each of two replicas that served half of what was asked there."""
    return lambda _number: pages.vllm(7 + twice * sum(each.whole for each in url.requests) / 2, running=0, tokens=4)


def names(server: ApiServer) -> list[str]:
    """The pods."""
    return [each["metadata"]["name"] for each in made.chat(2) if each["kind"] == "Pod"]


def test_workload_is_bound_to_what_its_replicas_run_with(server: ApiServer, tmp_path: Path, store: str) -> None:
    """Load goes to the URL, settings come from the cluster, metrics from each replica."""
    with serving(models=["m"]) as url, pages.Pages(counting(url)) as page:
        behind(server, page)
        kubeconfig = server.kubeconfig(tmp_path, namespace="prod")
        report = record(url, workload="deploy/chat", kubeconfig=kubeconfig, store=store, depth="endpoints")
    found = one(report)
    assert (report.exit_code, found.replicas, len(url.requests)) == (0, 2, 40)
    assert (found.subject.kind, found.subject.name, found.subject.namespace) == ("Deployment", "chat", "prod")
    assert (found.engine, found.version) == ("vllm", "0.32.0")
    assert Fact in {type(fact) for fact in found.facts}
    batch = found.metric("effective_batch")
    assert batch is not None
    assert batch.quantiles is not None
    assert [each.id for each in api.list_baselines("deploy/chat", store=store, namespace="prod").baselines] == [
        found.id
    ]


def of_chat(server: ApiServer, tmp_path: Path, url: str, **more: Any) -> Baseline:
    """A recording of `chat`, with load that goes to a URL."""
    kubeconfig = server.kubeconfig(tmp_path, namespace="prod")
    return one(record(url, workload="deploy/chat", kubeconfig=kubeconfig, depth="api", **more))


def test_load_goes_to_no_engine_that_serves_another_model(server: ApiServer, tmp_path: Path) -> None:
    """Its numbers would be bound to settings that it does not run with."""
    with serving(page=idle) as url, pages.Pages(idle) as page:
        behind(server, page)
        with pytest.raises(
            UsageError, match=r"does not lead to Deployment prod/chat.*it serves fake-model, and the workload m;"
        ):
            of_chat(server, tmp_path, url)
    assert url.requests == []


def test_load_asks_for_no_model_that_the_workload_does_not_serve(server: ApiServer, tmp_path: Path) -> None:
    """A router may serve many; the one that was named is not the workload's."""
    with serving(models=["m", "other"]) as url, pages.Pages(idle) as page:
        behind(server, page)
        with pytest.raises(UsageError, match=r"the requests would ask for other, and the workload serves m;"):
            of_chat(server, tmp_path, url, model="other")
    assert url.requests == []


def test_load_that_the_pods_did_not_count_is_not_valid(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another engine serves a model of the same name."""
    monkeypatch.setattr(watching, "SETTLE_S", 0.1)
    with serving(models=["m"]) as url, pages.Pages(idle) as page:
        behind(server, page)
        found = of_chat(server, tmp_path, url)
    assert not found.valid
    assert found.invalid_because[0].startswith(
        "the load did not reach the pods of the workload: they counted 0 of 40 requests"
    )


def test_others_that_were_served_beside_the_load_are_told(server: ApiServer, tmp_path: Path) -> None:
    """The pods counted more than was sent: a mix, unless users were expected."""
    said = "somebody else was served beside the load: the engine counted 80 requests meanwhile, and at most 40 were this load's"
    with serving(models=["m"]) as url, pages.Pages(counting(url, 2)) as page:
        behind(server, page)
        mixed = of_chat(server, tmp_path, url)
    assert mixed.invalid_because[0].startswith(said)
    with serving(models=["m"]) as url, pages.Pages(counting(url, 2)) as page:
        behind(server, page)
        beside = of_chat(server, tmp_path, url, on_live=True)
    assert beside.valid
    assert any(note.startswith(said) for note in beside.notes)


def test_where_the_load_went_is_kept(server: ApiServer, tmp_path: Path, store: str) -> None:
    """The address and the model that requests asked for."""
    with serving(models=["m"]) as url, pages.Pages(counting(url)) as page:
        behind(server, page)
        found = of_chat(server, tmp_path, url, store=store)
    kept = one(api.show_baseline(found.id, store=store))
    assert (found.endpoint, found.model) == (kept.endpoint, kept.model) == (url, "m")


def test_nobody_who_tells_whether_the_load_arrived_is_a_note(server: ApiServer, tmp_path: Path) -> None:
    """Neither pages of the pods nor a list of models at the address."""
    server.rights.deny("create", "pods/portforward")
    server.rights.deny("get", "pods/proxy")
    with serving(models=[]) as url:
        found = of_chat(server, tmp_path, url, on_live=True)
    assert any("serves the model of the workload is not known: " in note for note in found.notes)
    assert any(
        note.startswith("whether the load reached the pods of the workload is not known: ") for note in found.notes
    )


def test_workload_that_serves_its_users_is_left_alone(server: ApiServer, tmp_path: Path) -> None:
    """One busy replica is enough."""
    with pages.Pages(pages.vllm) as page, serving(models=["m"]) as url:
        behind(server, page)
        with pytest.raises(UsageError, match=r"Deployment prod/chat.* has traffic of its users"):
            record(url, workload="deploy/chat", kubeconfig=server.kubeconfig(tmp_path, namespace="prod"), depth="api")
    assert url.requests == []


def test_workload_whose_metrics_nobody_may_read_needs_a_word(server: ApiServer, tmp_path: Path) -> None:
    """Not knowing is no leave; with --on-live it is one."""
    server.rights.deny("create", "pods/portforward")
    server.rights.deny("get", "pods/proxy")
    words = {"workload": "deploy/chat", "kubeconfig": server.kubeconfig(tmp_path, namespace="prod"), "depth": "api"}
    with serving(models=["m"]) as url:
        with pytest.raises(UsageError, match="nobody can tell whether") as refused:
            record(url, **words)
        assert url.requests == []
        assert "--on-live" in str(refused.value.hint)
        assert one(record(url, **words, on_live=True)).requests.completed == 40


def test_workload_is_not_loaded_through_the_api_server(server: ApiServer, tmp_path: Path) -> None:
    """Outside the cluster it needs an address; the ways to one are named."""
    words = {"kubeconfig": server.kubeconfig(tmp_path, namespace="prod"), "depth": "api"}
    with pytest.raises(UsageError, match="never goes through the API server") as refused:
        record(None, workload="deploy/chat", **words)
    assert all(word in str(refused.value.hint) for word in ("--endpoint URL", "deploy/load-job", "--from traffic"))


def found_inside(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Thing:
    """The workload as a pod of the same cluster finds it."""
    kubeconfig = server.kubeconfig(tmp_path, namespace="prod")
    monkeypatch.setattr(access, "IN_CLUSTER", "fake")
    with surroundings.of_call(environ={}) as around:
        terms = Terms(load_contracts(()), around, "2026-11-28")
        reached = Reached(None, kubeconfig, 5, "api")
        return measured.of_workload("deploy/chat", terms, reached, namespace="prod", url=None)


def service(**ports: Any) -> dict[str, Any]:
    """A Service before the pods of `chat`."""
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "chat-svc", "namespace": "prod"},
        "spec": {"selector": {"app": "chat"}, "ports": [{"port": 80, "targetPort": 8000, **ports}]},
    }  # fmt: skip


def test_inside_the_cluster_load_goes_to_the_service(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its own port."""
    server.add(service())
    assert found_inside(server, tmp_path, monkeypatch).url == "http://chat-svc.prod.svc:80"


def test_inside_the_cluster_replicas_without_a_service_have_no_address(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To load one of two would measure half of it."""
    thing = found_inside(server, tmp_path, monkeypatch)
    assert (thing.url, thing.no_url) == (None, "no Service leads to its 2 replicas")


def test_workload_that_does_not_run_is_no_recording(server: ApiServer, tmp_path: Path) -> None:
    """Its name may be another."""
    with pytest.raises(InputError, match="deploy/nobody cannot be measured"):
        record(None, workload="deploy/nobody", kubeconfig=server.kubeconfig(tmp_path, namespace="prod"), depth="api")


def test_traffic_of_a_workload_is_that_of_all_its_replicas(server: ApiServer, tmp_path: Path) -> None:
    """Nothing is sent but questions for their pages."""
    with pages.Pages(pages.vllm) as page:
        behind(server, page)
        report = record(
            None, workload="deploy/chat", kubeconfig=server.kubeconfig(tmp_path, namespace="prod"), depth="api",
            traffic=True, window=1.0, beat=UNHURRIED, load={},
        )  # fmt: skip
        assert {asked.partition("?")[0] for asked in page.asked} == {"/metrics"}
    found = one(report)
    assert (found.kind, found.replicas, found.valid, report.exit_code) == ("traffic", 2, True, 0)


REAL = ("chat-66b6c48dd5-x7k2p", "chat-66b6c48dd5-9wzqf")
"""Names as a ReplicaSet of `chat` gives them."""


def scraped(fake: Prometheus, pod: str, steps: range, rate: int = 30) -> None:
    """Every 15 s a page of a pod, on which so many requests more ended."""
    for step in steps:
        target = {"namespace": "prod", "pod": pod, "job": "chat", "instance": f"{pod}:8000"}
        fake.scrape(pages.vllm(100 + rate * step), 1_800_000_000.0 + 15 * step, **target)


def window_of(fake: Prometheus, tmp_path: Path) -> Baseline:
    """What a Prometheus kept of `chat`, of which two replicas run."""
    own = made.deployment("chat", made.spec(made.container("m", "--port=8000", image="vllm/vllm-openai:v0.32.0")))
    sets = made.replica_set(own)
    sets["metadata"] = made.meta("chat-66b6c48dd5", own, labels=sets["metadata"]["labels"])
    objects = [own, sets, made.node(), *(made.pod(sets, name) for name in REAL)]
    with ApiServer() as server, fake.server() as prometheus:
        for each in ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}}, *objects):
            server.add(each)
        report = record(
            None, workload="deploy/chat", kubeconfig=server.kubeconfig(tmp_path, namespace="prod"), depth="api",
            traffic=True, window=151.0, load={}, prometheus=prometheus.url,
        )  # fmt: skip
    return one(report)


def test_replica_that_vanished_from_a_prometheus_is_said_and_not_averaged(tmp_path: Path) -> None:
    """It served for half of the window, and its pod is gone: without it the sums would be those of a part of the fleet."""
    fake = Prometheus()
    for pod in REAL:
        scraped(fake, pod, range(11))
    scraped(fake, "chat-5d59d67564-bcdfg", range(5))
    found = window_of(fake, tmp_path)
    assert not found.valid
    assert [reason.partition(":")[0] for reason in found.invalid_because] == ["chat-5d59d67564-bcdfg vanished"]


def test_pods_of_neighbours_in_a_prometheus_are_none_of_its_own(tmp_path: Path) -> None:
    """A Deployment chat-x, a StatefulSet chat, a ReplicaSet chat-v2: gone or not, their requests are theirs."""
    fake = Prometheus()
    for pod in REAL:
        scraped(fake, pod, range(11))
    for pod in ("chat-x-5d59d67564-bcdfg", "chat-0", "chat-v2-x7k2p"):
        scraped(fake, pod, range(5), rate=999)
        scraped(fake, f"{pod[:-1]}z", range(11), rate=999)
    found = window_of(fake, tmp_path)
    assert (found.valid, found.replicas, found.load.rate) == (True, 2, 4.0)


# ---- what was measured is not lost -----------------------------------------------------------------------------------


def refusing(store: str) -> recording.Telling:
    """Lets a store take no record more, as soon as the load is under way."""

    def refuse(_live: object) -> None:
        with closing(sqlite3.connect(store)) as held, held:
            held.execute(
                "CREATE TRIGGER IF NOT EXISTS full BEFORE INSERT ON skewguard_records BEGIN SELECT RAISE(ABORT, 'full'); END"
            )

    return recording.Telling(running=refuse)


def test_recording_that_the_store_refuses_is_shown_and_written_to_a_file(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can measure it again; the file is kept once the store takes it."""
    monkeypatch.chdir(tmp_path)
    with serving(page=idle) as url:
        report = record(url, store=store, telling=refusing(store))
    (path,) = tmp_path.glob("skewguard-baseline-*.json")
    assert (report.exit_code, report.stored, one(report).requests.completed) == (2, None, 40)
    assert all(word in report.errors[-1].message for word in ("could not be kept", "full", str(path)))
    again = api.import_baselines([str(path)], store=str(tmp_path / "other.db"))
    kept = one(again).samples
    assert kept is not None
    assert (one(again).id != "", len(kept.intended)) == (True, 40)
    assert one(api.show_baseline(url, store=str(tmp_path / "other.db"))).requests.sent == 40


def test_interrupt_while_the_store_takes_it_loses_nothing(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that another one holds is waited for, and nobody waits at 3 a.m."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(keeping.Kept, "keep", interrupted)
    with serving(page=idle) as url:
        report = record(url, store=store)
    assert (report.exit_code, len(list(tmp_path.glob("skewguard-baseline-*.json")))) == (130, 1)


def impatiently(real: Callable[..., Any]) -> Callable[..., Any]:
    """The same, with a Ctrl-C at the first call."""
    first = iter([True])

    def called(*words: Any) -> Any:
        if next(first, False):
            signal.raise_signal(signal.SIGINT)
        return real(*words)

    return called


@pytest.mark.parametrize("place", [(Sampler, "stop"), (keeping.Kept, "keep")])
def test_interrupt_after_the_load_loses_nothing(
    place: tuple[type, str], store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last page is still read, or the store still writes: what was measured is whole, shown and kept."""
    owner, name = place
    monkeypatch.setattr(owner, name, impatiently(getattr(owner, name)))
    with serving(page=idle) as url:
        report = record(url, store=store)
    assert (report.exit_code, one(report).valid, one(report).requests.completed) == (130, True, 40)
    assert [each.id for each in api.list_baselines(store=store).baselines] == [one(report).id]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_window_that_somebody_ends_is_kept_as_partial(number: signal.Signals, store: str) -> None:
    """Ctrl-C, or a scheduler that wants its machine back: what was watched is shown and kept, as of a load."""

    def end(seen: Seen, _left: float) -> None:
        if seen.pages >= 3:
            signal.raise_signal(number)

    with serving(page=serves) as url:
        report = record(
            url, traffic=True, window=600.0, load={}, store=store, telling=recording.Telling(window=end)
        )  # fmt: skip
    found = one(report)
    assert (report.exit_code, found.partial, found.valid, found.kind) == (130, True, False, "traffic")
    assert found.invalid_because[0].startswith("the window was ended early, after ")
    assert "of 600 s" in found.invalid_because[0]
    assert [each.id for each in api.list_baselines(store=store, every=True).baselines] == [found.id]


def test_impatient_end_of_a_window_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One interrupt ends it, and the next one comes while the last page is read."""

    def interrupt(_seen: object, _left: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Sampler, "stop", impatiently(Sampler.stop))
    with serving(page=serves) as url:
        report = record(url, traffic=True, window=30.0, load={}, telling=recording.Telling(window=interrupt))
    assert (report.exit_code, one(report).partial, one(report).kind) == (130, True, "traffic")


def test_earlier_recording_that_cannot_be_read_hides_no_new_one(store: str) -> None:
    """It is kept and shown; what is wrong with the other is told."""
    with serving(page=idle) as url:
        record(url, store=store)
        with closing(sqlite3.connect(store)) as held, held:
            held.execute("DROP TRIGGER skewguard_records_unchanged")
            held.execute("UPDATE skewguard_records SET body = replace(body, 'baseline/v1', 'baseline/v9')")
        report = record(url, store=store)
    assert (report.exit_code, one(report).valid, bool(report.stored)) == (2, True, True)
    assert "could not be compared with what was recorded before it" in report.errors[0].message
