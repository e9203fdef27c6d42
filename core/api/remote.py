"""Pictures by their address on the web: switched off, and the one place where they are switched on."""

from __future__ import annotations

from core.api.errors import ApiError

URLS_OFF = "Pictures are not fetched from the web by this server; send the picture itself instead."


def fetch_picture(url: str) -> bytes:
    """The hook for `image_url`: gives the bytes of the picture at an address. Runs in a thread.

    What takes its place must hold off addresses of the server's own network, before and after redirects, and
    keep to the limits on bytes and time.

    Raises:
        ApiError: 403, always, while URLs are off.
    """
    raise ApiError(403, URLS_OFF)
