"""A batching server in a few lines, driven by seeds: what it is loaded with, how it is served, and how two runs of it differ.

Each step decodes one token for every request of the batch and reads some tokens of waiting prompts (chunked prefill), so
that requests slow each other as they do in a real engine. Steps vary on their own, together over seconds (a neighbour, a
clock), and rarely by a stall; a whole run is faster or slower than another by `shift`.
"""

import heapq
import math
from collections import deque
from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from skewguard.judge.baseline import metrics
from skewguard.language.baselines import Baseline, Instrument, Requests, Run, Samples
from skewguard.language.facts import Subject
from skewguard.language.loads import Load, Profile, Prompts, Spread

WARMUP = 10.0
SUBJECT = Subject("Deployment", "chat", namespace="prod")


class Scene(Struct, frozen=True):
    """A load and the server under it. `rate` (Poisson) or `concurrency` (closed loop) is set.

    `long_prompts` is the share of prompts of 4,000 tokens. `spread_outputs` draws answer lengths from a log-normal of
    that sigma. `wobble` is the standard deviation of the slow factor all steps share for a while (`memory` seconds).
    `schedule` draws arrivals and lengths.
    """

    rate: float | None = None
    concurrency: int | None = None
    seconds: float = 60.0
    prompt: int = 512
    output: int = 128
    long_prompts: float = 0.0
    spread_outputs: float = 0.0
    wobble: float = 0.02
    memory: float = 2.0
    stalls: float = 0.0005
    shift: float = 0.0
    batch: int = 64
    base: float = 0.012
    schedule: int = 1


SCENES = {
    "open loop": Scene(rate=4),
    "closed loop": Scene(concurrency=16),
    "small closed loop": Scene(concurrency=4),
    "answers of very different length": Scene(rate=4, spread_outputs=1.0),
    "steps that are slow together": Scene(concurrency=16, wobble=0.08, memory=5.0),
    "some very long prompts": Scene(rate=4, long_prompts=0.1),
    "stalls and long tails": Scene(concurrency=16, spread_outputs=0.8, long_prompts=0.1, stalls=0.003),
    "near the knee": Scene(rate=13.0, spread_outputs=0.3),
    "runs that differ by 1.5 %": Scene(concurrency=16, shift=0.015),
    "a drift as long as the window": Scene(concurrency=16, wobble=0.05, memory=30.0),
    "past the knee": Scene(rate=20.0, spread_outputs=0.3),
    "a machine that others use": Scene(concurrency=8, prompt=32, output=32, base=0.03, wobble=0.3, memory=20.0),
}
"""Kinds of load under which the same thing must hardly ever be called worse."""


def load(scene: Scene) -> Load:
    """What the load client would have been told."""
    prompts = Prompts("synthetic", Spread(scene.prompt), Spread(scene.output), digest="sha256:1")
    profile: Profile = "poisson" if scene.rate else "concurrency"
    return Load(
        profile,
        prompts,
        rate=scene.rate,
        concurrency=scene.concurrency,
        duration=scene.seconds,
        warmup=WARMUP,
        seed=scene.schedule,
    )


def baseline(scene: Scene, seed: int, slower: float = 1.0) -> Baseline:
    """A run as a baseline; `slower` times as long steps are the regression."""
    run = measure(scene, seed, slower)
    found = metrics.of_run(run, slo={}, gpus=1)
    completed = sum(not failure for failure in run.samples.failure)
    known = Requests(sent=len(run.samples.sent), completed=completed)
    return Baseline(
        SUBJECT, run.started_at, run.duration, "load", run.load,
        id=f"run-{seed}", requests=known, metrics=found, samples=run.samples, replicas=1, gpus=1, measured=run.measured,
    )  # fmt: skip


def measure(scene: Scene, seed: int, slower: float = 1.0) -> Run:
    """One run of `scene`. The schedule and the prompts are the scene's own, the server's noise is the seed's."""
    rng = np.random.default_rng((seed, 7))
    factor = slower * math.exp(scene.shift * rng.standard_normal())
    server = _Server(scene, rng, factor)
    server.serve()
    return _run(scene, server)


