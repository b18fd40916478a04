"""The use cases, and the public library: one function for each verb. The command line owns no logic.

What may enter: the joining of rooms into an answer. What may not: a rule, a check, a word of terminal output.
Each verb is imported when it is asked for, so that none pays for the others.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skewguard.adapters.listening import serve as serve_paths
    from skewguard.adapters.writing import refuse_without_folder
    from skewguard.adapters.writing import write as write_result
    from skewguard.api.access import check_access
    from skewguard.api.baselines import export_baseline, list_baselines, show_baseline
    from skewguard.api.calibrating_baselines import calibrate_baseline
    from skewguard.api.checking import check
    from skewguard.api.comparing_baselines import compare_baselines
    from skewguard.api.diffing import diff
    from skewguard.api.discovering import discover
    from skewguard.api.explaining import explain
    from skewguard.api.gated import sanity
    from skewguard.api.importing import import_baselines
    from skewguard.api.initializing import init
    from skewguard.api.merging import merge_baselines
    from skewguard.api.recording import Telling, record_baseline
    from skewguard.api.resolving import settings
    from skewguard.api.results import rules, source_line
    from skewguard.api.retiring import retire_baseline
    from skewguard.api.things import misplaced as misplaced_options
    from skewguard.api.verifying import verify

_HOMES = {
    "Telling": "api.recording.Telling",
    "calibrate_baseline": "api.calibrating_baselines.calibrate_baseline",
    "check": "api.checking.check",
    "check_access": "api.access.check_access",
    "compare_baselines": "api.comparing_baselines.compare_baselines",
    "diff": "api.diffing.diff",
    "discover": "api.discovering.discover",
    "explain": "api.explaining.explain",
    "export_baseline": "api.baselines.export_baseline",
    "import_baselines": "api.importing.import_baselines",
    "init": "api.initializing.init",
    "list_baselines": "api.baselines.list_baselines",
    "merge_baselines": "api.merging.merge_baselines",
    "misplaced_options": "api.things.misplaced",
    "record_baseline": "api.recording.record_baseline",
    "refuse_without_folder": "adapters.writing.refuse_without_folder",
    "retire_baseline": "api.retiring.retire_baseline",
    "rules": "api.results.rules",
    "sanity": "api.gated.sanity",
    "serve_paths": "adapters.listening.serve",
    "settings": "api.resolving.settings",
    "show_baseline": "api.baselines.show_baseline",
    "source_line": "api.results.source_line",
    "verify": "api.verifying.verify",
    "write_result": "adapters.writing.write",
}


def __getattr__(name: str) -> Any:
    """A verb, from the module it lives in (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = home.rpartition(".")
    found = globals()[name] = getattr(import_module(f"skewguard.{module}"), attribute)
    return found


__all__ = [
    "Telling",
    "calibrate_baseline",
    "check",
    "check_access",
    "compare_baselines",
    "diff",
    "discover",
    "explain",
    "export_baseline",
    "import_baselines",
    "init",
    "list_baselines",
    "merge_baselines",
    "misplaced_options",
    "record_baseline",
    "refuse_without_folder",
    "retire_baseline",
    "rules",
    "sanity",
    "serve_paths",
    "settings",
    "show_baseline",
    "source_line",
    "verify",
    "write_result",
]
