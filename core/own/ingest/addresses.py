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
from urllib.parse import quote, urlsplit

from core.errors import DownloadError

MAX_URL = 2000
PORTS = frozenset({443, 80})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SPECIAL_V4 = {
    ipaddress.IPv4Network(network): kind
    for network, kind in {
        "0.0.0.0/8": "an unspecified",
        "10.0.0.0/8": "a private",
        "100.64.0.0/10": "a provider's internal",
        "127.0.0.0/8": "a loopback",
        "168.63.129.16/32": "a cloud's internal",
        "169.254.0.0/16": "a link-local",
        "172.16.0.0/12": "a private",
        "192.0.0.0/24": "a reserved",
        "192.0.2.0/24": "a documentation",
        "192.88.99.0/24": "a 6to4",
        "192.168.0.0/16": "a private",
        "198.18.0.0/15": "a private",
        "198.51.100.0/24": "a documentation",
        "203.0.113.0/24": "a documentation",
        "224.0.0.0/4": "a multicast",
        "240.0.0.0/4": "a reserved",
    }.items()
}
_SPECIAL_V6 = {
    ipaddress.IPv6Network(network): kind
    for network, kind in {
        "::/128": "an unspecified",
        "::1/128": "a loopback",
        "::ffff:0:0/96": "an IPv4-mapped",
        "::/96": "an IPv4-compatible",
        "64:ff9b::/96": "a NAT64",
        "64:ff9b:1::/48": "a NAT64",
        "2001::/32": "a Teredo",
        "2001::/23": "a reserved",
        "2001:db8::/32": "a documentation",
        "2002::/16": "a 6to4",
        "3fff::/20": "a documentation",
        "fc00::/7": "a private",
        "fe80::/10": "a link-local",
        "fec0::/10": "a private",
        "ff00::/8": "a multicast",
    }.items()
}
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")  # all that is handed out for public unicast


class UrlError(DownloadError):
    """A URL that is refused or could not be fetched.

    Attributes:
        url: As given, cut to a readable length.
        reason: Why, without the URL and without a final full stop.
    """

    def __init__(self, url: str, reason: str):
        self.url = "".join(c if c.isprintable() else "\ufffd" for c in url[:200])
        self.reason = reason
        super().__init__(f"{self.url}: {reason}.")


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


def why_not_address(address: Address) -> str:
    """Why an address must not be dialled, "" where it may be."""
    special = _SPECIAL_V4 if address.version == 4 else _SPECIAL_V6
    kind = next((kind for network, kind in special.items() if address in network), None)
    if kind is None and (not address.is_global or (address.version == 6 and address not in _GLOBAL_V6)):
        kind = "a reserved"
    return f"it leads to {kind} address, and only public ones are fetched" if kind else ""


def parse_url(url: str, ports: frozenset[int] = PORTS) -> Target:
    """Take an https URL apart.

    Raises:
        UrlError: It is of another scheme, has a user name, a port that is not allowed, an address in an odd
            notation, or characters that no URL has.
    """
    if len(url) > MAX_URL:
        raise UrlError(url, f"it has more than {MAX_URL:,} characters")
    if not url.isprintable() or " " in url or "\\" in url:  # urlsplit would drop some of these in silence
        raise UrlError(url, "it contains characters that no URL has")
    try:
        split = urlsplit(url)
        port = 443 if split.port is None else split.port
    except ValueError:
        raise UrlError(url, "it is not a URL") from None
    if split.scheme != "https":
        raise UrlError(url, "only https URLs are fetched")
    if "@" in split.netloc:
        raise UrlError(url, "it contains a user name or password")
    if port not in ports:
        raise UrlError(url, f"port {port} is not allowed")
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
            raise UrlError(url, "it is not a URL") from None
        if address.scope_id:
            raise UrlError(url, "it names a network interface")
        return str(address), address
    try:
        name = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise UrlError(url, "its host is not a name") from None
    if not re.fullmatch(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", name) or len(name) > 253:
        raise UrlError(url, "its host is not a name")
    # Resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as 127.0.0.1, so a host that ends in a number is one.
    if not re.fullmatch(r"\d+|0x[0-9a-f]*", name.rpartition(".")[2]):
        return name, None
    try:
        return name, ipaddress.IPv4Address(name)
    except ValueError:
        raise UrlError(url, "it writes an address in an unusual notation") from None
