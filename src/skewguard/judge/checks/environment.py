"""Variables that do not reach the engine as settings, or reach it as something they are not (group `args`)."""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from msgspec import structs

from skewguard.judge.checks import beginnings, evidence
from skewguard.judge.checks.interface import Case, Result, check, fail, unknown
from skewguard.knowledge import engines
from skewguard.knowledge.engines import commands, tables
from skewguard.knowledge.engines.interface import Release, Variable
from skewguard.language import surroundings, vocabulary
from skewguard.language.facts import Origin
from skewguard.language.workloads import EnvVar

ENVIRONMENT = ("the engine's released list of environment variables, for every version of the table",)


@check(
    "args.none-given",
    title="The engine is told no model",
    category="runtime",
    severity="error",
    until_ready=True,
    why="An engine that is given no model serves the one built into it, and is Ready and healthy with it. Variables "
    "such as MODEL or TENSOR_PARALLEL_SIZE are read by wrapper images, not by the engine itself.",
    remedy="pass the settings as arguments of the engine",
    bad="image: vllm/vllm-openai:v0.11.0\nenv: [{name: MODEL, value: Qwen/Qwen3-8B}]",
    good="image: vllm/vllm-openai:v0.11.0\nargs: [--model=Qwen/Qwen3-8B]",
    sources=("vLLM vllm/config/model.py: the default of `model`",),
)
def none_given(case: Case) -> Iterator[Result]:
    """No model among the arguments, while variables look like settings, or nothing is said at all."""
    if not evidence.read_by_engine(case) or _model_told(case):
        return
    likely = _looks_like_settings(case)
    builtin = evidence.known(case, "model.id")
    if builtin is None and not likely:
        return
    names = ", ".join(entry.name for entry in likely)
    taken = beginnings.swallowed(case)
    serves = f"{case.title} serves its built-in default model" + (f" `{builtin.value}`" if builtin else "")
    message = f"No argument names a model, so that {serves}"
    if taken is not None:
        message = f"`{taken[0].text}` is taken as one more value of `{taken[1].flag}`, and no word names a model, so that {serves}"
    place = likely[0].name_origin or likely[0].origin if likely else taken[0].origin if taken else None
    more = {
        "setting": "model.id",
        "anchor": likely[0].name if likely else "args",
        "remedy": _as_arguments(case, likely),
    }
    if case.recognition is not None and not case.recognition.certain:
        yield unknown(
            f"No argument names a model; the image's own start-up may read {names or 'it from elsewhere'}",
            at=place or case.container.origin,
            **more,
        )
        return
    yield fail(
        f"{message}: {case.title} does not read {names}" if likely else message,
        at=place or case.container.origin,
        severity=None if likely or taken else "warning",
        **more,
    )


def _model_told(case: Case) -> bool:
    """Whether a model is written somewhere, or may be, or another finding says what became of it."""
    told = case.sheet.declared("model.id") or evidence.concealed(case, "model.id")
    if told or commands.ENGINES[case.engine].holds_model or "model.source_uri" in case.container.fields:
        return True
    lost = ("swallowed", "ignored", "model-by-flag", "unexpected-value", "literal-variable")
    if any(argument.flag is None or argument.text.startswith("--model") for argument in case.arguments(*lost)):
        return True
    return any(beginnings.wanted(case, argument) for argument in case.arguments("missing-value", "invalid"))


def _looks_like_settings(case: Case) -> list[EnvVar]:
    """Variables that the engine does not read and whose names are those of its settings."""
    read = {item.name for item in case.variables if item.outcome in ("read", "invalid")}
    return [
        entry
        for entry in case.container.env
        if entry.name not in read and setting_of(case.engine, entry.name) is not None
    ]


