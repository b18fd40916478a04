"""What was recorded: listed, shown, compared, learned from, and put together, out of a store whose content is known."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from skewguard import api
from skewguard.adapters import store as stores
from skewguard.api import keeping
from skewguard.judge.baseline import reaching
from skewguard.language.baselines import Metric
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import Subject
from skewguard.language.results import Report
from skewguard.report import baseline_documents, render
from tests.api.recorded import CHAT, LOAD, baseline, invalid, keep

LATER, LATEST = "2026-11-28T11:00:00+00:00", "2026-11-28T12:00:00+00:00"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where a store may lie."""
    return tmp_path / "store.db"


def file(path: Path, made: Any) -> str:
    """A recording in a file."""
    path.write_bytes(baseline_documents.write(made))
    return str(path)


# ---- list ------------------------------------------------------------------------------------------------------------


def test_newest_is_listed_first_without_its_rows(store: Path) -> None:
    """A list reads no request."""
    first, second = keep(store, baseline(), baseline(at=LATER))
    found = api.list_baselines(store=str(store))
    assert [each.id for each in found.baselines] == [second, first]
    assert [each.samples for each in found.baselines] == [None, None]


def test_invalid_ones_are_listed_where_all_are_asked_for(store: Path) -> None:
    """They are no baselines, and are kept all the same."""
    good, bad = keep(store, baseline(), invalid())
    assert [each.id for each in api.list_baselines(store=str(store)).baselines] == [good]
    assert [each.id for each in api.list_baselines(store=str(store), every=True).baselines] == [bad, good]


@pytest.mark.parametrize(
    ("word", "number"),
    [("deploy/chat", 1), ("Deployment/chat", 1), ("prod/deploy/chat", 1), ("eu:prod/deploy/chat", 1),
     ("dev/deploy/chat", 0), ("us:deploy/chat", 0), ("sts/chat", 0), ("http://chat:8000/", 1)],
)  # fmt: skip
def test_list_of_one_workload(store: Path, word: str, number: int) -> None:
    """As people name it; what they leave open matches any."""
    keep(store, baseline(), baseline(subject=Subject("Endpoint", "chat:8000")))
    assert len(api.list_baselines(word, store=str(store)).baselines) == number


def test_recording_without_a_cluster_is_found_in_any_context(store: Path) -> None:
    """What another tool wrote names no cluster; beside one that does it is the same workload."""
    foreign = structs.replace(CHAT, cluster=None)
    first, second = keep(store, baseline(subject=foreign), baseline(at=LATER))
    found = api.list_baselines("deploy/chat", namespace="prod", context="eu", store=str(store))
    assert [each.id for each in found.baselines] == [second, first]
    other = api.list_baselines("deploy/chat", namespace="prod", context="us", store=str(store))
    assert [each.id for each in other.baselines] == [first]
    (shown,) = api.show_baseline("deploy/chat", namespace="prod", store=str(store)).baselines
    assert shown.id == second


def test_limit_says_that_there_are_more(store: Path) -> None:
    """And how to see them."""
    keep(store, baseline(), baseline(at=LATER))
    found = api.list_baselines(store=str(store), limit=1)
    assert (len(found.baselines), found.notes) == (1, ("there are more; -l shows more than 1",))


