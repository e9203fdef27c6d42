"""Getting the clothing dataset: from its public archive, resumably, or from a copy at hand.

The host packs the archive anew now and then, so that its bytes change while its content does not. What is
checked is therefore the content, and only a checked archive takes the name under which it is looked for.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.engine.catalogues.clothing import ARCHIVE, COMMIT, SPLITS_CSV
from core.engine.catalogues.clothing_source import ClothingSource
from core.engine.files.folder import written
from core.engine.progress import ProgressClock, show_progress
from core.errors import DataError, DownloadError
from core.jobs.download.fetch import Progress, fetch, require_space

N_PHOTOS = 5_398
_USUAL_BYTES = 160_000_000
_MAX_MEMBERS = 50_000
_ARCHIVE_URL = f"https://codeload.github.com/alexeygrigorev/clothing-dataset/zip/{COMMIT}"


def download_clothing(
    destination: Path,
    local: Path | None = None,
    progress: Progress | None = None,
    n_photos: int = N_PHOTOS,
) -> Path:
    """Put the checked archive of the clothing dataset into a folder.

    A download that breaks off leaves `clothing-dataset.zip.part`, from which the next call goes on. An
    archive that is already there stays until a checked one replaces it.

    Args:
        destination: The folder, usually `core.config.data_dir()`; made if it does not exist.
        local: A copy at hand, archive or folder with `images.csv`, to take instead of downloading. The
            table of splits that lies beside it is taken too.
        progress: Told how far the download is.
        n_photos: How many of the listed photos there must be at least.

    Returns:
        The archive in `destination`.

    Raises:
        DownloadError: Offline, broken off, no space, or not the expected content; says which.

    The environment's `VITRINE_CLOTHING_URL` replaces the archive's address.
    """
    target = destination / ARCHIVE
    with _disk_errors():
        destination.mkdir(parents=True, exist_ok=True)
        if local is not None:
            _take_local(local, target, n_photos)
            return target
        part = target.with_name(ARCHIVE + ".part")
        try:
            fetch(os.environ.get("VITRINE_CLOTHING_URL") or _ARCHIVE_URL, part, _USUAL_BYTES, progress)
        except DownloadError as error:
            raise DownloadError("jobs.take-local", error=error) from error
        try:
            check_archive(part, n_photos)
        except DownloadError as error:
            part.unlink()
            raise DownloadError("jobs.removed", error=error) from error
        part.replace(target)
    return target


def check_archive(path: Path, n_photos: int = N_PHOTOS) -> None:
    """Check that a file or folder is the clothing dataset, every photo of it; nothing is unpacked to disk.

    Raises:
        DownloadError: It is not; says what was found instead.
    """
    try:
        if path.is_file():
            _check_members(path)
        with ClothingSource(path) as source:
            found = [row["image"] for row in source.rows() if source.has(row["image"])]
            if len(set(found)) < n_photos:
                raise DataError("jobs.photos-missing", n_found=len(set(found)), n_expected=n_photos)
            odd = [image for image in found if source.read(image)[:3] != b"\xff\xd8\xff"]
            if odd:
                raise DataError("jobs.no-jpeg", photo=odd[0])
    except DataError as error:
        raise DownloadError("jobs.not-clothing", error=error) from error


@contextmanager
def console_progress() -> Iterator[Progress]:
    """Give a progress function that prints a line now and then."""
    clock = ProgressClock(None)

    def show(done: int, total: int | None) -> None:
        clock.n_added, clock.n_total = done // 10**6, None if total is None else total // 10**6
        if clock.is_time():
            show_progress(clock.report(), "MB")

    try:
        yield show
    finally:
        if clock.n_done:
            show_progress(clock.report(finished=True), "MB")


def _take_local(local: Path, target: Path, n_photos: int) -> None:
    if not local.exists():
        raise DownloadError("jobs.nothing-there", path=local)
    check_archive(local, n_photos)
    if not (target.exists() and target.samefile(local)):
        require_space(target.parent, local.stat().st_size if local.is_file() else _USUAL_BYTES)
        with written(target) as temporary:
            if local.is_dir():
                _pack(local, temporary)
            else:
                shutil.copyfile(local, temporary)
    splits = local.parent / SPLITS_CSV
    copy = target.parent / SPLITS_CSV
    if splits.is_file() and not (copy.exists() and copy.samefile(splits)):
        with written(copy) as temporary:
            shutil.copyfile(splits, temporary)


def _pack(folder: Path, archive: Path) -> None:
    """Store `images.csv` and the listed photos of a folder in an archive with the published layout."""
    with ClothingSource(folder) as source, zipfile.ZipFile(archive, "w") as target:
        start = f"clothing-dataset-{COMMIT}"
        target.write(folder / "images.csv", f"{start}/images.csv")
        for row in source.rows():
            if source.has(row["image"]):
                target.writestr(f"{start}/images/{row['image']}.jpg", source.read(row["image"]))


def _check_members(path: Path) -> None:
    """Refuse an archive with unsafe names, or whose parts do not lie where its directory says."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > _MAX_MEMBERS:
                raise DataError("jobs.too-many-members", n=len(infos))
            for info in infos:
                if {"..", ""} & set(re.split(r"[/\\]", info.filename.removesuffix("/"))):
                    raise DataError("jobs.unsafe-name", name=info.filename[:60])
                archive.open(info).close()
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise DataError("jobs.no-zip", reason=error) from error


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Turn what the disk refuses into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DownloadError("jobs.disk-full") from error
        raise DownloadError("jobs.unstorable", reason=error.strerror or error) from error