def _as_arguments(case: Case, likely: list[EnvVar]) -> str:
    words = []
    model = "MODEL"
    for entry in likely:
        setting = setting_of(case.engine, entry.name)
        if setting == "model.id" and beginnings.positional(case):
            model = f"$({entry.name})"
            continue
        spelled = evidence.flag(case, setting) if setting else None
        if spelled:
            words.append(evidence.item(case, spelled, f"$({entry.name})"))
    settings = f"write the settings as `args`: {', '.join(words)}"
    if beginnings.positional(case) or not words:
        return beginnings.told(case, model) + (f", and {settings}" if words else "")
    return settings


def setting_of(engine: str, name: str) -> str | None:
    """The setting that a variable of this name seems to mean: `TENSOR_PARALLEL_SIZE`, `VLLM_MAX_MODEL_LEN`, `TP_SIZE`."""
    word = name.lower().removeprefix(f"{engine}_")
    return _setting_names(engine).get(word)


@cache
def _setting_names(engine: str) -> Mapping[str, str]:
    names = {
        "model": "model.id", "model_id": "model.id", "model_name": "model.id", "model_path": "model.id",
        "hf_model": "model.id", "hf_model_id": "model.id", "model_repo": "model.id",
        "tp": "parallelism.tensor", "tp_size": "parallelism.tensor", "tensor_parallel": "parallelism.tensor",
        "pp": "parallelism.pipeline", "pp_size": "parallelism.pipeline", "pipeline_parallel": "parallelism.pipeline",
        "dp_size": "parallelism.data", "max_model_length": "limits.max_model_len",
        "context_length": "limits.max_model_len",
    }  # fmt: skip
    for row in vocabulary.ROWS:
        dest = row.called.get(engine)
        if dest is not None:
            names[dest] = row.name
    return names


@check(
    "args.dead-env",
    reads_arguments=True,
    title="This version no longer reads the variable",
    category="runtime",
    severity="error",
    why="The engine ignores a variable it no longer knows in silence: what it used to set is left to the default.",
    remedy="remove the variable, or set what took its place",
    bad="env: [{name: VLLM_ATTENTION_BACKEND, value: FLASHINFER}]   # vLLM 0.15.0",
    good="args: [--attention-backend=FLASHINFER]",
    sources=ENVIRONMENT,
)
def dead_env(case: Case) -> Iterator[Result]:
    """A variable that older versions read. A note where its value was the default when it was last read."""
    for variable in _told(case, "dead"):
        nothing = harmless(case, variable)
        yield fail(
            (variable.message or f"{case.title} no longer reads {variable.name}: it has no effect")
            + ("; its value was the default when it was last read, so that nothing changes" if nothing else ""),
            severity="note" if nothing or variable.hearsay else None,
            **_place(case, variable),
        )


def harmless(case: Case, variable: Variable) -> bool:
    """Whether a dead variable holds the default of the last version that read it: nothing changes then."""
    entry = case.container.variable(variable.name)
    module = engines.ENGINES.get(case.engine)
    first = variable.versions or (case.release.candidates if case.release else ())
    if variable.outcome != "dead" or entry is None or entry.value is None or module is None or not first:
        return False
    releases = module.releases()
    for version in reversed(releases[: releases.index(first[0]) if first[0] in releases else 0]):
        defaults = module.variables(version)
        if variable.name in defaults:
            return _plain(defaults[variable.name]) == _plain(entry.value)
    return False


def _plain(value: object) -> str:
    text = str(value).strip().lower()
    return {"true": "1", "yes": "1", "on": "1", "false": "0", "no": "0", "off": "0"}.get(text, text)


