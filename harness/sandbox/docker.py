"""Tier ``docker``: a hardened container per box, with the launcher inside it; for machines that trust their engine most.

Images come from no registry: an empty one is imported, and the machine's own /usr is mounted read-only. Descriptors cannot be
handed to a container, so pipes are FIFOs and memories are files in a private folder of the machine's memory that is mounted;
the launcher opens them under the numbers that the program expects. The engine must run on this machine. A box costs about half a
second: batch calls. `ProcessBox.pause` is the engine's, through cgroups.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import select
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from io import FileIO
from pathlib import Path
from typing import Any

from harness.errors import InfraError
from harness.sandbox import BoxLimits, Completed, Probe, SharedMemory
from harness.sandbox.launch import ENVIRONMENT, Program, exit_status, file_options, limit_options
from harness.sandbox.memory import FileMemory
from harness.sandbox.native import HERE, compile_trusted
from harness.sandbox.process import Sink, drain, fill_in
from harness.sandbox.staging import private_folder
from harness.sandbox.stream import pack, unpack
from harness.sandbox.system import FOLDERS, SETTINGS, libc_files

HINT = "pip install 'kernelwright[docker]', apt-get install docker.io, start dockerd, join the group docker (or set DOCKER_HOST)"
_IMAGE = "kernelwright-root"
_LABEL = "kernelwright.box"
_LAUNCHER = "/box/confine"
_PIPES = "/box/pipes"
_WORK = "/tmp/work"
_NOBODY = "65534:65534"
_START_S = 30.0
_DRAIN_S = 5.0
_BURIAL_S = 2.0
_LAST_WORDS_S = 0.1
_READY, _STDOUT, _STDERR, _COLLECT, _LIFELINE, _FILES, _FIRST = 3, 1, 2, 4, 5, 6, 10
_MESSAGE_BYTES = 4096
_ORPHANED = timedelta(minutes=1)


def create(cache: Path) -> DockerSandbox:
    """The tier; ``cache`` holds the compiled launcher."""
    return DockerSandbox(cache)


class Fifos:
    """Named pipes in a folder that a container mounts read-only: a FIFO can be written to all the same."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._held: list[FileIO] = []
        self.options: list[str] = []
        """The launcher's options that open the other ends."""

    def make(self, name: str, number: int, *, we: str) -> FileIO:
        """A FIFO that the box opens as descriptor ``number``; our end."""
        path = self._folder / name
        os.mkfifo(path)
        path.chmod(0o666)
        # Until the box has opened its end we hold one too: otherwise we would see the end of a pipe that has not begun.
        reader, writer = (self._open(path, flags) for flags in (os.O_RDONLY | os.O_NONBLOCK, os.O_WRONLY))
        ours, theirs = (reader, writer) if we == "read" else (writer, reader)
        os.set_blocking(reader.fileno(), True)
        self._held.append(theirs)
        self.options += ["--open-write" if we == "read" else "--open-read", f"{number}={_PIPES}/{name}"]
        return ours

    def let_go(self) -> None:
        """Once the box has opened its ends, or never will."""
        for end in self._held:
            end.close()

    def _open(self, path: Path, flags: int) -> FileIO:
        file = FileIO(os.open(path, flags | os.O_CLOEXEC), "r" if flags & os.O_ACCMODE == os.O_RDONLY else "w")
        self._stack.callback(file.close)
        return file


