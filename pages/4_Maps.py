"""The page of maps: the catalogues as a landscape of what each backbone thinks is alike."""

from core.ui.maps import page

page.show()