@check(
    "args.unread-env",
    reads_arguments=True,
    title="The engine reads no such variable",
    category="runtime",
    severity="warning",
    why="A variable with the engine's prefix that no version reads is most often misspelt: it has no effect, and only "
    "newer versions say so in their log.",
    remedy="write the name as the engine spells it, or remove the variable",
    bad="env: [{name: VLLM_LOG_LEVEL, value: DEBUG}]",
    good="env: [{name: VLLM_LOGGING_LEVEL, value: DEBUG}]",
    sources=ENVIRONMENT,
)
def unread_env(case: Case) -> Iterator[Result]:
    """A variable that looks like one of the engine's and is none; unknown where the version lies outside the tables.

    Where the start-up of the container hands it on (`$(NAME)`, a shell), it is no setting of the engine's own.
    """
    words = (*(case.container.command or ()), *(case.container.args or ()))
    text = " ".join(f"{each.text} {each.origin.text}" for each in words)
    for variable in _told(case, "unread"):
        if variable.name in text or _told_elsewhere(case, variable.name):
            continue
        if not evidence.read_by_engine(case) and not variable.name.lower().startswith(f"{case.engine}_"):
            continue  # a program around the engine makes settings of such names
        if case.release is not None and case.release.beyond:
            yield unknown(
                f"No version that skewguard knows reads {variable.name}; {case.title} {case.release.text} lies outside them",
                inputs=(case.release.key,),
                **{**_place(case, variable), "remedy": "update skewguard, or look for the warning in the server's log"},
            )
            continue
        foreign = variable.suggestion is None and not evidence.own_image(case)
        yield fail(
            (variable.message or f"{case.title} reads no variable {variable.name}: it has no effect")
            + (f"; this image is not one of {case.title}'s own, and may read more" if foreign else ""),
            severity="note" if foreign else None,
            **_place(case, variable),
        )


@check(
    "args.invalid-env",
    reads_arguments=True,
    title="The engine refuses a variable's value",
    category="runtime",
    severity="error",
    until_ready=True,
    why="The engine reads the variable at start and ends at a value it cannot use; some releases pass over it and run "
    "with their default, or take every word but `true` and `1` for false.",
    remedy="write a value that the variable takes",
    bad="env: [{name: VLLM_PORT, value: 'tcp://10.0.0.1:80'}]",
    good="env: [{name: VLLM_PORT, value: '5000'}]",
    sources=ENVIRONMENT,
)
def invalid_env(case: Case) -> Iterator[Result]:
    """A value of the wrong type or outside the variable's choices."""
    for variable in _told(case, "invalid"):
        yield fail(
            variable.message or f"{case.title} refuses the value of {variable.name}",
            severity="warning" if variable.passed_over else None,
            **_place(case, variable),
        )


def _told_elsewhere(case: Case, name: str) -> bool:
    """Whether a variable that means a setting is told by `args.none-given`, or its setting is written anyway."""
    setting = setting_of(case.engine, name)
    if setting is None:
        return False
    return case.sheet.declared(setting) is not None or not _model_told(case) or _as_it_is(case, setting, name)


def _as_it_is(case: Case, setting: str, name: str) -> bool:
    """Whether the variable says what the engine does anyway: `TP_SIZE=1` beside a server that was told no size."""
    entry, known = case.container.variable(name), evidence.known(case, setting)
    if entry is None:
        return False
    if known is None:  # no release spreads a model without being told to
        return entry.value == "1" and setting.startswith("parallelism.")
    return _plain(known.value) == _plain(entry.value)


def _told(case: Case, outcome: str) -> Iterator[Variable]:
    """Variables with this outcome in every version that may run; the rest is `args.depends-on-version`."""
    for variable in case.variables:
        if variable.outcome == outcome and not variable.versions:
            yield variable


def _place(case: Case, variable: Variable) -> dict[str, object]:
    better = variable.suggestion
    entry = case.container.variable(variable.name)
    if variable.outcome == "invalid":
        remedy = f"write `{better}`" if better else ""
    elif better is None:
        remedy = f"remove {variable.name}"
    elif better.startswith("-"):
        instead = _flag_instead(case, better, entry.value if entry is not None else None)
        remedy = f"remove {variable.name}" + (f", and {instead}" if instead else "")
    else:
        remedy = f"write `{better}` instead of `{variable.name}`"
    return {
        "setting": f"{case.engine}.env.{variable.name}",
        "anchor": variable.name,
        "at": variable.origin,
        "remedy": remedy,
    }


