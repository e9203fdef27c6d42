"""Map files: what is written is read again, and nothing that is damaged or of other items is."""

from __future__ import annotations

import dataclasses

import fakes
import numpy as np
import pytest

from core.__main__ import main
from core.config import DEFAULT_BACKBONE
from core.engine.catalogues import CATALOGUES
from core.engine.files import manifest as artifacts
from core.engine.search.gallery import load_gallery
from core.errors import ArtifactError, DataError, UnknownNameError
from core.maps import build as job
from core.maps.files import STEPS, chart_of, known_maps, load_map, map_file, quantise


@pytest.fixture
def mapped(tiny_artifacts):
    """The tiny artifacts with a map of every item of them."""
    fakes.add_map(DEFAULT_BACKBONE, every=1)
    return tiny_artifacts


def test_a_point_is_at_most_half_a_step_from_where_it_was_fitted():
    points = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32) * [3, 11] + [5, -7]
    steps, origin, scale = quantise(points)
    assert steps.dtype == np.uint16
    assert steps.max() == STEPS
    assert scale == pytest.approx(np.ptp(points, axis=0).max() / STEPS, rel=1e-6)
    assert np.abs(origin + steps * np.float64(scale) - points).max() <= scale * 0.51
    assert quantise(np.ones((4, 2)))[0].tolist() == [[0, 0]] * 4


def test_a_map_is_read_as_it_was_written(mapped):
    chart, facts = load_map(DEFAULT_BACKBONE)
    assert known_maps() == [DEFAULT_BACKBONE]
    assert len(chart) == facts.count == fakes.N_FASHION_MNIST + fakes.N_CLOTHING
    assert chart.position.tolist() == [*range(fakes.N_FASHION_MNIST), *range(fakes.N_CLOTHING)]
    np.testing.assert_allclose(chart.points, fakes.points_of(DEFAULT_BACKBONE), atol=chart.scale)
    assert facts.faithfulness.neighbours_kept.n == 70
    assert chart_of(DEFAULT_BACKBONE)[0] is chart_of(DEFAULT_BACKBONE)[0]


def refused(problem):
    with pytest.raises(ArtifactError, match=problem) as caught:
        load_map(DEFAULT_BACKBONE)
    assert f"python -m core build --maps --backbone {DEFAULT_BACKBONE}" in str(caught.value) or "sha256" in problem


def test_a_map_that_was_never_made_is_asked_for(tiny_artifacts):
    assert known_maps() == []
    refused("has not been made")


def test_a_flipped_bit_is_refused_before_it_is_read(mapped):
    content = bytearray(map_file(DEFAULT_BACKBONE).read_bytes())
    content[len(content) // 2] ^= 1
    map_file(DEFAULT_BACKBONE).write_bytes(content)
    refused("sha256")


@pytest.mark.parametrize("what", ["items_hash", "weights_sha256"])
def test_a_map_of_other_embeddings_is_not_offered(mapped, what):
    manifest = artifacts.load_manifest()
    if what == "items_hash":
        manifest["catalogues"]["clothing"]["items_hash"] = "other"
    else:
        manifest["backbones"][DEFAULT_BACKBONE]["weights_sha256"] = "other"
    artifacts.save_manifest(manifest)
    assert known_maps() == []
    refused("other embeddings")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"position": np.full(70, 999, "<u4")}, "do not exist"),
        ({"predicted": np.full(70, 200, "u1")}, "do not exist"),
        ({"catalogue": np.full(70, 2, "u1")}, "do not exist"),
        ({"origin": np.array([np.nan, 0], "<f4")}, "do not exist"),
        ({"steps": np.zeros((70, 3), "<u2")}, "another form"),
        ({"purity": np.zeros(70)}, "another form"),
        ({"purity": np.array([{}] * 70)}, "cannot be read"),
    ],
)
def test_a_file_of_another_form_is_refused(mapped, change, problem):
    with np.load(map_file(DEFAULT_BACKBONE)) as stored:
        arrays = dict(stored)
    np.savez(map_file(DEFAULT_BACKBONE), **(arrays | change))
    artifacts.register([map_file(DEFAULT_BACKBONE)])
    refused(problem)


@pytest.mark.parametrize("entry", [None, 7, {}, {"faithfulness": 3, "parameters": {}, "count": 70}])
def test_a_bad_entry_in_the_manifest_is_refused(mapped, entry):
    manifest = artifacts.load_manifest()
    known = manifest["maps"][DEFAULT_BACKBONE]
    if isinstance(entry, dict) and entry:
        entry = {name: known[name] for name in ("items_hash", "weights_sha256")} | entry
    manifest["maps"][DEFAULT_BACKBONE] = entry
    artifacts.save_manifest(manifest)
    refused("has not been made|other embeddings|not described well")


def test_the_command_makes_a_map_of_what_is_stored(tiny_artifacts, monkeypatch, capsys):
    monkeypatch.setattr(job, "PARAMETERS", dataclasses.replace(job.PARAMETERS, n_neighbors=5))
    pytest.importorskip("umap", reason="umap-learn is not installed")
    assert main(["build", "--maps"]) == 0
    assert "laying out 70 items" in capsys.readouterr().out
    chart, facts = load_map(DEFAULT_BACKBONE)
    assert (len(chart), facts.parameters.n_neighbors) == (70, 5)
    items = {name: load_gallery(DEFAULT_BACKBONE, name).items for name in CATALOGUES}
    assert main(["build", "--maps", "--backbone", "nothing"]) == 2
    with pytest.raises(UnknownNameError):
        job.write_map(DEFAULT_BACKBONE, ["clothing/none"], np.ones((1, 4)), items, print)


def test_votes_come_from_other_senders_of_the_same_catalogue(tiny_artifacts):
    """Against one loop per item; the fake's items have three a sender."""
    gallery = load_gallery(DEFAULT_BACKBONE, "clothing")
    embeddings = gallery.exact.embeddings
    votes = job._votes(embeddings, gallery.items, np.arange(30))
    vectors = embeddings.astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels, senders = gallery.items.frame["label"].cat.codes.to_numpy(), gallery.items.frame["sender"].tolist()
    for i in range(30):
        others = [int(j) for j in np.argsort(-(vectors @ vectors[i])) if senders[j] != senders[i]][:20]
        assert votes[i, 1] == labels[others[0]]
        assert votes[i, 2] == round(255 * sum(labels[j] == labels[i] for j in others) / len(others))
        weights = {code: sum(float(vectors[j] @ vectors[i]) for j in others if labels[j] == code) for code in labels}
        assert weights[votes[i, 0]] == pytest.approx(max(weights.values()), rel=1e-4)


def test_nothing_to_map_is_said(artifacts_folder):
    artifacts.save_manifest(artifacts.empty_manifest())
    with pytest.raises(DataError, match="python -m core build"):
        job.build_maps()
