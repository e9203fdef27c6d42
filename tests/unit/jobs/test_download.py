import http.server
import re
import shutil
import threading
import uuid
import zipfile
from collections import namedtuple

import pytest

from core.engine.catalogues.clothing_source import ClothingSource
from core.errors import DownloadError
from core.jobs.benchmark.serving import free_port
from core.jobs.download import fetch
from core.jobs.download.clothing import check_archive, console_progress, download_clothing

IDS = [str(uuid.UUID(int=i, version=4)) for i in range(1, 7)]
PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 200
TABLE = "image,sender_id,label,kids\n" + "".join(f"{id},1,Hat,False\n" for id in IDS)


def make_zip(path, photos=IDS, photo=PHOTO, table=TABLE, extra=()):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("clothing-dataset-main/images.csv", table)
        for id in photos:
            archive.writestr(f"clothing-dataset-main/images/{id}.jpg", photo)
        for name in extra:
            archive.writestr(name, b"x")
    return path


class Host(http.server.BaseHTTPRequestHandler):
    """Serves `server.content`; `server.mode` says how it misbehaves; notes the ranges it is asked for."""

    def do_GET(self):
        content, mode = self.server.content, self.server.mode
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and mode != "no ranges" else 0
        if mode == "404":
            return self.send_error(404)
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(206 if start else 200)
        if start:
            told = 0 if mode == "wrong range" else start
            self.send_header("Content-Range", f"bytes {told}-{len(content) - 1}/{len(content)}")
        if mode != "no length":
            length = 2 * 10**9 if mode == "too long" else len(content) - start
            self.send_header("Content-Length", str(length))
        self.end_headers()
        end = len(content) // 2 if mode == "cut" else len(content)
        self.wfile.write(content[start:end])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def host(tmp_path, monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    server.content = make_zip(tmp_path / "served.zip").read_bytes()
    server.mode, server.ranges = "", []
    monkeypatch.setenv("VITRINE_CLOTHING_URL", f"http://127.0.0.1:{server.server_port}/archive")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("mode", ["", "no length"])
def test_a_fresh_download(host, folder, mode):
    host.mode = mode
    told = []
    path = download_clothing(folder, progress=lambda done, total: told.append((done, total)), n_photos=6)
    assert path == folder / "clothing-dataset.zip"
    assert path.read_bytes() == host.content
    assert names(folder) == ["clothing-dataset.zip"]
    assert told[-1] == (len(host.content), None if mode else len(host.content))
    assert host.ranges == [None]


def test_a_download_that_breaks_off_is_resumed(host, folder):
    host.mode = "cut"
    with pytest.raises(DownloadError, match=r"broke off after 0\.\d MB.*goes on from there.*--from"):
        download_clothing(folder, n_photos=6)
    half = len(host.content) // 2
    assert names(folder) == ["clothing-dataset.zip.part"]
    kept = (folder / "clothing-dataset.zip.part").stat().st_size
    assert half - 65_536 < kept <= half
    host.mode = ""
    told = []
    path = download_clothing(folder, progress=lambda done, total: told.append((done, total)), n_photos=6)
    assert path.read_bytes() == host.content
    assert host.ranges == [None, f"bytes={kept}-"]
    assert told[0][0] > kept and told[-1] == (len(host.content), len(host.content))


@pytest.mark.parametrize(
    ("mode", "n_requests"), [("no ranges", 1), ("wrong range", 2)], ids=["ignored", "another range"]
)
def test_a_host_without_ranges_is_asked_from_the_start(host, folder, mode, n_requests):
    folder.mkdir()
    (folder / "clothing-dataset.zip.part").write_bytes(b"other bytes")
    host.mode = mode
    assert download_clothing(folder, n_photos=6).read_bytes() == host.content
    assert host.ranges == ["bytes=11-", None][:n_requests]


def test_a_part_that_is_whole_already_is_taken(host, folder):
    folder.mkdir()
    (folder / "clothing-dataset.zip.part").write_bytes(host.content)
    assert download_clothing(folder, n_photos=6).read_bytes() == host.content
    assert len(host.ranges) == 1


def test_a_part_that_is_too_long_is_replaced(host, folder):
    folder.mkdir()
    (folder / "clothing-dataset.zip.part").write_bytes(host.content + b"x")
    assert download_clothing(folder, n_photos=6).read_bytes() == host.content
    assert host.ranges == [f"bytes={len(host.content) + 1}-", None]


def test_an_error_status_is_told(host, folder):
    host.mode = "404"
    with pytest.raises(DownloadError, match="answered 404 Not Found"):
        download_clothing(folder, n_photos=6)
    assert names(folder) == []


def test_garbage_is_removed_and_the_good_copy_stays(host, folder, tmp_path):
    folder.mkdir()
    good = make_zip(folder / "clothing-dataset.zip").read_bytes()
    host.content = b"<html>Sign in</html>" * 100
    with pytest.raises(DownloadError, match=r"not the clothing dataset.*not a ZIP archive.*removed"):
        download_clothing(folder, n_photos=6)
    host.content = make_zip(tmp_path / "few.zip", photos=IDS[:2]).read_bytes()
    with pytest.raises(DownloadError, match="listed photos 2 are there, expected 6"):
        download_clothing(folder, n_photos=6)
    assert names(folder) == ["clothing-dataset.zip"]
    assert (folder / "clothing-dataset.zip").read_bytes() == good


def test_a_closed_port_is_offline(folder, monkeypatch):
    monkeypatch.setenv("VITRINE_CLOTHING_URL", f"http://127.0.0.1:{free_port()}/archive")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(DownloadError, match=r"cannot be reached.*python -m core download clothing --from"):
        download_clothing(folder)
    assert names(folder) == []


def test_too_much_is_refused(host, folder, monkeypatch):
    host.mode = "too long"
    with pytest.raises(DownloadError, match="more than 1000 MB"):
        download_clothing(folder, n_photos=6)
    host.mode = "no length"
    monkeypatch.setattr(fetch, "MAX_BYTES", 1000)
    with pytest.raises(DownloadError, match="more than 0 MB"):
        download_clothing(folder, n_photos=6)
    assert names(folder) == []


def test_a_full_disk_is_told(host, folder, monkeypatch, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 1000))
    with pytest.raises(DownloadError, match="too little space on the disk: 0 MB are needed, 0 MB are free"):
        download_clothing(folder, n_photos=6)
    with pytest.raises(DownloadError, match="too little space"):
        download_clothing(folder, local=make_zip(tmp_path / "x.zip"), n_photos=6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": "image,label,kids\n"}, "no column 'sender_id'"),
        ({"table": TABLE.replace(IDS[0], "../x")}, "not a UUID"),
        ({"photo": b""}, "0 are there, expected 6"),
        ({"photo": b"GIF89a"}, "is not a JPEG"),
        ({"extra": ["../../evil"]}, "unsafe name"),
        ({"extra": ["/evil"]}, "unsafe name"),
        ({"extra": ["a\\..\\evil"]}, "unsafe name"),
        ({"extra": ["x/images.csv"]}, r"no images\.csv where one is expected"),
    ],
)
def test_other_archives_are_refused(tmp_path, changes, message):
    with pytest.raises(DownloadError, match=message):
        check_archive(make_zip(tmp_path / "x.zip", **changes), n_photos=6)


