"""One driver for the tests of all checks: builds a `Case` from the few things a test is about, and runs one check.

    answers = run("pin.image-tag", case(image="vllm/vllm-openai:latest"))

Nothing here reads YAML or knows an engine: settings, arguments and variables are handed in as an engine module would
give them, so that a check is tested against the interface and not against one engine's grammar.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from skewguard.judge.checks.interface import Case, Elsewhere, Result
from skewguard.judge.checks.registry import CHECKS
from skewguard.knowledge.engines.interface import Argument, Certainty, Parsed, Recognition, Release, Variable
from skewguard.language.facts import Choice, Fact, Gap, Located, Origin, Source, Subject
from skewguard.language.sheet import Sheet
from skewguard.language.workloads import (
    Container,
    EnvVar,
    Inventory,
    Invocation,
    PodTemplate,
    Resources,
    Service,
    Token,
    UnseenEnv,
    Workload,
)

FILE = "deploy.yaml"
COMMIT = "9c925d64d72725edaf899c6cb9c377fd0709d9c5"
DIGEST = "sha256:" + "ab" * 32


def at(line: int = 1, text: str | None = None, column: int = 1) -> Origin:
    """A place in the file of the case."""
    return Origin(kind="file", ref=FILE, file=FILE, line=line, column=column, text=text)


def located(value: Any, line: int = 1) -> Located[Any]:
    """A value with a place."""
    return Located(value, at(line, str(value)))


def tokens(*words: str, line: int = 10) -> tuple[Token, ...]:
    """Words of an argument vector, one a line."""
    return tuple(Token(word, at(line + number, word)) for number, word in enumerate(words))


def env(name: str, value: str | None, line: int = 30, **more: Any) -> EnvVar:
    """An environment variable; a literal one by default."""
    return EnvVar(name=name, value=value, origin=at(line, value), **more)


def fact(setting: str, value: Any, *, derived: bool = False, line: int = 20) -> Fact:
    """A declared fact, or one that the engine's rules give."""
    if derived:
        origin = Origin(kind="default", ref="default of the engine")
        return Fact(setting, value, "derived", origin)
    return Fact(setting, value, "declared", at(line, str(value)))


def gap(setting: str, reason: str = "its value comes from a shell variable", would_need: str = "") -> Gap:
    """A value nobody can know."""
    return Gap(setting, reason, rule="argument", inputs=("env@unseen",), would_need=would_need)


def argument(text: str, fault: Any = None, line: int = 10, **more: Any) -> Argument:
    """One argument as an engine's parser took it."""
    more.setdefault("outcome", "parsed" if fault in (None, "abbreviated", "deprecated") else "invalid")
    return Argument(text=text, origin=at(line, text), fault=fault, **more)


def variable(name: str, outcome: Any = "read", line: int = 30, **more: Any) -> Variable:
    """One environment variable as an engine sees it."""
    return Variable(name=name, outcome=outcome, origin=at(line, name), **more)


def service(name: str, namespace: str | None = "prod", **more: Any) -> Service:
    """A Kubernetes Service."""
    return Service(name=name, namespace=namespace, origin=at(80, name), **more)


def release(
    version: str | None = "0.11.0",
    certainty: Certainty = "exact",
    engine: str = "vllm",
    candidates: tuple[str, ...] = (),
) -> Release:
    """What is known of the engine's version; `candidates` are the table versions that can speak for it."""
    return Release(
        engine=engine,
        text=version,
        candidates=candidates or ((version,) if version else ("0.10.0", "0.11.0")),
        certainty=certainty if version else "unknown",
        reason="the image tag names it" if version else "the tag `latest` names no release",
        key="version@image",
    )


