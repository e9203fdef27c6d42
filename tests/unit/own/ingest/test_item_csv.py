"""Tables from outside: which columns are taken for what, and what is refused."""

from __future__ import annotations

import csv
import io

import pytest

from core.engine.files.tables import safe_cell, to_csv
from core.own.ingest.incoming import UploadError
from core.own.ingest.item_csv import CsvRow, read_item_csv

FASHION = """ProductId,Gender,Category,SubCategory,ProductType,Colour,Usage,ProductTitle,Image,ImageURL
42419,Girls,Apparel,Topwear,Tops,White,Casual,Gini and Jony Girls Knit White Top,42419.jpg,https://shop.test/42419.jpg
34009,Girls,Apparel,Topwear,Tops,Black,Casual,"Top, black",34009.jpg,https://shop.test/34009.jpg
"""


def test_the_usual_shape_of_a_fashion_table():
    table = read_item_csv(FASHION.encode())
    rest = {"Gender": "Girls", "Category": "Apparel", "SubCategory": "Topwear", "Usage": "Casual"}
    assert table.rows == [
        CsvRow(
            2,
            "https://shop.test/42419.jpg",
            "Tops",
            "Gini and Jony Girls Knit White Top",
            rest | {"ProductId": "42419", "Colour": "White", "Image": "42419.jpg"},
        ),
        CsvRow(
            3,
            "https://shop.test/34009.jpg",
            "Tops",
            "Top, black",
            rest | {"ProductId": "34009", "Colour": "Black", "Image": "34009.jpg"},
        ),
    ]
    assert table.skipped == []


@pytest.mark.parametrize("name", ["image", "imageurl", "image_url", "url", "link", "IMAGE URL", "Image-Url"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_url_column_is_found_by_name_whatever_the_delimiter(name, delimiter):
    text = f"a{delimiter}{name}{delimiter}class\n1,2;3{delimiter}https://x.test/1{delimiter}Hat\n"
    text = text.replace("1,2;3", '"1,2;3"')
    (row,) = read_item_csv(text.encode()).rows
    assert (row.url, row.label, row.metadata) == ("https://x.test/1", "Hat", {"a": "1,2;3"})


def test_of_two_url_columns_the_one_that_holds_urls_is_taken():
    table = read_item_csv(b"image,url\na.jpg,https://x.test/a\nb.jpg,https://x.test/b\n")
    assert [row.url for row in table.rows] == ["https://x.test/a", "https://x.test/b"]
    assert [row.metadata for row in table.rows] == [{"image": "a.jpg"}, {"image": "b.jpg"}]


@pytest.mark.parametrize("encoding, label", [("utf-8", "Röcke ♥"), ("utf-8-sig", "Röcke ♥"), ("latin-1", "Röcke")])
def test_encodings(encoding, label):
    table = read_item_csv(f"url,label\nhttps://x.test/1,{label}\n".encode(encoding))
    assert (table.rows[0].url, table.rows[0].label) == ("https://x.test/1", label)


def test_a_cell_is_never_a_path(tmp_path):
    """Whatever is in the cell stays text; whether it may be fetched is decided elsewhere."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"x")
    rows = read_item_csv(f"image\n{secret}\nfile://{secret}\n../secret.png\n".encode()).rows
    assert [row.url for row in rows] == [str(secret), f"file://{secret}", "../secret.png"]


def test_bad_rows_are_skipped_and_the_others_keep_their_numbers():
    text = f"url,label\nhttps://x.test/1,a\n,b\n\nhttps://x.test/{'x' * 2000},c\nhttps://x.test/5,e,more\nhttps://x.test/6\n"
    table = read_item_csv(text.encode())
    assert [(row.number, row.label) for row in table.rows] == [(2, "a"), (6, "e"), (7, "")]
    assert [(str(one.name), str(one.reason)) for one in table.skipped] == [
        ("row 3", "it names no picture"),
        ("row 5", "it has a cell of more than 2,000 characters"),
    ]


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "The table has no column of picture URLs; name it image_url (or image, url or link)."),
        (b"a,b\n1,2\n", "The table has no column of picture URLs; name it image_url (or image, url or link)."),
        (b"url\n" + b"x\n" * 5001, "The table has more than 5,000 rows, the limit for an upload."),
        (b"url," + b"c," * 101, "The table has more than 100 columns, the limit for an upload."),
        (b"u\0r\0l\0", "The file is not a CSV table: it holds bytes that no text has."),
        (b"url\n" + b"x" * 10_000_000, "The table is larger than 10 MB, the limit for an upload."),
        (b'url\n"' + b"x" * 200_000, "The file is not a CSV table (field larger than field limit (131072))."),
    ],
)
def test_what_is_refused_as_a_whole(content, sentence):
    with pytest.raises(UploadError) as caught:
        read_item_csv(content)
    assert str(caught.value) == sentence


def test_exactly_as_many_rows_as_the_limit_are_read():
    assert len(read_item_csv(b"url\n" + b"https://x.test\n" * 5000).rows) == 5000


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0=", "＝"])
def test_a_formula_is_not_calculated_by_a_spreadsheet(start):
    assert safe_cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("text", ["", "a=b", "Red-blue", "10 %", " x"])
def test_other_text_is_left_alone(text):
    assert safe_cell(text) == text


def test_a_table_written_can_be_read():
    text = to_csv(["=a", "b"], [{"=a": '=HYPERLINK("x")', "b": -0.5}, {"b": 'say "hi",\nyou'}])
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["'=a", "b"],
        ['\'=HYPERLINK("x")', "-0.500000"],
        ["", 'say "hi",\nyou'],
    ]