def _flag_instead(case: Case, better: str, value: str | None) -> str | None:
    """How to say with a flag what the variable said: `better` is the flag, with a value where only one is meant."""
    flag, _, own = better.split(maxsplit=1)[0].partition("=")
    if (own or evidence.is_switch(case, flag)) and (value or "1").lower() in ("0", "false", "no", ""):
        return None
    if not own and evidence.is_switch(case, flag):
        return evidence.add_switch(case, flag)
    return evidence.add_words(case, flag, own or value or "VALUE")


# Variables that engines read as a port of their own, and that a Service of the name before `_PORT` sets to an address.
_PORT_VARIABLES = {
    "vllm": ("VLLM_PORT",),
    "sglang": ("SGLANG_PORT",),
    "tgi": ("PROMETHEUS_PORT", "MASTER_PORT"),
}


@check(
    "args.service-named-engine",
    title="A Service's name sets the engine's port variable",
    category="orchestration",
    severity="error",
    until_ready=True,
    why="Kubernetes gives each pod `<SERVICE>_PORT=tcp://…` for every Service of its namespace. For a Service named after "
    "the engine that is a variable of the engine's own (VLLM_PORT, SGLANG_PORT), which it reads as a number: the server "
    "fails at start.",
    remedy="rename the Service, or set `enableServiceLinks: false` in the pod template",
    bad="kind: Service\nmetadata: {name: vllm}",
    good="kind: Service\nmetadata: {name: chat}",
    sources=("Kubernetes documentation: Service, Environment variables", "vLLM vllm/envs.py: get_vllm_port"),
)
def service_named_engine(case: Case) -> Iterator[Result]:
    """A Service in the same namespace whose links overwrite the engine's own port variable.

    Not where the Service is headless (it gives no variables), links are off, or the container sets the variable. A
    warning where only some of the versions that may run end at it, nothing where none does.
    """
    for name in _PORT_VARIABLES.get(case.engine, ()):
        if case.workload.template.service_links and case.container.variable(name) is None:
            yield from _linked(case, name)


def _linked(case: Case, name: str) -> Iterator[Result]:
    """The first Service of the namespace that sets this variable."""
    ends, all_end = _ends_at_address(case, name)
    if not ends:
        return
    prefix = name.removesuffix("_PORT")
    for service in surroundings.services_setting(prefix, case.workload.subject.namespace, case.inventory):
        if not service.headless:
            yield fail(
                f"The Service `{service.name}` makes Kubernetes set {name}=tcp://… in this pod, and {case.title} reads "
                f"{name} as a port number",
                remedy="set `enableServiceLinks: false` in the pod template, or rename the Service",
                setting=f"{case.engine}.env.{name}",
                anchor=name,
                at=service.origin,
                assumes=tuple(source.ref for source in case.container.unseen_env),
                severity=None if all_end else "warning",
            )
            return


def _ends_at_address(case: Case, name: str) -> tuple[bool, bool]:
    """Whether any version that may run ends at an address in its port variable, and whether all that read it do."""
    if case.engine not in engines.ENGINES or case.release is None:
        return True, True
    anywhere = structs.replace(case.release, key="", reason="", origin=None)
    return _at_address(case.engine, tables.load(case.engine), anywhere, name)


@lru_cache(maxsize=256)  # the same for every container of these releases
def _at_address(engine: str, _table: tables.Table, release: Release, name: str) -> tuple[bool, bool]:
    injected = EnvVar(name, "tcp://10.0.0.1:80", Origin("file", "a Service"))
    found = engines.ENGINES[engine].environment((injected,), release)
    read = [item for item in found if item.outcome in ("read", "invalid")]
    ending = [item for item in read if item.outcome == "invalid" and not item.passed_over]
    return bool(ending), len(ending) == len(read)