def _drawn(scene: Scene) -> tuple[list[int], list[int], list[float]]:
    """Prompts, answers and arrivals: the same for every run of the scene."""
    rng = np.random.default_rng(scene.schedule)
    count = int((scene.rate or 50) * (scene.seconds + WARMUP) * 1.5) + 200
    prompts = np.where(rng.random(count) < scene.long_prompts, 4000, scene.prompt)
    sigma = scene.spread_outputs
    lengths = scene.output * np.exp(sigma * rng.standard_normal(count) - sigma**2 / 2)
    outputs = np.clip(lengths.round(), 2, 2000).astype(int)
    gaps = rng.exponential(1 / scene.rate, count) if scene.rate else np.zeros(count)
    return prompts.tolist(), outputs.tolist(), np.cumsum(gaps).tolist()


class _Server:
    def __init__(self, scene: Scene, rng: np.random.Generator, factor: float) -> None:
        self.scene, self.end = scene, scene.seconds + WARMUP
        self.prompts, self.outputs, schedule = _drawn(scene)
        self.coming = deque(moment for moment in schedule if moment < self.end) if scene.rate else deque()
        self.arrivals: list[float] = []
        self.first: dict[int, float] = {}
        self.last: dict[int, float] = {}
        self.steps: list[float] = []
        self.noise = self._noise(rng, factor)
        self.waiting: deque[list[int]] = deque()
        self.active: list[tuple[int, int]] = []

    def _noise(self, rng: np.random.Generator, factor: float) -> Iterator[float]:
        """The factor of each step: its own, a slow one that lasts, and rare stalls with a heavy tail."""
        slow, keep = rng.standard_normal(), math.exp(-self.scene.base * 2 / self.scene.memory)
        while True:
            own = np.exp(0.05 * rng.standard_normal(512))
            stalls = np.where(rng.random(512) < self.scene.stalls, 3 * rng.pareto(2.0, 512), 0.0)
            drift = rng.standard_normal(512) * math.sqrt(1 - keep**2)
            for each, stall, step in zip(own.tolist(), stalls.tolist(), drift.tolist(), strict=True):
                slow = keep * slow + step
                yield factor * (each * math.exp(self.scene.wobble * slow) + min(stall, 40.0))

    def arrive(self, moment: float) -> None:
        self.waiting.append([len(self.arrivals), self.prompts[len(self.arrivals)]])
        self.arrivals.append(moment)

    def serve(self) -> None:
        now = 0.0
        for _ in range(self.scene.concurrency or 0):
            self.arrive(now)
        while self.coming or self.waiting or self.active:
            if not self.waiting and not self.active:
                now = max(now, self.coming[0])
            while self.coming and self.coming[0] <= now:
                self.arrive(self.coming.popleft())
            now = self._step(now)

    def _step(self, now: float) -> float:
        budget = 2048
        ready: list[int] = []
        while self.waiting and budget and len(self.active) + len(ready) < self.scene.batch:
            head = self.waiting[0]
            part = min(budget, head[1])
            head[1] -= part
            budget -= part
            if not head[1]:
                ready.append(self.waiting.popleft()[0])
        cost = self.scene.base + 0.00025 * len(self.active) + 0.00003 * (2048 - budget)
        now += cost * next(self.noise)
        index = len(self.steps)
        self.steps.append(now)
        for request in ready:
            self.first[request] = now
            heapq.heappush(self.active, (index + self.outputs[request] - 1, request))
        while self.active and self.active[0][0] <= index:
            self.last[heapq.heappop(self.active)[1]] = now
            if self.scene.concurrency and now < self.end:
                self.arrive(now)
        return now


def _run(scene: Scene, server: _Server) -> Run:
    rows = range(len(server.arrivals))
    measured = (WARMUP, server.end)
    samples = Samples(
        intended=server.arrivals,
        sent=server.arrivals,
        first=[server.first[row] for row in rows],
        last=[server.last[row] for row in rows],
        prompt_tokens=[server.prompts[row] for row in rows],
        output_tokens=[server.outputs[row] for row in rows],
        first_tokens=[1 for _ in rows],
        chunks=[server.outputs[row] for row in rows],
        status=[200 for _ in rows],
        failure=["" for _ in rows],
        censored=[False for _ in rows],
        fresh=[False for _ in rows],
        phase=[int(moment >= WARMUP) for moment in server.arrivals],
    )
    instrument = Instrument("kernel", 0.0001, 0.0001, 0.0, 0.1, 0.1, 8)
    return Run(load(scene), "2026-01-05T10:00:00Z", server.end, samples, instrument, measured)
