"""The Train page: organise labelled pictures, train a classifier on them, judge it, keep it and use it."""

from core.ui.train import page

page.show()
