"""A TLS connection to an address that was checked before, which is never looked up again."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.config import URL_READ_S, URL_TOTAL_S
from core.errors import Sentence
from core.own.ingest.addresses import PORTS, Address, Target, why_not_address


def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a host, in the system's order of preference; OSError where it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in dict.fromkeys(found)]


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


@dataclass(frozen=True)
class FetchPolicy:
    """What is dialled, and how long it may take. Only tests use another one than the default.

    Attributes:
        resolve: (host, port) -> addresses.
        why_not: Why an address must not be dialled, None where it may be.
        ports: Allowed ports.
        trust: Gives the TLS context, which must check certificates and names.
        total_s: Seconds for one URL, redirects included.
        read_s: Seconds without a byte after which a host counts as dead.
    """

    resolve: Callable[[str, int], list[Address]] = resolve
    why_not: Callable[[Address], Sentence | None] = why_not_address
    ports: frozenset[int] = PORTS
    trust: Callable[[], ssl.SSLContext] = _trust
    total_s: float = URL_TOTAL_S
    read_s: float = URL_READ_S


class _Socket(ssl.SSLSocket):
    """A TLS socket on which no read waits longer than what is left of the whole time."""

    deadline: float
    read_s: float

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """Receive, or raise TimeoutError."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.settimeout(min(self.read_s, left))
        return super().recv_into(buffer, nbytes, flags)


class CheckedConnection(http.client.HTTPSConnection):
    """Dials addresses that were checked instead of resolving the name again."""

    def __init__(self, target: Target, addresses: list[Address], policy: FetchPolicy, deadline: float):
        context = policy.trust()
        if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
            raise ValueError("the TLS context must check certificates and names")
        context.sslsocket_class = _Socket
        super().__init__(target.host, target.port, context=context)
        self._tls = context
        self._addresses = addresses
        self._policy = policy
        self._deadline = deadline

    def connect(self) -> None:
        """Connect to the first address that answers."""
        problem: OSError = TimeoutError()
        for address in self._addresses:
            try:
                plain = socket.create_connection((str(address), self.port), self._left())
                break
            except OSError as error:
                problem = error
        else:
            raise problem if isinstance(problem, TimeoutError) else ConnectionRefusedError() from problem
        try:
            plain.settimeout(self._left())
            secure = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise
        assert isinstance(secure, _Socket)
        secure.deadline, secure.read_s = self._deadline, self._policy.read_s
        self.sock = secure

    def _left(self) -> float:
        left = min(self._policy.read_s, self._deadline - time.monotonic())
        if left <= 0:
            raise TimeoutError
        return left
