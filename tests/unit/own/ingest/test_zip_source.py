"""Every hostile archive has its expected answer, and the good pictures around it are still there."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib

import fakes
import pytest

from core.errors import Sentence
from core.own.ingest import zip_source
from core.own.ingest.incoming import (
    TOO_HEAVY,
    FolderSource,
    Incoming,
    Skipped,
    UploadError,
    folder_labels,
    unique_names,
)
from core.own.ingest.zip_source import ArchiveLimits, ZipSource

LIMITS = ArchiveLimits(archive_bytes=100_000, entries=10, unpacked_bytes=20_000, ratio=100)


def picture(rgb=(200, 30, 30)) -> bytes:
    buffer = io.BytesIO()
    fakes.solid(rgb).save(buffer, "PNG")
    return buffer.getvalue()


RED, BLUE = picture(), picture((0, 0, 255))


def make_zip(*members, method=zipfile.ZIP_DEFLATED) -> bytes:
    """Members are (name or ZipInfo, content)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name)
            info.compress_type = info.compress_type if isinstance(name, zipfile.ZipInfo) else method
            archive.writestr(info, content)
    return buffer.getvalue()


def around(name, content=RED) -> bytes:
    """A hostile member between two good ones."""
    return make_zip(("all/red/1.png", RED), (name, content), ("all/blue/2.png", BLUE))


def patched(archive: bytes, name: bytes, entry_offset: int, value: bytes, local_offset: int | None = None) -> bytes:
    """The archive with bytes of one member's directory entry (and of its local header) replaced."""
    data = bytearray(archive)
    at = data.rindex(name, 0, len(data)) - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + entry_offset : at + entry_offset + len(value)] = value
    if local_offset is not None:
        at = data.index(name) - 30
        assert data[at : at + 4] == b"PK\x03\x04"
        data[at + local_offset : at + local_offset + len(value)] = value
    return bytes(data)


GOOD = [Incoming("all/red/1.png", "red", RED), Incoming("all/blue/2.png", "blue", BLUE)]


def check_skipped(archive: bytes, name: str, reason: Sentence) -> None:
    source = ZipSource(archive)
    assert list(source) == [GOOD[0], Skipped(name, reason), GOOD[1]]
    assert len(source) == 3


@pytest.mark.parametrize(
    "name, shown, reason",
    [
        ("../evil.png", "../evil.png", zip_source.OUTSIDE),
        ("all/../../evil.png", "all/../../evil.png", zip_source.OUTSIDE),
        ("/etc/evil.png", "/etc/evil.png", zip_source.ABSOLUTE),
        ("//host/evil.png", "//host/evil.png", zip_source.ABSOLUTE),
        ("C:/evil.png", "C:/evil.png", zip_source.ABSOLUTE),
        ("c:evil.png", "c:evil.png", zip_source.ABSOLUTE),
        ("all\\red\\evil.png", "all\\red\\evil.png", zip_source.BACKSLASH),
        ("..\\evil.png", "..\\evil.png", zip_source.BACKSLASH),
        ("all/red/evil\n.png", "all/red/evil\ufffd.png", zip_source.CONTROL),
        ("all/red/\x1b[31mevil.png", "all/red/\ufffd[31mevil.png", zip_source.CONTROL),
        ("all/red/gnp.\u202eevil.png", "all/red/gnp.\ufffdevil.png", zip_source.CONTROL),
        ("all/" + "x" * 400 + ".png", None, zip_source.LONG_NAME),
        ("all/more.zip", "all/more.zip", zip_source.NESTED),
        ("all/more.TAR.GZ", "all/more.TAR.GZ", zip_source.NESTED),
    ],
)
def test_a_name_that_is_not_a_plain_relative_path_is_skipped(name, shown, reason):
    source = ZipSource(around(name))
    first, middle, last = list(source)
    assert [first, last] == GOOD
    assert middle.reason == reason
    assert middle.name == shown if shown else len(middle.name) <= 121


def test_a_name_with_a_nul_is_skipped():
    archive = around("all/red/evilX.png").replace(b"evilX.png", b"evil\0.png")
    check_skipped(archive, "all/red/evil\ufffd.png", zip_source.CONTROL)


