"""What all visitors share: loaded once, never changed by a page."""

from __future__ import annotations

import contextlib
import threading

import streamlit as st

from core import shared
from core.catalogues.clothing_source import ClothingSource
from core.catalogues.pictures import Pictures
from core.config import DEFAULT_BACKBONE, artifacts_dir
from core.errors import VitrineError
from core.search import SearchEngine


def engine(backbone_id: str = DEFAULT_BACKBONE) -> SearchEngine:
    """The one engine of a backbone; what it needs is loaded when it is first used."""
    return shared.engine(backbone_id)


def warm_up() -> None:
    """Start loading the default engine behind a page that is already drawn; once a process."""
    _warm_up(DEFAULT_BACKBONE, str(artifacts_dir()))


@st.cache_resource(max_entries=2, show_spinner=False)
def _warm_up(backbone_id: str, folder: str) -> threading.Thread:
    ready = shared.engine(backbone_id)

    def load() -> None:
        with contextlib.suppress(VitrineError):  # whoever searches gets the same error, and sees it
            ready.warm_up()

    thread = threading.Thread(target=load, name="warm-up", daemon=True)
    thread.start()
    return thread


def grey_pictures() -> Pictures:
    """The pictures of Fashion-MNIST.

    Raises:
        ArtifactError: Their file is missing or damaged.
    """
    return shared.grey_pictures()


def photo_source() -> ClothingSource | None:
    """The clothing photos on this computer, None where there are none; looked for anew now and then."""
    return shared.photo_source()
