"""A catalogue in Milvus, and what can be asked of it.

Its items are the rows 0 … n-1 of the partition `_default`, by `position`. Its description is in rows -1, -2 … of the
partition `about`, so that it travels with the items wherever the collection is copied to; it is written last, and a
collection without one is not finished. A catalogue's name is an alias.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from core.engine.files.folder import read_json, sealed
from core.engine.index.hnsw import IndexParameters, check_queries
from core.engine.index.milvus.rows import FIELDS, KEYS, Chosen, Row, stored
from core.engine.index.milvus.server import NotThereError, Server
from core.errors import DataError, Sentence, VitrineError, sentence

SCHEMA = 1
PARAMETERS = IndexParameters()
#: Milvus gives no more than so many rows, nor any beyond that many.
WINDOW = 16_384
#: The partitions of a collection.
ITEMS, ABOUT = "_default", "about"
#: An answer that has seen what this process wrote, and one that has seen what anybody did: a server waits a fifth of a
#: second before it gives that.
_OWN_WRITES, ALL_WRITES = "Session", "Strong"
_PREFIX = "vitrine_"
_PIECE = 16_000  # characters of a description in one row; Milvus takes 65,535 bytes


def alias_of(catalogue: str) -> str:
    """What Milvus calls a catalogue, whose name has lower case letters, digits and hyphens."""
    return _PREFIX + catalogue.replace("-", "_")


def names(server: Server) -> list[str]:
    """The catalogues that a Milvus has, sorted.

    Raises:
        MilvusError: It does not answer.
    """
    found = server.call("list_aliases")["aliases"]
    return sorted(alias.removeprefix(_PREFIX).replace("_", "-") for alias in found if alias.startswith(_PREFIX))


def collection_of(server: Server, catalogue: str) -> str:
    """The collection that a catalogue's name points to.

    Raises:
        NotThereError: There is none.
        MilvusError: It does not answer.
    """
    alias = alias_of(catalogue)
    if alias not in server.call("list_aliases")["aliases"]:
        raise NotThereError("engine.milvus-not-there")
    return str(server.call("describe_alias", alias)["collection_name"])


class MilvusIndex:
    """One collection, asked by position: what is similar, what is where, and what it is.

    Attributes:
        collection: Its name in Milvus.
        facts: Its description.
        n_items: How many items it has.
        dim: Of their embeddings.
    """

    def __init__(self, server: Server, collection: str, refuse: Callable[[Sentence], VitrineError] | None = None):
        """Load a collection, and check its description.

        Args:
            server: Where it is.
            collection: Its name there.
            refuse: Makes an error of what is wrong with it.

        Raises:
            VitrineError: The description is missing, damaged, of another version, or says another number of items.
            MilvusError: Milvus does not answer.
        """
        refuse = refuse or (lambda why: DataError("engine.milvus-odd", why=why))
        self.collection = collection
        # Milvus Lite reads it from its files now; a server that is not done in time goes on with it.
        self._server = server.patient() if server.place.is_lite else server
        self._server.call("load_collection", collection)
        self.facts = read_facts(self._server, collection, refuse)
        self.n_items, self.dim = int(self.facts["count"]), int(self.facts["dim"])
        if (n := self.count(Chosen(), ALL_WRITES)) != self.n_items:
            raise refuse(sentence("engine.milvus-other-count", n=n, stated=self.n_items))
        self._server = server

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """See `SearchIndex.search`; `MilvusError` where Milvus does not answer."""
        found = [self.search_among(query, k, Chosen()) for query in check_queries(queries, self.dim, k)]
        positions, similarities = zip(*found, strict=True) if found else ((), ())
        shape = len(found), min(k, self.n_items)
        return np.array(positions, np.int64).reshape(shape), np.array(similarities, np.float32).reshape(shape)

    def search_among(self, query: np.ndarray, k: int, chosen: Chosen) -> tuple[np.ndarray, np.ndarray]:
        """The closest of some items.

        Args:
            query: (dim,) float32, L2-normalised.
            k: At most this many, and at most `WINDOW`.
            chosen: Among which.

        Returns:
            (m,) int64 positions and (m,) float32 similarities, closest first.

        Raises:
            ValueError: Wrong shape, or a value that is not finite, at which Milvus Lite would end the process.
            MilvusError: Milvus does not answer.
        """
        query = check_queries(query[None], self.dim, k)[0]
        if chosen.is_none:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        parameters = {"metric_type": "COSINE", "params": {"ef": max(PARAMETERS.ef, k)}}
        (hits,) = self._server.call(
            "search",
            self.collection,
            data=[query.tolist()],
            anns_field="vector",
            filter="" if chosen.is_all else chosen.expression,
            limit=min(k, WINDOW),
            search_params=parameters,
            partition_names=[ITEMS],
            consistency_level=_OWN_WRITES,
        )
        positions = np.array([hit.id for hit in hits], np.int64)  # older servers do not say that it is "position"
        return positions, np.array([hit["distance"] for hit in hits], np.float32)

    def rows(self, positions: Sequence[int], vectors: bool = False) -> dict[int, dict[str, Any]]:
        """Position -> what is stored there, of those positions where something is."""
        if not positions:
            return {}
        wanted = [*FIELDS, "vector"] if vectors else list(FIELDS)
        found = self._query(f"position in {sorted(map(int, positions))}", wanted)
        return {int(row["position"]): row for row in found}

    def embedding(self, position: int) -> np.ndarray:
        """(dim,) float32, L2-normalised: what is stored at a position.

        Raises:
            KeyError: Nothing is there.
        """
        vector = np.asarray(self.rows([position], vectors=True)[position]["vector"], np.float32)
        result: np.ndarray = vector / np.linalg.norm(vector)
        return result

    def count(self, chosen: Chosen, seen: str = _OWN_WRITES) -> int:
        """How many items there are of some; `seen` is Milvus's name for what the answer has to have seen."""
        if chosen.is_none:
            return 0
        return int(self._query(chosen.expression, ["count(*)"], consistency_level=seen)[0]["count(*)"])

    def listed(self, chosen: Chosen, start: int, n: int) -> list[int]:
        """The positions of some items, rising, at most `n` from the `start`-th on; of a choice none beyond `WINDOW`."""
        if self.reaches_all(chosen):
            first = max(chosen.after + 1, 0) + start
            found = self._query(f"position >= {first} and position < {first + n}", ["position"])
        else:
            n = 0 if chosen.is_none else min(n, WINDOW - start)
            found = self._query(chosen.expression, ["position"], offset=start, limit=n) if n > 0 else []
        return sorted(int(row["position"]) for row in found)

    def reaches_all(self, chosen: Chosen) -> bool:
        """Whether the position of an item says how many come before it, so that no window is needed."""
        return chosen.is_all and not self.facts.get("gaps")

    def delete(self, positions: Sequence[int]) -> None:
        """Take items out; the others keep their positions.

        Raises:
            KeyError: One of them is not there; then nothing is taken out.
        """
        known = self.rows(positions)
        for position in positions:
            known[position]  # which raises
        self._server.patient().call("delete", self.collection, filter=f"position in {sorted(known)}")
        self.n_items -= len(known)
        changed = {"count": self.n_items, "gaps": self.facts.get("gaps", 0) + len(known)}
        self.facts = {**self.facts, **changed}
        describe(self._server.patient(), self.collection, self.facts)

    def _query(self, expression: str, fields: list[str], **options: Any) -> list[dict[str, Any]]:
        options = {"consistency_level": _OWN_WRITES, **options}
        return list(self._server.call("query", self.collection, filter=expression, output_fields=fields, **options))