def test_an_archive_is_recognised_by_its_content_too():
    check_skipped(around("all/red/photo.png", make_zip(("a.png", RED))), "all/red/photo.png", zip_source.NESTED)
    check_skipped(around("all/red/photo.png", b"\x1f\x8b" + bytes(20)), "all/red/photo.png", zip_source.NESTED)


@pytest.mark.parametrize("kind, reason", [(stat.S_IFLNK, zip_source.LINK), (stat.S_IFIFO, zip_source.NO_FILE)])
def test_a_link_is_not_followed(kind, reason):
    info = zipfile.ZipInfo("all/red/link.png")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    check_skipped(around(info, b"/etc/passwd"), "all/red/link.png", reason)


@pytest.mark.parametrize("flags", [0x1, 0x41, 0x2001])
def test_an_encrypted_member_is_skipped(flags):
    archive = patched(around("all/red/secret.png"), b"all/red/secret.png", 8, struct.pack("<H", flags), 6)
    check_skipped(archive, "all/red/secret.png", zip_source.ENCRYPTED)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_without_a_bound_are_not_accepted(method):
    info = zipfile.ZipInfo("all/red/odd.png")
    info.compress_type = method
    check_skipped(around(info), "all/red/odd.png", zip_source.METHOD)


@pytest.mark.parametrize("method, reason", [(97, zip_source.METHOD), (99, zip_source.ENCRYPTED)])
def test_an_unknown_method_is_skipped(method, reason):
    archive = patched(around("all/red/odd.png"), b"all/red/odd.png", 10, struct.pack("<H", method), 8)
    check_skipped(archive, "all/red/odd.png", reason)


@pytest.mark.parametrize("declared", [10, 55_000])
def test_a_lying_size_is_noticed_and_no_more_than_declared_is_unpacked(declared):
    content = RED + bytes(50_000)
    archive = patched(around("all/red/liar.png", content), b"all/red/liar.png", 24, struct.pack("<I", declared), 22)
    check_skipped(archive, "all/red/liar.png", zip_source.DAMAGED)


def test_a_stored_member_whose_two_sizes_differ_is_skipped():
    info = zipfile.ZipInfo("all/red/liar.png")
    archive = patched(around(info, RED + b"more"), b"all/red/liar.png", 24, struct.pack("<I", len(RED)), 22)
    crc = struct.pack("<I", zlib.crc32(RED))  # the lie is complete: even the checksum fits
    check_skipped(patched(archive, b"all/red/liar.png", 16, crc, 14), "all/red/liar.png", zip_source.DAMAGED)


def test_a_damaged_member_is_skipped():
    archive = bytearray(around("all/red/bad.png", bytes(range(256)) * 8))
    at = archive.index(b"all/red/bad.png") + 15
    archive[at : at + 20] = b"\xff" * 20
    check_skipped(bytes(archive), "all/red/bad.png", zip_source.DAMAGED)


def test_a_picture_over_the_limit_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(zip_source, "MAX_IMAGE_BYTES", 1000)
    check_skipped(around("all/red/big.png", RED + bytes(1000)), "all/red/big.png", TOO_HEAVY)


def test_what_operating_systems_leave_is_passed_over_in_silence():
    junk = ["__MACOSX/all/red/._1.png", "all/.DS_Store", "all/Thumbs.db", "all/red/desktop.ini", "all/red/._1.png"]
    archive = make_zip(*((name, b"x") for name in junk), ("all/red/", b""), ("all/red/1.png", RED), ("blue/", b""))
    source = ZipSource(archive)
    assert list(source) == [Incoming("all/red/1.png", "red", RED)]
    assert len(source) == 1


def test_members_of_the_same_name_are_kept_apart():
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive = make_zip(
            ("a/1.png", RED), ("a/1.png", BLUE), ("b/1.png", RED), ("a/1.png (2)", RED), ("a/1.png", RED)
        )
    assert [(one.name, one.data) for one in ZipSource(archive)] == [
        ("a/1.png", RED),
        ("a/1.png (3)", BLUE),
        ("b/1.png", RED),
        ("a/1.png (2)", RED),
        ("a/1.png (4)", RED),
    ]


def test_many_equal_names_take_no_time():
    names = unique_names(["a"] * 5000)
    assert len(set(names)) == 5000 and names[4999] == "a (5000)"


