"""Whether the visitor is the owner of this computer."""

from __future__ import annotations

import streamlit as st

from core.config import is_local

#: What this computer calls itself.
HERE = ("localhost", "127.0.0.1", "::1")


def at_home() -> bool:
    """Whether folders may be opened by name: the owner said so, and nobody but the owner can reach this server."""
    return is_local() and st.get_option("server.address") in HERE
