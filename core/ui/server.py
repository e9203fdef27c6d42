"""What is served beside the pages, in the same process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core import api

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


def routes() -> list[BaseRoute]:
    """The routes of the HTTP API, below the same base path as the pages."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return api.routes(f"/{base}" if base else "")
