"""The Compare page: one query to several backbones, and the benchmark that tells them apart."""

from core.ui.compare import page

page.show()
