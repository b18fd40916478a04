"""Checks of the time a request has on its way, against the time the longest answer takes.

How long an answer takes nobody knows from a manifest. The checks use 40 ms a token, the limit that MLPerf Inference
v5.0 sets for interactive serving (Llama 2 70B Interactive, 99th percentile), and say so in every message: a faster
engine makes a finding void, a slower one makes it worse.
"""

import math
from collections.abc import Iterator

from msgspec import Struct

from skewguard.judge.checks import members
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped, unknown
from skewguard.judge.checks.resource_fields import form
from skewguard.language import controllers, surroundings, ways
from skewguard.language.facts import Fact, Located
from skewguard.language.neighbours import Route, Timeout

SECONDS_PER_TOKEN = 0.04
USUAL_LONG_ANSWER = 1024
DEFAULT_GRACE_S = 30

_NO_ROUTE = "no route to this workload is in the input"
_SETTINGS = ("limits.max_output_tokens", "limits.default_output_tokens", "limits.max_model_len")


class Longest(Struct, frozen=True):
    """The longest answer: its tokens, the setting that bounds it, and whether that is only the context length."""

    tokens: int
    setting: str
    fact: Fact

    @property
    def seconds(self) -> float:
        """What it takes at `SECONDS_PER_TOKEN`."""
        return self.tokens * SECONDS_PER_TOKEN

    @property
    def context_only(self) -> bool:
        """Nothing caps answers but the context: few are that long, none may be cut off all the same."""
        return self.setting == "limits.max_model_len"

    def __str__(self) -> str:
        return (
            f"an answer may have {self.tokens:,} tokens ({self.setting}), which takes {_time(self.seconds)} "
            f"at {SECONDS_PER_TOKEN * 1000:.0f} ms each"
        )


@check(
    "serving.timeout-too-short",
    title="A time limit shorter than the longest answer",
    category="serving",
    severity="warning",
    why="The route gives up while the engine still generates. The client sees 504 and tries again, the engine works "
    "on an answer nobody reads, and only long answers fail, so that tests with short ones pass.",
    remedy="Raise the limit above the longest answer, or cap the answer below the limit.",
    bad='nginx.ingress.kubernetes.io/proxy-read-timeout: "30"    # max_model_len 32768',
    good='nginx.ingress.kubernetes.io/proxy-read-timeout: "1800"',
    sources=(
        "MLPerf Inference v5.0: Llama 2 70B Interactive, 40 ms per output token",
        "ingress-nginx annotations",
        "Gateway API HTTPRoute timeouts",
        "Istio VirtualService timeout",
    ),
)
def timeout_too_short(case: Case) -> Iterator[Result]:
    """A limit that a route sets, against the longest answer."""
    limits = [
        (route, timeout)
        for route in ways.in_effect(_routes(case))
        for timeout in route.timeouts
        if timeout.seconds is not None and timeout.bounds_answer
    ]
    if not limits:
        yield skipped(_NO_ROUTE)
        return
    longest = longest_answer(case)
    if longest is None:
        yield _unknown_length(limits[0][1])
        return
    for route, timeout in limits:
        seconds = timeout.seconds or 0.0
        if seconds < longest.seconds:
            yield fail(
                f"{route.kind} {route.name} gives up after {_time(seconds)} ({timeout.name}), but {longest}."
                + _streaming(timeout.between_bytes),
                remedy=_raise_edit(case, f"`{timeout.name}: {_as_written(timeout, longest.seconds)}`", seconds),
                at=timeout.origin,
                setting="serving.request_timeout",
                anchor=f"{route.kind}/{route.name}",
                value=seconds,
                expected={"min": math.ceil(longest.seconds)},
                severity=_severity(longest, seconds),
            )