def test_an_archive_pieced_together_from_two_is_refused(tmp_path):
    content = make_zip(tmp_path / "x.zip").read_bytes()
    (tmp_path / "y.zip").write_bytes(content[: len(content) // 2] + content[len(content) // 2 + 7 :])
    with pytest.raises(DownloadError, match="damaged"):
        check_archive(tmp_path / "y.zip", n_photos=6)


def test_damage_anywhere_in_an_archive_is_noticed_before_it_is_used(tmp_path, folder):
    """A byte of any photo, and of the table, not only of those that happen to be looked at."""
    whole = make_zip(tmp_path / "x.zip").read_bytes()
    places = [whole.index(f"{id}.jpg".encode()) + len(f"{id}.jpg") + 20_000 for id in IDS] + [whole.index(b",1,Hat")]
    for place in places:
        (tmp_path / "x.zip").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(
            DownloadError, match=r"^What is there is not the clothing dataset.* cannot be read: Bad CRC"
        ):
            download_clothing(folder, tmp_path / "x.zip", n_photos=6)
        assert names(folder) == []


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_method_of_unbounded_cost_is_refused(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as archive:
        archive.writestr("clothing-dataset-main/images.csv", TABLE)
        archive.writestr(f"clothing-dataset-main/images/{IDS[0]}.jpg", PHOTO)
    with pytest.raises(
        DownloadError, match=r"images\.csv in x\.zip cannot be read: it is packed by a method that is not"
    ):
        check_archive(tmp_path / "x.zip", n_photos=1)


def test_a_local_archive_is_copied_with_its_splits(tmp_path, folder):
    local = make_zip(tmp_path / "mine.zip")
    (tmp_path / "clothing-splits.csv").write_text("image,split\n")
    assert download_clothing(folder, local=local, n_photos=6).read_bytes() == local.read_bytes()
    assert names(folder) == ["clothing-dataset.zip", "clothing-splits.csv"]
    again = download_clothing(folder, local=folder / "clothing-dataset.zip", n_photos=6)
    assert again.read_bytes() == local.read_bytes()


def test_a_local_folder_becomes_an_archive(tmp_path, folder):
    local = tmp_path / "unpacked"
    (local / "images").mkdir(parents=True)
    (local / "images.csv").write_text(TABLE)
    for id in IDS:
        (local / "images" / f"{id}.jpg").write_bytes(PHOTO)
    with ClothingSource(download_clothing(folder, local=local, n_photos=6)) as source:
        assert [row["image"] for row in source.rows()] == IDS
        assert source.read(IDS[4]) == PHOTO


def test_a_bad_local_copy_changes_nothing(tmp_path, folder):
    folder.mkdir()
    good = make_zip(folder / "clothing-dataset.zip").read_bytes()
    (tmp_path / "bad.zip").write_bytes(b"garbage")
    with pytest.raises(DownloadError, match="not a ZIP archive"):
        download_clothing(folder, local=tmp_path / "bad.zip", n_photos=6)
    with pytest.raises(DownloadError, match="There is nothing at"):
        download_clothing(folder, local=tmp_path / "nowhere.zip")
    assert names(folder) == ["clothing-dataset.zip"]
    assert (folder / "clothing-dataset.zip").read_bytes() == good


def test_the_last_line_says_what_is_done(capsys):
    with console_progress() as progress:
        progress(40_000_000, 80_000_000)
        progress(80_000_000, 80_000_000)
    assert "80 of 80 MB, " in capsys.readouterr().err
