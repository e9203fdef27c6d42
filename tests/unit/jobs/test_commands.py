"""The command line: what it prints, what it writes, and its exit codes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import fakes
import numpy as np
import pytest

from core import __version__
from core.__main__ import main
from core.config import MAX_IMAGE_BYTES, MAX_K, ROOT
from core.engine.backbones import BACKBONES
from core.engine.embedders.base import embed_photo
from core.engine.embedders.load import load_embedder
from core.engine.images.decode import open_image
from core.engine.search.engine import SearchEngine
from core.engine.search.query import Query, Wording

PLAIN = ["rank", "id", "catalogue", "label", "title"]
KEYS = ["rank", "id", "catalogue", "label", "similarity", "title", "closer_than", "same_kind", "agrees"]


def png(rgb: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    fakes.solid(rgb).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(png((200, 90, 70)))
    return path


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """What argparse prints before it gives up with exit code 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


# --- search


def test_search_prints_json(engine, photo, capsys):
    assert main(["search", str(photo), "--k", "7", "--json"]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert err == ""
    assert list(answer) == ["backbone", "query", "reads", "hits", "notices", "timings_ms"]
    assert answer["notices"] == []
    assert (answer["backbone"], answer["query"]) == ("vitrine-clip", str(photo))
    assert list(answer["timings_ms"]) == ["decode", "embed", "search"]
    expected = engine.search(Query(photo=photo, k=7)).hits
    assert [list(hit) for hit in answer["hits"]] == [KEYS] * 7
    assert [[hit[key] for key in PLAIN] for hit in answer["hits"]] == [
        [getattr(hit, key) for key in PLAIN] for hit in expected
    ]
    for key in ("similarity", "closer_than", "same_kind"):
        assert [hit[key] for hit in answer["hits"]] == [round(getattr(hit, key), 5) for hit in expected]
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3, 4, 5, 6, 7]


def test_search_gives_five_hits_of_one_catalogue_if_asked(engine, photo, capsys):
    for catalogue in ("clothing", "fashion-mnist"):
        assert main(["search", str(photo), "--catalogue", catalogue, "--json"]) == 0
        hits = json.loads(capsys.readouterr().out)["hits"]
        assert [hit["catalogue"] for hit in hits] == [catalogue] * 5
        similarities = [hit["similarity"] for hit in hits]
        assert similarities == sorted(similarities, reverse=True)


