"""One real server for all end-to-end tests, and one more with small maps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.jobs.serving import serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the app on a free port of this computer; gives its address. Nothing may go wrong unseen in it.

    All tests are one client, so that the API counts none of its requests.
    """
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with serving(log, VITRINE_API_PER_MINUTE="0") as (_, address):
        yield address
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="session")
def maps_server(tmp_path_factory: pytest.TempPathFactory, mapped_artifacts: Path) -> Iterator[str]:
    """The same with two small maps."""
    log = tmp_path_factory.mktemp("maps-server") / "log.txt"
    with serving(log, VITRINE_API_PER_MINUTE="0", VITRINE_ARTIFACTS_DIR=str(mapped_artifacts)) as (_, address):
        yield address
    assert "Traceback" not in log.read_text()