@pytest.mark.parametrize(
    "paths, labels",
    [
        (["a/1", "b/2"], ["a", "b"]),
        (["all/a/1", "all/b/2", "all/3"], ["a", "b", ""]),
        (["all/x/a/1", "all/x/b/2"], ["a", "b"]),
        (["all/1", "all/2"], ["", ""]),
        (["1", "a/2"], ["", "a"]),
        (["1"], [""]),
        ([], []),
    ],
)
def test_the_innermost_folder_is_the_label_after_one_common_root(paths, labels):
    assert folder_labels([path.split("/") for path in paths]) == labels


def refusal(archive, limits=LIMITS) -> str:
    with pytest.raises(UploadError) as caught:
        ZipSource(archive, limits)
    return str(caught.value)


def test_more_entries_than_the_limit_are_refused_as_a_whole():
    members = [(f"{number}.png", b"x") for number in range(11)]
    assert refusal(make_zip(*members)) == "The archive has more than 10 entries, the limit for an upload."
    assert len(ZipSource(make_zip(*members[:10]), LIMITS)) == 10


def test_a_flood_of_entries_is_refused_before_they_become_objects(monkeypatch):
    monkeypatch.setattr(zip_source.zipfile, "ZipFile", None)
    archive = b"".join(zip_source._ENTRY + bytes(42) for _ in range(201))
    assert refusal(archive) == "The archive has more than 10 entries, the limit for an upload."


def test_marks_are_counted_across_blocks():
    data = b"x" * ((1 << 20) - 2) + zip_source._ENTRY + b"y" * ((1 << 20) - 3) + zip_source._ENTRY
    assert zip_source._count(io.BytesIO(data), zip_source._ENTRY) == 2


def test_more_bytes_than_the_limit_are_refused_before_unpacking():
    noise = bytes(range(256)) * 79
    assert refusal(make_zip(("1.png", noise))) == "The archive unpacks to more than 0.02 MB, the limit for an upload."


def test_a_ratio_over_the_limit_is_refused():
    archive = make_zip(("1.png", bytes(150_000)))
    limits = ArchiveLimits(unpacked_bytes=10**6)
    assert "more than 100 times its size" in refusal(archive, limits)


def test_an_archive_over_the_limit_is_refused():
    archive = make_zip(("1.png", RED)) + bytes(100_000)
    assert refusal(archive) == "The archive is larger than 0.1 MB, the limit for an upload."


@pytest.mark.parametrize("content", [b"", b"no archive", RED, make_zip(("1.png", RED))[:-30], b"PK\5\6" + b"\xff" * 18])
def test_what_is_no_archive_is_refused(content):
    assert refusal(content) == "The file is not a ZIP archive, or it is damaged."


@pytest.mark.parametrize("members", [[], [("a/", b"")], [("__MACOSX/x", b"x")]])
def test_an_archive_without_files_is_refused(members):
    assert refusal(make_zip(*members)) == "The archive holds no files."


def test_overlapping_entries_are_refused():
    """One member's bytes, named by many entries of the directory: the cheap way to a bomb."""
    noise = b"".join(zlib.crc32(bytes([i, j])).to_bytes(4, "big") for i in range(20) for j in range(20))
    archive = make_zip(("1.png", noise))
    at, end = archive.index(b"PK\x01\x02"), archive.index(b"PK\x05\x06")
    entry = archive[at:end]
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5, 5, 5 * len(entry), at, 0)
    assert (
        refusal(archive[:at] + 5 * entry + tail) == "The entries of the archive overlap, which no honest archive's do."
    )


def test_an_open_file_is_read_where_it_is_and_stays_open():
    file = io.BytesIO(make_zip(("a/1.png", RED), ("b/2.png", BLUE)))
    source = ZipSource(file)
    assert list(source) == list(source) == [Incoming("a/1.png", "a", RED), Incoming("b/2.png", "b", BLUE)]
    assert not file.closed


def test_nothing_is_written_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(list(ZipSource(around("../evil.png")))) == 3
    assert list(tmp_path.rglob("*")) == []


def test_a_local_folder_gives_the_same_kind_of_pictures(tmp_path):
    for name in ("red/1.png", "2.png", "red/._1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(RED)
    (tmp_path / "link.png").symlink_to(tmp_path / "2.png")
    assert list(FolderSource(tmp_path)) == [Incoming("2.png", "", RED), Incoming("red/1.png", "red", RED)]
    with pytest.raises(UploadError, match="is not a folder"):
        FolderSource(tmp_path / "nowhere")
