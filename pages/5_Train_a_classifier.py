"""The Train page: organise labelled pictures, train a classifier on them, evaluate it, save it and predict with it."""

from core.ui.train import page

page.show()
