"""Words that name a colour which a grey picture cannot have."""

from __future__ import annotations

import re

#: The colours that product names use, and what English adds. Black, white, grey and silver are left out, because grey
#: pictures show them, too; so are words that mostly mean something else (rose, skin, coffee, steel).
_NAMES = """
aqua beige blue bronze brown burgundy copper coral cream crimson cyan fuchsia gold golden green indigo khaki lavender
lilac lime magenta maroon mauve multicolored multicoloured mustard navy ochre olive orange peach pink purple red rust
scarlet tan taupe teal turquoise violet yellow
"""
COLOURS = frozenset(_NAMES.split())


def names_colour(text: str) -> bool:
    """Whether a text has a word for a colour, in English and in any case: "Navy-blue dress", but not "redo"."""
    return not COLOURS.isdisjoint(re.findall(r"[a-z]+", text.lower()))