def case(
    *,
    engine: str = "vllm",
    title: str = "vLLM",
    version: str | None = "0.11.0",
    certainty: Certainty = "exact",
    candidates: tuple[str, ...] = (),
    image: str | None = "vllm/vllm-openai:v0.11.0",
    declared: Mapping[str, Any] | None = None,
    derived: Mapping[str, Any] | None = None,
    open_settings: Sequence[Gap | Choice] = (),
    arguments: Sequence[Argument] | None = (),
    entrypoint: str = "vllm serve",
    variables: Sequence[Variable] = (),
    command: Sequence[str] | None = None,
    args: Sequence[str] | None = None,
    environment: Sequence[EnvVar] = (),
    unseen_env: Sequence[UnseenEnv] = (),
    gpus: int | str | None = None,
    limits: Mapping[str, str] | None = None,
    container: Mapping[str, Any] | None = None,
    template: Mapping[str, Any] | None = None,
    workload: Mapping[str, Any] | None = None,
    subject: Mapping[str, Any] | None = None,
    inventory: Mapping[str, Any] | None = None,
    siblings: Sequence[Workload] = (),
    recognition: Recognition | None = None,
    blind: Gap | None = None,
    elsewhere: Elsewhere | None = None,
) -> Case:
    """A case of one container, `vllm` of the Deployment `chat` in the namespace `prod`, unless told otherwise.

    `declared` are settings somebody wrote, `derived` what the engine's rules give, `open_settings` the gaps and
    choices. `arguments` None: the engine has no grammar here. `command` and `args` become one plain invocation.
    `limits` are GPU and other resource limits; `gpus` is short for `nvidia.com/gpu`. `container`, `template`,
    `workload`, `subject` and `inventory` set fields of those values. `siblings` are other workloads of the input,
    standing before this one. `blind`: an unseen source may have set anything. `elsewhere` is what the engine would take
    under another release or on another GPU.
    """
    about = _subject(**(subject or {}))
    box = _container(image, command, args, environment, unseen_env, _limits(gpus, limits), container or {})
    pod = PodTemplate(origin=at(2), containers=(box,))
    owner = Workload(subject=about, template=structs.replace(pod, **(template or {})), origin=at(1))
    owner = structs.replace(owner, **(workload or {}))
    hidden = [item for item in open_settings if isinstance(item, Gap)]
    parsed = None if arguments is None else _parsed(arguments, declared or {}, hidden, entrypoint, blind)
    around = structs.replace(Inventory(workloads=(*siblings, owner)), **(inventory or {}))
    return Case(
        workload=owner,
        container=box,
        engine=engine,
        title=title,
        sheet=_sheet(about, declared or {}, derived or {}, open_settings),
        inventory=around,
        release=release(version, certainty, engine, candidates),
        parsed=parsed,
        variables=tuple(variables),
        recognition=recognition,
        elsewhere=elsewhere,
    )


def run(check: str, subject: Case) -> list[Result]:
    """What a check answers."""
    return list(CHECKS[check].run(subject))


def verdicts(check: str, subject: Case) -> list[str]:
    """The verdicts of a check's answers; a check that says nothing passed."""
    return [answer.verdict for answer in run(check, subject)] or ["pass"]


def severities(check: str, subject: Case) -> list[str]:
    """The severities of what a check found."""
    row = CHECKS[check]
    return [answer.severity or row.severity for answer in run(check, subject) if answer.verdict == "fail"]


def _subject(**more: Any) -> Subject:
    fields = {
        "kind": "Deployment",
        "name": "chat",
        "namespace": "prod",
        "container": "vllm",
        "source": Source(FILE, 1),
        **more,
    }
    return Subject(**fields)


def _limits(gpus: int | str | None, limits: Mapping[str, str] | None) -> Resources:
    amounts = dict(limits or {})
    if gpus is not None:
        amounts["nvidia.com/gpu"] = str(gpus)
    return Resources(limits={name: located(amount, 50) for name, amount in amounts.items()})


def _container(
    image: str | None,
    command: Sequence[str] | None,
    args: Sequence[str] | None,
    environment: Sequence[EnvVar],
    unseen_env: Sequence[UnseenEnv],
    resources: Resources,
    more: Mapping[str, Any],
) -> Container:
    program = None if command is None else tokens(*command, line=5)
    words = None if args is None else tokens(*args)
    argv = (*(program or tokens("vllm", "serve", line=4)), *(words or ()))
    made = Container(
        name="vllm",
        origin=at(3),
        image=None if image is None else located(image, 4),
        command=program,
        args=words,
        invocations=(Invocation(argv=argv, via="image" if program is None else "exec"),),
        env=tuple(environment),
        unseen_env=tuple(unseen_env),
        resources=resources,
    )
    return structs.replace(made, **more)


def _parsed(
    arguments: Sequence[Argument],
    declared: Mapping[str, Any],
    hidden: Sequence[Gap],
    entrypoint: str,
    blind: Gap | None,
) -> Parsed:
    return Parsed(
        arguments=tuple(arguments),
        values={name: fact(name, value) for name, value in declared.items()},
        gaps={item.setting: item for item in hidden},
        starts=True,
        entrypoint=entrypoint,
        blind=blind,
    )


def _sheet(
    about: Subject, declared: Mapping[str, Any], derived: Mapping[str, Any], others: Sequence[Gap | Choice]
) -> Sheet:
    sheet = Sheet(
        about,
        [*declared, *derived],
        lambda name: fact(name, derived[name], derived=True) if name in derived else None,
    )
    for name, value in declared.items():
        sheet.add(fact(name, value))
    for other in others:
        sheet.add(other)
    return sheet
