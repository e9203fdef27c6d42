"""The page of a catalogue of one's own: bring pictures, search them, run queries against them."""

from core.ui.own import page

page.show()