class Container:
    """A container, from its creation to its removal."""

    def __init__(self, engine: Any, image: str, argv: list[str], binds: Mapping[str, tuple[Path, str]], program: Program) -> None:
        limits = program.limits
        self._frozen = False
        self._container = engine.containers.create(
            image,
            command=argv,
            labels={_LABEL: str(os.getpid())},
            volumes=[f"{path}:{inside}:{mode}" for inside, (path, mode) in binds.items()],
            environment={**ENVIRONMENT, "TMPDIR": "/tmp", **program.environment},
            working_dir="/",
            user=_NOBODY,
            network_mode="none",
            ipc_mode="none",
            read_only=True,
            tmpfs={"/tmp": f"size={limits.memory_bytes},mode=1777,exec"} if program.workshop else {},
            mem_limit=limits.memory_bytes,
            memswap_limit=limits.memory_bytes,
            pids_limit=limits.processes + 2,  # the launcher, and the engine's own starter
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            log_config={"type": "none"},  # output goes through a FIFO with a cap; a log would fill the disk
        )

    def start(self) -> None:
        """Starts it; the launcher is its first process."""
        self._container.start()

    def ended(self) -> bool:
        """Whether it runs no more."""
        self._container.reload()
        return self._container.status in ("exited", "dead")

    def freeze(self) -> None:
        """Stops all its processes through cgroups; nothing happens if it has ended."""
        with self._unless_ended():
            self._container.pause()
            self._frozen = True

    def thaw(self) -> None:
        """Undoes `freeze`."""
        if self._frozen:
            with self._unless_ended():
                self._container.unpause()
                self._frozen = False

    @contextlib.contextmanager
    def _unless_ended(self) -> Iterator[None]:
        """The engine has several errors, and moments, for a container that is just ending."""
        import docker.errors

        try:
            yield
        except docker.errors.APIError:
            deadline = time.monotonic() + _BURIAL_S
            while not self.ended():
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def remove(self, *, dying: bool) -> int:
        """Ends and removes it; its status, negative for a signal. One that is ``dying`` is left the time to report how."""
        import requests.exceptions

        try:
            if dying:
                with contextlib.suppress(requests.exceptions.RequestException):  # docker's way to say that it took too long
                    return self._wait(_BURIAL_S)
            with self._unless_ended():
                self._container.kill()
            return self._wait(_START_S)
        finally:
            self._container.remove(force=True)

    def _wait(self, seconds: float) -> int:
        return exit_status(int(self._container.wait(timeout=seconds)["StatusCode"]))


@contextlib.contextmanager
def engine_errors() -> Iterator[None]:
    """Whatever the engine, its client or the connection raise is the machine's failure."""
    try:
        import docker.errors
        import requests.exceptions
    except ImportError as error:
        raise InfraError(f"the docker sandbox needs the Python package 'docker': {error}", HINT) from error
    try:
        yield
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
        raise InfraError(f"the docker sandbox failed: {error}", HINT) from error


class DockerSandbox:
    """Boxes that are containers of the local engine."""

    name = "docker"

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def probe(self) -> Probe:
        """Runs the canary attacks in a container of each kind."""
        from harness.sandbox.probe import attack

        return attack(self, self._cache)

    def run(
        self,
        argv: Sequence[str],
        *,
        files: Mapping[str, bytes] = {},
        collect: Sequence[str] = (),
        mounts: Mapping[str, Path] = {},
        environment: Mapping[str, str] = {},
        limits: BoxLimits = BoxLimits(),
    ) -> Completed:
        """Runs a tool to its end; see `harness.sandbox.Sandbox.run`."""
        begin = time.monotonic()
        program = Program(argv, limits, mounts, True, environment, files=files, collect=collect)
        with engine_errors(), ExitStack() as stack:
            box = DockerBox(stack, self._cache, program, {})
            sinks = {
                box.stdout: Sink(limits.output_bytes),
                box.stderr: Sink(limits.output_bytes),
                box.collected: Sink(sum(limits.file_bytes + 16 + len(name.encode()) for name in collect)),
            }
            timed_out = not drain(sinks, max(begin, box.started) + limits.wall_s)
            status = box.container.remove(dying=not timed_out)
            drain(sinks, time.monotonic() + _DRAIN_S)
        stdout, stderr, collected = (bytes(sink.content) for sink in sinks.values())
        found = {} if timed_out else unpack(collected, collect)
        return Completed(status, stdout, stderr, found, timed_out, time.monotonic() - begin)

    def start(
        self, argv: Sequence[str], *, mounts: Mapping[str, Path], memories: Mapping[str, tuple[int, bool]], limits: BoxLimits
    ) -> DockerBox:
        """Starts a live box; see `harness.sandbox.Sandbox.start`."""
        with engine_errors(), ExitStack() as stack:
            box = DockerBox(stack, self._cache, Program(argv, limits, mounts, False), memories)
            box.own(stack.pop_all())
        return box


