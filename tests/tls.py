"""A server on this machine that speaks TLS with a certificate made for the test, and the policy that asks it."""

from __future__ import annotations

import http.server
import ipaddress
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from core.own.ingest.addresses import Address
from core.own.ingest.connection import FetchPolicy


def certificate_for(name: str, folder: Path) -> Path:
    """`cert.pem` in the folder, beside its `key.pem`: a certificate for one name, which signs itself."""
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes the test's certificate, is not installed")
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -addext subjectAltName=DNS:{name}"
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return folder / "cert.pem"


@contextmanager
def serving(server: http.server.ThreadingHTTPServer, certificate: Path) -> Iterator[http.server.ThreadingHTTPServer]:
    """Serve over TLS, from a thread, until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    with server:
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def policy_for(certificate: Path, port: int) -> FetchPolicy:
    """The public policy but for this machine, which has every name; other processes may get it, as that one."""
    return FetchPolicy(_here, _allowed, frozenset({port}), partial(ssl.create_default_context, cafile=str(certificate)))


def _here(host: str, port: int) -> list[Address]:
    return [ipaddress.ip_address("127.0.0.1")]


def _allowed(address: Address) -> None:
    return None
