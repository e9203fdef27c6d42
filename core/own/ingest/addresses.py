"""Which URLs and which addresses a server may be sent to by somebody outside.

A server reaches things that its visitors do not: itself, its network, the metadata service of its cloud. So
only public unicast addresses are dialled. IPv6 is judged by what is allowed, since the forms that carry an IPv4
address inside (mapped, NAT64, 6to4, Teredo) are many. Nothing here opens a connection.

Source: IANA's IPv4 and IPv6 special-purpose address registries (RFC 6890); OWASP, "Server-Side Request Forgery
Prevention"; WHATWG URL, "ends in a number" (odd notations of IPv4).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from core.errors import DownloadError, Sentence, sentence

MAX_URL = 2000
PORTS = frozenset({443, 80})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SPECIAL_V4 = {
    ipaddress.IPv4Network(network): kind
    for network, kind in {
        "0.0.0.0/8": "unspecified",
        "10.0.0.0/8": "private",
        "100.64.0.0/10": "provider",
        "127.0.0.0/8": "loopback",
        "168.63.129.16/32": "cloud",
        "169.254.0.0/16": "link-local",
        "172.16.0.0/12": "private",
        "192.0.0.0/24": "reserved",
        "192.0.2.0/24": "documentation",
        "192.88.99.0/24": "6to4",
        "192.168.0.0/16": "private",
        "198.18.0.0/15": "private",
        "198.51.100.0/24": "documentation",
        "203.0.113.0/24": "documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
    }.items()
}
_SPECIAL_V6 = {
    ipaddress.IPv6Network(network): kind
    for network, kind in {
        "::/128": "unspecified",
        "::1/128": "loopback",
        "::ffff:0:0/96": "ipv4-mapped",
        "::/96": "ipv4-compatible",
        "64:ff9b::/96": "nat64",
        "64:ff9b:1::/48": "nat64",
        "2001::/32": "teredo",
        "2001::/23": "reserved",
        "2001:db8::/32": "documentation",
        "2002::/16": "6to4",
        "3fff::/20": "documentation",
        "fc00::/7": "private",
        "fe80::/10": "link-local",
        "fec0::/10": "private",
        "ff00::/8": "multicast",
    }.items()
}
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")  # all that is handed out for public unicast


class UrlError(DownloadError):
    """A URL that is refused or could not be fetched.

    Attributes:
        url: As given, cut to a readable length.
        reason: Why, without the URL and without a final full stop.
    """

    def __init__(self, code: str, url: str, **fields: Any):
        self.url = "".join(c if c.isprintable() else "\ufffd" for c in url[:200])
        self.reason = Sentence(code, fields)
        super().__init__("own.url", url=self.url, reason=self.reason)

    @classmethod
    def because(cls, reason: Sentence, url: str) -> UrlError:
        """The error of a URL for a reason that is known already."""
        return cls(reason.code, url, **reason.fields)


@dataclass(frozen=True)
class Target:
    """A URL taken apart.

    Attributes:
        host: In ASCII, lower case, without brackets or a final dot.
        port: 443 where none is given.
        path: Path and query as they go into the request.
        literal: The address, where the host is one.
    """

    host: str
    port: int
    path: str
    literal: Address | None


def why_not_address(address: Address) -> Sentence | None:
    """Why an address must not be dialled, None where it may be."""
    special = _SPECIAL_V4 if address.version == 4 else _SPECIAL_V6
    kind = next((kind for network, kind in special.items() if address in network), None)
    if kind is None and (not address.is_global or (address.version == 6 and address not in _GLOBAL_V6)):
        kind = "reserved"
    return sentence("own.url-address", kind=Sentence(f"own.address-{kind}")) if kind else None


def parse_url(url: str, ports: frozenset[int] = PORTS) -> Target:
    """Take an https URL apart.

    Raises:
        UrlError: It is of another scheme, has a user name, a port that is not allowed, an address in an odd
            notation, or characters that no URL has.
    """
    if len(url) > MAX_URL:
        raise UrlError("own.url-long", url, limit=MAX_URL)
    if not url.isprintable() or " " in url or "\\" in url:  # urlsplit would drop some of these in silence
        raise UrlError("own.url-characters", url)
    try:
        split = urlsplit(url)
        port = 443 if split.port is None else split.port
    except ValueError:
        raise UrlError("own.url-malformed", url) from None
    if split.scheme != "https":
        raise UrlError("own.url-scheme", url)
    if "@" in split.netloc:
        raise UrlError("own.url-password", url)
    if port not in ports:
        raise UrlError("own.url-port", url, port=port)
    host, literal = _host(url, split.hostname or "")
    path = quote(split.path or "/", safe="/%:@!$&'()*+,;=-._~")
    query = quote(split.query, safe="/?%:@!$&'()*+,;=-._~")
    return Target(host, port, f"{path}?{query}" if query else path, literal)


def _host(url: str, host: str) -> tuple[str, Address | None]:
    """The host in ASCII, and the address if it is one, in its usual notation only."""
    if ":" in host:
        try:
            address = ipaddress.IPv6Address(host)
        except ValueError:
            raise UrlError("own.url-malformed", url) from None
        if address.scope_id:
            raise UrlError("own.url-interface", url)
        return str(address), address
    try:
        name = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise UrlError("own.url-host", url) from None
    if not re.fullmatch(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", name) or len(name) > 253:
        raise UrlError("own.url-host", url)
    # Resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as 127.0.0.1, so a host that ends in a number is one.
    if not re.fullmatch(r"\d+|0x[0-9a-f]*", name.rpartition(".")[2]):
        return name, None
    try:
        return name, ipaddress.IPv4Address(name)
    except ValueError:
        raise UrlError("own.url-notation", url) from None
