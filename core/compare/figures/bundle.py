"""A comparison as one ZIP archive: figures, differences, what each query got, and how all of it is repeated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core import __version__
from core.compare.figures.classes import CATALOGUE_OF, class_figures, sides_of
from core.compare.figures.evaluation import Evaluation, read_evaluation
from core.compare.figures.outcomes import differences, load_outcomes, load_senders
from core.compare.figures.table import RUN, columns_of, metrics_of, rows_of
from core.engine.backbones import BACKBONES
from core.engine.catalogues import CATALOGUES
from core.engine.catalogues.items import load_items
from core.engine.embedders.weights import weights_sha256
from core.engine.files.archives import zip_of
from core.engine.files.manifest import load_manifest
from core.engine.files.tables import beside_intervals, to_csv, to_latex, to_markdown
from core.errors import VitrineError

TEXT = Path(__file__).with_name("bundle.md")
#: File -> what it holds, for the README.
_FILES = {
    "figures.csv": "every figure with its bounds, what it cost, versions and machine",
    "figures.md": "the same for a page: figures beside their intervals",
    "figures.tex": "the same for a paper (LaTeX, package booktabs)",
    "differences.csv": "by how much the first of every two backbones is better, for each figure",
    "outcomes.csv": "what every single query got, a row a query",
    "classes.csv": "the figures of each class",
    "evaluation.json": "the figures and runs of these backbones as the project keeps them",
}


def comparison_zip(backbone_ids: Sequence[str], protocol: str) -> bytes:
    """The archive; the same figures give the same bytes.

    Args:
        backbone_ids: In the order of the columns; those that were not evaluated are left out.
        protocol: One of `core.compare.figures.evaluation.PROTOCOLS`.

    Raises:
        VitrineError: None of them was evaluated with this protocol.
        ArtifactError: What is on file is damaged.
    """
    known = read_evaluation()
    ids = [id for id in dict.fromkeys(backbone_ids) if known.figures(id, protocol)]
    if not ids:
        raise VitrineError("compare.nothing-evaluated", protocol=protocol)
    ours = Evaluation(
        [one for one in known.results if one["backbone"] in ids and one["protocol"] == protocol],
        {id: known.runs[id] for id in ids if id in known.runs},
    )
    files = _figures(ours, protocol) | {
        "differences.csv": _differences(ids, protocol, metrics_of(ours, protocol)),
        "outcomes.csv": _outcomes(ids, protocol),
        "evaluation.json": json.dumps(asdict(ours), indent=1, sort_keys=True) + "\n",
    }
    if protocol in CATALOGUE_OF:
        files["classes.csv"] = _classes(ids, protocol)
    files["README.md"] = _readme(ids, protocol, ours, files)
    return zip_of({name: text.encode() for name, text in files.items()})


def _figures(ours: Evaluation, protocol: str) -> dict[str, str]:
    rows, metrics = rows_of(ours, protocol), metrics_of(ours, protocol)
    paper, few = beside_intervals(rows, metrics), ["title", "trained_on", *metrics, "n"]
    return {
        "figures.csv": to_csv(columns_of(metrics), rows),
        "figures.md": to_markdown(few, paper),
        "figures.tex": to_latex(few, paper),
    }


def _differences(ids: Sequence[str], protocol: str, metrics: Sequence[str]) -> str:
    rows = [
        {"metric": metric, "first": first, "second": second, **asdict(one)}
        for metric in metrics
        for (first, second), one in differences(ids, protocol, metric).items()
        if one is not None
    ]
    return to_csv(["metric", "first", "second", "value", "low", "high", "p", "n"], rows)


def _outcomes(ids: Sequence[str], protocol: str) -> str:
    """A row a query of each figure: its number, id, class and sender where known, then what each backbone got."""
    columns = {
        (metric, id): values for id in ids for (of, metric), values in load_outcomes(id).items() if of == protocol
    }
    people = {metric: whose for (of, metric), whose in load_senders().items() if of == protocol}
    rows: list[dict[str, object]] = []
    for metric in dict.fromkeys(metric for metric, _ in columns):
        got = {id: columns[metric, id] for id in ids if (metric, id) in columns}
        n = max(map(len, got.values()))
        about = _queries(protocol, n) | (
            {"sender": people[metric].tolist()} if len(people.get(metric, ())) == n else {}
        )
        rows += [
            {"metric": metric, "query": number + 1}
            | {name: values[number] for name, values in about.items()}
            | {id: float(values[number]) for id, values in got.items() if len(values) == n}
            for number in range(n)
        ]
    return to_csv(["metric", "query", "id", "class", "sender", *ids], rows)


def _queries(protocol: str, n: int) -> dict[str, list[Any]]:
    """Ids and classes of the queries, where the catalogue says them."""
    if protocol not in CATALOGUE_OF:
        return {}
    items = load_items(CATALOGUE_OF[protocol])
    sides = sides_of(protocol, items)
    if len(sides.queries) != n:
        return {}
    ids = [items.columns["id"][position] for position in sides.queries]
    return {"id": ids, "class": sides.labels[sides.queries].tolist()}


def _classes(ids: Sequence[str], protocol: str) -> str:
    rows = [{"backbone": id, **row} for id in ids for row in class_figures(id, protocol)]
    metrics = dict.fromkeys(name for row in rows for name in row if f"{name} low" in row)
    bounds = [column for name in metrics for column in (name, f"{name} low", f"{name} high")]
    return to_csv(["backbone", "class", "n", *bounds], rows)


def _readme(ids: Sequence[str], protocol: str, ours: Evaluation, files: Mapping[str, str]) -> str:
    again = [f"python -m core evaluate --backbone {id} --only {protocol}" for id in ids]
    return TEXT.read_text("utf-8").format(
        title=f"A comparison of {' and '.join(ids)}" if len(ids) < 3 else "A comparison",
        n=len(ids),
        protocol=protocol,
        version=__version__,
        repeat=command_of(ids, protocol),
        again="\n".join(again),
        files="\n".join(f"| `{name}` | {_FILES[name]} |" for name in sorted(files)),
        backbones=to_markdown(["backbone", "weights", *RUN], [_backbone(id, ours) for id in ids]),
        data=to_markdown(["catalogue", "items", "sha256 of ids and labels", "source"], _data(protocol)),
    )


def command_of(ids: Sequence[str], protocol: str) -> str:
    """The command that makes the archive."""
    return f"python -m core compare --protocol {protocol} --backbones {' '.join(ids)} -o vitrine-{protocol}.zip"


def _backbone(id: str, ours: Evaluation) -> dict[str, object]:
    record, run = BACKBONES.get(id), ours.runs.get(id, {}).get("machine", {})
    digest = weights_sha256(record) if record else None
    weights = "not here" if digest is None else f"sha256 {digest}" if digest else "none"
    return {"backbone": id, "weights": weights} | {name: run.get(name, "") for name in RUN}


def _data(protocol: str) -> list[dict[str, object]]:
    """What the queries and what they search are of; of product photos nothing is kept but their figures."""
    known = load_manifest()["catalogues"]
    wanted = [CATALOGUE_OF[protocol]] if protocol in CATALOGUE_OF else []
    return [
        {"catalogue": name, "items": known[name]["count"], "sha256 of ids and labels": known[name]["items_hash"]}
        | {"source": CATALOGUES[name].source}
        for name in wanted
        if name in known
    ]