def describe(server: Server, collection: str, facts: Mapping[str, Any]) -> None:
    """Write a description, in as many rows as it needs."""
    text = json.dumps(sealed(facts))
    pieces = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
    vector = np.zeros(int(facts["dim"]), np.float32)
    vector[0] = 1  # a vector of zeros has no direction
    rows = [{**stored(-1 - at, Row("about"), vector), "about": piece} for at, piece in enumerate(pieces)]
    server.call("upsert", collection, rows, partition_name=ABOUT)


def read_facts(server: Server, collection: str, refuse: Callable[[Sentence], VitrineError]) -> dict[str, Any]:
    """What the description of a collection says; errors as in `MilvusIndex`."""
    found = server.call(
        "query", collection, filter="position < 0", output_fields=["about"], partition_names=[ABOUT],
        consistency_level=ALL_WRITES,
    )  # fmt: skip
    pieces = [str(row["about"]) for row in sorted(found, key=lambda row: -int(row["position"]))]
    facts = read_json("".join(pieces).encode(), collection, SCHEMA, lambda _, why: refuse(why))
    sound = all(isinstance(facts.get(name), int) and facts[name] >= 0 for name in ("count", "dim"))
    if not sound or not all(isinstance(facts.get(f"{name}s"), list) for name in KEYS):
        raise refuse(sentence("engine.not-described"))
    return facts
