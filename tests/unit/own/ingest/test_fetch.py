"""Which URLs are refused, and why; and what is fetched from a host on this machine, over TLS."""

from __future__ import annotations

import http.server
import ipaddress
import socket
import ssl
import threading
import time
from dataclasses import replace
from urllib.parse import quote, unquote

import pytest
import tls

from core.errors import DownloadError, sentence
from core.own.ingest import connection, fetch
from core.own.ingest.addresses import UrlError, parse_url, why_not_address
from core.own.ingest.connection import FetchPolicy
from core.own.ingest.fetch import UrlSource, fetch_all, fetch_url
from core.own.ingest.incoming import Incoming, Skipped
from core.own.ingest.item_csv import CsvRow

LOOPBACK = ipaddress.ip_address("127.0.0.1")
PICTURE = b"\x89PNG" + bytes(range(256)) * 300
NAMES = {"shop.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]}


@pytest.fixture(autouse=True)
def dialled(monkeypatch):
    """No packet leaves this machine: notes what is dialled or looked up, and lets loopback through only."""
    seen = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self, address):
        seen.append(address[0])
        assert address[0] == "127.0.0.1", f"{address} was dialled"
        return connect(self, address)

    def guarded_look_up(host, *rest, **named):
        assert host in ("127.0.0.1", "localhost"), f"{host} was looked up"
        return look_up(host, *rest, **named)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    monkeypatch.setenv("VITRINE_ALLOW_URLS", "1")
    return seen


class Resolver:
    """Names with their addresses; notes what it is asked."""

    def __init__(self, names):
        self.names = names
        self.asked = []

    def __call__(self, host, port):
        self.asked.append(host)
        if host not in self.names:
            raise socket.gaierror
        return [ipaddress.ip_address(address) for address in self.names[host]]


def refusal(url, policy=None) -> str:
    with pytest.raises(UrlError) as caught:
        fetch_url(url, policy or FetchPolicy(resolve=Resolver(NAMES)))
    return str(caught.value.reason)


def only(kind) -> str:
    return f"it leads to {kind} address, and only public ones are fetched"


FORBIDDEN = {
    "0.0.0.0": "an unspecified",
    "0.1.2.3": "an unspecified",
    "10.0.0.1": "a private",
    "172.16.0.1": "a private",
    "172.31.255.255": "a private",
    "192.168.1.1": "a private",
    "100.64.0.1": "a provider's internal",
    "100.100.100.200": "a provider's internal",
    "127.0.0.1": "a loopback",
    "127.255.255.254": "a loopback",
    "168.63.129.16": "a cloud's internal",
    "169.254.169.254": "a link-local",
    "192.0.0.192": "a reserved",
    "192.0.2.1": "a documentation",
    "192.88.99.1": "a 6to4",
    "198.18.0.1": "a private",
    "203.0.113.1": "a documentation",
    "224.0.0.1": "a multicast",
    "239.255.255.250": "a multicast",
    "240.0.0.1": "a reserved",
    "255.255.255.255": "a reserved",
    "::": "an unspecified",
    "::1": "a loopback",
    "::7f00:1": "an IPv4-compatible",
    "::ffff:127.0.0.1": "an IPv4-mapped",
    "::ffff:8.8.8.8": "an IPv4-mapped",
    "64:ff9b::a9fe:a9fe": "a NAT64",
    "64:ff9b::808:808": "a NAT64",
    "64:ff9b:1::1": "a NAT64",
    "100::1": "a reserved",
    "2001::1": "a Teredo",
    "2001:10::1": "a reserved",
    "2001:db8::1": "a documentation",
    "2002:7f00:1::": "a 6to4",
    "3fff::1": "a documentation",
    "4000::1": "a reserved",
    "fc00::1": "a private",
    "fd00:ec2::254": "a private",
    "fe80::1": "a link-local",
    "fec0::1": "a private",
    "ff02::1": "a multicast",
    "::ffff:0:127.0.0.1": "a reserved",
}


