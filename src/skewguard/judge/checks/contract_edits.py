"""The exact edit that keeps a promise: which flag, field or object, and what to write there."""

from collections.abc import Sequence

from skewguard.judge.checks import evidence
from skewguard.judge.checks.interface import Case
from skewguard.judge.checks.resource_fields import form
from skewguard.knowledge import engines
from skewguard.knowledge.contract import comparing, describing, values
from skewguard.knowledge.contract.values import Clause
from skewguard.knowledge.engines import live, recognition
from skewguard.knowledge.engines.interface import EngineModule
from skewguard.language import dialects, surroundings, vocabulary
from skewguard.language.facts import Fact, Value
from skewguard.language.running import ENDPOINT

_FIELDS = {
    "runtime.image": "image",
    "runtime.image_digest": "image",
    "runtime.version": "image",
    "hardware.gpu_class": "nodeSelector",
    "hardware.gpu_count": "resources.limits",
    "hardware.partition": "resources.limits",
    "autoscaling.min_replicas": "minReplicas",
    "autoscaling.max_replicas": "maxReplicas",
    "autoscaling.signal": "metrics",
    "serving.request_timeout": "timeout",
    "serving.retries": "retries",
    "serving.max_body_size": "body size",
}
_NEEDS = {
    "autoscaling": "the HorizontalPodAutoscaler or ScaledObject of the workload, in the same input,",
    "serving": "the Ingress, HTTPRoute or VirtualService in front of it, in the same input,",
    "hardware": "a node selector or affinity, or the running pod,",
}
_NEEDS_LIVE = {
    "autoscaling": "an autoscaler, or `replicas` in the workload",
    "serving": "an Ingress, HTTPRoute or VirtualService in front of it",
    "hardware": "a label of the node",
}


def anchor(case: Case, setting: str) -> str | None:
    """The flag, variable or field a setting is written with: it stays the same wherever the value stands."""
    if ".env." in setting:
        return setting.partition(".env.")[2]
    dest = vocabulary.destination(case.engine, setting)
    return "--" + dest.replace("_", "-") if dest and "*" not in dest else _FIELDS.get(setting)


def correction(clause: Clause) -> str:
    """What to write in the contract, where it names what nobody knows."""
    guess = f" ({clause.doubt.nearest}?)" if clause.doubt and clause.doubt.nearest else ""
    return f"correct the contract at {clause.origin.brief}{guess}"


def would_need(case: Case, setting: str) -> str:
    """What would show a setting that nothing sets which was read, with its own comma where it has one."""
    section = setting.partition(".")[0]
    if _is_url(case) and (section in _NEEDS_LIVE or setting in _FIELDS):
        return "the workload itself (`skewguard verify kind/name`)"
    if case.phase == "live":
        return _NEEDS_LIVE.get(section, "the server's own word")
    return _NEEDS.get(section, "the running server").rstrip(",")


def edit(case: Case, setting: str, promise: values.Promise, fact: Fact | None) -> str:
    """What to change so that the promise holds. `fact` is the value that breaks it, None where there is none."""
    where = f" ({fact.origin.brief})" if fact and fact.origin.file and fact.origin.line else ""
    if ".env." in setting:
        return _variable(setting.partition(".env.")[2], promise) + where
    impossible = nowhere(case, setting)
    if impossible is not None:
        return impossible  # there is no place to name
    if _is_url(case) and setting in _FIELDS:
        return "find the workload behind the URL, and mend it there (`skewguard verify kind/name` says how)"
    if shown_alone(case, setting):
        return (
            f"no argument sets {setting} alone: the model's files and other settings decide it, and one of them changed"
        )
    other = _other_engine(case) if setting == "runtime.version" else None
    if other is not None:
        return f"run {other}, whose version the contract promises, or write a contract for {case.title}"
    if vocabulary.destination(case.engine, setting) is not None:
        return _argument(case, setting, promise, fact) + where
    return _field(case, setting, promise, fact) + where


def _other_engine(case: Case) -> str | None:
    """The engine that the contract is for, where another one runs: versions of the two have nothing in common."""
    contract = case.binding.contract if case.binding else None
    clauses = contract.promised(case.workload.subject.role) if contract else ()
    promise = next((clause.promise for clause in clauses if clause.setting == "runtime.engine"), None)
    if promise is None or comparing.kept("runtime.engine", promise, case.engine) is not False:
        return None
    wanted = _wanted(promise, None)
    return recognition.title(str(wanted)) if wanted else None


def _is_url(case: Case) -> bool:
    """Whether it is an engine behind a URL: nobody sees the objects that an edit would be made in."""
    return case.workload.subject.kind == ENDPOINT


