"""The model where it is the first word of the command line: what stands in its place, and the edit that names it."""

from skewguard.judge.checks import evidence
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.engines import vllm_grammar
from skewguard.knowledge.engines.interface import Argument
from skewguard.language import vocabulary
from skewguard.language.workloads import Token


def positional(case: Case) -> bool:
    """Whether the program takes the model as its first word in every version that may run: `vllm serve`."""
    return case.parsed is not None and case.parsed.entrypoint == vllm_grammar.SERVE


def told(case: Case, model: str = "MODEL") -> str:
    """How to name the model in this container's arguments."""
    if not positional(case):
        spelled = evidence.flag(case, "model.id") or "--model"
        return f"write the model as {evidence.item(case, spelled, model)}"
    taken = swallowed(case)
    word = taken[0].text if taken is not None else model
    started = case.recognition.invocation if case.recognition is not None else None
    first = "of the container's `args`" if started is not None and started.via == "image" else "behind `serve`"
    return f"write the model (`{word}`) as the first word {first}, before every flag"


def swallowed(case: Case) -> tuple[Token, Argument] | None:
    """The last word of a flag that takes several, where no word names the model: most likely the model itself."""
    if not positional(case) or case.parsed is None or case.sheet.declared("model.id") is not None:
        return None
    dest = vocabulary.destination(case.engine, "model.served_name")
    for argument in case.parsed.arguments:
        if argument.flag is None or argument.source != "argument" or argument.fault == "missing-value":
            continue
        words = _behind(case, argument)
        if len(words) > 1 and (isinstance(argument.value, list) or argument.dest == dest):
            return words[-1], argument
    return None


def _behind(case: Case, argument: Argument) -> list[Token]:
    """The words between a flag and the next one."""
    for start in evidence.starts(case):
        at = next((index for index, token in enumerate(start.argv) if token.origin == argument.origin), None)
        if at is None or start.argv[at].text != argument.text:
            continue
        rest = start.argv[at + 1 :]
        end = next((index for index, token in enumerate(rest) if token.text.startswith("-")), len(rest))
        return list(rest[:end])
    return []


def wanted(case: Case, argument: Argument) -> bool:
    """Whether an argument is refused only because the model does not stand before it."""
    asked = [vocabulary.destination(case.engine, name) for name in ("model.id", "model.served_name")]
    return positional(case) and argument.dest in asked and argument.value is None


def means_model(case: Case, argument: Argument) -> bool:
    """Whether a word that no flag takes is the model: the first such word that can name one, where nobody else does."""
    if case.sheet.declared("model.id") is not None or evidence.concealed(case, "model.id") is not None:
        return False
    stray = (item for item in (case.parsed.arguments if case.parsed else ()) if item.flag is None)
    return next((item.text for item in stray if _names_model(item.text)), None) == argument.text


def _names_model(text: str) -> bool:
    plain = text.lower() not in ("true", "false", "serve", "yes", "no", "on", "off")
    return plain and not text.startswith("-") and any(map(str.isalpha, text)) and evidence.place(text) != "other"
