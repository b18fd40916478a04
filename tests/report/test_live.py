"""What runs, as people and programs read it: problems first, nothing invented, nothing that was not read left unsaid."""

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from skewguard.language.facts import Fact, Gap, Origin, Subject
from skewguard.language.findings import Observed
from skewguard.language.results import CheckReport, RestingPass
from skewguard.language.running import Owner, Unread
from skewguard.language.verifications import (
    Access,
    AccessReport,
    Compared,
    Discovered,
    DiscoverReport,
    LiveSubject,
    ReplicaGroup,
)
from skewguard.report import Options, fleet, formats_for, render, sources, summary, verb
from skewguard.report.problems import problem
from tests.report.live_reports import (
    CHAT,
    DISCOVER,
    ENDPOINT,
    FINE,
    FIRST,
    FLEET,
    MISMATCH,
    OPEN,
    REPLICAS_DIFFER,
    SKEWED,
    VERIFY,
    observed,
    verified,
)
from tests.report.reports import CLAUSE, OPTIONS, finding

PEOPLE = ("table", "wide", "markdown", "html")


def shown(report: Any, form: str = "table", **more: Any) -> str:
    """The report in one format."""
    return render(report, form, structs.replace(OPTIONS, **more))


def test_skewed_stand_before_verified() -> None:
    """Whatever order they were read in, what is wrong is read first."""
    text = shown(VERIFY)
    assert text.index("skewed  Deployment prod/chat") < text.index("verified  StatefulSet prod/embed")


def test_finding_of_an_object_stands_under_its_container() -> None:
    """A finding about the workload, with another uid and no container, is told where the workload is shown."""
    text = shown(VERIFY)
    assert text.index("hardware.replicas-differ") < text.index("replicas       pods")


def test_finding_about_nothing_that_runs_is_told() -> None:
    """A contract that binds nothing has no running subject, and is not lost."""
    idle = finding(
        "contract.no-target", subject=Subject("ServingContract", "idle"), message="The contract idle binds nothing."
    )
    for form in formats_for("verify"):
        assert "The contract idle binds nothing." in shown(verified(FINE, findings=(idle,)), form), form


@pytest.mark.parametrize("form", ["table", "markdown", "html"])
def test_settings_that_nobody_promised_and_all_share_wait(form: str) -> None:
    """The table shows what differs or was promised; the rest is counted, or stands behind a line that opens it."""
    text = shown(VERIFY, form)
    before, _, _ = text.partition("details")
    assert "limits.max_num_seqs" not in before
    assert "limits.max_num_seqs" in shown(VERIFY, "wide")


def test_gap_is_unknown_with_its_reason() -> None:
    """A value that could not be read is said to be unknown, with what would tell; never left empty."""
    text = shown(VERIFY)
    assert "unknown: the start-up log could not be read (get pods/log in prod would tell)" in " ".join(text.split())


def test_unread_source_is_told_once_with_the_right_it_needs() -> None:
    """A source missing for many containers is one line, with their number."""
    text = " ".join(shown(FLEET).split())
    assert text.count("not read: nodes") == 1
    assert "nodes (for 4 containers): the user may not list them (needs `list nodes`)" in text


def test_fleet_has_one_line_for_each_problem() -> None:
    """Too many workloads to show in full are a table; the fine ones are counted."""
    text = shown(FLEET)
    assert [line.split()[0] for line in text.splitlines() if "Deployment" in line] == ["skewed"]
    assert "nothing to report of 6 more containers: 1 verified, 4 without a contract, 1 without a replica" in text


def test_fleet_line_is_no_wider_than_the_terminal() -> None:
    """A long message is cut, and the number of further findings stays."""
    lines = [line for line in shown(FLEET, width=100).splitlines() if line.startswith("skewed")]
    assert len(lines[0]) <= 100
    assert lines[0].endswith("(+2 more)")


def test_many_groups_are_counted_in_the_table_and_whole_in_wide() -> None:
    """A table shows as many groups as a terminal can; `wide` shows every one."""
    groups = tuple(ReplicaGroup((f"chat-{number}",), (f"node-{number}",), 1) for number in range(7))
    values = tuple(Fact("runtime.seed", number, "observed", Origin("endpoint", "x")) for number in range(7))
    seed = Compared("runtime.seed", groups=values, differs=True)
    report = verified(structs.replace(SKEWED, groups=groups, settings=(seed,), desired=7))
    assert "3 more groups of replicas: -o wide shows every one" in shown(report)
    assert "7: 1 replica" in shown(report, "wide", width=300)


