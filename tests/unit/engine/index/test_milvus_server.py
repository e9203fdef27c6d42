"""What a Milvus server that cannot be used says, as one sentence: an old one, none at all, one that refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import milvus
import pytest

from core.config import MilvusPlace
from core.engine.index.milvus.collection import names
from core.engine.index.milvus.server import MilvusError, Server

SECRET = "root:tOp-sEcret"
Serve = Callable[[Any], MilvusPlace]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """(methods of a server of version 2.2.16) -> where it is."""
    made = pytest.importorskip("pymilvus.grpc_gen.milvus_pb2_grpc", reason=milvus.INSTALLED)
    grpc = pytest.importorskip("grpc")
    running = []

    def start(servicer: Any) -> MilvusPlace:
        server = grpc.server(ThreadPoolExecutor(2))
        if servicer is not None:
            made.add_MilvusServiceServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        running.append(server)
        return MilvusPlace(f"http://127.0.0.1:{port}", SECRET, "shops")

    yield start
    for server in running:
        server.stop(0)


def old_server(**methods: Callable[[Any, Any], Any]) -> Any:
    """A server that knows its version, and what it is given; all else it does not know."""
    from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc

    class Old(milvus_pb2_grpc.MilvusServiceServicer):  # type: ignore[misc]  # it has no types
        def Connect(self, request: Any, context: Any) -> Any:
            about = common_pb2.ServerInfo(build_tags="v2.2.16")
            return milvus_pb2.ConnectResponse(status=common_pb2.Status(), identifier=1, server_info=about)

        def GetVersion(self, request: Any, context: Any) -> Any:
            return milvus_pb2.GetVersionResponse(status=common_pb2.Status(), version="v2.2.16")

    for name, method in methods.items():
        setattr(Old, name, lambda self, request, context, method=method: method(request, context))
    return Old()


def answer(code: int, reason: str = "") -> Callable[[Any, Any], Any]:
    from pymilvus.grpc_gen import common_pb2, milvus_pb2

    status = common_pb2.Status(code=code, error_code=1 if code else 0, reason=reason)
    return lambda request, context: milvus_pb2.ShowCollectionsResponse(status=status)


def test_an_old_server_is_named_by_its_version(serve: Serve) -> None:
    place = serve(old_server(ShowCollections=answer(0)))
    with pytest.raises(MilvusError, match=r"is of version v2\.2\.16, .*2\.3 or a later one"):
        names(Server(place))


def test_what_is_no_milvus_is_called_that(serve: Serve) -> None:
    with pytest.raises(MilvusError, match="is no Milvus server of version"):
        Server(serve(None))


def test_a_refused_token_and_an_unknown_database_are_not_a_server_that_is_down(
    serve: Serve, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    grpc = pytest.importorskip("grpc")

    def refuse(request: Any, context: Any) -> None:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, f"auth check failure of {SECRET}")

    for server in (
        old_server(Connect=refuse),
        old_server(ShowCollections=answer(800, "database not found[database=shops]")),
        old_server(ShowCollections=answer(65535, "PrivilegeShowCollections: permission deny")),
    ):
        with pytest.raises(MilvusError, match="does not accept the token, or does not know the database"):
            Server(serve(server))
    said = capfd.readouterr()
    assert "sEcret" not in said.out + said.err + caplog.text


def test_what_a_server_cannot_do_is_told_with_its_version(serve: Serve) -> None:
    place = serve(old_server(ShowCollections=answer(1100, "index type not match: invalid parameter")))
    with pytest.raises(MilvusError, match=r"could not do that \(MilvusException, 1100, v2\.2\.16\)"):
        Server(place)


def test_a_real_server_refuses_a_database_that_it_does_not_know(tmp_path: Path) -> None:
    place = milvus.place_of("server", tmp_path)
    with pytest.raises(MilvusError, match="does not know the database"):
        Server(MilvusPlace(place.uri, place.token, "no_such_database"))


def test_milvus_lite_begins_in_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    place = milvus.place_of("lite", tmp_path / "new" / "deep")
    try:
        assert names(Server(place)) == []
    finally:
        milvus.close(place)