def nowhere(case: Case, setting: str) -> str | None:
    """What to do about a setting that no argument of what runs here can set; None where one can, or nobody knows."""
    engine = setting.partition(".")[0]
    if engine in engines.ENGINES and engine != case.engine:
        return f"take {setting} out of the contract of this container, which runs {case.title}"
    own = vocabulary.destination(case.engine, setting)
    module, release = engines.ENGINES.get(case.engine), case.release
    if own is None or "*" in own or module is None or release is None or release.beyond or not release.candidates:
        return None
    held = engines.file_holds(case.engine, own) or shown_alone(case, setting)
    if held or _known(module, own, release.candidates):
        return None
    ever = _known(module, own, module.releases())
    more = f", or run a release of {case.title} that has it" if ever else f": no release of {case.title} has it"
    return f"take {setting} out of the contract{more}"


def shown_alone(case: Case, setting: str) -> bool:
    """Whether it is a setting that no argument of this engine sets, and that a running process shows."""
    dest = vocabulary.destination(case.engine, setting)
    return dest is not None and dest in live.shown(case.engine)


def _known(module: EngineModule, dest: str, versions: Sequence[str]) -> bool:
    return any(dest == record.dest for version in versions for record in module.flags(version))


def _written(case: Case, setting: str, promise: values.Promise) -> bool:
    """Whether the arguments say already what is promised: no edit of them decides anything then."""
    dest = vocabulary.destination(case.engine, setting)
    said = [item.value for item in (case.parsed.arguments if case.parsed else ()) if dest and item.dest == dest]
    return bool(said) and said[-1] is not None and comparing.kept(setting, promise, said[-1]) is True


def deciding(case: Case, setting: str, promise: values.Promise) -> str:
    """The edit that would decide a promise which cannot be judged now; empty where no edit can."""
    if isinstance(promise, (values.Nothing, values.Unset, values.Anything)) or "*" in setting:
        return ""
    wanted = _wanted(promise, None)
    if shown_alone(case, setting) or _is_url(case) or wanted == "":
        return ""  # nobody sees what stands behind a URL already; nothing is written by an empty word
    if _written(case, setting, promise) or (wanted is not None and _spelled(case, setting, wanted) is None):
        return ""
    if setting == "runtime.version":
        return "name the version with an image tag of the engine's own or the annotation skewguard.dev/engine"
    if vocabulary.destination(case.engine, setting) is None and setting not in _FIELDS and ".env." not in setting:
        return ""
    return edit(case, setting, promise, None)


def _variable(name: str, promise: values.Promise) -> str:
    wanted = _wanted(promise, None)
    return f"remove the variable {name}" if wanted is None else evidence.set_variable(name, describing.plain(wanted))


def _argument(case: Case, setting: str, promise: values.Promise, fact: Fact | None) -> str:
    flag = evidence.flag(case, setting) or setting
    wanted = _wanted(promise, fact)
    written = fact is not None and fact.authority == "declared"
    if wanted == "":
        wanted = None  # what is promised is that it is empty
    if wanted is not None and flag.isupper():  # this engine is told by variables
        return evidence.set_variable(flag, str(int(wanted)) if isinstance(wanted, bool) else describing.plain(wanted))
    if wanted is None:
        return f"remove `{flag}`" if written else _source(fact, flag)
    if isinstance(wanted, bool):
        return _switched(case, setting, flag, wanted, written=written)
    if setting == "model.id" and written:
        return f"name the model `{describing.plain(wanted)}`"
    spelled = _spelled(case, setting, wanted)
    if spelled is None:
        return f"take {setting} out of the contract: `{flag}` of this {case.title} takes no such value"
    text = describing.plain(spelled)
    if any(mark in text for mark in ' {}[]"'):
        return f"set `{flag} '{text}'`" if written else f"add `{flag} '{text}'`"
    if written:
        return f"set `{flag} {text}`"
    return evidence.adding(case, setting, text) or f"set `{flag} {text}`"


def _spelled(case: Case, setting: str, wanted: Value) -> Value:
    """A promised value in the engine's own word for it; None where the release that runs takes no such value."""
    dest, module = vocabulary.destination(case.engine, setting), engines.ENGINES.get(case.engine)
    candidates = case.release.candidates if case.release is not None and not case.release.beyond else ()
    records = [record for version in candidates if module for record in module.flags(version) if record.dest == dest]
    lists = [record.choices for record in records if record.choices is not None]
    if not lists or len(lists) < len(records):
        return _plainest(setting, wanted)
    common = [word for word in lists[0] if all(word in each for each in lists)]
    return vocabulary.same_word(setting, wanted, common)


