"""Many queries: matches, "no match", and the threshold between them, against counts made by hand."""

from __future__ import annotations

import base64
import csv
import io
import re
from html.parser import HTMLParser

import fakes
import numpy as np
import pytest
from PIL import Image

from core.config import Quota
from core.own import thresholds
from core.own.catalogue import OwnCatalogue
from core.own.ingest.incoming import Incoming
from core.own.queries import QuerySet, results_csv
from core.own.report import html_report
from core.own.search import OwnSearch
from core.own.thresholds import THRESHOLDS, Curve, suggest_threshold, threshold_curve
from core.ui.words import words_in

REPORT = words_in("en").own.report
EVIL = '<script>alert("1")</script>&'


def engine_of(catalogue):
    return OwnSearch(fakes.bare_engine(), catalogue)


def incoming(name, label, rgb) -> Incoming:
    buffer = io.BytesIO()
    fakes.solid(rgb).save(buffer, "PNG")
    return Incoming(name, label, buffer.getvalue())


@pytest.fixture
def own():
    catalogue = OwnCatalogue(fakes.FakeEmbedder(fakes.fake_record()))
    rgbs = [("red", (255, 0, 0)), ("red", (230, 20, 20)), ("blue", (0, 0, 255)), ("", (0, 255, 0))]
    list(catalogue.add([incoming(f"{number}.png", *one) for number, one in enumerate(rgbs)]))
    return catalogue


QUERIES = [
    incoming("a.png", "red", (250, 5, 5)),
    Incoming("bad.png", "red", b"x"),
    incoming(EVIL, "blue", (10, 10, 250)),
    incoming("=c.png", "grey", (255, 255, 255)),
]


@pytest.fixture
def answers(own):
    queries = QuerySet(engine_of(own), "own", k=2)
    list(queries.run(QUERIES))
    return queries


def test_each_query_has_its_hits_or_no_match(answers, own):
    assert [result.name for result in answers.results] == ["a.png", EVIL, "=c.png"]
    assert [[hit.id for hit in result.matches(0.95)] for result in answers.results] == [
        ["own/1", "own/2"],
        ["own/3"],
        [],
    ]
    embedder = own.embedder
    for result, rgb in zip(answers.results, [(250, 5, 5), (10, 10, 250), (255, 255, 255)], strict=True):
        expected = np.sort(own.embeddings @ embedder.embed_images([fakes.solid(rgb)])[0])[::-1]
        assert [hit.similarity for hit in result.hits] == pytest.approx(expected[:2].tolist(), abs=1e-6)
    (skipped,) = answers.skipped
    assert skipped.name == "bad.png" and str(skipped.reason).startswith("it is not a picture")


def test_a_hit_at_the_threshold_is_a_match(answers):
    best = answers.results[0].hits[0].similarity
    assert [hit.rank for hit in answers.results[0].matches(best)] == [1]


def test_megapixels_are_counted_not_only_pictures(own):
    queries = QuerySet(engine_of(own), "own", quota=Quota(megapixels=1.5 * 20 * 20 / 1e6))
    list(queries.run(QUERIES))
    assert len(queries.results) == 1
    assert str(queries.skipped[-1].reason) == "one visit may bring at most 0.0006 megapixels of pictures"


def test_progress_and_quota(own):
    queries = QuerySet(engine_of(own), "own", quota=Quota(queries=1))
    reports = list(queries.run(QUERIES))
    assert (reports[-1].n_done, reports[-1].n_total, reports[-1].finished) == (1, 4, True)
    last = queries.skipped[-1]
    assert (str(last.name), str(last.reason)) == (
        "bad.png and all after it",
        "a set of queries holds at most 1 pictures",
    )


def test_results_as_a_table(answers):
    rows = list(csv.DictReader(io.StringIO(results_csv(answers.results, 0.95), newline="")))
    keys = ("query", "query_label", "answer", "rank", "id", "label")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("a.png", "red", "match", "1", "own/1", "red"),
        ("a.png", "red", "match", "2", "own/2", "red"),
        (EVIL, "blue", "match", "1", "own/3", "blue"),
        ("'=c.png", "grey", "no match", "", "", ""),
    ]
    assert rows[0]["similarity"] == f"{answers.results[0].hits[0].similarity:.6f}"


def naive_curve(queries, query_labels, items, item_labels):
    """Pair by pair, threshold by threshold."""
    pairs = [
        (float(q @ i), a == b)
        for q, a in zip(queries, query_labels, strict=True)
        for i, b in zip(items, item_labels, strict=True)
        if b
    ]
    n_relevant = sum(same for _, same in pairs)
    precision, recall = [], []
    for threshold in THRESHOLDS:
        found = [same for similarity, same in pairs if similarity >= threshold]
        precision.append(sum(found) / len(found) if found else np.nan)
        recall.append(sum(found) / n_relevant)
    return precision, recall, len(pairs)


def random_set(n, seed, labels="abcd"):
    rng = np.random.default_rng(seed)
    embeddings = rng.normal(size=(n, 3)) + 0.5
    embeddings = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float32)
    return embeddings, [labels[number] for number in rng.integers(0, len(labels), n)]


