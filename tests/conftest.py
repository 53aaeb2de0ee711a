"""What every test gets without asking: no user folders, no keys, no waiting, no host but this one."""

from __future__ import annotations

import os
import socket
import types
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
KEY_SUFFIXES = ("_API_KEY", "_AUTH_TOKEN", "_BASE_URL")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the snapshots in tests/golden from what the tests see")


@pytest.fixture(scope="session")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled simulators, for all tests of all workers: they take long to make, and what decides them is in their names."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "simulators"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def no_user_folders(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, simulators: Path) -> None:
    home = tmp_path_factory.mktemp("home", numbered=True)
    (home / "kernelwright").mkdir()
    (home / "kernelwright" / "isa").symlink_to(simulators)
    monkeypatch.setenv("HOME", str(home))
    for variable, folder in (("XDG_CACHE_HOME", "cache"), ("XDG_CONFIG_HOME", "config"), ("KERNELWRIGHT_CACHE", "kernelwright")):
        monkeypatch.setenv(variable, str(home / folder))


@pytest.fixture(autouse=True)
def no_real_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.endswith(KEY_SUFFIXES):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries do not sleep; everybody else's ``time.sleep`` is left alone."""
    import tenacity.nap

    monkeypatch.setattr(tenacity.nap, "time", types.SimpleNamespace(sleep=lambda _seconds: None))


@pytest.fixture(autouse=True)
def no_other_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that would leave this machine is an error that names where it was going."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def check(sock: socket.socket, address: object) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
            host = str(address[0])
            if not (host.startswith("127.") or host in ("::1", "localhost")):
                raise AssertionError(f"a test tried to connect to {address!r}; only loopback is allowed")

    def guarded(original: Callable[..., object]) -> Callable[..., object]:
        def call(sock: socket.socket, address: object) -> object:
            check(sock, address)
            return original(sock, address)

        return call

    monkeypatch.setattr(socket.socket, "connect", guarded(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(connect_ex))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``golden("agent/system.md", text)``: text is what the snapshot says, or becomes it with ``--update-golden``."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no snapshot tests/golden/{name}; make it with: pytest --update-golden"
        assert text == path.read_text(encoding="utf-8"), f"differs from tests/golden/{name}; if intended: pytest --update-golden"

    return compare
