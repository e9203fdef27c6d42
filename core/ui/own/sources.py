"""How pictures come into a catalogue of one's own: an archive, a table of addresses, an example, a local folder."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from PIL import Image, ImageEnhance, ImageOps
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.config import MAX_ARCHIVE_BYTES, Quota, allow_urls, own_dir
from core.engine.images.decode import encode_thumbnail, open_image
from core.engine.search import process
from core.errors import VitrineError
from core.own.files import open_own, saved_names
from core.own.ingest.fetch import UrlSource
from core.own.ingest.incoming import FolderSource
from core.own.ingest.item_csv import read_item_csv
from core.own.ingest.zip_source import ZipSource
from core.ui.components import cards, samples
from core.ui.components.ask import release
from core.ui.components.controls import download
from core.ui.own import job
from core.ui.visit import keys, page, session
from core.ui.visit.home import at_home
from core.ui.words import WORDS, say

_EXAMPLE_SIDE = 480  # pixels


def show() -> None:
    """Draw the ways in."""
    if allow_urls():
        uploader(WORDS.own.upload_urls, "own-upload", ["zip", "csv"], _add_file)
    else:
        uploader(WORDS.own.upload, "own-upload", ["zip"], _add_file)
    quota = Quota()
    limits = WORDS.own.limits.format(images=quota.images, megabytes=MAX_ARCHIVE_BYTES / 1e6)
    st.caption(f"{limits} {WORDS.own.urls_on}" if allow_urls() else limits)
    with st.container(key="own-example", horizontal=True, gap="small"):
        st.button(WORDS.own.example, key="own-try", icon=":material/play_arrow:", on_click=_guarded, args=(_try,))
        download(
            WORDS.own.example_download, example_zip, "vitrine-example.zip", "application/zip",
            "own-example-zip", type="tertiary",
        )  # fmt: skip
    if at_home():
        _local()


def show_others() -> None:
    """Draw the links to the catalogues in Milvus, where there are any."""
    names = [name for name in session.choices() if name not in session.catalogues()]
    if not names:
        return
    with st.container(key="own-others"):
        st.markdown(f"{WORDS.own.others}. {WORDS.own.others_note}")
        for name in names:
            with st.container(key=f"own-other-{name}", horizontal=True, vertical_alignment="center", gap="small"):
                st.page_link(
                    page.PAGES["browse"], label=cards.plain(name), icon=":material/grid_view:",
                    query_params={"catalogue": name},
                )  # fmt: skip


def show_queries() -> None:
    """Draw the ways in for queries."""
    st.markdown(WORDS.own.queries_lead.format(n=Quota().queries))
    uploader(WORDS.own.queries_upload, "own-queries-upload", ["zip"], lambda file: job.ask(ZipSource(file)))
    st.button(
        WORDS.own.queries_example, key="own-ask", icon=":material/play_arrow:", on_click=_guarded, args=(_ask_example,)
    )


def uploader(
    label: str,
    name: str,
    types: list[str],
    receive: Callable[[UploadedFile], None],
    limit: int = MAX_ARCHIVE_BYTES,
) -> None:
    """Draw an uploader that hands each file on once and forgets it; each file gets a widget of its own."""
    n = st.session_state.setdefault(f"{name}-n", 0)
    key = f"{name}-{n}"

    def received() -> None:
        file = st.session_state.get(key)
        st.session_state[f"{name}-n"] = n + 1
        if isinstance(file, UploadedFile):  # one that was released comes again, as deleted, with the next click
            _guarded(lambda: receive(file))
            release(file)

    st.file_uploader(label, type=types, key=key, max_upload_size=limit // 10**6, on_change=received)


def _guarded(begin: Callable[[], None]) -> None:
    """Begin something; what is refused becomes a sentence on the page."""
    keys.forget(keys.OWN_NOTE, keys.OWN_PROBLEM)
    try:
        begin()
    except VitrineError as error:
        st.session_state[keys.OWN_PROBLEM] = say(error)


def _add_file(file: UploadedFile) -> None:
    if file.name.lower().endswith(".csv"):
        table = read_item_csv(file.getvalue())
        job.add(UrlSource(table.rows), table.skipped)
    else:
        job.add(ZipSource(file))


def _try() -> None:
    job.add(ZipSource(example_zip()))


def _ask_example() -> None:
    job.ask(ZipSource(example_queries_zip()))


def _local() -> None:
    with st.container(key="own-local", horizontal=True, vertical_alignment="bottom"):
        st.text_input(WORDS.own.folder, key="own-folder")
        st.button(WORDS.own.folder_add, key="own-folder-add", on_click=_add_folder)
    if names := saved_names(own_dir()):
        with st.container(key="own-saved-row", horizontal=True, vertical_alignment="bottom"):
            st.selectbox(WORDS.own.saved, names, key="own-saved")
            st.button(WORDS.own.saved_open, key="own-saved-open", on_click=_open_saved)


def _add_folder() -> None:
    folder = st.session_state.get("own-folder")
    if folder and at_home():
        _guarded(lambda: job.add(FolderSource(Path(folder).expanduser())))


def _open_saved() -> None:
    name = st.session_state.get("own-saved")
    if name and at_home():
        _guarded(lambda: _open(name))


def _open(name: str) -> None:
    session.keep(open_own(name, own_dir(), process.engine().embedder, session.calibration()))


@st.cache_data(max_entries=1, show_spinner=False)
def example_zip() -> bytes:
    """Sixteen pictures in four folders, made of the project's own samples (CC0)."""
    return _archive(
        {
            f"{name}/{name}-{how}.jpg": picture
            for name in WORDS.common.samples
            for how, picture in _variants(open_image(samples.path_of(name))).items()
        }
    )


@st.cache_data(max_entries=1, show_spinner=False)
def example_queries_zip() -> bytes:
    """Eight queries, two for each folder of the catalogue: a detail, and the picture on its side."""
    pictures: dict[str, Image.Image] = {}
    for name in WORDS.common.samples:
        picture = open_image(samples.path_of(name))
        width, height = picture.size
        detail = picture.crop((width // 8, height // 8, width - width // 8, height - height // 8))
        pictures |= {f"{name}/detail.jpg": detail, f"{name}/turned.jpg": picture.rotate(90, expand=True)}
    return _archive(pictures)


def _variants(picture: Image.Image) -> dict[str, Image.Image]:
    return {
        "photo": picture,
        "mirrored": ImageOps.mirror(picture),
        "bright": ImageEnhance.Brightness(picture).enhance(1.15),
        "grey": ImageOps.grayscale(picture).convert("RGB"),
    }


def _archive(pictures: dict[str, Image.Image]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, picture in pictures.items():
            archive.writestr(zipfile.ZipInfo(name), encode_thumbnail(picture, _EXAMPLE_SIDE))
    return buffer.getvalue()
