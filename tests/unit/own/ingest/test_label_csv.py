"""Tables of file names and labels."""

import pytest

from core.errors import DataError, sentence
from core.own.ingest.incoming import UploadError
from core.own.ingest.label_csv import LabelRow, LabelTable

IMAGES_CSV = b"image,sender_id,label,kids\nu-1,124,Not sure,False\nu-2,124,T-Shirt,True\n"


def test_the_clothing_datasets_table_is_understood():
    table = LabelTable(IMAGES_CSV)
    assert table.rows == [LabelRow("u-1", "Not sure", "124"), LabelRow("u-2", "T-Shirt", "124")]
    assert table.find("clothing-dataset/images/u-2.jpg") == table.rows[1]
    assert table.find("u-3.jpg") is None


def test_semicolons_other_names_and_paths():
    table = LabelTable("\ufeffFile Name;Category\nshoes/a.jpg;Schuh\nb.jpg;Hut\n".encode())
    assert table.find("root/shoes/a.jpg") == LabelRow("shoes/a.jpg", "Schuh", "")
    assert table.find("b.jpg") == LabelRow("b.jpg", "Hut", "")


def test_rows_that_say_nothing_are_skipped_with_their_place():
    table = LabelTable(b"file,label\na,x\n,y\nb,\na,z\n")
    assert [row.name for row in table.rows] == ["a"]
    assert [(str(one.name), str(one.reason)) for one in table.skipped] == [
        ("row 3", "it names no picture"),
        ("row 4", "it has no label"),
        ("a", "the table names it more than once"),
    ]


def test_a_short_name_that_means_two_rows_means_neither():
    table = LabelTable(b"file,label\none/a.jpg,x\ntwo/a.jpg,y\n")
    assert table.find("a.jpg") is None
    assert table.find("two/a.jpg") == LabelRow("two/a.jpg", "y", "")


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (
            b"colour,label\nred,x\n",
            UploadError,
            str(sentence("own.no-names")),
        ),
        (
            b"file,colour\na,red\n",
            DataError,
            str(sentence("own.no-labels")),
        ),
        (b"file\0,label\n", UploadError, "bytes that no text has"),
        (b"file,label\n" + b"a,b\n" * 12, UploadError, "more than 10 rows"),
        (b"", UploadError, str(sentence("own.no-names"))),
    ],
)
def test_what_is_no_such_table_is_refused(content, error, sentence):
    with pytest.raises(error) as caught:
        LabelTable(content, max_rows=10)
    assert sentence in str(caught.value)
