"""A namespace that somebody named and that is not there is an error of theirs, and no empty one."""

from pathlib import Path
from typing import Any

import pytest

from skewguard import api
from skewguard.language.errors import InputError
from tests.api.test_verifying import fill
from tests.fakes.api_server import ApiServer


def asked(server: ApiServer, folder: Path, **more: Any) -> dict[str, Any]:
    """How a namespace of the server is asked for."""
    return {"kubeconfig": server.kubeconfig(folder, namespace="prod"), "timeout": 5, **more}


@pytest.mark.parametrize("verb", [api.verify, api.discover])
def test_a_namespace_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path, verb: Any) -> None:
    """Nothing is found in it, which would look like nothing being wrong."""
    with ApiServer() as server:
        fill(server)
        with pytest.raises(InputError, match="there is no namespace prdo in this cluster") as caught:
            verb(**asked(server, tmp_path, namespace="prdo"))

    assert caught.value.hint == "did you mean prod?"


def test_an_empty_namespace_is_no_error(tmp_path: Path) -> None:
    """It is there, and nothing runs in it."""
    with ApiServer() as server:
        fill(server)
        report = api.verify(**asked(server, tmp_path, namespace="default"))

    assert report.exit_code == 0


def test_where_namespaces_may_not_be_read_the_doubt_is_a_note(tmp_path: Path) -> None:
    """Whoever has rights in one namespace alone often cannot ask for it."""
    with ApiServer() as server:
        fill(server)
        server.rights.deny(None, "namespaces")
        report = api.verify(**asked(server, tmp_path, namespace="prdo"))

    assert "whether namespace prdo exists may not be read; it needs: get namespaces" in report.notes
