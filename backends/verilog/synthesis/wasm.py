"""Running yosys and nextpnr: as WebAssembly, in the sandbox, one fresh instance a call.

Two walls stand around a tool that reads untrusted text. Inside, WebAssembly: whatever happens to yosys, it can only ask for the
few files it was given, and it has no way to load code or to start a program (native yosys has both, and Verilog text can use
them). Outside, the sandbox with its limits. A call costs about 20 ms of processor time, as the compiled program is only mapped
into memory (``wasm.c``, which needs no Python in the box): so there is no worker that would have to be kept alive, watched and
cleaned between calls.
"""

from __future__ import annotations

import shutil
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from backends.verilog.synthesis.modules import Application, compiled, library
from harness.errors import InfraError
from harness.sandbox import BoxLimits, Completed, Sandbox
from harness.sandbox.native import compile_trusted
from harness.sandbox.staging import private_folder, stage
from harness.sandbox.system import is_public

MEMORY_BYTES = 1 << 30
"""Linear memory of a program."""
TRAPPED = 70
"""Exit status of a program that trapped: out of memory, out of stack, abort."""
PATIENCE = 10
"""Wall seconds per second of processor time: on a busy machine an honest design must not be lost."""
_COULD_NOT_START = 125
_ADDRESS_SPACE = 12 << 30  # wasmtime reserves 4 GiB and guards for a memory, twice over; what is really used, MEMORY_BYTES bounds
_PROCESSES = 32  # wasmtime's file operations run on threads
_RUNNER = Path(__file__).with_name("wasm.c")


class Wasm:
    """Runs applications in the session's sandbox; ``cache`` holds their compiled code."""

    def __init__(self, sandbox: Callable[[], Sandbox], cache: Path) -> None:
        self._sandbox, self._cache = sandbox, cache
        self._stack = ExitStack()
        self._reachable: dict[Path, Path] = {}
        self._lock = threading.Lock()
        weakref.finalize(self, self._stack.close)

    def run(
        self,
        application: Application,
        arguments: Sequence[str],
        *,
        files: Mapping[str, bytes],
        collect: Sequence[str],
        seconds: int,
    ) -> Completed:
        """Runs a program to its end in a folder that holds ``files``, for at most ``seconds`` of processor time and `PATIENCE`
        times that of wall time. InfraError if it cannot be started."""
        module = self._reach(compiled(application, self._cache))
        mounts = {"/wasm/runner": self._runner, "/wasm/library.so": self._reach(library()), "/wasm/module": module}
        folders = []
        for folder in application.folders:
            mounts[f"/wasm/{folder}"] = self._reach(application.package / folder)
            folders.append(f"/{folder}=/wasm/{folder}")
        done = self._sandbox().run(
            ["/wasm/runner", "/wasm/library.so", "/wasm/module", str(MEMORY_BYTES), *folders, "--", application.name, *arguments],
            files=files,
            collect=collect,
            mounts=mounts,
            limits=BoxLimits(wall_s=float(PATIENCE * seconds), cpu_s=seconds, memory_bytes=_ADDRESS_SPACE, processes=_PROCESSES),
        )
        if done.returncode == _COULD_NOT_START:
            said = done.stderr.decode("utf-8", "replace").strip()
            raise InfraError(f"{application.name} could not be started: {said}", f"delete {module} to have it made again")
        return done

    @cached_property
    def _runner(self) -> Path:
        return self._reach(compile_trusted(_RUNNER, self._cache))

    @cached_property
    def _folder(self) -> Path:
        """For copies: one that any user may enter, deleted with this object (or, after a crash, by a later session)."""
        folder = private_folder(None, self._stack)
        folder.chmod(0o755)
        return folder

    def _reach(self, path: Path) -> Path:
        """The path, or, where a box under another uid could not get there, a link or a copy. Left to the sandbox, 200 MB would
        be copied at every call."""
        with self._lock:
            if path not in self._reachable:
                copy = self._folder / f"{len(self._reachable)}-{path.name}"
                self._reachable[path] = path if is_public(path) else _stage(path, copy)
            return self._reachable[path]


def _stage(path: Path, target: Path) -> Path:
    if path.is_file():
        try:
            target.hardlink_to(path)  # its own permissions count, and no longer those of the folders above
        except OSError:  # another file system
            shutil.copy(path, target)
        return target
    return stage(path, target, None)
