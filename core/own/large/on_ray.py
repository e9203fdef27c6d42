"""Shards on Ray: workers decode and embed, this process writes what they have done.

Ray Data keeps only so much in hand as its object store takes, so a slow disk here slows the workers down. A worker that
dies is replaced, and what it had in hand is done again; since a shard is written by its number, nothing is there twice.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from core.errors import VitrineError
from core.own.large.shards import Shards, embed_shard

#: What a worker is to know of this process's settings.
_SETTINGS = ("VITRINE_DATA_DIR", "VITRINE_ARTIFACTS_DIR", "VITRINE_ALLOW_URLS", "HF_HOME")
_OBJECTS = 200 * 1000 * 1000  # bytes that a local cluster keeps in hand
_CONNECT_S = 5.0


class OnRay:
    """A Ray cluster, or one that is started on this computer."""

    def __init__(self, backbone_id: str, address: str = "", n_workers: int = 2):
        """Start nothing yet.

        Args:
            backbone_id: What embeds; its files must be on each node, at the same place as here.
            address: Of a cluster that this computer is part of ("HOST:6379", or "auto"); "" for one on this computer.
            n_workers: Each takes one processor.

        Raises:
            VitrineError: Ray is not installed, or the address is one for clients from outside ("ray://").
        """
        try:
            import ray.data  # noqa: F401
        except ImportError:
            raise VitrineError("own.ray-missing") from None
        if address.startswith("ray://"):  # Ray Data plans in this process, which has to be one of the cluster's own
            raise VitrineError("own.ray-client", address=address)
        self._backbone_id, self._address, self._n_workers = backbone_id, address, n_workers

    def embed(self, shards: Shards, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """See `Engine.embed`.

        Raises:
            VitrineError: The cluster does not answer, or gives the work up.
        """
        work = [{"number": number, "part": pickle.dumps(shards.part(number))} for number in numbers]
        if not work:
            return
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what Ray's own processes say to each other
        import ray
        import ray.data

        self._begin()
        worker: Any = _Worker
        try:
            logging.getLogger("ray.data").setLevel(logging.ERROR)  # it tells each step of its plan
            ray.data.DataContext.get_current().enable_progress_bars = False
            workers = ray.data.ActorPoolStrategy(size=self._n_workers)
            done = ray.data.from_items(work, override_num_blocks=len(work)).map(
                worker, fn_constructor_args=(self._backbone_id,), compute=workers, num_cpus=1
            )
            for row in done.iter_rows():
                yield int(row["number"]), bytes(row["content"])
        except (ray.exceptions.RayError, ConnectionError, RuntimeError) as error:
            raise VitrineError("own.ray-failed", kind=type(error).__name__) from error
        finally:
            ray.shutdown()

    def _begin(self) -> None:
        """Connect to the cluster, or start one on this computer."""
        import ray

        settings = {name: os.environ[name] for name in _SETTINGS if name in os.environ}
        one_thread = {"VITRINE_THREADS": "1", "OMP_NUM_THREADS": "1"}
        options: dict[str, Any] = {"address": self._address or "local", "logging_level": "ERROR"}
        if not self._address:
            limits = {"num_cpus": self._n_workers + 1, "object_store_memory": _OBJECTS}
            options |= limits | {"include_dashboard": False}
        elif not _answers(self._address):
            raise VitrineError("own.ray-nobody", address=self._address)
        for left in (0,) if self._address else (1, 0):  # now and then one of a cluster's processes does not come up
            try:
                with warnings.catch_warnings(), _quiet():
                    warnings.simplefilter("ignore")  # of what Ray itself is going to change
                    ray.init(log_to_driver=False, runtime_env={"env_vars": settings | one_thread}, **options)
                return
            except Exception as error:  # which Ray itself raises where a process does not come up in time
                ray.shutdown()
                if self._address:
                    raise VitrineError("own.ray-nobody", address=self._address) from error
                if not left:
                    raise VitrineError("own.ray-failed", kind=type(error).__name__) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on standard error meanwhile, not even from libraries in C++; what fails is raised."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


def _answers(address: str) -> bool:
    """Whether anybody takes connections there, which Ray would go on asking for minutes."""
    host, _, port = address.rpartition(":")
    if address in ("auto", "local"):
        return True
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S).close()
    except (OSError, ValueError, OverflowError):
        return False
    return True


class _Worker:
    """Embeds one shard after the other; the backbone is loaded once."""

    def __init__(self, backbone_id: str):
        from core.engine.embedders.load import load_embedder

        self._embedder = load_embedder(backbone_id)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"number": row["number"], "content": embed_shard(self._embedder, pickle.loads(row["part"]))}
