"""Every tier that works on this machine, a Docker engine where root can start one, and small programs to put in boxes."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.sandbox import Probe, Sandbox, unconfined
from harness.sandbox.choose import TIERS
from harness.sandbox.native import HERE, compile_trusted

PROGRAMS = Path(__file__).parent / "programs"
ENGINE_OPTIONS = ("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--bridge=none")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Below a folder that only this user may enter, as a cache folder in a home is."""
    return tmp_path_factory.mktemp("sandbox-cache")


@pytest.fixture(scope="session")
def canary(cache: Path) -> Path:
    return compile_trusted(HERE / "canary.c", cache)


@pytest.fixture(scope="session")
def answer(cache: Path) -> Path:
    return compile_trusted(PROGRAMS / "answer.c", cache)


@pytest.fixture(scope="session")
def docker_host() -> Iterator[str]:
    """Address of a Docker engine: the user's, or one of our own without any network."""
    if os.environ.get("DOCKER_HOST"):
        yield os.environ["DOCKER_HOST"]
        return
    program = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if os.geteuid() != 0 or program is None:
        pytest.skip("no Docker engine: " + ("dockerd is not installed" if program is None else "only root can start dockerd"))
    with tempfile.TemporaryDirectory(prefix="kernelwright-dockerd-", ignore_cleanup_errors=True) as name:
        yield from _engine(program, Path(name))


def _engine(program: str, folder: Path) -> Iterator[str]:
    host = f"unix://{folder}/docker.sock"
    places = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid", f"--host={host}"]
    with (folder / "log").open("wb") as log:
        engine = subprocess.Popen([program, *places, *ENGINE_OPTIONS], stdout=log, stderr=log, start_new_session=True)
        try:
            if not _answers(folder / "docker.sock", engine):
                pytest.skip("dockerd does not start here: " + (folder / "log").read_text(errors="replace")[-500:])
            yield host
            _remove_containers(host)  # before the engine: it would leave their shims behind
        finally:
            engine.terminate()
            engine.wait(30)


def _answers(socket_path: Path, engine: subprocess.Popen[bytes]) -> bool:
    """Whether the engine comes up. Asked without the SDK, which leaks a socket for every time that nobody answers."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and engine.poll() is None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(socket_path))
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            if b"200 OK" in connection.recv(100):
                return True
        time.sleep(0.1)
    return False


def _remove_containers(host: str) -> None:
    import docker as sdk

    client = sdk.DockerClient(base_url=host)
    for container in client.containers.list(all=True):
        container.remove(force=True)
    client.close()


@pytest.fixture(scope="session")
def probes() -> dict[str, Probe]:
    """What tiers have shown in this session."""
    return {}


def _tier(request: pytest.FixtureRequest) -> Sandbox:
    """The tier, or a skip with the reason why it cannot start here; whether it stops attacks is for the tests to find out."""
    name, known = request.param, request.getfixturevalue("probes")
    if name == "docker":
        request.getfixturevalue("monkeypatch").setenv("DOCKER_HOST", request.getfixturevalue("docker_host"))
    sandbox: Sandbox = TIERS[name](request.getfixturevalue("cache"))
    probe = known[name] = known.get(name) or sandbox.probe()
    if not probe.attacks:
        pytest.skip(f"{name} cannot start here: {probe.detail}")
    return sandbox


@pytest.fixture
def processes() -> Callable[[str], list[int]]:
    """``processes(text)``: ids of this machine's processes with an argument that ends so."""

    def find(text: str) -> list[int]:
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if folder.name.isdigit() and any(
                    part.endswith(text.encode()) for part in (folder / "cmdline").read_bytes().split(b"\0")
                ):
                    found.append(int(folder.name))
        return found

    return find


_PROCESS_TIERS = ["bubblewrap", "confined"]


@pytest.fixture(params=[*_PROCESS_TIERS, pytest.param("docker", marks=pytest.mark.docker)])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each confining tier."""
    return _tier(request)


@pytest.fixture(params=_PROCESS_TIERS)
def process_sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Each tier whose boxes are processes of this machine."""
    return _tier(request)


@pytest.fixture
def open_air(cache: Path) -> Sandbox:
    """No sandbox, to show that an attack is one."""
    return unconfined.create(cache)