class DockerBox:
    """A container that runs; see `harness.sandbox.Box`."""

    def __init__(self, stack: ExitStack, cache: Path, program: Program, memories: Mapping[str, tuple[int, bool]]) -> None:
        folder = private_folder(None, stack, _memory_folder())
        self._pipes_folder = folder / "pipes"
        self._pipes_folder.mkdir()
        self._pipes_folder.chmod(0o755)
        self.limits = program.limits
        shared: dict[str, FileMemory] = {}
        self.memories: Mapping[str, SharedMemory] = shared
        fifos = Fifos(self._pipes_folder, stack)
        self.stdout, self.stderr = fifos.make("stdout", _STDOUT, we="read"), fifos.make("stderr", _STDERR, we="read")
        self.ready, self.lifeline = fifos.make("ready", _READY, we="read"), fifos.make("lifeline", _LIFELINE, we="write")
        # The last one in either case is one that the box writes to: see `open_as` of confine.c.
        if program.workshop:
            self.collected = fifos.make("collected", _COLLECT, we="read")
        else:
            request, reply = fifos.make("request", _FIRST, we="write"), fifos.make("reply", _FIRST + 1, we="read")
            self.request_fd, self.reply_fd = request.fileno(), reply.fileno()
        binds = {**_system_binds(program), _PIPES: (self._pipes_folder, "ro")}
        binds[_LAUNCHER] = compile_trusted(HERE / "confine.c", cache), "ro"
        numbers = {"request": _FIRST, "reply": _FIRST + 1}
        options = [*fifos.options, *_share(memories, shared, folder, stack, binds, numbers), *self._files(program)]
        options += ["--ready", str(_READY), "--lifeline", str(_LIFELINE), "--profile", "tools"]
        # Containers share a uid, which is what RLIMIT_NPROC counts by: two boxes would use up each other's. Cgroups count here.
        options += limit_options(program.limits, extra_processes=None)
        argv = [_LAUNCHER, *options, "--", *(fill_in(text, numbers) for text in program.argv)]
        engine, image = stack.enter_context(_engine())
        self.container = Container(engine, image, argv, binds, program)
        try:
            self.container.start()
            self.started = time.monotonic()
            self._wait_ready()
        except BaseException:
            self.container.remove(dying=False)
            raise
        fifos.let_go()

    def _files(self, program: Program) -> list[str]:
        """The launcher's options for the working folder of tools; the stream of files lies among the pipes."""
        if program.files is None:
            return []
        (self._pipes_folder / "files").write_bytes(pack(program.files))
        (self._pipes_folder / "files").chmod(0o644)
        opened = ["--open-read", f"{_FILES}={_PIPES}/files", "--make", _WORK, "--chdir", _WORK]
        return [*opened, *file_options(program, _FILES, _COLLECT)]

    def _wait_ready(self) -> None:
        """Returns when the launcher is about to start the program; InfraError with its words, or the engine's."""
        deadline, said = time.monotonic() + _START_S, b""
        while not said:
            if select.select([self.ready], [], [], 0.2)[0]:
                said = os.read(self.ready.fileno(), _MESSAGE_BYTES)
            elif self.container.ended() or time.monotonic() > deadline:
                raise InfraError("the docker sandbox cannot start: the launcher did not report", HINT)
        if said != b"+":
            raise InfraError(f"the docker sandbox cannot start: {said.decode('utf-8', 'replace')}", HINT)

    def own(self, stack: ExitStack) -> None:
        """From here on the box is long-lived and gives everything back in `close`."""
        self._stack = stack
        self._ended: tuple[int, bytes] | None = None
        self._printed = Sink(self.limits.output_bytes)
        pipes = {self.stdout: self._printed, self.stderr: self._printed}
        self._reader = threading.Thread(target=drain, args=(pipes,), daemon=True, name="box output")
        self._reader.start()

    def alive(self) -> bool:
        """Whether the program still runs."""
        with engine_errors():
            return self._ended is None and not self.container.ended()

    def waiting(self) -> bool | None:
        """None: the engine does not tell."""
        return None

    def cpu_ns(self) -> int | None:
        """None: the engine's figures are too old."""
        return None

    def pause(self) -> None:
        """Freezes the container; a no-op once it has ended."""
        with engine_errors():
            if self._ended is None:
                self.container.freeze()

    def resume(self) -> None:
        """Undoes `pause`."""
        with engine_errors():
            if self._ended is None:
                self.container.thaw()

    def close(self) -> tuple[int, bytes]:
        """Kills and removes the container; the status and what it printed. Idempotent."""
        if self._ended is None:
            with engine_errors(), self._stack:
                self._reader.join(_LAST_WORDS_S)  # it ends when the program has
                status = self.container.remove(dying=not self._reader.is_alive())
                self._reader.join(_DRAIN_S)
                self._ended = status, bytes(self._printed.content)
        return self._ended


