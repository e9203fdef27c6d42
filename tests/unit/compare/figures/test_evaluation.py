"""What an evaluation keeps: figures, the run that gave them, and every query's outcome."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from core.compare.figures.evaluation import PROTOCOLS, Evaluation, read_evaluation
from core.compare.figures.outcomes import load_outcomes
from core.compare.figures.table import PUBLISHED, beside
from core.engine.files import manifest
from core.engine.metrics import Estimate, bootstrap, bootstrap_groups
from core.errors import ArtifactError
from core.jobs.evaluate import cost, products, protocols
from core.jobs.evaluate.protocols import Record, _write, renew_intervals
from core.training.data.samples import Sample


def record_of(backbone_id: str, right: np.ndarray) -> Record:
    record = Record(backbone_id, lambda line: None)
    record.mean("clothing", "R@1", right)
    record("fashion-mnist", "zero_shot_accuracy", Estimate(0.5, 0.4, 0.6, 10))
    return record


RUN = {"machine": {"date": "2026-01-01"}, "cost": {"ms_p50": 1.5}}


def test_a_figure_is_the_mean_of_its_outcomes_and_both_are_kept(tiny_artifacts):
    right = np.random.default_rng(0).random(200) < 0.7
    _write(record_of("a", right), RUN, True)
    found = read_evaluation()
    expected = bootstrap(right)
    figures = {name: round(getattr(expected, name), 5) for name in ("value", "low", "high", "n")}
    assert found.figures("a", "clothing") == {
        "R@1": {"backbone": "a", "protocol": "clothing", "metric": "R@1"} | figures
    }
    assert found.figures("a", "fashion-mnist")["zero_shot_accuracy"]["value"] == 0.5
    assert found.runs == {"a": RUN}
    outcomes = load_outcomes("a")
    assert list(outcomes) == [("clothing", "R@1")]
    np.testing.assert_array_equal(outcomes["clothing", "R@1"], right)
    assert manifest.verified(tiny_artifacts / "evaluation.json")


def test_intervals_can_be_computed_again_from_what_each_query_got(tiny_artifacts):
    right, senders = np.repeat([True, False], [90, 10]), np.repeat(["a", "b", "c", "d"], [40, 50, 5, 5])
    _write(record_of("a", right), RUN, True)
    one_by_one = read_evaluation().figures("a", "clothing")["R@1"]
    other = Record("b", lambda line: None)
    other.mean("clothing", "R@1", right, senders)  # it is who says whose the queries are
    _write(other, RUN, True)
    assert [result["metric"] for result in renew_intervals("a", lambda line: None)] == ["R@1"]
    by_sender, expected = read_evaluation().figures("a", "clothing")["R@1"], bootstrap_groups(right, senders)
    assert by_sender == one_by_one | {"low": round(expected.low, 5), "high": round(expected.high, 5)}
    assert by_sender["low"] < one_by_one["low"]
    assert read_evaluation().figures("a", "fashion-mnist")["zero_shot_accuracy"]["low"] == 0.4
    assert all(problem is None for name, problem in manifest.verify_all() if name.startswith(("eval", "outcomes")))


def test_another_backbones_results_stay(tiny_artifacts):
    _write(record_of("a", np.ones(3)), RUN, True)
    _write(record_of("b", np.zeros(3)), RUN | {"cost": {"ms_p50": 9}}, True)
    _write(record_of("a", np.array([1, 0, 1, 0])), RUN, True)
    found = read_evaluation()
    assert [found.figures(id, "clothing")["R@1"]["value"] for id in "ab"] == [0.5, 0]
    assert found.runs["b"]["cost"] == {"ms_p50": 9}
    assert len(found.results) == 4


def test_what_part_of_an_evaluation_did_not_measure_stays(tiny_artifacts):
    _write(record_of("a", np.ones(3)), RUN, True)
    part = Record("a", lambda line: None)
    part.mean("clothing-small", "linear_accuracy", np.zeros(4))
    part.mean("clothing", "R@1", np.array([1, 0]))
    _write(part, RUN | {"cost": {"ms_p50": 9}}, False)
    found = read_evaluation()
    assert [(r["protocol"], r["metric"], r["value"]) for r in found.results] == [
        ("fashion-mnist", "zero_shot_accuracy", 0.5),
        ("clothing-small", "linear_accuracy", 0),
        ("clothing", "R@1", 0.5),
    ]
    assert found.runs["a"]["cost"] == {"ms_p50": 9}
    outcomes = load_outcomes("a")
    assert {name: len(values) for name, values in outcomes.items()} == {
        ("clothing", "R@1"): 2,
        ("clothing-small", "linear_accuracy"): 4,
    }
    _write(part, RUN, True)
    assert len(read_evaluation().results) == 2  # a whole evaluation leaves nothing old behind


def test_nothing_is_known_where_nothing_was_evaluated_and_nothing_is_shown_that_was_changed(tiny_artifacts):
    assert read_evaluation() == Evaluation()
    _write(record_of("a", np.ones(3)), RUN, True)
    path = tiny_artifacts / "evaluation.json"
    content = path.read_text()
    for changed in (content.replace("1.5", "1.4"), "{", "[]", '{"schema": 99}'):
        path.write_text(changed)
        with pytest.raises(ArtifactError, match=r"^artifacts/evaluation.json is damaged: .* git restore artifacts$"):
            read_evaluation()
    path.unlink()
    with pytest.raises(ArtifactError, match=r"^artifacts/evaluation.json is missing"):
        read_evaluation()


def test_product_photos_are_found_among_each_other_and_in_a_crowd(monkeypatch):
    """Half of the crowd pretends to be of the first kind, the other half to be what any name means."""
    n, kinds = 120, ("dress", "bag", "shirt", "hat")
    parts = ["test"] * n + ["validation"] * 10 + ["train"] * 300
    samples = [
        Sample("products", str(i), kinds[i % 4] if part == "test" else "other", part, ("", f"name {i}"), "red")
        for i, part in enumerate(parts)
    ]
    axes = np.eye(n + 5, dtype=np.float32)
    own, of_kind, meant = axes[:n], axes[n : n + 4], axes[n + 4]

    def image(sample: Sample) -> np.ndarray:
        i = int(sample.key)
        if sample.part == "test":
            return 0.6 * own[i] + 0.8 * of_kind[i % 4]
        return meant if i % 2 else 0.95 * of_kind[0] + np.float32(np.sqrt(1 - 0.95**2)) * own[0]

    embedder = SimpleNamespace(
        record=SimpleNamespace(has_text=True),
        embed_images=lambda pictures: np.stack(list(pictures)),
        embed_texts=lambda texts: np.stack([0.6 * image(samples[int(t.split()[1])]) + 0.8 * meant for t in texts]),
    )
    monkeypatch.setattr(products, "product_samples", lambda: samples)
    monkeypatch.setattr(products, "Pictures", lambda: SimpleNamespace(open=image))
    monkeypatch.setattr(products, "for_bulk", lambda embedder: embedder)
    monkeypatch.setattr(products, "N_CROWD", 200)
    found = Record("a", lambda line: None)
    protocols._fashion_products(embedder, products.load_products(embedder, "test"), found)
    figures = {result["metric"]: (result["value"], result["n"]) for result in found.results}
    assert figures["P@5"] == figures["colour_P@5"] == figures["text_R@10"] == (1, n)
    assert figures["P@5_in_crowd"] == (0.75, n)
    assert figures["colour_P@5_in_crowd"] == (1, n)
    assert figures["text_R@10_in_crowd"] == (0, n)


def test_a_cost_is_measured_in_a_process_of_its_own():
    pytest.importorskip("onnxruntime")
    from core.engine.backbones import get
    from core.engine.files.manifest import load_manifest
    from core.errors import ArtifactError

    try:
        load_manifest()
    except ArtifactError:
        pytest.skip("artifacts/ has not been built")
    found = cost.measure(get("vitrine-clip"), n_runs=2)
    assert found.keys() == cost.Cost.__dataclass_fields__.keys()
    assert 0 < found["ms_p50"] <= found["ms_p95"]
    assert found["images_per_s"] > 0
    assert 60 < found["peak_memory_mb"] < 2000
    assert (found["n_parameters"], found["bytes_per_vector"]) == (
        get("vitrine-clip").n_parameters,
        2 * get("vitrine-clip").dim,
    )


def test_a_cost_that_cannot_be_measured_says_why():
    import fakes

    from core.errors import VitrineError

    with pytest.raises(VitrineError, match=r"The cost of nothing could not be measured .*no backbone named 'nothing'"):
        cost.measure(fakes.fake_record("nothing"))


def test_a_run_says_when_and_on_what_but_not_where():
    found = cost.machine()
    assert {"date", "processor", "threads", "python", "numpy"} <= found.keys()
    assert not any("/" in str(value) for value in found.values())


def test_published_figures_name_their_source_and_stand_beside_a_protocol_of_ours():
    assert all(one.protocol in PROTOCOLS and 0 < one.value < 1 for one in PUBLISHED)
    assert all(one.source.startswith("https://") for one in PUBLISHED)
    assert [one.system for one in beside("clothing-small")] == ["Xception at 299 px"]
    assert beside("clothing") == []
    neighbours = [one.value for one in beside("fashion-mnist") if one.metric == "knn_accuracy"]
    assert neighbours == sorted(neighbours, reverse=True)
