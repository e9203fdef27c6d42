"""What the presentation knows of addresses, and what is imported for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from core.config import ROOT, public_url
from core.ui.search.presentation.slides import code_svg, is_here


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://localhost:8501/",
        "http://127.0.0.1",
        "https://[::1]:8501/",
        "http://0.0.0.0:8501",
        "http://a.localhost",
    ],
)
def test_no_phone_reaches_an_address_of_this_computer(address: str) -> None:
    assert is_here(address)


@pytest.mark.parametrize(
    "address", ["http://192.168.1.7:8501/", "https://vitrine.example.org/demo", "http://laptop:8501"]
)
def test_a_phone_reaches_another_address(address: str) -> None:
    assert not is_here(address)


def test_a_code_is_drawn_of_nothing_but_paths() -> None:
    svg = code_svg('https://vitrine.example.org/?a="><script>alert(1)</script>')
    assert svg.startswith("<svg")
    assert "script" not in svg


@pytest.mark.parametrize(("said", "address"), [("https://a.org/x", "https://a.org/x"), ("javascript:1", ""), ("", "")])
def test_the_public_address_is_one_of_the_web(monkeypatch: pytest.MonkeyPatch, said: str, address: str) -> None:
    monkeypatch.setenv("VITRINE_PUBLIC_URL", said)
    assert public_url() == address


def test_the_front_page_imports_nothing_of_it() -> None:
    script = (
        "import sys, core.ui.search.page as _; "
        "print([name for name in sys.modules if name.startswith(('segno', 'core.ui.search.presentation'))])"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