@pytest.mark.parametrize("block", [7, 16384])
def test_the_curve_agrees_with_counting_every_pair(block, monkeypatch):
    monkeypatch.setattr(thresholds, "_BLOCK", block)
    queries, query_labels = random_set(15, 1)
    items, item_labels = random_set(40, 2, ["a", "b", "", "z"])
    curve = threshold_curve(queries, query_labels, items, item_labels)
    precision, recall, n_pairs = naive_curve(queries, query_labels, items, item_labels)
    np.testing.assert_allclose(curve.precision, precision)
    np.testing.assert_allclose(curve.recall, recall)
    np.testing.assert_allclose(
        curve.f1,
        [2 * p * r / (p + r) if p + r > 0 else 0 for p, r in zip(np.nan_to_num(precision), recall, strict=True)],
    )
    assert (curve.n_queries, curve.n_pairs) == (15, n_pairs)
    labelled = items[[number for number, label in enumerate(item_labels) if label]]
    best = (queries @ labelled.T).max(axis=1)
    np.testing.assert_allclose(curve.answered, [(best >= threshold).mean() for threshold in THRESHOLDS])


def test_the_curve_of_a_query_set_counts_labelled_items_only(answers):
    curve = answers.curve()
    assert (curve.n_queries, curve.n_pairs) == (3, 9)
    assert curve.recall[0] == 1 and curve.precision[0] == pytest.approx(3 / 9)
    suggested = suggest_threshold(curve)
    at = int(np.searchsorted(curve.thresholds, suggested))
    assert (curve.precision[at], curve.recall[at], curve.f1[at]) == (1, 1, 1)


def test_a_picture_compared_with_itself_counts_up_to_one(own):
    queries = QuerySet(engine_of(own), "own")
    list(queries.run([incoming("a.png", "blue", (0, 0, 255))]))
    assert (queries.curve().recall[-1], queries.curve().precision[-1]) == (1, 1)


def test_no_curve_without_labels_in_common(own):
    queries = QuerySet(engine_of(own), "own")
    assert queries.curve() is None
    list(queries.run([incoming("a.png", "", (1, 1, 1)), incoming("b.png", "grey", (1, 1, 1))]))
    assert queries.curve() is None


def made_curve(precision, recall) -> Curve:
    precision, recall = np.array(precision, float), np.array(recall, float)
    p = np.nan_to_num(precision)
    f1 = np.divide(2 * p * recall, p + recall, out=np.zeros(len(p)), where=p + recall > 0)
    return Curve(np.linspace(0, 1, len(p)), precision, recall, f1, recall, 1, 1)


def test_the_best_f1_is_the_middle_of_the_first_equally_good_run():
    curve = made_curve([0.5, 1, 1, 1, 1, np.nan], [1, 1, 1, 1, 0.5, 0])
    assert suggest_threshold(curve) == pytest.approx(0.4)
    assert suggest_threshold(made_curve([1, 0.5, 1], [1, 1, 1])) == 0
    assert suggest_threshold(made_curve([0.1, 0.5, 1], [1, 1, 1])) == 1


def test_a_least_precision_can_be_asked_for():
    curve = made_curve([0.2, 0.9, 0.7, 0.9, 1, np.nan], [1, 1, 0.8, 0.7, 0.1, 0])
    assert suggest_threshold(curve, 0.9) == pytest.approx(0.6)
    assert suggest_threshold(curve, 0.1) == 0
    assert suggest_threshold(made_curve([0.2, 0.5, np.nan], [1, 1, 0]), 0.9) is None
    assert suggest_threshold(made_curve([0.2, 0.5, 0.6], [1, 1, 0]), 0.9) is None


def test_queries_can_be_run_against_a_built_catalogue(engine):
    queries = QuerySet(engine, "clothing", k=3)
    colour = tuple(map(int, fakes.colours_of("clothing")[7]))
    label = fakes.make_items("clothing").row(7).label
    list(queries.run([incoming("a.png", label, colour)]))
    hits = queries.results[0].hits
    assert hits[0].id == fakes.make_items("clothing").row(7).id
    assert {hit.catalogue for hit in hits} == {"clothing"} and len(hits) == 3
    assert queries.curve().n_pairs == fakes.N_CLOTHING


class Reader(HTMLParser):
    """Notes every element and attribute, and checks that what is opened is closed."""

    VOID = ("meta", "img", "br", "path", "polyline")

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.text = [], [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_report_is_whole_safe_and_on_its_own(answers, own):
    html = html_report(answers.results, 0.95, own.thumbnail, REPORT | {"title": f"Of {EVIL}"}, answers.curve())
    page = Reader(html)
    assert page.open == []
    assert not {"script", "link", "iframe", "a"} & {tag for tag, _ in page.elements}
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.text.count(EVIL) == 3  # the title, the heading, and the name of a query: as text
    sources = [attributes["src"] for tag, attributes in page.elements if tag == "img"]
    assert len(sources) == 3 + 3
    for source in sources:
        kind, _, content = source.partition(",")
        assert kind == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(base64.b64decode(content))) as image:
            assert image.format == "JPEG"
    assert "2 of 3 queries have a match" in page.text
    assert "No match" in page.text and "2 matches" in page.text and "1 match" in page.text
    assert not re.search(r"https?://(?!www\.w3\.org)", html)


def test_a_report_without_pictures_or_hits(answers):
    html = html_report(answers.results, 1.1, lambda id: b"no picture", REPORT)
    assert html.count("No match") == 3 and "<svg" not in html
    html = html_report(answers.results, 0.0, lambda id: None, REPORT, language="pt-BR")
    assert 'lang="pt-BR"' in html and html.count('<div class="none">') == 6