@check(
    "serving.timeout-default",
    title="A controller's default time limit shorter than the longest answer",
    category="serving",
    severity="warning",
    why="Where a route sets no limit, its controller's default holds, and it is made for web pages: 30 s at Google "
    "Cloud's load balancer, 60 s between two reads at ingress-nginx.",
    remedy="Set the limit on the route, above the longest answer.",
    bad="ingressClassName: gce    # no BackendConfig",
    good="kind: BackendConfig\nspec: {timeoutSec: 1800}",
    sources=(
        "ingress-nginx ConfigMap: proxy-read-timeout 60",
        "AWS: Application Load Balancer idle timeout 60 s",
        "Google Cloud: backend service timeout 30 s",
        "Contour: response timeout 15 s",
    ),
)
def timeout_default(case: Case) -> Iterator[Result]:
    """A route without a limit of its own or beside it, where the controller's default is documented."""
    longest = longest_answer(case)
    routes = _routes(case)
    silent = [bound for bound in ways.timeouts(routes) if bound.default is not None or not bound.known]
    if longest is None or not silent:
        yield skipped(_NO_ROUTE if not silent else "how long an answer can be is not known")
        return
    for bound in silent:
        route, family = bound.route, bound.route.family
        misplaced = any(item.value not in controllers.BODY_ANNOTATIONS for item in route.ignored)
        if bound.value is None or family is None or bound.value >= longest.seconds or misplaced:
            continue  # a limit that is written where nobody reads it is another finding with the same edit
        field = controllers.field(family, route.kind)
        yield fail(
            f"{route} sets no time limit, so {bound.default}'s default of {_time(bound.value)} holds, but {longest}."
            + _streaming(controllers.TIMEOUTS[family].between),
            remedy=_raise_edit(case, f"`{field}` to {math.ceil(longest.seconds)} s", bound.value),
            at=route.origin,
            setting="serving.request_timeout",
            anchor=f"{route.kind}/{route.name}",
            value=bound.value,
            expected={"min": math.ceil(longest.seconds)},
            severity=_severity(longest, bound.value),
        )


@check(
    "serving.annotation-ignored",
    title="A limit that the route's controller does not read",
    category="serving",
    severity="warning",
    why="Each controller reads annotations with its own prefix, and several read whole numbers alone. Any other is kept "
    "by the API server without a word, and the controller's default holds: the limit that stands there never does.",
    remedy="Write the limit in the controller's own annotation, in the form it reads.",
    bad='ingressClassName: alb    # and nginx.ingress.kubernetes.io/proxy-read-timeout: "3600"',
    good="ingressClassName: alb    # and alb.ingress.kubernetes.io/load-balancer-attributes: "
    "idle_timeout.timeout_seconds=3600",
    sources=(
        "ingress-nginx: annotations are read by strconv.Atoi (internal/ingress/annotations/parser)",
        "Kubernetes: Ingress, annotations depend on the controller",
    ),
)
def annotation_ignored(case: Case) -> Iterator[Result]:
    """A limit in an annotation of another controller, or in a form that its controller refuses."""
    routes = _routes(case)
    if not routes:
        yield skipped(_NO_ROUTE)
    for route in routes:
        for item in route.ignored:
            about_body = item.value in controllers.BODY_ANNOTATIONS
            written = route.body_bytes if about_body else any(limit.bounds_answer for limit in route.timeouts)
            if not written:
                yield _misplaced(route, item, about_body=about_body)


def _misplaced(route: Route, item: Located[str], *, about_body: bool) -> Result:
    """An annotation with a limit that has no effect; beside one that has, it is another controller's and harmless."""
    family = route.family or ""
    own = family in controllers.readers(item.value)
    who = controllers.NAMES.get(family, "its controller")
    field = controllers.field(family, route.kind) if family in controllers.TIMEOUTS and not about_body else ""
    why = (
        f"and {who} reads whole numbers there: `{item.origin.text}` counts as nothing"
        if own
        else f"which {who} does not read"
    )
    return fail(
        f"{route} has `{item.value}`, {why}; {who}'s default holds.",
        remedy="Write the number alone." if own else f"Set `{field}` instead." if field else "Remove it.",
        at=item.origin,
        setting="serving.max_body_size" if about_body else "serving.request_timeout",
        anchor=item.value,
    )


@check(
    "serving.retries",
    title="Retries that multiply generations",
    category="serving",
    severity="warning",
    why="A completion is no cheap read: each try occupies the engine for seconds to minutes, and tries come when it "
    "is slow already. Two retries triple the load of an engine that is failing under load.",
    remedy="Retry only what never reached the engine (`retryOn: connect-failure,refused-stream`), and once.",
    bad="retries: {attempts: 3, retryOn: 5xx}",
    good="retries: {attempts: 1, retryOn: connect-failure,refused-stream}",
    sources=("Istio: HTTPRetry", "Gateway API: HTTPRouteRetry", "Google SRE Book: Addressing Cascading Failures"),
)
def retries(case: Case) -> Iterator[Result]:
    """A route that sends a request again more than once."""
    routes = ways.in_effect(_routes(case))
    if not routes:
        yield skipped(_NO_ROUTE)
    for route in routes:
        for count in route.retries:
            if count.value > 1:
                yield fail(
                    f"{route.kind} {route.name} sends a request up to {count.value} times more when it fails: one "
                    f"slow answer becomes {count.value + 1} generations, on an engine that is late already.",
                    remedy="Set it to 1, and retry connection failures only: an answer that times out is generated "
                    "to its end all the same.",
                    at=count.origin,
                    setting="serving.retries",
                    anchor=f"{route.kind}/{route.name}",
                    value=count.value,
                    expected={"max": 1},
                )


