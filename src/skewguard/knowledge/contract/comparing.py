"""Whether one value keeps one promise: True, False, or None where the two spellings cannot be compared.

A value is compared in the vocabulary's canonical form (`half` is `float16`), a GPU class through the accelerator
table, a version by PEP 440. Nothing here knows where a value comes from.
"""

from collections.abc import Iterable

from skewguard.knowledge.contract import values
from skewguard.language import accelerators, vocabulary
from skewguard.language.facts import Value
from skewguard.language.vocabulary import BY_NAME

NO_LIMIT = ("serving.request_timeout", "serving.max_body_size", "limits.max_queue")
"""Settings for which none means without a limit, which keeps every lower bound."""

MEMORY_SHORT, MEMORY_LONG = 0.93, 1.08
"""How far a device's own report may lie from a promised GPU memory, as shares of the promise.

An `80GB` H100 reports 81559 MiB: 0.996 of 80 GiB and 1.069 of 80 GB; an L40S of 48 GB reports 46068 MiB, 0.938 of
48 GiB. Drivers keep some back, and datasheets mix units. Source: `nvidia-smi --query-gpu=memory.total`.
"""


def kept(setting: str, promise: values.Promise, value: Value) -> bool | None:
    """Whether `value` of a setting keeps the promise. `Unset` and `Anything` say nothing about values: None, True.

    Within one-of, `Unset` is for values that nobody wrote, which a caller has let pass before asking here. Several values that hold at once (an autoscaler's signals) keep a promise of one-of when each of them does.
    """
    if isinstance(promise, values.OneOf):
        options = [option for option in promise.options if value == "auto" or not isinstance(option, values.Unset)]
        answer = _any(kept(setting, option, value) for option in options)
        if answer or not (isinstance(value, list) and _is_plain(setting) and value):
            return answer
        each = [kept(setting, promise, item) for item in value]
        return all(each) if False in each or None not in each else None
    if isinstance(promise, values.Anything):
        return True
    if isinstance(promise, values.Unset):
        return True if value == "auto" else None
    if isinstance(promise, values.Nothing):
        return value is None
    if isinstance(promise, values.Range):
        return _in_range(setting, promise, value)
    if isinstance(promise, values.Versions):
        return _in_versions(promise.text, value)
    return _equal(setting, promise, value)


def _is_plain(setting: str) -> bool:
    row = BY_NAME.get(setting)
    return row is not None and row.type in ("string", "gpu-class")


def _any(answers: Iterable[bool | None]) -> bool | None:
    found = list(answers)
    if True in found:
        return True
    return None if None in found else False


def _in_range(setting: str, promise: values.Range, value: Value) -> bool | None:
    if value is None:
        return setting in NO_LIMIT and promise.maximum is None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None if value == "auto" else False
    low, high = (MEMORY_SHORT, MEMORY_LONG) if setting == "hardware.gpu_memory" else (1, 1)
    above = promise.minimum is None or value >= promise.minimum * low
    return bool(above and (promise.maximum is None or value <= promise.maximum * high))


def _in_versions(text: str, value: Value) -> bool | None:
    if not isinstance(value, str):
        return False if value is None else None
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # lazily: it costs more than a whole check
    from packaging.version import InvalidVersion, Version

    try:
        return SpecifierSet(text).contains(Version(value), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return None


def _equal(setting: str, promise: values.Exactly, value: Value) -> bool | None:
    row = BY_NAME.get(setting)
    wanted = promise.value
    if row is None:
        return _same_untyped(wanted, value, promise.text)
    if isinstance(wanted, list) or isinstance(value, list):
        return _same_list(setting, wanted, value)
    if row.compare == "gpu-class":
        return same_class(wanted, value)
    if row.compare == "version":
        return _same_version(wanted, value)
    if row.compare == "digest":
        return bool(_bare(wanted) == _bare(value))
    if setting == "hardware.gpu_memory" and _numbers(wanted, value):
        return bool(wanted * MEMORY_SHORT <= value <= wanted * MEMORY_LONG)
    return same(vocabulary.canonical(setting, wanted), vocabulary.canonical(setting, value))


def _numbers(*candidates: Value) -> bool:
    return all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in candidates)


def same(a: Value, b: Value) -> bool:
    """JSON equality: `true` is not 1, 1 is 1.0."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def _same_untyped(wanted: Value, value: Value, text: str) -> bool:
    """Outside the vocabulary no row says the type: `16` and `"16"` are one value."""
    if same(wanted, value):
        return True
    if isinstance(value, (dict, list)) or isinstance(wanted, (dict, list)) or value is None:
        return False
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return shown == (text.lower() if isinstance(value, bool) else text)


def _same_list(setting: str, wanted: Value, value: Value) -> bool | None:
    row = BY_NAME[setting]
    ordered = row.compare not in ("set", "gpu-class") and row.section != "autoscaling"
    ours, theirs = _as_list(wanted), _as_list(value)
    if row.compare == "gpu-class":
        ours, theirs = [_class_name(item) for item in ours], [_class_name(item) for item in theirs]
    if ordered:
        return same(ours, theirs)
    return same(sorted(ours, key=str), sorted(theirs, key=str))


def _as_list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


def _class_name(text: Value) -> Value:
    found = accelerators.find(text) if isinstance(text, str) else None
    return found.title if found else text


def same_class(wanted: Value, value: Value) -> bool | None:
    """Whether two spellings of a GPU are one class; None when a spelling leaves it open or is not in the table.

    A promise without a form factor is kept by every form factor, one that names it by that one alone.
    """
    if not isinstance(wanted, str) or not isinstance(value, str):
        return False
    if wanted.strip().casefold() == value.strip().casefold():
        return True
    found = accelerators.candidates(value)
    if not found or not accelerators.candidates(wanted):
        return None
    answers = {accelerators.matches(wanted, item) for item in found}
    return answers.pop() if len(answers) == 1 else None


def _same_version(wanted: Value, value: Value) -> bool | None:
    if not isinstance(wanted, str) or not isinstance(value, str):
        return False
    wanted, value = wanted.strip(), value.strip()
    if wanted.removeprefix("v") == value.removeprefix("v"):
        return True
    from packaging.version import InvalidVersion, Version  # lazily: it costs more than a whole check

    try:
        promised, found = Version(wanted), Version(value)
    except InvalidVersion:
        return False
    return promised == found or (promised.local is None and promised.public == found.public)


def _bare(value: Value) -> Value:
    return value.lower().removeprefix("sha256:") if isinstance(value, str) else value
