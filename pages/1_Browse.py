"""The Browse page: page through the catalogues, open a piece, go on to what looks like it."""

from core.ui.browse import page

page.show()