def test_search_by_words(engine, capsys):
    assert main(["search", "--text", "red dress", "--k", "3", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["query"] == "red dress"
    assert [hit["id"] for hit in answer["hits"]] == [hit.id for hit in engine.search(Query(text="red dress", k=3)).hits]
    assert answer["hits"][0]["id"] == "clothing/00000000-0000-0000-0000-000000000000"
    assert answer["timings_ms"]["decode"] == 0


def test_misspelt_words_are_corrected_and_unknown_ones_get_no_figures(engine, capsys):
    assert main(["search", "--text", "red dres", "--json"]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert [hit["id"] for hit in answer["hits"]] == [hit.id for hit in engine.search(Query(text="red dress")).hits]
    assert answer["notices"][0].startswith("Searched for “red dress” in place of “red dres”")
    assert answer["query"] == "red dres"
    assert main(["search", "--text", "qqxz"]) == 0
    out, err = capsys.readouterr()
    assert "closer than" not in out
    assert err == "None of these words has been learned, so it is not known what the similarities mean.\n"


def test_a_colour_is_not_looked_for_among_grey_pictures(engine, photo, capsys):
    sentence = (
        "Fashion-MNIST has no colours, so it was not searched; name it as the catalogue (fashion-mnist) "
        "to search it anyhow."
    )
    for query in (["--text", "red dress"], [str(photo), "--but", "red"]):
        assert main(["search", *query, "--k", "70", "--json"]) == 0
        out, err = capsys.readouterr()
        answer = json.loads(out)
        assert [hit["catalogue"] for hit in answer["hits"]] == ["clothing"] * fakes.N_CLOTHING
        assert answer["notices"] == [sentence]
        assert err == sentence + "\n"
        assert main(["search", *query, "--catalogue", "fashion-mnist", "--json"]) == 0
        out, err = capsys.readouterr()
        assert {hit["catalogue"] for hit in json.loads(out)["hits"]} == {"fashion-mnist"}
        assert err == "Fashion-MNIST has no colours, so its pieces cannot show the one that was asked for.\n"


def test_search_says_what_agrees_and_finds_one_colour_alone(engine, photo, capsys):
    fakes.add_looks()
    asked = ["search", str(photo), "--colour", "blue", "--pattern", "striped", "--pattern", "dotted"]
    assert main([*asked, "--k", "9", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["reads"]["kind"] == {"class": "t-shirt", "probability": 0.75}
    numbers = sorted(int(hit["id"].rpartition("-")[2], 16) for hit in answer["hits"])
    assert numbers == [5, 15, 25]  # those that are blue and striped
    assert {hit["agrees"]["pattern"]["class"] for hit in answer["hits"]} == {"striped"}
    assert [hit["agrees"]["pattern"]["probability"] for hit in answer["hits"]] == pytest.approx([0.2] * 3, abs=1e-4)
    assert main(asked) == 0
    *lines, read, _ = capsys.readouterr().out.splitlines()
    assert [line.count(" striped 20 %") for line in lines] == [1, 1, 1]
    assert read.startswith("read: t-shirt 75 %")
    assert main(["search", str(photo), "--colour", "mint"]) == 2
    assert capsys.readouterr().err.startswith("There is no colour named 'mint'. Known: beige, black, ")


def test_items_can_be_wanted_less(engine, photo, capsys):
    plain = [hit.id for hit in engine.search(Query(photo=photo, k=6)).hits]
    less = ["--less-item", plain[0], "--less-item", plain[3]]
    assert main(["search", str(photo), *less, "--k", "6", "--json"]) == 0
    found = [hit["id"] for hit in json.loads(capsys.readouterr().out)["hits"]]
    wording = Wording(less_items=(plain[0], plain[3]))
    assert found == [hit.id for hit in engine.search(Query(photo=photo, k=6, wording=wording)).hits]
    assert not {plain[0], plain[3]} & set(found)
    assert main(["search", str(photo), "--less-item", "clothing/none"]) == 2
    assert capsys.readouterr().err == "There is no item with the id 'clothing/none' in this catalogue.\n"
    with pytest.raises(SystemExit):
        main(["search", str(photo), *less, *less, *less])


def test_search_prints_a_table_for_people(engine, photo, capsys):
    assert main(["search", str(photo)]) == 0
    *lines, timings = capsys.readouterr().out.splitlines()
    expected = engine.search(Query(photo=photo)).hits
    for line, hit in zip(lines, expected, strict=True):
        assert line.split()[:2] == [str(hit.rank), f"{hit.similarity:.3f}"]
        assert hit.title in line
        assert f" {hit.id} " in line
        assert line.endswith(f"closer than {100 * hit.closer_than:.1f} % of random pairs")
    assert [part for part in timings.split() if part.isalpha() and part != "ms"] == ["decode", "embed", "search"]


def test_what_should_be_known_of_the_artifacts_goes_to_stderr(tiny_artifacts, photo, capsys):
    path = tiny_artifacts / "indexes" / "vitrine-clip" / "clothing.hnsw"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert main(["search", str(photo), "--json"]) == 0
    out, err = capsys.readouterr()
    assert len(json.loads(out)["hits"]) == 5
    assert err.startswith("artifacts/indexes/vitrine-clip/clothing.hnsw is damaged")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("nowhere.jpg", None, "there is no such file"),
        ("empty.jpg", b"", "the file is empty"),
        ("text.jpg", b"no picture at all", "it is not a picture of an accepted type"),
    ],
)
def test_a_photo_that_cannot_be_used_is_one_sentence(tiny_artifacts, tmp_path, capsys, name, content, reason):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert main(["search", str(tmp_path / name)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"{name}: {reason}")
    assert err.count("\n") == 1


def test_an_unknown_backbone_is_one_sentence(tiny_artifacts, photo, capsys):
    known = ", ".join(sorted(BACKBONES))
    for command in (["search", str(photo)], ["embed", str(photo), "-o", "unused.npz"]):
        assert main([*command, "--backbone", "clip"]) == 2
        assert capsys.readouterr() == ("", f"There is no backbone named 'clip'. Known: {known}.\n")


def test_missing_artifacts_are_one_sentence(artifacts_folder, photo, capsys):
    assert main(["search", str(photo)]) == 1
    assert capsys.readouterr().err == ("artifacts/manifest.json is missing. To repair it, run: git restore artifacts\n")


def test_search_wants_one_query_and_a_sensible_k(tiny_artifacts, photo, capsys):
    assert "give one of IMAGE, --item, --text and --vector" in refused(capsys, ["search"])
    assert "give one of IMAGE, --item, --text and --vector" in refused(capsys, ["search", str(photo), "--text", "x"])
    for k in ("0", "-1", str(MAX_K + 1)):
        assert f"--k must be between 1 and {MAX_K}" in refused(capsys, ["search", str(photo), "--k", k])
    assert main(["search", str(photo), "--catalogue", "shoes"]) == 2
    assert "There is no catalogue named 'shoes'. Known: all, clothing," in capsys.readouterr().err
    assert main(["search", str(photo), "--k", str(MAX_K)]) == 0


def test_several_photos_are_asked_one_by_one_and_a_bad_one_stops_no_other(engine, photo, tmp_path, capsys):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    (tmp_path / "blue.png").write_bytes(png((10, 10, 250)))
    asked = [str(photo), str(tmp_path / "bad.png"), str(tmp_path / "blue.png")]
    assert main(["search", *asked, "--json", "--k", "2"]) == 1
    out, err = capsys.readouterr()
    found = [json.loads(line) for line in out.splitlines()]
    assert [one["query"] for one in found] == [asked[0], asked[2]]
    expected = [[hit.id for hit in engine.search(Query(photo=Path(path), k=2)).hits] for path in (asked[0], asked[2])]
    assert [[hit["id"] for hit in one["hits"]] for one in found] == expected
    assert err.startswith("bad.png: it is not a picture")
    assert main(["search", asked[0], asked[2], "--paths", "--k", "2"]) == 0
    assert capsys.readouterr().out.split() == [id for ids in expected for id in ids]
    assert main(["search", asked[0], asked[2]]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if line in asked] == [asked[0], asked[2]]


def test_a_photo_comes_from_standard_input(engine, photo, monkeypatch, capsys):
    for content, code in ((photo.read_bytes(), 0), (b"text", 1), (bytes(MAX_IMAGE_BYTES + 1), 1)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert main(["search", "-", "--paths"]) == code
        out, err = capsys.readouterr()
        if code == 0:
            assert out.split() == [hit.id for hit in engine.search(Query(photo=photo)).hits]
        else:
            assert (out, err.startswith("standard input: it is ")) == ("", True) or "larger than 10 MB" in err
    assert "- can be given once" in refused(capsys, ["search", "-", "-"])


def test_hits_can_be_bound_by_label_and_similarity(engine, photo, capsys):
    first = engine.search(Query(photo=photo)).hits[0]
    label = f"{first.catalogue}/{first.label}"
    assert main(["search", str(photo), "--label", label, "--k", "4", "--json"]) == 0
    hits = json.loads(capsys.readouterr().out)["hits"]
    assert {f"{hit['catalogue']}/{hit['label']}" for hit in hits} == {label}
    least = hits[1]["similarity"]
    assert main(["search", str(photo), "--label", label, "--min-similarity", str(least - 1e-4), "--paths"]) == 0
    assert capsys.readouterr().out.split() == [hit["id"] for hit in hits if hit["similarity"] >= least]
    assert main(["search", str(photo), "--label", "clothing/Sock"]) == 2
    assert "Known: " in capsys.readouterr().err
    assert "--min-similarity must be between" in refused(capsys, ["search", str(photo), "--min-similarity", "2"])
    for empty in ("", "  "):
        assert "cannot be empty" in refused(capsys, ["search", "--text", empty])


# --- embed


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, tuple[int, int, int]]:
    """A folder, a file and an archive with bad members in the middle: the good ones, by id."""
    good = {}
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    for name, rgb in (("c.png", (255, 0, 0)), ("deep/a.jpeg", (0, 255, 0)), ("z.PNG", (0, 0, 255))):
        (folder / name).write_bytes(png(rgb))
        good[str(folder / name)] = rgb
    (folder / "e.png").write_bytes(png((1, 2, 3))[:60])
    (folder / "notes.txt").write_text("not a picture")
    (tmp_path / "b.png").write_bytes(png((9, 99, 199)))
    good[str(tmp_path / "b.png")] = (9, 99, 199)
    archive = tmp_path / "many.ZIP"
    with zipfile.ZipFile(archive, "w") as file:
        for i, rgb in enumerate([(10, 20, 30), (40, 50, 60), (70, 80, 90)]):
            file.writestr(f"in/{i}.png", png(rgb))
            good[f"{archive}/in/{i}.png"] = rgb
        file.writestr("in/0b.png", b"")
        file.writestr("in/1b.png", b"GIF89a and nothing more")
        file.writestr("in/1z.png", bytes(MAX_IMAGE_BYTES + 1), zipfile.ZIP_DEFLATED)
        file.writestr("in/damaged-bzip2.png", png((1, 1, 1)) * 9, zipfile.ZIP_BZIP2)
        file.writestr("in/damaged-deflated.png", png((1, 1, 1)) * 9, zipfile.ZIP_DEFLATED)
        file.writestr("in/damaged-lzma.png", png((1, 1, 1)) * 9, zipfile.ZIP_LZMA)
        file.writestr("in/damaged-stored.png", png((1, 1, 1)))
        file.mkdir("in/folder.png")
        starts = [info.header_offset for info in file.infolist() if "damaged" in info.filename]
    content = bytearray(archive.read_bytes())
    for start in starts:
        first = start + 30 + content[start + 26] + content[start + 28]  # after the local header
        content[first + 8 : first + 40] = b"\xff" * 32
    archive.write_bytes(content)
    return good


def test_embed_keeps_ids_aligned_whatever_lies_between(tiny_artifacts, pictures, tmp_path, capsys):
    sources = [tmp_path / "many.ZIP", tmp_path / "folder", tmp_path / "b.png", tmp_path / "nowhere.png"]
    assert main(["embed", *map(str, sources), "-o", str(tmp_path / "out.npz")]) == 0
    with np.load(tmp_path / "out.npz", allow_pickle=False) as found:
        ids, embeddings, skipped = found["ids"].tolist(), found["embeddings"], found["skipped"].tolist()
        assert sorted(found) == ["embeddings", "ids", "skipped"]
    assert ids == sorted(pictures)
    assert (embeddings.shape, embeddings.dtype) == ((7, 4), np.float32)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)
    expected = fakes.with_darkness(np.array([pictures[id] for id in ids], np.float32) / 255)
    np.testing.assert_allclose(embeddings, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-3)

    out, err = capsys.readouterr()
    archive, folder = tmp_path / "many.ZIP", tmp_path / "folder"
    names = [
        *("in/0b.png", "in/1b.png", "in/1z.png"),
        *(f"in/damaged-{x}.png" for x in ("bzip2", "deflated", "lzma", "stored")),
    ]
    paths = sorted(
        [*(f"{archive}/{n}" for n in names), f"{folder}/e.png", f"{folder}/notes.txt", f"{tmp_path}/nowhere.png"]
    )
    assert [sentence.partition(": ")[0] for sentence in skipped] == paths
    reasons = dict(sentence.split(": ", 1) for sentence in skipped)
    assert reasons[f"{archive}/in/0b.png"] == "the file is empty."
    assert reasons[f"{archive}/in/1z.png"] == "it is larger than 10 MB, the limit for one picture."
    assert reasons[f"{folder}/notes.txt"].startswith("it is not a picture of an accepted type")
    for method in ("deflated", "stored"):
        assert reasons[f"{archive}/in/damaged-{method}.png"].startswith("it is damaged, or not of the size")
    for method in ("bzip2", "lzma"):
        assert reasons[f"{archive}/in/damaged-{method}.png"] == "it is compressed by a method that is not accepted."
    lines = err.splitlines()
    assert [line for line in lines if line.startswith("skipped: ")] == [f"skipped: {sentence}" for sentence in skipped]
    assert lines[-1] == "7 embedded, 10 skipped."
    assert out == ""


def test_embed_with_nothing_to_embed_says_so(tiny_artifacts, tmp_path, capsys):
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and then nothing")
    (tmp_path / "empty").mkdir()
    out = tmp_path / "new" / "out.npz"
    assert main(["embed", str(tmp_path / "broken.zip"), str(tmp_path / "empty"), "-o", str(out)]) == 1
    with np.load(out) as found:
        assert (found["ids"].tolist(), found["embeddings"].shape) == ([], (0, 4))
        assert found["embeddings"].dtype == np.float32
        (sentence,) = found["skipped"].tolist()
    assert sentence.startswith(f"{tmp_path / 'broken.zip'}: it is not a readable ZIP archive (")
    assert capsys.readouterr().err.endswith("0 embedded, 1 skipped.\n")


def test_an_archive_of_a_later_zip_version_is_skipped(tiny_artifacts, tmp_path, photo, capsys):
    archive = tmp_path / "later.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.png", png((1, 2, 3)))
    content = bytearray(archive.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 6] = 99  # version needed to extract: 9.9
    archive.write_bytes(content)
    out = tmp_path / "out.npz"
    assert main(["embed", str(archive), str(photo), "-o", str(out)]) == 0
    with np.load(out) as found:
        assert found["ids"].tolist() == [str(photo)]
    assert f"skipped: {archive}: it is not a readable ZIP archive" in capsys.readouterr().err


def test_embed_lines_of_text(tiny_artifacts, tmp_path, capsys):
    (tmp_path / "lines.txt").write_text("red dress\n\n  \nblue\nred dress\n", "utf-8")
    assert main(["embed", "--texts", str(tmp_path / "lines.txt"), "-o", str(tmp_path / "out.npz")]) == 0
    with np.load(tmp_path / "out.npz") as found:
        assert found["ids"].tolist() == ["red dress", "blue", "red dress"]
        expected = fakes.with_darkness(np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0]], np.float32))
        np.testing.assert_allclose(found["embeddings"], expected / np.sqrt(13 / 9), atol=1e-6)
        assert found["skipped"].tolist() == []