def _plainest(setting: str, wanted: Value) -> Value:
    """A number format by its full name, which engines without a list of words take; all else as it is."""
    named = vocabulary.canonical(setting, wanted)
    return named if named in ("float16", "bfloat16", "float32") else wanted


def _source(fact: Fact | None, flag: str) -> str:
    """Nothing can be removed where nothing is written: the value comes from another setting, or from the version."""
    if fact is None:
        return f"leave out `{flag}`"
    if fact.origin.ref.startswith("follows"):
        return f"change what it comes from (it {fact.origin.ref})"
    return f"go back to the version that the contract was written for (this is the {fact.origin.ref})"


def _switched(case: Case, setting: str, flag: str, wanted: bool, *, written: bool) -> str:
    """How to bring a switch into the state that a promise wants, in the forms that this version's switch has."""
    dest = vocabulary.destination(case.engine, setting) or ""
    on, off = flag, negation(case, dest, flag)
    spelled = on if wanted is not dialects.inverts(case.engine, dest) else off
    if spelled is None:  # a switch that is off where it does not stand
        return f"remove `{flag}`" if written else f"leave out `{flag}`"
    return f"write `{spelled}` instead" if written else f"add `{spelled}`"


def negation(case: Case, dest: str, flag: str) -> str | None:
    """What switches a flag off; None where the version has no such form."""
    module, candidates = engines.ENGINES.get(case.engine), case.release.candidates if case.release else ()
    version = next((each for each in reversed(module.releases()) if each in candidates), None) if module else None
    if module is None or version is None:
        return "--no-" + flag.removeprefix("--")
    forms = next((record.spellings for record in module.flags(version) if record.dest == dest), ())
    wanted = ("--no-" + flag.removeprefix("--"), "--disable-" + flag.removeprefix("--enable-"))
    return next((form for form in wanted if form in forms), None)


def _field(case: Case, setting: str, promise: values.Promise, fact: Fact | None) -> str:
    wanted = _wanted(promise, fact)
    if wanted is None:
        return f"remove what sets {setting}"
    shown = describing.value(setting, wanted)
    edits = {
        "runtime.engine": f"run {shown}",
        "runtime.version": f"use an image of {case.title} {_versions(promise)}",
        "runtime.image": f"set {evidence.image_edit(case, shown)}",
        "runtime.image_digest": f"set {evidence.image_edit(case, f'{_repository(case)}@{shown}')}",
        "hardware.gpu_class": f"let the pod run on {shown} only, with a nodeSelector or node affinity",
        "hardware.gpu_count": form(case).gpus.format(resource="nvidia.com/gpu", count=describing.plain(wanted)),
        "autoscaling.signal": f"scale on {shown}",
    }
    scaling = _scaling_field(case, setting, fact)
    if scaling is not None:
        return f"set `{scaling}: {describing.plain(wanted)}`"
    field = _FIELDS.get(setting)
    return edits.get(setting) or (f"set `{field}` to {shown}" if field else f"make {setting} {shown}")


def _scaling_field(case: Case, setting: str, fact: Fact | None) -> str | None:
    """The field that holds the number of replicas here: the workload's own, where nothing scales it."""
    if fact is None or setting not in ("autoscaling.min_replicas", "autoscaling.max_replicas"):
        return None
    scalers = surroundings.autoscalers_of(case.workload, case.inventory)
    if not scalers:
        return "replicas"
    named = _FIELDS[setting]
    return named.replace("Replicas", "ReplicaCount") if scalers[0].kind == "ScaledObject" else named


def _versions(promise: values.Promise) -> str:
    return describing.promise("", promise).strip().removeprefix("= ")


def _repository(case: Case) -> str:
    image = case.container.image.value if case.container.image else "repository:tag"
    return image.partition("@")[0]


def _wanted(promise: values.Promise, fact: Fact | None) -> Value:
    """A value that keeps the promise: the nearest bound of a range, the first of several; None to write nothing."""
    if isinstance(promise, values.Exactly):
        return promise.value
    if isinstance(promise, values.Versions):
        return promise.text
    if isinstance(promise, values.OneOf):
        return next((wanted for option in promise.options if (wanted := _wanted(option, fact)) is not None), None)
    if isinstance(promise, values.Range):
        return _nearest_bound(promise, fact.value if fact else None)
    return None


def _nearest_bound(promise: values.Range, value: Value) -> Value:
    low, high = promise.minimum, promise.maximum
    if isinstance(value, (int, float)) and low is not None and value < low:
        return low
    return high if high is not None else low
