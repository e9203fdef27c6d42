"""The benchmark on the Compare page: a table, a plot of quality against cost, and what really differs."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from core.compare.figures.bundle import command_of, comparison_zip
from core.compare.figures.evaluation import PROTOCOLS, read_evaluation
from core.compare.figures.outcomes import differences
from core.compare.figures.table import COSTS, Row, beside, columns_of, metrics_of, rows_of
from core.compare.gallery import has_gallery
from core.engine.backbones import BACKBONES
from core.ui.compare import plots
from core.ui.compare.columns import title_of
from core.ui.components import cards
from core.ui.components.controls import command, download
from core.ui.components.link import choose
from core.ui.components.plots import draw
from core.ui.components.tables import difference_line, files, in_words, styled, table_downloads
from core.ui.words import WORDS, figure

#: How each cost is written, as `format` takes it.
_COST_FORMS = dict.fromkeys(COSTS, ",.0f") | dict.fromkeys(("ms_p50", "ms_p95", "images_per_s"), ".1f")


def show(chosen: list[str]) -> None:
    """Draw the benchmark of one protocol."""
    protocol = choose(
        st.segmented_control,
        WORDS.compare.protocol,
        "protocol",
        PROTOCOLS,
        lambda id: WORDS.compare.protocols[id][0],
        required=True,
    )
    st.caption(WORDS.compare.protocols[protocol][1])
    evaluation = read_evaluation()
    # The others tell how far the words beside a hit can be believed, which one backbone alone has.
    metrics = [metric for metric in metrics_of(evaluation, protocol) if metric in WORDS.compare.metrics]
    others = [id for id in BACKBONES if has_gallery(id)] + [id for id in chosen if id in BACKBONES]
    rows = rows_of(evaluation, protocol, others)
    if not metrics:
        st.info(WORDS.compare.table_empty, icon=":material/table:")
        command("python -m core evaluate")
        return
    _table(rows, metrics, protocol, chosen)
    _missing([row for row in rows if not row["computed"]])
    computed = [row for row in rows if row["computed"]]
    metric = choose(st.selectbox, WORDS.compare.metric, "metric", metrics, _metric_name, width=320)
    _plot([row for row in computed if metric in row and "ms_p50" in row], protocol, metric, chosen)
    _differences([id for id in chosen if any(row["backbone"] == id for row in computed)], protocol, metric)
    _archive([id for id in chosen if any(row["backbone"] == id for row in computed)], protocol)
    _published(protocol)


def _metric_name(metric: str) -> str:
    return WORDS.compare.metrics.get(metric, (metric, ""))[0]


def _table(rows: list[Row], metrics: list[str], protocol: str, chosen: list[str]) -> None:
    if learned := [row["title"] for row in rows if row["computed"] and row["learned"]]:
        st.caption(cards.plain(WORDS.compare.learned.format(names=", ".join(learned))))
    shown = [{"chosen": row["backbone"] in chosen} | _shown(row, metrics) for row in rows]
    st.dataframe(
        styled(shown, dict.fromkeys(metrics, ".3f") | _COST_FORMS),
        hide_index=True,
        column_config=_columns(metrics),
        key=f"benchmark-{protocol}",
        placeholder=WORDS.compare.table_unknown,
        alt=WORDS.compare.table_alt.format(protocol=WORDS.compare.protocols[protocol][0]),
    )
    table_downloads(rows, metrics, f"vitrine-benchmark-{protocol}", "benchmark", columns_of(metrics))
    st.caption(WORDS.compare.table_note)
    for line in sorted({run_line(row) for row in rows if "date" in row}):
        st.caption(cards.plain(line))
    command("python -m core evaluate --backbone vitrine-clip")


def run_line(row: Row) -> str:
    """When, on what and with what a row was computed."""
    versions = ", ".join(f"{name} {row[name]}" for name in ("python", "torch", "onnxruntime", "numpy") if name in row)
    return WORDS.compare.table_run.format(
        **{key: row[key] for key in ("date", "processor", "threads")}, versions=versions
    )


def _shown(row: Row, metrics: list[str]) -> dict[str, Any]:
    """A row for the eye: each figure beside its interval."""
    shown: dict[str, Any] = {name: row[name] for name in ("title", "learned")}
    shown["trained_on"] = in_words(row["trained_on"])
    for name in metrics:
        shown[name] = row.get(name)
        bounds = [figure(row[f"{name} {end}"], ".3f") for end in ("low", "high")] if name in row else []
        shown[f"{name} interval"] = " – ".join(bounds) or None
    return shown | {name: row.get(name) for name in COSTS}


def _columns(metrics: list[str]) -> dict[str, Any]:
    config: dict[str, Any] = {
        "chosen": st.column_config.CheckboxColumn(WORDS.compare.table_chosen, pinned=True, width=80),
        "title": st.column_config.TextColumn(WORDS.compare.table_backbone, pinned=True),
        "trained_on": st.column_config.TextColumn(WORDS.compare.table_trained_on, width=150),
        "learned": st.column_config.CheckboxColumn(
            WORDS.compare.table_learned, help=WORDS.compare.table_learned_help, width=80
        ),
    }
    for name in metrics:
        help = WORDS.compare.metrics.get(name, ("", ""))[1]
        config[name] = st.column_config.NumberColumn(_metric_name(name), help=help)
        config[f"{name} interval"] = st.column_config.TextColumn(WORDS.compare.table_interval, width=115)
    for name in COSTS:
        title, help = WORDS.compare.costs[name]
        config[name] = st.column_config.NumberColumn(title, help=help)
    return config


def _missing(rows: list[Row]) -> None:
    if rows:
        with st.expander(WORDS.compare.table_missing.format(n=len(rows)), icon=":material/hourglass_empty:"):
            st.code("\n".join(row["command"] for row in rows), language=None, wrap_lines=True)


def _plot(rows: list[Row], protocol: str, metric: str, chosen: list[str]) -> None:
    if len(rows) < 2:
        return
    figure = plots.quality_against_cost(rows, metric, _metric_name(metric), chosen)
    alt = WORDS.compare.plot_alt.format(metric=_metric_name(metric))
    draw(figure, f"vitrine-{protocol}-{metric}", "quality-cost", alt)


def _differences(ids: list[str], protocol: str, metric: str) -> None:
    """Whether every two of the chosen ones really differ."""
    if len(ids) < 2:
        st.info(WORDS.compare.differs_needs_two, icon=":material/balance:")
        return
    st.markdown(f"**{WORDS.compare.differs_heading}**")
    found = differences(ids, protocol, metric)
    for (first, second), one in found.items():
        st.markdown("- " + cards.plain(difference_line(title_of(first), title_of(second), one)))
    st.caption(WORDS.compare.differs_note.format(n=sum(one is not None for one in found.values())))


def _archive(ids: list[str], protocol: str) -> None:
    """All that is on file of the chosen backbones as one ZIP, and the command that makes it."""
    if ids:
        make = partial(comparison_zip, ids, protocol)
        file = f"vitrine-{protocol}.zip"
        download(WORDS.compare.archive, make, file, "application/zip", "archive", help=WORDS.compare.archive_help)
        command(command_of(ids, protocol))


def _published(protocol: str) -> None:
    figures = beside(protocol)
    if not figures:
        return
    st.markdown(f"**{WORDS.compare.published_heading}**")
    rows = [
        {
            "system": in_words(one.system),
            "metric": _metric_name(one.metric),
            "value": one.value,
            "note": in_words(one.note) or WORDS.compare.published_same,
            "source": one.source,
        }
        for one in figures
    ]
    config = {name: st.column_config.TextColumn(WORDS.compare.published[name]) for name in ("system", "metric", "note")}
    number = st.column_config.NumberColumn(WORDS.compare.published["value"])
    link = st.column_config.LinkColumn(WORDS.compare.published["source"])
    st.dataframe(
        styled(rows, {"value": ".3f"}),
        hide_index=True,
        column_config=config | {"value": number, "source": link},
        alt=WORDS.compare.published_heading,
    )
    files(list(rows[0]), rows, f"vitrine-published-{protocol}", "published")
