"""What is taken from a ZIP archive that somebody else made."""

from __future__ import annotations

import io
import zipfile

import pytest

from core.engine.files.archives import read_member
from core.errors import DataError

CONTENT = bytes(range(256)) * 20


def archive(method: int = zipfile.ZIP_DEFLATED, damage: int | None = None) -> zipfile.ZipFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as written:
        written.writestr("a.bin", CONTENT)
    content = bytearray(buffer.getvalue())
    if damage is not None:
        content[damage] ^= 1
    return zipfile.ZipFile(io.BytesIO(content))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_may_be_as_large_as_the_limit_and_no_larger(method):
    assert read_member(archive(method), "a.bin", len(CONTENT), "the ZIP") == CONTENT
    with pytest.raises(DataError, match=r"^a\.bin in the ZIP is larger than 0 MB"):
        read_member(archive(method), "a.bin", len(CONTENT) - 1, "the ZIP")


def test_of_a_member_that_unpacks_for_ever_no_more_is_unpacked_than_the_limit():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("zeros", bytes(50_000_000))
    taken = []

    class Counting(zipfile.ZipExtFile):
        def read(self, n=-1):
            content = super().read(n)
            taken.append(len(content))
            return content

    bomb = zipfile.ZipFile(buffer)
    opened = bomb.open
    bomb.open = lambda *args: setattr(member := opened(*args), "__class__", Counting) or member
    with pytest.raises(DataError, match="larger"):
        read_member(bomb, "zeros", 1000, "the ZIP")
    assert taken == [1001]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_whose_cost_the_file_chooses_is_refused(method):
    with pytest.raises(DataError, match=r"a\.bin"):
        read_member(archive(method), "a.bin", 10**6, "the ZIP")


@pytest.mark.parametrize("name", ["a.bin", "b.bin"])
def test_damage_and_absence_are_told(name):
    with pytest.raises(DataError, match=f"{name[0]}.bin in the ZIP cannot be read"):
        read_member(archive(zipfile.ZIP_STORED, damage=100), name, 10**6, "the ZIP")
