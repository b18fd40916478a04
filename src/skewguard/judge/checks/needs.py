"""Flags that say nothing without another one (group `args`)."""

from collections.abc import Iterator, Mapping

from skewguard.judge.checks import evidence
from skewguard.judge.checks.interface import Case, Result, check, fail, unknown
from skewguard.knowledge.engines.versions import since

_NEEDS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "vllm": (
        ("vllm.enable_auto_tool_choice", "tokenizer.tool_call_parser", "0.6.0"),
        ("vllm.enable_log_outputs", "vllm.enable_log_requests", "0.11.0"),
    ),
}
"""A switch, the setting that must be given beside it, and the first release that ends without that."""


@check(
    "args.needs-another",
    reads_arguments=True,
    title="A switch lacks the flag that it needs",
    category="runtime",
    severity="error",
    until_ready=True,
    why="The engine checks at its start that a switch has the flag beside it that it works with, and ends without: the pod "
    "restarts for ever.",
    remedy="give the flag that is missing, or remove the switch",
    bad="args: [--enable-auto-tool-choice]",
    good="args: [--enable-auto-tool-choice, --tool-call-parser=hermes]",
    sources=("vLLM entrypoints/openai/cli_args.py: validate_parsed_serve_args (0.6.0: serving_chat.py)",),
)
def needs_another(case: Case) -> Iterator[Result]:
    """A switch that is on while what it needs is not given; unknown where an unseen source may give it."""
    versions = case.parsed.versions or (case.release.candidates if case.release else ()) if case.parsed else ()
    if not evidence.read_by_engine(case):
        return
    for switch, needed, first in _NEEDS.get(case.engine, ()):
        written, given = case.sheet.declared(switch), case.sheet.declared(needed)
        if written is None or written.value is not True or not versions or not all(since(v, first) for v in versions):
            continue
        if given is not None and given.value not in (None, False, ""):
            continue
        flag, other = evidence.flag(case, switch) or switch, evidence.flag(case, needed) or needed
        place = {"setting": switch, "anchor": flag, "fact": written, "remedy": f"add `{other}`, or remove `{flag}`"}
        gap = evidence.concealed(case, needed)
        if gap is not None:
            yield unknown(f"`{flag}` needs `{other}`, and {gap.reason}", inputs=gap.inputs, **place)
            continue
        yield fail(f"`{flag}` needs `{other}`, which is not given: {case.title} does not start", **place)
