"""What a visit keeps in `st.session_state`, by name.

A widget that only its own module draws and reads keeps its key there; so does the language, which words need first.
"""

from __future__ import annotations

import streamlit as st

#: The photos of a visit by their mark, parts of them, the queries before this one, the last question and its answer.
PHOTOS, PARTS, TRAIL, ANSWER = "photos", "parts", "trail", "answer"
#: A photo that has just come in, why one was refused, and how many have come: each gets an uploader of its own.
INCOMING, PROBLEM, N_UPLOADS = "incoming", "problem", "n-uploads"
#: What was last seen on each page, as the parameters of its link.
PAGES_LEFT = "pages-left"
#: The catalogue of one's own, the work at it, and what was found out about it.
OWN, OWN_JOB, OWN_NOTE, OWN_PROBLEM, OWN_SKIPPED = "own", "own-job", "own-note", "own-problem", "own-skipped"
#: What it held before the last removal.
OWN_REMOVED = "own-removed"
OWN_DUPLICATES, OWN_QUERIES, OWN_THRESHOLD = "own-duplicates", "own-queries", "own-threshold"
OWN_EVALUATION, OWN_MAP = "own-evaluation", "own-map"
#: The items that were opened one after the other on the Browse page.
BROWSE_TRAIL = "browse-trail"
#: The query of the Compare page with all answers to it, and the galleries that are being built.
SIDE_BY_SIDE, GALLERY_WORKS = "side-by-side", "gallery-works"
#: On the maps: the items that something was drawn around, the one that was clicked, and why none was found.
MAPS_DRAWN, MAPS_CLICKED, MAPS_PROBLEM = "maps-drawn", "maps-clicked", "maps-problem"
#: Which items are nearest to the query as other backbones see it.
MAPS_SEEN = "maps-seen"
#: All that the Train page holds, and why a training or an opening failed.
TRAIN, TRAIN_PROBLEM, TRAIN_LOAD_PROBLEM = "classifier", "train-problem", "train-load-problem"


def forget(*names: str) -> None:
    """Drop what is kept under these names."""
    for name in names:
        st.session_state.pop(name, None)