def _share(
    memories: Mapping[str, tuple[int, bool]],
    shared: dict[str, FileMemory],
    folder: Path,
    stack: ExitStack,
    binds: dict[str, tuple[Path, str]],
    numbers: dict[str, int],
) -> list[str]:
    """Makes the memories; the launcher's options that open them."""
    options = []
    for number, (name, (size, writable)) in enumerate(memories.items(), start=_FIRST + 2):
        path = folder / name
        shared[name] = memory = FileMemory(path, size)
        stack.callback(memory.close)
        path.chmod(0o666 if writable else 0o644)
        binds[f"/box/memory/{name}"] = path, "rw" if writable else "ro"
        numbers[name] = number
        options += ["--open-both" if writable else "--open-read", f"{number}=/box/memory/{name}"]
    return options


def _memory_folder() -> Path | None:
    """Where files are memory; the default temporary folder if there is no such place."""
    shared = Path("/dev/shm")
    return shared if os.access(shared, os.W_OK) else None


def _system_binds(program: Program) -> dict[str, tuple[Path, str]]:
    if program.workshop:
        seen = {path: Path(path) for path in (*FOLDERS, *SETTINGS) if Path(path).exists() and not Path(path).is_symlink()}
    else:
        seen = dict(libc_files())
    for inside, path in program.mounts.items():
        if not path.exists():
            raise InfraError(f"{path} is to be mounted in a box as {inside}, but does not exist")
    return {inside: (path.resolve(), "ro") for inside, path in {**seen, **program.mounts}.items()}


@contextlib.contextmanager
def _engine() -> Iterator[tuple[Any, str]]:
    """A connection to the engine, and the name of the empty image in it."""
    import docker
    import docker.errors

    client = docker.from_env()
    try:
        content = _empty_image()
        tag = hashlib.sha256(content).hexdigest()[:16]
        try:
            client.images.get(f"{_IMAGE}:{tag}")
        except docker.errors.ImageNotFound:
            client.api.import_image_from_data(content, repository=_IMAGE, tag=tag)
        _remove_orphans(client)
        yield client, f"{_IMAGE}:{tag}"
    finally:
        client.close()


def _remove_orphans(client: Any) -> None:
    """Removes ended containers of harnesses that were killed. A live harness removes its own within seconds."""
    for container in client.containers.list(all=True, filters={"label": _LABEL, "status": "exited"}, ignore_removed=True):
        finished = str(container.attrs["State"]["FinishedAt"])[:19]
        ended = datetime.fromisoformat(finished).replace(tzinfo=UTC)
        if datetime.now(UTC) - ended > _ORPHANED:
            container.remove(force=True)


def _empty_image() -> bytes:
    """A root with the links that this machine has, and nothing in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("box", "box/pipes", "box/memory", "tmp", "usr", "etc", "proc", "dev", "sys"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            archive.addfile(entry)
        for folder in map(Path, FOLDERS):
            if folder.is_symlink():
                link = tarfile.TarInfo(folder.name)
                link.type, link.linkname = tarfile.SYMTYPE, str(folder.readlink())
                archive.addfile(link)
    return buffer.getvalue()