@check(
    "serving.grace-period",
    title="A termination grace period shorter than the longest answer",
    category="serving",
    severity="note",
    why="At every rollout and scale-in the kubelet ends the engine when the grace period is over: answers still being "
    "generated break off in the middle.",
    remedy="Set terminationGracePeriodSeconds above the longest answer that must survive a rollout.",
    bad="spec: {}    # 30 s",
    good="spec: {terminationGracePeriodSeconds: 600}",
    sources=("Kubernetes: Pod Lifecycle, termination of Pods",),
)
def grace_period(case: Case) -> Iterator[Result]:
    """The grace period (Kubernetes' default is 30 s), against the longest answer."""
    longest = longest_answer(case)
    if longest is None:
        yield skipped("how long an answer can be is not known")
        return
    where = form(case).pod
    if not where:
        yield skipped("its resource has no field for the grace period")
        return
    written = case.workload.template.termination_grace_s
    grace = DEFAULT_GRACE_S if written is None else written
    if grace < longest.seconds:
        yield fail(
            f"A stopping pod has {_time(grace)}, but {longest}: longer answers break off at every rollout.",
            remedy=f"Set `terminationGracePeriodSeconds: {math.ceil(longest.seconds)}` in {where}, or as much as "
            "the answers that must survive need.",
            at=case.workload.template.origin,
            anchor="terminationGracePeriodSeconds",
            value=grace,
            expected={"min": math.ceil(longest.seconds)},
        )


def _routes(case: Case) -> list[Route]:
    """The routes of the case's object; what they do to a group is told once, with its leader."""
    return [] if members.leader_of(case) is not None else surroundings.routes_of(case.workload, case.inventory)


def longest_answer(case: Case) -> Longest | None:
    """The bound of an answer: the hard cap, else the default cap, else the context length."""
    for setting in _SETTINGS:
        known = case.sheet.effective(setting)
        if isinstance(known, Fact) and isinstance(known.value, int) and known.value > 0:
            return Longest(known.value, setting, known)
    return None


def _severity(longest: Longest, seconds: float) -> str | None:
    """A limit that only an answer as long as the whole context breaks is a note; one that cuts usual ones is not."""
    usual = USUAL_LONG_ANSWER * SECONDS_PER_TOKEN
    return "note" if longest.context_only and seconds >= usual else None


def _unknown_length(timeout: Timeout) -> Result:
    return unknown(
        f"{timeout.name} ends a request after {_time(timeout.seconds or 0.0)}, and how long an answer can be is not "
        "known: neither a cap of the output nor the context length is.",
        remedy="Set the context length on the command line, or give the model's config.json.",
        at=timeout.origin,
        setting="serving.request_timeout",
        anchor=timeout.name,
        value=timeout.seconds,
    )


def _streaming(between: bool) -> str:
    if between:
        return " It counts the time between two bytes: streamed answers pass, answers sent in one piece are cut off."
    return " It counts the whole answer: streamed answers are cut off too."


def _raise_edit(case: Case, edit: str, seconds: float) -> str:
    text = f"Set {edit}"
    if case.engine == "vllm" and seconds > 1:
        tokens = int(seconds / SECONDS_PER_TOKEN)
        text += (
            f", or cap answers at {tokens:,} tokens: `--override-generation-config '{{\"max_new_tokens\": {tokens}}}'`"
        )
    return text + "."


def _as_written(timeout: Timeout, seconds: float) -> str:
    """Seconds in the style of the value that stands there: bare in annotations, with a unit elsewhere."""
    text = (timeout.origin.text or "").strip().strip("\"'")
    return f'"{math.ceil(seconds)}"' if text.isdigit() else f"{math.ceil(seconds)}s"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"
