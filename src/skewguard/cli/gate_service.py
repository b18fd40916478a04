"""`check --listen`: the gate as an HTTP service, for controllers that ask by a web request."""

import traceback
from collections.abc import Callable

import msgspec

from skewguard import api, report
from skewguard.adapters.listening import Reply
from skewguard.cli import telling
from skewguard.language import redact
from skewguard.language.errors import ExitCode, SkewguardError
from skewguard.language.results import CheckReport
from skewguard.report.characters import visible

STATUSES = {ExitCode.OK: 200, ExitCode.FAILED: 422, ExitCode.UNKNOWN: 409, ExitCode.UNREADABLE: 502}
"""What `/` answers for an exit code: whoever wants a success wants 200, and nothing else is one."""


def serve(place: str, check: Callable[[], CheckReport]) -> int:
    """Run the check whenever somebody asks. `/` answers with a status, `/result` always 200 with the exit code in its body."""
    paths = {"/": lambda: _run(check, plain=False), "/result": lambda: _run(check, plain=True)}
    api.serve_paths(place, paths, lambda url: telling.say(f"gate: {url}/ and {url}/result"))
    return ExitCode.OK


def _run(check: Callable[[], CheckReport], *, plain: bool) -> Reply:
    code, body, why = _checked(check)
    telling.say(visible(f"gate: exit code {int(code)}: {why}"))
    return Reply(200 if plain else STATUSES.get(code, 500), body)


def _checked(check: Callable[[], CheckReport]) -> tuple[ExitCode, bytes, str]:
    """The report as JSON, and in a line for the log. What went wrong instead is told in the same field, and a defect in the log alone."""
    try:
        result = check()
        text = "".join(report.rendered(result, "json", report.Options(lines=api.source_line, rules=api.rules())))
        return ExitCode(result.exit_code), text.encode(), report.summary(result)
    except SkewguardError as error:
        code, why = error.exit_code, redact.free_text(error.message)
    except Exception:  # noqa: BLE001  # the service goes on, and says so
        telling.say(redact.free_text(traceback.format_exc()))
        code, why = ExitCode.INTERNAL, "the check broke off by a defect of skewguard: its log tells more"
    return code, msgspec.json.encode({"exit_code": int(code), "error": why}), why