def test_list_goes_on_beyond_what_one_search_reads(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for many gets them, or is told that there are more."""
    monkeypatch.setattr(keeping, "MOST_READ", 2)
    made = keep(store, *(baseline(at=f"2026-11-28T1{each}:00:00+00:00") for each in range(4)))
    assert [each.id for each in api.list_baselines(store=str(store), limit=9).baselines] == made[::-1]


def test_list_shows_what_it_can_read_beside_what_a_newer_version_wrote(store: Path) -> None:
    """A colleague with a newer skewguard does not take the list away from the others; what is left out is said."""
    (known,) = keep(store, baseline())
    newer = baseline_documents.write(baseline()).replace(b"skewguard.dev/baseline/v1", b"skewguard.dev/baseline/v2")
    with stores.open(str(store), environ={}) as opened:
        opened.append("baseline", "skewguard.dev/baseline/v2", newer, subject=CHAT, actor="ann", tool="skewguard 9")
    found = api.list_baselines(store=str(store))
    assert [each.id for each in found.baselines] == [known]
    assert "its schema is v2" in found.errors[0].message
    assert found.exit_code == 2


def test_empty_list_says_what_to_do(store: Path) -> None:
    """Where there is no store, where there is nothing in it, and where there is only what does not count."""
    assert api.list_baselines(store=str(store)).notes == (
        "nothing is kept there yet: `skewguard baseline record` makes the store",
    )
    keep(store)
    assert api.list_baselines(store=str(store)).notes == (
        "nothing was recorded yet: `skewguard baseline record` does it",
    )
    keep(store, invalid())
    assert api.list_baselines("deploy/chat", store=str(store)).notes == (
        "no recording of deploy/chat is valid; --all shows the others",
    )


def test_list_without_a_match_says_of_what_there_is_something(store: Path) -> None:
    """Somebody mistyped a name, or the store is another one."""
    keep(store, baseline())
    assert api.list_baselines("deploy/nix", store=str(store)).notes == (
        "nothing was recorded of deploy/nix yet; there is something of eu:Deployment prod/chat",
    )


def test_list_of_what_is_no_workload_is_refused(store: Path) -> None:
    """An id names one recording, and is shown."""
    with pytest.raises(UsageError, match="names no workload"):
        api.list_baselines("01JDK", store=str(store))


# ---- show and export -------------------------------------------------------------------------------------------------


def test_first_letters_of_an_id_are_enough(store: Path) -> None:
    """Where they are those of one alone."""
    (made,) = keep(store, baseline())
    (found,) = api.show_baseline(made[:12].lower(), store=str(store)).baselines
    assert (found.id, len(found.samples.intended if found.samples else ())) == (made, 600)


def test_unknown_id_names_those_near_it(store: Path) -> None:
    """Somebody mistyped."""
    (made,) = keep(store, baseline())
    with pytest.raises(UsageError, match="no baseline 00000000") as refused:
        api.show_baseline("00000000", store=str(store))
    assert made in str(refused.value.hint)


def test_recording_is_shown_beside_the_one_before_it(store: Path) -> None:
    """Of the same workload at the same load, with what the two say of each other."""
    first, second = keep(store, baseline(), baseline(at=LATER))
    shown = api.show_baseline(second, store=str(store))
    assert shown.against is not None
    assert shown.comparison is not None
    assert (shown.against.id, shown.comparison.verdict) == (first, "same")
    assert api.show_baseline(first, store=str(store)).against is None


def test_workload_stands_for_its_last_valid_recording(store: Path) -> None:
    """An invalid one is never picked."""
    good, _ = keep(store, baseline(), invalid(at=LATER))
    assert [each.id for each in api.show_baseline("deploy/chat", store=str(store)).baselines] == [good]


def test_workload_of_invalid_recordings_alone_stands_for_none(store: Path) -> None:
    """And it is said that there are such."""
    keep(store, invalid())
    with pytest.raises(UsageError, match="every one that was recorded of it is invalid"):
        api.show_baseline("deploy/chat", store=str(store))


def test_name_of_several_workloads_is_refused(store: Path) -> None:
    """Two namespaces have one of that name."""
    keep(store, baseline(), baseline(subject=structs.replace(CHAT, namespace="dev")))
    with pytest.raises(UsageError, match="means several workloads") as refused:
        api.show_baseline("deploy/chat", store=str(store))
    assert "eu:Deployment prod/chat" in refused.value.message


def test_exported_recording_is_read_again(store: Path, tmp_path: Path) -> None:
    """With all its rows, and its id."""
    (made,) = keep(store, baseline())
    written = tmp_path / "chat.json"
    written.write_text(text(api.export_baseline(made, store=str(store))))
    (found,) = api.export_baseline(str(written)).baselines
    assert (found.id, found.metrics) == (made, api.export_baseline(made, store=str(store)).baselines[0].metrics)
    assert found.samples is not None
    assert len(found.samples.gaps) == 600 * 63


def text(report: Report) -> str:
    """The JSON of a report."""
    return render(report, "json")


def test_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    """With its name."""
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(InputError) as refused:
        api.show_baseline(str(tmp_path / "x.json"))
    assert refused.value.file == str(tmp_path / "x.json")


# ---- compare ---------------------------------------------------------------------------------------------------------


def test_two_runs_of_the_same_thing_are_the_same(store: Path) -> None:
    """By id."""
    first, second = keep(store, baseline(), baseline(at=LATER))
    found = api.compare_baselines(first, second, store=str(store))
    assert (found.comparison.verdict, found.exit_code, found.a.id, found.b.id) == ("same", 0, first, second)


def test_recording_beside_itself_is_said_to_be_one(store: Path) -> None:
    """Nothing was compared with anything else."""
    (made,) = keep(store, baseline())
    assert (
        api.compare_baselines(made, made, store=str(store)).notes[0]
        == f"A and B are one and the same recording, {made}"
    )


def test_five_times_slower_is_worse(tmp_path: Path) -> None:
    """Also of two files, which need no store."""
    words = file(tmp_path / "a.json", baseline()), file(tmp_path / "b.json", baseline(5.0, LATER))
    found = api.compare_baselines(*words, environ={"SKEWGUARD_STORE": "/nowhere/at/all.db"})
    assert (found.comparison.verdict, found.exit_code) == ("worse", 1)


def test_faster_is_better(tmp_path: Path) -> None:
    """Which is no failure."""
    words = file(tmp_path / "a.json", baseline()), file(tmp_path / "b.json", baseline(0.5, LATER))
    found = api.compare_baselines(*words)
    assert (found.comparison.verdict, found.exit_code) == ("better", 0)


def test_other_load_is_not_compared(tmp_path: Path) -> None:
    """It is said in what they differ, and nobody can tell."""
    other = baseline(load=structs.replace(LOAD, rate=20.0))
    found = api.compare_baselines(file(tmp_path / "a.json", baseline()), file(tmp_path / "b.json", other))
    assert (found.comparison.comparable, found.exit_code) == (False, 3)
    assert "rate" in [each.what for each in found.comparison.differs if each.blocks]


def test_not_knowing_may_be_allowed_and_another_load_never(tmp_path: Path) -> None:
    """Whoever ran too few requests may let it pass; a number of another load is no number at all."""
    few = [
        baseline(at=at, samples=None, metrics=tuple(structs.replace(each, n=3) for each in baseline().metrics))
        for at in (LATER, LATEST)
    ]
    words = [file(tmp_path / f"{number}.json", each) for number, each in enumerate(few)]
    assert api.compare_baselines(*words).exit_code == 3
    assert api.compare_baselines(*words, allow_inconclusive=True).exit_code == 0
    other = file(tmp_path / "other.json", baseline(load=structs.replace(LOAD, rate=20.0)))
    assert api.compare_baselines(words[0], other, allow_inconclusive=True).exit_code == 3


def test_invalid_recording_is_not_compared(store: Path) -> None:
    """Also where somebody names it."""
    first, second = keep(store, baseline(), invalid(at=LATER))
    found = api.compare_baselines(first, second, store=str(store))
    assert (found.comparison.comparable, found.exit_code) == (False, 3)


def test_workload_alone_is_held_against_what_was_before(store: Path) -> None:
    """Its last valid recording, and the valid one before that at the same load; it is said which these are."""
    first, _, _, last = keep(
        store,
        baseline(),
        invalid(at=LATER),
        baseline(at=LATER, load=structs.replace(LOAD, rate=1.0)),
        baseline(at=LATEST),
    )
    found = api.compare_baselines("deploy/chat", store=str(store))
    assert (found.a.id, found.b.id) == (first, last)
    assert found.notes == (f"A is {first}: the last valid one at this load before it",)


def test_only_recording_has_nothing_to_be_compared_with(store: Path) -> None:
    """With what to do about it."""
    keep(store, baseline())
    with pytest.raises(UsageError, match="the only valid recording"):
        api.compare_baselines("deploy/chat", store=str(store))


def test_what_was_verified_good_is_the_base(store: Path) -> None:
    """Though a newer one is valid: it may be what went wrong."""
    good, _, last = keep(store, baseline(), baseline(5.0, LATER), baseline(5.0, LATEST))
    with stores.open(str(store), environ={}) as records:
        body = json.dumps({"baseline": good}).encode()
        records.append("validation", "skewguard.dev/validation/v1", body, subject=CHAT, actor="t", tool="t")
    alone = api.compare_baselines("deploy/chat", store=str(store))
    assert (alone.a.id, alone.b.id, alone.comparison.verdict) == (good, last, "worse")
    assert "verified good" in alone.notes[0]
    both = api.compare_baselines("deploy/chat", "deploy/chat", store=str(store))
    assert (both.a.id, both.b.id) == (good, last)


def test_both_sides_on_standard_input_are_refused() -> None:
    """It can be read once."""
    with pytest.raises(UsageError, match="both sides are `-`"):
        api.compare_baselines("-", "-")


def test_one_side_comes_on_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from `baseline export`."""
    content = baseline_documents.write(baseline(at=LATER))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    found = api.compare_baselines(file(tmp_path / "a.json", baseline()), "-")
    assert found.b.started_at == LATER


def test_contract_says_what_is_tolerated(tmp_path: Path) -> None:
    """A tenth slower is within its limits, and the report names it."""
    contract = tmp_path / "chat.yaml"
    contract.write_text(
        "apiVersion: skewguard.dev/v1alpha1\nkind: ServingContract\nmetadata: {name: chat}\n"
        "spec: {targets: [{kind: Deployment, name: chat}], performance: {tolerances: {tpot: {p50: {max_ratio: 9}, p95: "
        "{max_ratio: 9}}, ttft: {p95: {max_ratio: 9}}, e2e: {p95: {max_ratio: 9}}, output_tokens_per_second: {min_ratio: 0.2}}}}\n"
    )
    words = file(tmp_path / "a.json", baseline()), file(tmp_path / "b.json", baseline(1.5, LATER))
    assert api.compare_baselines(*words).exit_code == 1
    found = api.compare_baselines(*words, contracts=[str(contract)])
    assert (found.exit_code, found.notes) == (0, ("tolerances of contract chat",))


# ---- calibrate -------------------------------------------------------------------------------------------------------


def test_noise_is_learned_and_found_again(store: Path) -> None:
    """From a workload's recordings that are alike; the comparison then says that it knew it."""
    first, *_, last = keep(store, *(baseline(1 + each / 500, f"2026-11-28T1{each}:00:00+00:00") for each in range(4)))
    learned = api.calibrate_baseline(["deploy/chat"], store=str(store))
    assert learned.calibration is not None
    assert (len(learned.baselines), learned.stored, learned.exit_code) == (4, str(store), 0)
    assert api.compare_baselines(first, last, store=str(store)).comparison.calibrated


def test_invalid_and_other_recordings_teach_nothing(store: Path) -> None:
    """Only those of the same settings and load."""
    others = baseline(inputs_digest="inp1:b"), baseline(load=structs.replace(LOAD, rate=1.0)), invalid()
    ids = keep(store, *others, *(baseline(at=f"2026-11-28T1{each}:00:00+00:00") for each in range(3)))
    learned = api.calibrate_baseline(["deploy/chat"], store=str(store))
    assert sorted(each.id for each in learned.baselines) == ids[3:]


def test_named_recordings_are_learned_from(store: Path) -> None:
    """By their ids; what is not kept is only shown."""
    ids = keep(store, *(baseline(at=f"2026-11-28T1{each}:00:00+00:00") for each in range(3)))
    learned = api.calibrate_baseline(ids, store=str(store), keep=False)
    assert learned.calibration is not None
    assert (learned.calibration.baselines, learned.calibration.id, learned.stored) == (tuple(ids), "", None)


@pytest.mark.parametrize(
    ("things", "more", "said"),
    [
        ([], {}, "nothing to learn from"),
        (["deploy/chat", "deploy/other"], {}, "stands beside other words"),
        (["deploy/chat"], {"load": {"rate": 4}, "endpoint": "http://x"}, "--rate and --endpoint: nothing is recorded"),
        (["deploy/chat"], {"load": {"warmup": 0.0, "ignore_eos": False}}, "--warmup: nothing is recorded"),
        (
            ["deploy/chat"],
            {"on_live": True, "slo": ["ttft.p95=2s"], "processes": 4},
            "--slo and --on-live and --processes",
        ),
        (["deploy/chat"], {"runs": 2}, "--runs 2 shows no noise"),
        (["deploy/chat"], {"runs": 3, "part": "1/2"}, "a share of a load is no baseline"),
        (["deploy/chat", "deploy/other"], {"runs": 3}, "one workload is recorded at a time"),
    ],
)
def test_what_teaches_nothing_is_refused(store: Path, things: list[str], more: dict[str, Any], said: str) -> None:
    """Before anything is sent."""
    with pytest.raises(UsageError, match=said):
        api.calibrate_baseline(things, store=str(store), **more)


# ---- merge -----------------------------------------------------------------------------------------------------------


def shares(tmp_path: Path) -> list[str]:
    """Two files of one load: every second request each."""
    whole = baseline()
    assert whole.samples is not None
    made = []
    for index in (0, 1):
        rows = structs.replace(whole.samples, **{
            name: getattr(whole.samples, name)[index::2] for name in whole.samples.__struct_fields__ if name != "gaps"
        })  # fmt: skip
        counts = whole.samples.gap_counts[0]
        gaps = [whole.samples.gaps[row * counts + each] for row in range(index, 600, 2) for each in range(counts)]
        part = structs.replace(whole, samples=structs.replace(rows, gaps=gaps), part=(index, 2), valid=False)
        made.append(file(tmp_path / f"{index}.json", part))
    return made


def test_shares_together_are_the_load_that_one_machine_sends(tmp_path: Path, store: Path) -> None:
    """To the last digit of every quantile, valid, and kept."""
    whole, merged = baseline(), api.merge_baselines(shares(tmp_path), store=str(store))
    (found,) = merged.baselines
    assert (found.valid, found.part, merged.exit_code) == (True, None, 0)
    said = {each.name: (each.value, each.quantiles, each.n) for each in found.metrics}
    for metric in whole.metrics:
        value, quantiles, n = said[metric.name]
        assert n == metric.n, metric.name
        assert value == pytest.approx(metric.value) if metric.value is not None else value is None
        assert (quantiles or {}) == pytest.approx(metric.quantiles or {}, abs=1e-6)
    assert api.list_baselines(store=str(store)).baselines[0].id == found.id


def test_share_alone_is_refused(tmp_path: Path) -> None:
    """It says which one is missing."""
    with pytest.raises(InputError, match="share 2 of 2 is missing"):
        api.merge_baselines(shares(tmp_path)[:1], keep=False)


@pytest.mark.parametrize("why", reaching.CARRIED)
def test_load_of_which_a_share_missed_the_engine_or_met_others_is_not_valid(tmp_path: Path, why: str) -> None:
    """Rows do not tell it: the counters of the engine did, to that share."""
    first, second = shares(tmp_path)
    told = structs.replace(
        baseline_documents.read(Path(second).read_bytes()),
        invalid_because=(f"{why}: with numbers", "it is share 2 of 2 of a load"),
    )
    (found,) = api.merge_baselines([first, file(tmp_path / "told.json", told)], keep=False).baselines
    assert found.invalid_because == (f"{why}: with numbers",)


def test_count_that_one_share_lacks_is_a_gap_of_the_whole(tmp_path: Path) -> None:
    """Half of the tokens are not the tokens."""
    first, second = shares(tmp_path)
    mute = baseline_documents.read(Path(second).read_bytes())
    assert mute.samples is not None
    mute.samples.output_tokens[:] = [-1] * len(mute.samples.intended)
    Path(second).write_bytes(baseline_documents.write(mute))
    (found,) = api.merge_baselines([first, second], keep=False).baselines
    rate = found.metric("output_tokens_per_second")
    assert rate is not None
    assert (rate.value, bool(rate.gap)) == (None, True)


def test_what_the_engine_said_is_that_of_the_first_share_that_knows(tmp_path: Path) -> None:
    """The machine of another one could not read its page."""
    first, second = shares(tmp_path)
    seen = baseline_documents.read(Path(second).read_bytes())
    queue = Metric("queue", "requests", quantiles={"p50": 1.0}, source="page")
    Path(second).write_bytes(baseline_documents.write(structs.replace(seen, metrics=(*seen.metrics, queue))))
    (found,) = api.merge_baselines([first, second], keep=False).baselines
    assert found.metric("queue") == queue


# ---- retire ----------------------------------------------------------------------------------------------------------


def test_recording_that_was_set_aside_is_as_one_that_is_not_valid(store: Path) -> None:
    """It says who set it aside and why, is listed with --all alone, and nothing is compared with it."""
    first, bad = keep(store, baseline(), baseline(at=LATER))
    made = api.retire_baseline(bad, reason="the node was throttled", store=str(store), environ=environ())
    assert (made.type, made.record_id, made.subject) == ("baseline", bad, CHAT)
    (shown,) = api.show_baseline(bad, store=str(store)).baselines
    assert not shown.valid
    assert shown.invalid_because[0].endswith("by ann: the node was throttled")
    assert [each.id for each in api.list_baselines(store=str(store)).baselines] == [first]
    assert api.compare_baselines(first, bad, store=str(store)).exit_code == 3
    with pytest.raises(UsageError, match="the only valid recording"):
        api.compare_baselines("deploy/chat", store=str(store))


def environ() -> dict[str, str]:
    return {"SKEWGUARD_ACTOR": "ann"}


def test_calibration_that_was_set_aside_is_used_no_more(store: Path) -> None:
    """Until then a comparison names it; `list --all` does so too."""
    ids = keep(store, *(baseline(1 + each / 500, f"2026-11-28T1{each}:00:00+00:00") for each in range(3)))
    learned = api.calibrate_baseline(ids, store=str(store)).calibration
    assert learned is not None
    found = api.compare_baselines(ids[0], ids[2], store=str(store))
    assert f"noise is that of calibration {learned.id}" in found.notes[0]
    assert learned.id in api.list_baselines(store=str(store), every=True).notes[0]
    api.retire_baseline(learned.id, reason="of two engines", store=str(store))
    assert not api.compare_baselines(ids[0], ids[2], store=str(store)).comparison.calibrated
    assert "of two engines" in api.list_baselines(store=str(store), every=True).notes[0]


def test_what_was_set_aside_counts_again_where_that_is_taken_back(store: Path) -> None:
    """As often as somebody changes their mind; each time is an event of its own, with its reason."""
    first, second = keep(store, baseline(), baseline(at=LATER))
    for _ in range(2):
        api.retire_baseline(second, reason="the node was throttled", store=str(store))
        assert [each.id for each in api.list_baselines(store=str(store)).baselines] == [first]
        made = api.retire_baseline(second, reason="it was the other node", undo=True, store=str(store))
        assert (made.undone, made.reason) == (True, "it was the other node")
        assert [each.id for each in api.list_baselines(store=str(store)).baselines] == [second, first]
    with stores.open(str(store), environ={}) as records:
        assert [each.schema.split("/")[1] for each in records.find("observation")] == [
            "reinstatement",
            "retirement",
        ] * 2
    with pytest.raises(UsageError, match="is not set aside"):
        api.retire_baseline(second, reason="x", undo=True, store=str(store))


def test_what_was_set_aside_is_read_at_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many other observations there are: one query, and none of them."""
    first, second = keep(store, baseline(), baseline(at=LATER))
    api.retire_baseline(second, reason="x", store=str(store))
    with stores.open(str(store), environ={}) as records:
        for _ in range(50):
            records.append("observation", "drift/v1", b"{}", subject=CHAT, actor="t", tool="t")
        asked: list[int] = []
        rows = records._rows

        def counted(wanted: Any) -> list[dict[str, Any]]:
            found = rows(wanted)
            asked.append(len(found))
            return found

        monkeypatch.setattr(records, "_rows", counted)
        assert list(keeping.retired(records)) == [second]
        assert asked == [1]
    assert [each.id for each in api.list_baselines(store=str(store)).baselines] == [first]


def test_what_cannot_be_set_aside_is_refused(store: Path) -> None:
    """Without a reason, twice, or what is no baseline and no calibration."""
    (made,) = keep(store, baseline())
    with stores.open(str(store), environ={}) as records:
        other = records.append("validation", "v", b"{}", subject=CHAT, actor="t", tool="t").id
    for thing, reason, said in (
        (made, " ", "no reason"),
        (other, "x", "is a validation"),
        ("deploy/chat", "x", "no single"),
    ):
        with pytest.raises(UsageError, match=said):
            api.retire_baseline(thing, reason=reason, store=str(store))
    api.retire_baseline(made, reason="x", store=str(store))
    with pytest.raises(UsageError, match="set aside already"):
        api.retire_baseline(made, reason="y", store=str(store))


def test_objectives_are_shown_of_what_was_kept(store: Path) -> None:
    """As they were when it was recorded; that one was missed is no failure of who looks. Of an invalid one nothing is judged."""
    slow, wrong = keep(store, baseline(slo={"e2e": {"p95": 0.01}}), invalid(slo={"e2e": {"p95": 0.01}}))
    shown = api.show_baseline(slow, store=str(store))
    assert ([(each.name, each.verdict) for each in shown.objectives], shown.exit_code) == ([("e2e", "missed")], 0)
    assert api.show_baseline(wrong, store=str(store)).objectives == ()


def test_noise_that_cannot_be_kept_is_shown(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was learned, and the disk is full: with the reason, and exit code 2."""
    ids = keep(store, *(baseline(at=f"2026-11-28T1{each}:00:00+00:00") for each in range(3)))
    monkeypatch.setattr(keeping.Kept, "keep_calibration", lambda *_: (_ for _ in ()).throw(UsageError("disk full")))
    learned = api.calibrate_baseline(ids, store=str(store))
    assert learned.calibration is not None
    assert (learned.stored, learned.exit_code, [each.message for each in learned.errors]) == (None, 2, ["disk full"])
