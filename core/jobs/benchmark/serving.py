"""The dashboard in a process of its own, for whoever measures or tests it as a visitor would."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from core.config import ROOT

START_S = 60.0


def free_port() -> int:
    """A port of this computer's own address on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def serving(
    log: Path, script: Path = ROOT / "app.py", **environment: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run the dashboard on a free loopback port until the `with` ends; gives its process and address.

    Args:
        log: Gets what the server prints.
        script: Another page of Streamlit to run instead.
        environment: Variables that it gets on top of this process's own.

    Raises:
        RuntimeError: It did not start within a minute.
    """
    port = free_port()
    flags = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *flags]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, env=os.environ | environment)
    try:
        _wait_for(port, process, log)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        with closing(connection), suppress(OSError, HTTPException):  # not listening yet
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"The server did not start: {log.read_text(errors='replace')[-2000:]}")
