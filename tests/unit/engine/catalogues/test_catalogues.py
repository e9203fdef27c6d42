import hashlib
import subprocess
import sys

import pytest

from core.engine.catalogues import CATALOGUES, get
from core.engine.catalogues.items import Item, ItemTable, UnknownItemError
from core.errors import ArtifactError, DataError, UnknownNameError

IDS = ["clothing/b", "clothing/a", "clothing/ç"]


def make_table(ids=IDS, labels=("Pants", "Not sure", "Pants")):
    return ItemTable.from_columns(
        "clothing",
        id=list(ids),
        label=list(labels),
        split=["train", "test", "train"],
        sender=["7", "", "9"],
        kids=[True, None, False],
        thumbhash=[b"\x00\xff\x80ab", b"", b"z"],
        width=[400, 1, 32_767],
        height=[300, 2, 400],
        small_split=["train", "", "test"],
    )


def test_the_registry_names_two_catalogues_and_their_classes():
    assert list(CATALOGUES) == ["fashion-mnist", "clothing"]
    assert list(get("fashion-mnist").classes) == [
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ]
    assert len(get("clothing").classes) == 20
    assert get("clothing").classes["Longsleeve"] == "Long-sleeved top"
    assert get("clothing").classes["Not sure"] == "Unsorted"
    assert [c.n_items for c in CATALOGUES.values()] == [70_000, 5_398]
    assert len({*CATALOGUES.values()}) == 2


def test_an_unknown_catalogue_is_answered_with_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"no catalogue named 'shoes'\. Known: clothing, fashion-mnist"):
        get("shoes")


def test_rows_and_positions_agree():
    table = make_table()
    assert len(table) == 3
    assert [table.row(i).id for i in range(3)] == IDS
    assert [table.position(id) for id in IDS] == [0, 1, 2]
    assert table.row(1) == Item("clothing/a", "clothing", "Not sure", "Unsorted")


@pytest.mark.parametrize("part", ["clothing/A", "a", "CLOTHING", "/", "zzz", ".", "(", "x" * 1000])
def test_a_part_of_an_id_finds_what_a_look_at_every_id_finds(part):
    table = make_table()
    assert table.positions_with(part).tolist() == [n for n, id in enumerate(IDS) if part.casefold() in id.casefold()]


@pytest.mark.parametrize("position", [-1, 3])
def test_a_position_outside_is_an_index_error(position):
    with pytest.raises(IndexError, match=r"not in 0\.\.2"):
        make_table().row(position)


def test_an_unknown_item_is_named_in_short():
    with pytest.raises(UnknownItemError, match="no item with the id 'clothing/x'") as caught:
        make_table().position("clothing/x")
    assert isinstance(caught.value, UnknownNameError)
    assert caught.value.known == []
    with pytest.raises(UnknownItemError) as caught:
        make_table().position("x" * 100_000)
    assert len(str(caught.value)) < 130


def test_saving_keeps_every_value_and_type(tmp_path):
    table = make_table()
    table.save(tmp_path / "catalogues" / "clothing.json")
    loaded = ItemTable.load(tmp_path / "catalogues" / "clothing.json")
    assert loaded.frame.equals(table.frame)
    assert loaded.frame.dtypes.to_dict() == table.frame.dtypes.to_dict()
    assert list(loaded.frame["label"].cat.categories) == list(get("clothing").classes)
    assert loaded.frame["thumbhash"].tolist() == [b"\x00\xff\x80ab", b"", b"z"]
    assert loaded.frame["kids"].isna().tolist() == [False, True, False]
    assert loaded.content_hash() == table.content_hash()
    assert [file.name for file in (tmp_path / "catalogues").iterdir()] == ["clothing.json"]


def test_the_content_hash_depends_on_ids_labels_and_order():
    text = rb'[["clothing/b","clothing/a","clothing/\u00e7"],["Pants","Not sure","Pants"]]'
    known = hashlib.sha256(text).hexdigest()
    assert make_table().content_hash() == known
    others = [
        make_table(ids=IDS[::-1]),
        make_table(ids=["clothing/b", "clothing/a", "clothing/c"]),
        make_table(labels=("Pants", "Not sure", "Hat")),
    ]
    assert len({known, *(table.content_hash() for table in others)}) == 4


def test_columns_that_are_left_out_get_neutral_values():
    table = ItemTable.from_columns("fashion-mnist", id=["x"], label=["Bag"], split=["test"])
    row = table.frame.iloc[0]
    assert (row["sender"], row["thumbhash"], row["width"]) == ("", b"", 0)
    assert table.frame["kids"].isna().all()
    assert table.frame["label"].cat.codes.tolist() == [8]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["a"], "split": ["test"]}, "no column 'label'"),
        ({"id": ["a", "a"], "label": ["Bag", "Bag"], "split": ["test", "test"]}, "comes twice"),
        ({"id": ["a"], "label": ["Hat"], "split": ["test"]}, "unknown label: 'Hat'"),
        ({"id": ["a"], "label": ["Bag"], "split": ["dev"]}, "unknown split: 'dev'"),
    ],
)
def test_a_malformed_table_is_refused(columns, message):
    with pytest.raises(DataError, match=message):
        ItemTable.from_columns("fashion-mnist", **columns)


def test_a_damaged_table_is_refused_with_its_repair(tmp_path):
    path = tmp_path / "clothing.json"
    with pytest.raises(ArtifactError, match="is missing"):
        ItemTable.load(path)
    make_table().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(ArtifactError, match=r"not readable JSON.*python -m core build"):
        ItemTable.load(path)
    for old, new in ((b'"label"', b'"name"'), (b'"Pants"', b'"Hose"'), (b"00ff80", b"no hex"), (b"32767", b"1, 1")):
        assert old in whole
        path.write_bytes(whole.replace(old, new, 1))
        with pytest.raises(ArtifactError, match=r"cannot be read.*python -m core build"):
            ItemTable.load(path)


def test_the_registry_imports_nothing_heavy():
    code = (
        "import sys, core.engine.catalogues.clothing, core.engine.catalogues.fashion_mnist;"
        "import core.jobs.download.clothing;"
        "print({'pandas', 'pyarrow', 'requests', 'thumbhash', 'streamlit', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