@pytest.mark.parametrize(
    ("owner", "said"),
    [
        (Owner("HelmRelease", "chat", "flux", "helm.toolkit.fluxcd.io", "label", Origin("object", "x")), "Flux HelmRelease flux/chat: its next upgrade overwrites a live change, with drift detection at once; change its source"),
        (Owner("Kustomization", "chat", "flux", "kustomize.toolkit.fluxcd.io", "label", Origin("object", "x")), "Flux Kustomization flux/chat: it reverts a live change"),
        (Owner("Application", "chat", "argocd", "argoproj.io", "annotation", Origin("object", "x")), "Argo CD Application argocd/chat: its next sync overwrites a live change, with self-heal at once"),
        (Owner("Rollout", "chat", "prod", "argoproj.io", "owner-reference", Origin("object", "x")), "owner: Rollout prod/chat: it writes what stands below it"),
        (Owner("Application", "argocd-controller", None, "argoproj.io", "managed-fields", Origin("object", "x"), certain=False), "some Argo CD Application: its controller, `argocd-controller`, wrote fields of this"),
        (Owner("InferenceService", "chat", "prod", "serving.kserve.io", "owner-reference", Origin("object", "x")), "InferenceService prod/chat: it writes what stands below it"),
        (Owner("Helm release", "chat", "prod", None, "label", Origin("object", "x")), "its next upgrade overwrites a live change"),
        (Owner("Thing", "chat", None, None, "label", Origin("object", "x"), certain=False), "Thing chat (so its label says; anybody can write one): it may overwrite"),
    ],
)  # fmt: skip
def test_owner_says_what_becomes_of_a_change(owner: Owner, said: str) -> None:
    """Whoever mends by hand must know who undoes it."""
    assert said in " ".join(shown(verified(structs.replace(FINE, owners=(owner,)))).split())


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        (structs.replace(FINE, groups=(), desired=0), "scaled to zero"),
        (structs.replace(FINE, subject=structs.replace(FINE.subject, kind="DaemonSet"), groups=(), desired=0), "no node matches its selector"),
        (structs.replace(FINE, groups=(), desired=2), "0 of 2 replicas ready"),
        (structs.replace(FINE, desired=None), "3 of 3 replicas ready"),
        (structs.replace(FINE, desired=2), "2 of 2 replicas ready, 1 more than asked for"),
        (
            structs.replace(FINE, groups=(structs.replace(FINE.groups[0], ready=2, terminating=1),), desired=2),
            "2 of 2 replicas ready, 1 terminating",
        ),
    ],
)  # fmt: skip
def test_replicas_are_counted_as_they_are(subject: LiveSubject, said: str) -> None:
    """Ready, wanted, too many, on their way out."""
    assert f"contract embed · {said}\n" in shown(verified(subject))


def test_endpoint_has_no_replicas() -> None:
    """Nobody knows what stands behind a URL, so no number is made up."""
    assert "replica" not in shown(ENDPOINT)


@pytest.mark.parametrize("form", PEOPLE)
def test_number_that_nobody_knows_is_unknown(form: str) -> None:
    """`discover` never shows 0 for what it could not learn."""
    report = DiscoverReport("c", (Discovered(Subject("Deployment", "x"), "vllm"),))
    text = shown(report, form)
    assert "unknown" in text
    assert not any(made in text.replace("margin: 0 ", "") for made in (" 0 ", "None", ">0<"))


def test_long_name_of_a_model_takes_no_table_apart() -> None:
    """What an engine calls its model has no limit; the table shows its end, and `wide` all of it."""
    report = DiscoverReport(
        "c", (Discovered(Subject("Deployment", "x"), "vllm", "0.11.0", f"/{'m' * 10_000}/chat-7b"),)
    )
    assert max(map(len, shown(report, width=100).splitlines())) <= 100 + 63
    assert "m/chat-7b" in shown(report)
    assert "m" * 10_000 in shown(report, "wide")


def test_discovered_without_a_gpu_says_so() -> None:
    """0 GPUs that are known to be 0 are no gap."""
    report = DiscoverReport("c", (Discovered(Subject("Deployment", "x"), "llamacpp", gpu_count=0),))
    assert "no GPU" in shown(report)


def test_containers_of_one_object_are_told_apart() -> None:
    """The container is named where the object alone would stand there twice."""
    two = tuple(Discovered(Subject("Pod", "x", "n", name), "vllm") for name in ("a", "b"))
    text = shown(DiscoverReport("c", two), width=140)
    assert "Pod n/x container a" in text
    assert "Pod n/x container b" in text


