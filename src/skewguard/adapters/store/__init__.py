"""Where records are kept: SQLite in the user's data folder, or PostgreSQL by URL. Append-only.

What may enter: SQL, migrations, locks and transactions. What may not: the meaning of a record's body.

    with store.open(url, environ=os.environ) as records:
        records.append("baseline", "skewguard.dev/baseline/v1", body, subject=subject, actor=actor, tool=tool)
        newest = next(records.find("baseline", subject=subject), None)

Nothing secret enters: the door of `append` redacts what is handed to it (`doors`). SQLAlchemy costs a quarter of a second to
import, and is imported when a store is opened.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from skewguard.adapters.store import locating

if TYPE_CHECKING:
    from skewguard.adapters.store.keeping import Store


def open(  # noqa: A001  # `store.open` is what it reads as
    url: str | None = None,
    *,
    environ: Mapping[str, str],
    beside: str | None = None,
    tool: str = "skewguard",
    make: bool = True,
) -> "Store":
    """Open the store that `url` names (a path, `sqlite:///…`, `postgresql://…`), or the user's own, and bring it up to date.

    To be closed, or used in `with`. A relative path starts from the folder of the file `beside`, which names it; `tool` is what
    made the layout, where one has to be made. Without `make` none is: one that is not there reads as an empty one. Raises
    `UsageError`: where, what is wrong, what to do.
    """
    place = locating.place(url, environ, beside)

    from skewguard.adapters.store import keeping

    return keeping.opened(place, tool=tool, make=make)


def actor(environ: Mapping[str, str]) -> str:
    """Who acts, as `user@machine`: `SKEWGUARD_ACTOR` (a pipeline's name for itself), else the account's."""
    import socket

    named = environ.get("SKEWGUARD_ACTOR") or environ.get("USER") or environ.get("LOGNAME")
    return f"{named or 'unknown'}@{socket.gethostname()}" if not environ.get("SKEWGUARD_ACTOR") else str(named)
