"""One question -> hits, and what their similarity means."""