def test_missing_rights_stand_first() -> None:
    """What may not be read is above what may, with what is not known without it."""
    rights = (Access("list", "pods", None, True, "replicas", "nothing"), Access("get", "x", "n", False, "logs", "lost"))
    text = shown(AccessReport("c", None, rights))
    assert text.index("get x in n") < text.index("replicas")
    assert "a user that the server does not name" in text
    assert "1 of 2 rights; 1 missing" in text


def test_rights_are_named_as_a_role_grants_them() -> None:
    """Verbs and resources of one purpose stand together; those that are there wait for `wide`."""
    lost = [Access(verb, name, "n", False, "routes", "x") for name in ("a", "b") for verb in ("get", "list")]
    had = Access("list", "nodes", None, True, "machines", "y")
    report = AccessReport("c", "me", (*lost, had))
    assert "get, list a, b in n" in shown(report)
    assert "list nodes" not in shown(report)
    assert "list nodes" in shown(report, "wide")


def test_sarif_names_objects_and_invents_no_file() -> None:
    """A result about what runs has logical locations alone."""
    run = json.loads(shown(VERIFY, "sarif"))["runs"][0]
    locations = [location for result in run["results"] for location in result["locations"]]
    assert not any("physicalLocation" in location for location in locations)
    assert {"fullyQualifiedName": "prod-eu/prod/Pod/chat-7d9fb5c8cc-q8w2z", "name": "chat-7d9fb5c8cc-q8w2z", "kind": "resource"} in locations[0]["logicalLocations"]  # fmt: skip


def test_summary_counts_what_runs() -> None:
    """No files are counted where none were read."""
    assert summary(VERIFY).endswith(
        "2 workloads, 6 replicas in the cluster of context prod-eu; 2 engines, 2 under contract"
    )


@pytest.mark.parametrize(
    ("report", "name"), [(VERIFY, "verify"), (DISCOVER, "discover"), (AccessReport("c", None), "check-access")]
)
def test_every_live_report_has_a_verb_of_its_own(report: Any, name: str) -> None:
    """Each can be asked for by name, and has the formats of its verb."""
    assert (verb(report), "json" in formats_for(name)) == (name, True)


# ---- hostile text ------------------------------------------------------------------------------------------------


def everywhere(text: str, name: str | None = None) -> tuple[CheckReport, DiscoverReport, AccessReport]:
    """Reports with one text in every place that a cluster or an engine fills; names may be `name` instead."""
    origin = Origin("object", text, text=text)
    name = text if name is None else name
    subject = Subject(name or "x", name or "x", name, name, name, name, name)
    unread = Unread(text, text, text, text)
    value = Fact("runtime.image", text, "observed", origin)
    gap = Gap("runtime.image", text, text, (text,), text)
    live = LiveSubject(
        subject,
        name,
        name,
        text,
        "skewed",
        1,
        (ReplicaGroup((text, f"{text} 2"), (text,), 0, text, note=text, role=text), ReplicaGroup((text,))),
        (Compared("runtime.image", "", text, value, gap, (value, gap), differs=True),),
        (Owner(name, name, text, name, "label", origin),),
        unread=(unread,),
    )
    found = structs.replace(
        MISMATCH, subject=subject, message=text, remedy=text, pods=(text,), observed=Observed(text, "observed", origin)
    )
    known = Discovered(subject, name, name, text, text, 1, (text,), 1, 1, text, "skewed", text, (text,))
    return (
        verified(live, findings=(found,), context=text, notes=(text,)),
        DiscoverReport(text, (known,), (unread,), notes=(text,)),
        AccessReport(text, text, (Access(text, text, text, False, text, text),), notes=(text,)),
    )


@given(st.text())
def test_no_text_of_a_cluster_can_move_the_cursor(text: str) -> None:
    """Pod names, labels, log lines and answers reach the terminal with visible characters alone."""
    for report in everywhere(text):
        for form in ("table", "wide"):
            plain = render(report, form, Options(verbose=True))
            assert plain.replace("\n", "").isprintable(), form


@given(st.text().filter(lambda text: "`" not in text))
def test_no_text_of_a_cluster_can_break_a_document(text: str) -> None:
    """JSON reads back, Markdown and HTML hold no tag that the text brought."""
    for report in everywhere(f"<img src=x>{text}"):
        json.loads(render(report, "json"))
        assert "<img" not in render(report, "html")
        assert "<img" not in re.sub(r"(`+)[^`]*\1|\\<", "", render(report, "markdown"))