@pytest.mark.parametrize("address, kind", FORBIDDEN.items())
def test_a_forbidden_address_is_never_dialled_as_a_literal_or_behind_a_name(address, kind, dialled):
    resolver = Resolver({"name.test": [address]})
    policy = FetchPolicy(resolve=resolver)
    literal = f"[{address}]" if ":" in address else address
    assert refusal(f"https://{literal}/1.png", policy) == only(kind)
    assert resolver.asked == []
    assert refusal("https://name.test/1.png", policy) == only(kind)
    assert resolver.asked == ["name.test"]
    assert dialled == []


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"])
def test_a_public_address_may_be_dialled(address):
    assert why_not_address(ipaddress.ip_address(address)) is None


def test_one_forbidden_address_among_many_is_enough(dialled):
    policy = FetchPolicy(resolve=Resolver({"name.test": ["8.8.8.8", "10.0.0.1"]}))
    assert refusal("https://name.test/", policy) == only("a private")
    assert dialled == []


ODD = "it writes an address in an unusual notation"
NO_NAME = "its host is not a name"


@pytest.mark.parametrize(
    "url, reason",
    [
        ("https://2130706433/", ODD),
        ("https://0x7f000001/", ODD),
        ("https://0x7f.1/", ODD),
        ("https://0177.0.0.1/", ODD),
        ("https://017700000001/", ODD),
        ("https://127.1/", ODD),
        ("https://127.0.1/", ODD),
        ("https://127.0.0.01/", ODD),
        ("https://127.0.0.0x1/", ODD),
        ("https://256.1.1.1/", ODD),
        ("https://name.0x/", ODD),
        ("https://127.0.0.1./", only("a loopback")),
        ("https://１２７.０.０.１/", only("a loopback")),
        ("https://127。0。0。1/", only("a loopback")),
        ("https://①②⑦.⓪.⓪.①/", only("a loopback")),
        ("https://[::ffff:7f00:1]/", only("an IPv4-mapped")),
        ("https://[0:0:0:0:0:ffff:127.0.0.1]/", only("an IPv4-mapped")),
        ("https://[fe80::1%25eth0]/", "it names a network interface"),
        ("https://[::1/", "it is not a URL"),
        ("https://[::g]/", "it is not a URL"),
        ("http://shop.test/1.png", "only https URLs are fetched"),
        ("ftp://shop.test/1.png", "only https URLs are fetched"),
        ("file:///etc/passwd", "only https URLs are fetched"),
        ("/etc/passwd", "only https URLs are fetched"),
        ("42419.jpg", "only https URLs are fetched"),
        ("data:image/png;base64,AAAA", "only https URLs are fetched"),
        ("", "only https URLs are fetched"),
        ("https://user@shop.test/", "it contains a user name or password"),
        ("https://user:word@shop.test/", "it contains a user name or password"),
        ("https://@shop.test/", "it contains a user name or password"),
        ("https://shop.test@127.0.0.1/", "it contains a user name or password"),
        ("https://shop.test:22/", "port 22 is not allowed"),
        ("https://shop.test:0/", "port 0 is not allowed"),
        ("https://shop.test:8443/", "port 8443 is not allowed"),
        ("https://shop.test:99999/", "it is not a URL"),
        ("https://shop.test:x/", "it is not a URL"),
        ("https:///1.png", NO_NAME),
        ("https://./", NO_NAME),
        ("https://a..b/", NO_NAME),
        ("https://shop%2etest/", NO_NAME),
        ("https://" + "a" * 64 + ".test/", NO_NAME),
        ("https://shop.test\\@127.0.0.1/", "it contains characters that no URL has"),
        ("https://shop.test/\r\nHost: evil", "it contains characters that no URL has"),
        ("https://shop\t.test/", "it contains characters that no URL has"),
        (" https://shop.test/", "it contains characters that no URL has"),
        ("https://shop.test/\0", "it contains characters that no URL has"),
        ("https://shop.test/" + "x" * 2000, "it has more than 2,000 characters"),
        ("https://unknown.test/", "no host of that name is known"),
    ],
)
def test_refused_urls(url, reason, dialled):
    resolver = Resolver(NAMES)
    assert refusal(url, FetchPolicy(resolve=resolver)) == reason
    assert resolver.asked == (["unknown.test"] if "unknown" in url else [])
    assert dialled == []


