"""What every step of the Train page begins with."""

from __future__ import annotations

import streamlit as st


def heading(text: str) -> None:
    """The heading of a step."""
    st.html(f'<h3 class="vt-step">{text}</h3>')