@given(st.text())
def test_no_text_of_a_cluster_can_forge_a_line(text: str) -> None:
    """JUnit reads back, SARIF too, and each line for GitHub is one of ours, whatever pods and engines are called."""
    report, *_ = everywhere(f"a\n::error::forged\r</testcase>{text}")
    ET.fromstring(render(report, "junit"))  # noqa: S314  # our own text
    json.loads(render(report, "sarif"))
    lines = render(report, "github").splitlines()
    assert len(lines) == len(report.findings) + len(report.live[0].unread)
    assert not any(line.startswith("::error::") for line in lines)


SECRET = "correct-horse-battery"  # noqa: S105  # planted to be found


@pytest.mark.parametrize(
    "text",
    [
        f"HF_TOKEN={SECRET}",
        f"--api-key {SECRET}",
        f"Authorization: Bearer {SECRET}1",
        f"https://user:{SECRET}@registry.example.com/v2",
        f"s3://bucket/model?X-Amz-Signature={SECRET}",
    ],
)
def test_no_secret_of_a_cluster_passes(text: str) -> None:
    """Log lines, labels, references and URLs with credentials are masked in every format of every live result."""
    for report in everywhere(text, "chat"):
        for form in formats_for(verb(report)):
            assert SECRET not in render(report, form, Options(verbose=True, width=1000)), form


@pytest.mark.parametrize("form", formats_for("verify"))
def test_credentials_in_the_url_of_an_endpoint_are_masked(form: str) -> None:
    """An endpoint is named by its URL, wherever its name stands."""
    url = f"https://user:{SECRET}@chat.example.com"
    subject = Subject("Endpoint", f"user:{SECRET}@chat.example.com")
    report = verified(
        structs.replace(ENDPOINT.live[0], subject=subject),
        findings=(structs.replace(MISMATCH, subject=subject),),
        context=url,
    )
    assert SECRET not in render(report, form, Options(verbose=True, width=1000))


def test_secret_known_by_its_setting_is_masked_in_every_column() -> None:
    """A key that is promised, declared and observed is in none of them, and in no message that repeats it."""
    key = Fact("vllm.api_key", SECRET, "observed", Origin("endpoint", "GET /server_info of pod x"))
    line = Compared("vllm.api_key", "", SECRET, key, key, (key, key), differs=True, broken=True)
    report = verified(structs.replace(SKEWED, settings=(line,)), notes=(f"saw {SECRET}",))
    for form in formats_for("verify"):
        assert SECRET not in render(report, form, Options(verbose=True)), form


def test_equal_secrets_of_replicas_look_equal() -> None:
    """An engineer still sees whether two replicas hold the same key."""
    keys = tuple(
        Fact("vllm.api_key", value, "observed", Origin("log", "x")) for value in (SECRET, SECRET, "another-one")
    )
    groups = tuple(ReplicaGroup((f"x-{number}",)) for number in range(3))
    line = Compared("vllm.api_key", groups=keys, differs=True)
    document = msgspec.json.decode(render(verified(structs.replace(SKEWED, groups=groups, settings=(line,))), "json"))
    first, second, third = (side["value"] for side in document["live"][0]["settings"][0]["groups"])
    assert first == second != third


def test_source_that_is_unread_shows_in_junit() -> None:
    """A test report that hides what could not be looked at would look like a pass."""
    text = shown(VERIFY, "junit")
    assert 'skipped="1"' in text
    assert "not read: the start-up log" in text


def test_chat_is_the_subject_of_the_skew() -> None:
    """The JSON document of a finding about a running container names the container and the pods."""
    document = msgspec.json.decode(shown(VERIFY, "json"))
    found = next(item for item in document["findings"] if item["verdict"] == "fail" and item["severity"] == "error")
    assert (found["subject"]["name"], found["pods"]) == (CHAT.name, ["chat-7d9fb5c8cc-q8w2z"])


# ---- the line of a fleet ---------------------------------------------------------------------------------------------


def test_line_of_a_fleet_names_setting_value_and_promise() -> None:
    """A broken promise in a few words, however long its message is; then what else is wrong, if there is room."""
    item = fleet.OfLive(SKEWED, (REPLICAS_DIFFER, MISMATCH))
    told = "limits.max_model_len 8192 tokens, promised 32768 tokens"
    assert problem(item, 60) == (told, " (+1 more)")
    assert problem(item, 100) == (f"{told}; 2 of 3 replicas ready", " (+1 more)")