def test_embed_and_verify_tell_programs_what_they_did(tiny_artifacts, photo, tmp_path, capsys):
    out = str(tmp_path / "out.npz")
    assert main(["embed", str(photo), str(tmp_path / "none.png"), "-o", out, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["output"], told["dim"], told["n_embedded"], len(told["skipped"])) == (out, 4, 1, 1)
    assert main(["verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"n_files": 8, "wrong": [], "repair": ""}
    (tiny_artifacts / "indexes" / "vitrine-clip" / "clothing.npy").unlink()
    assert main(["verify", "--json"]) == 1
    wrong = json.loads(capsys.readouterr().out)["wrong"]
    assert wrong == [{"file": "artifacts/indexes/vitrine-clip/clothing.npy", "problem": "is missing"}]


@pytest.mark.parametrize("content", [None, b"caf\xe9\n"])
def test_lines_that_cannot_be_read_are_one_sentence(tiny_artifacts, tmp_path, capsys, content):
    path = tmp_path / "lines.txt"
    if content:
        path.write_bytes(content)
    assert main(["embed", "--texts", str(path), "-o", str(tmp_path / "out.npz")]) == 1
    assert capsys.readouterr().err.startswith(f"{path} cannot be read as UTF-8 text (")
    assert not (tmp_path / "out.npz").exists()


def test_a_place_that_cannot_be_written_is_one_sentence(tiny_artifacts, photo, capsys):
    assert main(["embed", str(photo), "-o", str(photo / "out.npz")]) == 1
    assert f"{photo / 'out.npz'} cannot be written (" in capsys.readouterr().err


def test_embed_wants_pictures_or_lines(photo, capsys):
    assert "give either PATHs or --texts FILE" in refused(capsys, ["embed", "-o", "x.npz"])
    assert "give either PATHs or --texts FILE" in refused(capsys, ["embed", "a", "--texts", "b", "-o", "x.npz"])


# --- verify


def test_verify_answers_with_its_exit_code(tiny_artifacts, capsys):
    assert main(["verify"]) == 0
    assert capsys.readouterr().out == "All 8 files are as the manifest says.\n"
    (tiny_artifacts / "indexes" / "vitrine-clip" / "clothing.npy").unlink()
    path = tiny_artifacts / "catalogues" / "clothing.json"
    path.write_bytes(path.read_bytes() + b"!")
    size = path.stat().st_size
    assert main(["verify"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"artifacts/catalogues/clothing.json is damaged: {size} bytes, expected {size - 1}.",
        "artifacts/indexes/vitrine-clip/clothing.npy is missing.",
        "2 of 8 files are not right. To repair them, run: git restore artifacts, or python -m core build",
    ]
    (tiny_artifacts / "manifest.json").write_text("{")
    assert main(["verify"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("artifacts/manifest.json is damaged: it is not readable JSON.")


# --- backbones


def test_backbones_are_listed_for_people_and_for_programs(tiny_artifacts, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VITRINE_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setitem(BACKBONES, "other", fakes.fake_record("other", n_parameters=1234567))
    assert main(["backbones", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == list(BACKBONES)
    assert rows["other"] == {
        **{"id": "other", "title": "Fake", "architecture": "mean colour", "n_parameters": 1234567, "input_size": 16},
        **{"dim": 4, "licence": "none", "source": "tests/fakes.py", "trained_on": ""},
        **{"weights_here": True, "gallery_here": False, "missing": ""},
    }
    assert rows["vitrine-clip"]["gallery_here"]
    assert rows["siglip-vit-b-16"]["missing"] == (
        "The weights of SigLIP ViT-B/16 are not here. Run: python -m core build --backbone siglip-vit-b-16"
    )
    assert main(["backbones"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("other "))
    assert line.split()[1:6] == ["1,234,567", "16", "4", "here", "no"]


# --- the rest


def test_every_command_has_help(capsys):
    commands = ["search", "match", "embed", "backbones", "compare", "build", "verify", "evaluate", "benchmark", "train"]
    commands += ["organise", "classify", "download"]
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    listed = [
        line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("    ") and line[4] > " "
    ]
    assert listed == commands
    for command in commands:
        with pytest.raises(SystemExit) as caught:
            main([command, "--help"])
        assert caught.value.code == 0
        assert f"usage: python -m core {command}" in capsys.readouterr().out


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from core.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print({'numpy', 'pandas', 'PIL', 'onnxruntime', 'torch', 'starlette'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "set()"


def test_whoever_reads_may_stop_reading(tiny_artifacts):
    command = [sys.executable, "-m", "core", "backbones", "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_the_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"Vitrine {__version__}\n"


def test_no_command_is_refused(capsys):
    assert "required: COMMAND" in refused(capsys, [])


def test_an_interrupted_command_ends_quietly(tiny_artifacts, photo, monkeypatch, capsys):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SearchEngine, "search", interrupt)
    assert main(["search", str(photo)]) == 130
    assert capsys.readouterr() == ("", "Stopped.\n")


# --- the real artifacts

needs_artifacts = pytest.mark.skipif(
    not (ROOT / "artifacts" / "manifest.json").is_file(), reason="artifacts/ has not been built"
)


@needs_artifacts
def test_the_real_artifacts_are_as_their_manifest_says(capsys):
    assert main(["verify"]) == 0
    assert capsys.readouterr().out.startswith("All ")


@needs_artifacts
@pytest.mark.parametrize("name", ["sneaker", "shirt", "bag", "dress"])
def test_a_sample_photo_finds_five_items_in_order(capsys, name):
    assert main(["search", str(ROOT / "samples" / f"{name}.jpg"), "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    hits = json.loads(out)["hits"]
    assert [hit["rank"] for hit in hits] == [1, 2, 3, 4, 5]
    similarities = [hit["similarity"] for hit in hits]
    assert similarities == sorted(similarities, reverse=True)
    assert 0 < similarities[-1] <= similarities[0] <= 1
    assert len({hit["id"] for hit in hits}) == 5


@needs_artifacts
@pytest.mark.parametrize("side", [1000, 1600, 4000])
@pytest.mark.parametrize("name", ["sneaker", "shirt", "bag", "dress"])
def test_a_photo_decoded_as_far_as_needed_is_embedded_as_the_whole_one(name, side):
    photo = open_image(ROOT / "samples" / f"{name}.jpg").resize((side, side * 3 // 4))
    content = io.BytesIO()
    photo.save(content, "JPEG", quality=90)
    embedder = load_embedder("vitrine-clip")
    part, whole = (embed_photo(embedder, content.getvalue(), whole=whole) for whole in (False, True))
    assert max(part.image.size) < max(whole.image.size) == side or side == 1000
    assert part.embedding @ whole.embedding > 0.999


@needs_artifacts
def test_the_served_model_agrees_with_the_one_that_open_clip_loads():
    torch = pytest.importorskip("torch")
    from core.engine.backbones import model_dir
    from core.engine.catalogues import fashion_mnist
    from core.training.model.clip import load

    grey = fashion_mnist.sheets()
    pictures = [open_image(path) for path in sorted((ROOT / "samples").glob("*.jpg"))]
    pictures += [grey.get(position).convert("RGB") for position in range(0, 70_000, 357)]
    texts = ["red dress", "a photo of a sneaker", "men’s navy blue shirt", "bed & bath", "", "shoes " * 40]
    model, transform, tokenizer = load(model_dir("vitrine-clip"))
    with torch.inference_mode():
        expected = [
            torch.nn.functional.normalize(rows, dim=1).numpy()
            for rows in (
                model.encode_image(torch.stack([transform(picture) for picture in pictures])),
                model.encode_text(tokenizer(texts)),
            )
        ]
    embedder = load_embedder("vitrine-clip")
    found = [embedder.embed_images(pictures), embedder.embed_texts(texts)]
    for ours, theirs in zip(found, expected, strict=True):
        cosines = np.einsum("ij,ij->i", ours, theirs)
        assert (cosines > 0.9999).all(), cosines
        # and the agreement is more than everything being alike
        assert np.abs(ours @ theirs.T - np.eye(len(ours))).max() > 0.01
        assert ((ours @ theirs.T).argmax(axis=1) == np.arange(len(ours))).all()
