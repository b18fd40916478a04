"""The store that a call means: by option, by environment, by the project's file, or the user's own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from skewguard import __version__
from skewguard.adapters import store
from skewguard.knowledge.project import Project
from skewguard.language.errors import UsageError

if TYPE_CHECKING:
    from skewguard.adapters.store.keeping import Store

TOOL = f"skewguard {__version__}"


def opened(project: Project, environ: Mapping[str, str] | None, *, make: bool = True) -> "Store":
    """The store of a call, to be used in `with`; without `make` one that is not there reads as an empty one.

    Raises `UsageError`, with the line of the project's file where it is named there.
    """
    said = project.store
    url, origin = (said.value, said.origin) if said is not None else (None, None)
    file = origin.file if origin is not None else None
    try:
        return store.open(url, environ=environ or {}, beside=file, tool=TOOL, make=make)
    except UsageError as error:
        if origin is None or file is None:
            raise
        raise UsageError(error.message, hint=error.hint, file=file, line=origin.line, column=origin.column) from None