def test_line_of_a_fleet_says_how_replicas_disagree() -> None:
    """The values that they run with, side by side."""
    item = fleet.OfLive(SKEWED, (REPLICAS_DIFFER,))
    assert problem(item, 50) == ("hardware.gpu_class apart: H100-80GB, A100-80GB", "")


def test_line_of_a_fleet_tells_a_missing_contract_last() -> None:
    """That nobody promised anything never hides what is broken."""
    unbound = finding("contract.unbound", subject=CHAT, message="no contract covers it", setting=None, observed=None)
    said, more = problem(fleet.OfLive(SKEWED, (unbound, REPLICAS_DIFFER)), 50)
    assert (said.partition(" ")[0], more) == ("hardware.gpu_class", " (+1 more)")


def test_line_of_a_fleet_says_what_would_decide_a_promise() -> None:
    """The clause that is open, before warnings, with the right that is missing; else that the engines were not asked."""
    open_ = structs.replace(SKEWED, state="undecided", groups=())
    said, _ = problem(fleet.OfLive(open_, (REPLICAS_DIFFER, OPEN)), 90)
    assert said == "runtime.dtype unknown, promised bfloat16; get pods/log in prod would tell"

    nobody = structs.replace(open_, settings=(structs.replace(SKEWED.settings[0], groups=()),))
    said, _ = problem(fleet.OfLive(nobody, (OPEN,)), 90, asked=False)
    assert said == "runtime.dtype unknown, promised bfloat16; --depth logs would read it"


def test_line_of_a_fleet_cuts_digests_to_what_tells_them_apart() -> None:
    """Seven digits of each, and never the setting alone."""
    digests = [f"sha256:{digit * 64}" for digit in "ab"]
    line = Compared("runtime.image_digest", promised=digests[0])
    broken = finding(
        "contract.mismatch",
        subject=CHAT,
        setting="runtime.image_digest",
        contract=CLAUSE,
        observed=Observed(digests[1], "observed", None),
    )
    item = fleet.OfLive(structs.replace(SKEWED, settings=(line,), groups=()), (broken,))
    assert problem(item, 50)[0] == "runtime.image_digest bbbbbbb…, promised aaaaaaa…"


# ---- what could not be seen --------------------------------------------------------------------------------------------


def test_source_of_equal_replicas_is_told_once_with_all_pods() -> None:
    """One line for a group: none of its pods is left out, and the reason is that of the first."""
    lost = [Unread(f"log of pod {pod}", f"pod prod/{pod} does not answer", "all", "", kind="timeout") for pod in FIRST]
    (one,) = sources.folded(structs.replace(SKEWED, unread=tuple(lost)))
    assert one.what == "log of pods chat-7d4f9c6b8d-{m4t8w,x2k9p}"
    assert one.reason == f"pod prod/{FIRST[0]} does not answer"


def test_sources_with_other_reasons_stay_apart() -> None:
    """Pods that fail in two ways are two lines."""
    lost = [Unread(f"log of pod {pod}", f"reason {number}", "all", "") for number, pod in enumerate(FIRST)]
    assert sources.folded(structs.replace(SKEWED, unread=tuple(lost))) == lost


def test_passes_that_rest_on_the_unseen_name_it() -> None:
    """With -v and in JSON: the check, the setting, and the source."""
    resting = RestingPass("contract.mismatch", CHAT, "model.id", ("ConfigMap prod/chat-env",))
    report = structs.replace(VERIFY, resting=(resting,), summary=structs.replace(VERIFY.summary, assumed=1))
    assert "ConfigMap prod/chat-env" not in shown(report)
    assert "contract.mismatch of model.id" in shown(report, verbose=True, width=200)
    assert json.loads(shown(report, "json"))["resting"][0]["on"] == ["ConfigMap prod/chat-env"]


def test_promise_that_nothing_is_set_is_no_row_while_nobody_knows() -> None:
    """Of a full contract dozens of settings are promised as unset; a value that breaks one is shown."""
    unknown = Gap("runtime.seed", "nobody said it", "log")
    line = Compared("runtime.seed", promised="unset", groups=(unknown, unknown))
    known = structs.replace(line, groups=(observed("runtime.seed", 7, FIRST[0]), unknown), broken=True)
    assert "runtime.seed" not in shown(verified(structs.replace(SKEWED, settings=(line,))))
    assert "runtime.seed" in shown(verified(structs.replace(SKEWED, settings=(known,))))