def test_the_parts_of_a_url():
    target = parse_url("https://BÜCHER.test:80/ä b?q=ü&r=%20#part".replace(" ", "%20"))
    assert (target.host, target.port, target.path) == ("xn--bcher-kva.test", 80, "/%C3%A4%20b?q=%C3%BC&r=%20")
    assert parse_url("https://shop.test?q").path == "/?q"
    assert parse_url("https://8.8.8.8").literal == ipaddress.ip_address("8.8.8.8")


@pytest.mark.parametrize("value", [None, "", "0", "true", "yes", " 1"])
def test_it_is_off_unless_switched_on(value, monkeypatch, dialled):
    monkeypatch.delenv("VITRINE_ALLOW_URLS")
    if value is not None:
        monkeypatch.setenv("VITRINE_ALLOW_URLS", value)
    for attempt in (
        lambda: fetch_url("https://shop.test/"),
        lambda: list(fetch_all(["https://shop.test/"])),
        lambda: UrlSource([]),
    ):
        with pytest.raises(DownloadError, match="switched off"):
            attempt()
    assert dialled == []


class Host(http.server.BaseHTTPRequestHandler):
    """`/ok` is a picture; the other paths are ways to misbehave."""

    def do_GET(self):
        self.server.requests.append((self.path, dict(self.headers)))
        getattr(self, "do_" + self.path.strip("/").partition("?")[0].partition("/")[0].replace("-", "_"))()

    def answer(self, content=PICTURE, length=None, **headers):
        self.send_response(200)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def do_ok(self):
        self.answer(Set_Cookie="a=b", Content_Type="text/plain")

    def do_late(self):
        time.sleep(0.15)
        self.answer(b"late")

    def do_n(self):
        self.answer(self.path.encode())

    def do_missing(self):
        self.send_error(404)

    def do_cut(self):
        self.answer(length=len(PICTURE) + 5)

    def do_claims_much(self):
        self.answer(b"x", length=10_000_001)

    def do_sends_much(self):
        self.send_response(200)
        self.end_headers()
        for _ in range(11):
            self.wfile.write(bytes(1_000_000))

    def do_odd_chunks(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"zz\r\nxx\r\n")

    def do_silent(self):
        self.server.release.wait(5)

    def drip(self, piece):
        while not self.server.release.wait(0.02):
            self.wfile.write(piece)

    def do_drips(self):
        self.send_response(200)
        self.end_headers()
        self.drip(b"x")

    def do_drips_headers(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
        self.drip(b"x")

    def do_to(self):
        self.send_response(302)
        self.send_header("Location", unquote(self.path.partition("?")[2]))
        self.end_headers()

    def do_hops(self):
        left = int(self.path.rpartition("?")[2])
        self.send_response(307)
        self.send_header("Location", f"/hops?{left - 1}" if left > 1 else "/ok")
        self.end_headers()

    def log_message(self, *arguments):
        pass


class QuietServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # visitors who hang up are what is tested here


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """For shop.test; the names of others are not in it."""
    return tls.certificate_for("shop.test", tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def host(certificate):
    server = QuietServer(("127.0.0.1", 0), Host)
    server.requests, server.release = [], threading.Event()
    with tls.serving(server, certificate):
        yield server
        server.release.set()


@pytest.fixture
def policy(host, certificate):
    """The public policy, but for this machine: its names, its port, its certificate, and shorter times."""
    host.requests.clear()
    return replace(
        tls.policy_for(certificate, host.server_port),
        resolve=Resolver(NAMES),
        why_not=lambda address: None if address == LOOPBACK else why_not_address(address),
        total_s=5.0,
        read_s=2.0,
    )


@pytest.fixture
def root(host):
    return f"https://shop.test:{host.server_port}"


def test_a_picture_comes_as_it_is(policy, root, host, dialled):
    assert fetch_url(f"{root}/ok?size=1#x", policy) == PICTURE
    ((path, headers),) = host.requests
    assert path == "/ok?size=1"
    assert headers["Host"] == f"shop.test:{host.server_port}"
    assert headers["Accept-Encoding"] == "identity"
    assert not {"Cookie", "Authorization", "Referer", "Proxy-Authorization"} & set(headers)
    assert policy.resolve.asked == ["shop.test"]  # once: no second look-up that might answer otherwise
    assert dialled == ["127.0.0.1"]


def test_a_name_that_changes_its_address_gains_nothing(policy, root, dialled):
    class Rebinding(Resolver):
        def __call__(self, host, port):
            self.asked.append(host)
            return [LOOPBACK if len(self.asked) == 1 else ipaddress.ip_address("10.0.0.1")]

    rebinding = replace(policy, resolve=Rebinding({}))
    assert fetch_url(f"{root}/ok", rebinding) == PICTURE
    assert refusal(f"{root}/ok", rebinding) == only("a private")
    assert rebinding.resolve.asked == ["shop.test"] * 2
    assert dialled == ["127.0.0.1"]


def test_no_proxy_and_no_cookie(policy, root, host, monkeypatch, dialled):
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetch_url(f"{root}/ok", policy) == fetch_url(f"{root}/ok", policy) == PICTURE
    assert all("Cookie" not in headers for _, headers in host.requests)


def test_the_certificate_must_be_of_the_name_and_of_somebody_trusted(policy, root, host):
    assert refusal(f"https://other.test:{host.server_port}/ok", policy) == "its certificate is not valid"
    assert refusal(f"https://127.0.0.1:{host.server_port}/ok", policy) == "its certificate is not valid"
    assert refusal(f"{root}/ok", replace(policy, trust=connection._trust)) == "its certificate is not valid"
    assert host.requests == []


def test_a_context_that_checks_nothing_is_a_mistake(policy, root):
    careless = replace(policy, trust=ssl._create_unverified_context)
    with pytest.raises(ValueError, match="must check certificates"):
        fetch_url(f"{root}/ok", careless)


@pytest.mark.parametrize(
    "path, reason",
    [
        ("missing", "the host answered 404"),
        ("cut", "the connection broke off"),
        ("claims-much", str(fetch.TOO_HEAVY)),
        ("sends-much", str(fetch.TOO_HEAVY)),
        ("odd-chunks", "the connection broke off"),
    ],
)
def test_what_a_host_may_do_wrong(path, reason, policy, root):
    assert refusal(f"{root}/{path}", policy) == reason


@pytest.mark.parametrize("path, changes", [("silent", {"read_s": 0.3}), ("drips", {}), ("drips-headers", {})])
def test_a_slow_host_is_left_in_time(path, changes, policy, root):
    started = time.monotonic()
    assert refusal(f"{root}/{path}", replace(policy, total_s=0.6, **changes)) == "the host took too long"
    assert time.monotonic() - started < 2


def test_a_slow_name_server_is_left_in_time(policy, root):
    hold = threading.Event()
    started = time.monotonic()
    slow = replace(policy, resolve=lambda host, port: [LOOPBACK][hold.wait(5) :], total_s=0.2)
    assert refusal(f"{root}/ok", slow) == "the host took too long"
    assert time.monotonic() - started < 2
    hold.set()


def test_a_closed_port(policy):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        closed = replace(policy, ports=frozenset({port}))
        assert refusal(f"https://shop.test:{port}/", closed) == "the host cannot be reached"


@pytest.mark.parametrize("n_hops", [1, 2, 3])
def test_at_most_three_redirects_are_followed(n_hops, policy, root, host):
    assert fetch_url(f"{root}/hops?{n_hops}", policy) == PICTURE
    assert len(host.requests) == n_hops + 1


def test_a_fourth_redirect_is_not(policy, root, host):
    assert refusal(f"{root}/hops?4", policy) == "it is redirected more than 3 times"
    assert [path for path, _ in host.requests] == ["/hops?4", "/hops?3", "/hops?2", "/hops?1"]


@pytest.mark.parametrize(
    "target, reason",
    [
        ("https://169.254.169.254:{port}/latest/meta-data", only("a link-local")),
        ("https://[::1]:{port}/", only("a loopback")),
        ("https://[64:ff9b::7f00:1]:{port}/", only("a NAT64")),
        ("https://inside.test:{port}/", only("a private")),
        ("//inside.test:{port}/", only("a private")),
        ("https://2130706433:{port}/", ODD),
        ("http://shop.test:{port}/ok", "only https URLs are fetched"),
        ("file:///etc/passwd", "only https URLs are fetched"),
        ("https://user@shop.test:{port}/ok", "it contains a user name or password"),
        ("https://shop.test:22/", "port 22 is not allowed"),
        ("https://[oops/", "it is redirected to something that is not a URL"),
    ],
)
def test_a_redirect_is_checked_like_the_first_url(target, reason, policy, root, host, dialled):
    inside = replace(policy, resolve=Resolver(NAMES | {"inside.test": ["10.1.2.3"]}))
    with pytest.raises(UrlError) as caught:
        fetch_url(f"{root}/to?{quote(target.format(port=host.server_port))}", inside)
    assert str(caught.value.reason) == reason
    assert caught.value.url.startswith(f"{root}/to?")  # the answer names what was asked for, not what it led to
    assert dialled == ["127.0.0.1"]


def test_many_come_in_the_order_asked_for_whatever_is_done_first(policy, root):
    paths = ["late", *(f"n/{number}" for number in range(20)), "missing", "late", "ok"]
    answers = list(fetch_all((f"{root}/{path}" for path in paths), policy))
    expected = [b"late", *(f"/n/{number}".encode() for number in range(20)), b"late", PICTURE]
    assert [answer for answer in answers if isinstance(answer, bytes)] == expected
    assert isinstance(answers[21], UrlError) and str(answers[21].reason) == "the host answered 404"


def test_no_more_than_the_limit_are_under_way(policy, monkeypatch):
    running, most, lock = 0, 0, threading.Lock()

    def slow(url, policy):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return url.encode()

    monkeypatch.setattr(fetch, "fetch_url", slow)
    taken = []

    def urls():
        for number in range(40):
            taken.append(number)
            yield str(number)

    answers = fetch_all(urls(), policy)
    assert next(answers) == b"0"
    assert len(taken) == 8  # and no more are held in memory than that
    assert list(answers) == [str(number).encode() for number in range(1, 40)]
    assert most == 8


def test_stopping_early_asks_for_nothing_more(policy, monkeypatch):
    asked = []
    monkeypatch.setattr(fetch, "fetch_url", lambda url, policy: asked.append(url) or b"x")
    answers = fetch_all((str(number) for number in range(1000)), policy)
    next(answers)
    answers.close()
    assert len(asked) <= 8


def test_the_rows_of_a_table_become_pictures(policy, root):
    rows = [
        CsvRow(2, f"{root}/ok", "Hat", "A hat", {"Colour": "Red"}),
        CsvRow(3, "/etc/passwd", "Hat", ""),
        CsvRow(5, f"{root}/ok?again", "", ""),
        CsvRow(6, "https://10.0.0.1/x", "", ""),
    ]
    source = UrlSource(rows, policy)
    assert len(source) == 4
    assert list(source) == [
        Incoming("ok", "Hat", PICTURE, "A hat", f"{root}/ok", {"Colour": "Red"}),
        Skipped(sentence("own.row-of-url", number=3, url="/etc/passwd"), sentence("own.url-scheme")),
        Incoming("ok (2)", "", PICTURE, "", f"{root}/ok?again"),
        Skipped(sentence("own.row-of-url", number=6, url="https://10.0.0.1/x"), sentence("own.url-port", port=443)),
    ]
