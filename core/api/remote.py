"""Pictures by their address on the web: off unless `VITRINE_ALLOW_URLS=1`, and never from private networks."""

from __future__ import annotations

from core.api.errors import ApiError
from core.config import allow_urls
from core.own.ingest.addresses import UrlError
from core.own.ingest.fetch import fetch_url

URLS_OFF = "Pictures are not fetched from the web by this server; send the picture itself instead."


def fetch_picture(url: str) -> bytes:
    """The bytes of what claims to be a picture at an address. Runs in a thread, for up to `URL_TOTAL_S` seconds.

    Raises:
        ApiError: 403 while URLs are off; 422 where the address is refused or gives nothing within the limits.
    """
    if not allow_urls():
        raise ApiError(403, URLS_OFF)
    try:
        return fetch_url(url)
    except UrlError as error:
        raise ApiError(422, str(error)) from error
