"""Verilator: two-valued (what is undefined becomes random), compiles in a second or two, runs millions of cycles a second.

Its run-time library and a precompiled header are compiled once per machine into the cache (`Verilator.kit`): a design costs only
its own code. Compiled designs are cached by content, the bench's random names with them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock

from backends.verilog.simulate.bench import Bench
from backends.verilog.simulate.driver import Program, Refusal, cpu_seconds, require
from harness.errors import InfraError
from harness.files import write_atomically
from harness.record import digest
from harness.sandbox import BoxLimits, Sandbox

HINT = "apt-get install verilator g++"
LIMITS = BoxLimits(wall_s=180.0, cpu_s=60, memory_bytes=2 << 30, file_bytes=128 << 20, processes=32)
"""What compiling one design may use."""
_BUILD_S = 2.0
"""CPU seconds that compiling takes, until a design has been compiled here; a small one took 1.2 s when this was written."""
_START_S = 0.1
_INCLUDE = "/usr/share/verilator/include"
_FLAGS = f"-O1 -w -faligned-new -fcf-protection=none -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TRACE=0 -I{_INCLUDE} -I{_INCLUDE}/vltstd"
_KIT = ("verilated.o", "verilated_threads.o", "verilated.h.gch")
_MAKE_KIT = f"""set -e
g++ {_FLAGS} -c {_INCLUDE}/verilated.cpp
g++ {_FLAGS} -c {_INCLUDE}/verilated_threads.cpp
g++ {_FLAGS} -x c++-header {_INCLUDE}/verilated.h -o verilated.h.gch
"""
_COMPILE = f"""set -e
verilator --cc --prefix Vbench --top-module $1 --Mdir . -O3 --x-assign unique --x-initial unique \\
  -Wno-fatal -Wno-lint -Wno-style bench.sv kernel.sv
for part in Vbench*.cpp main.cpp; do echo "#include \\"$part\\""; done > all.cc
g++ -I/kit {_FLAGS} -I. -c all.cc -o all.o
g++ all.o /kit/verilated.o /kit/verilated_threads.o -pthread -latomic -o program
times > cost
"""


class Verilator:
    """The fast simulator, for designs that Icarus is too slow for."""

    name = "verilator"

    def __init__(self, sandbox: Callable[[], Sandbox], cache: Path) -> None:
        self._sandbox = sandbox
        self._cache = cache / "verilator"
        self._build_s = _BUILD_S
        self._making = Lock()

    @cached_property
    def available(self) -> bool:
        """Whether the programs are there; that they work is for `version` to say."""
        return all(map(shutil.which, ("verilator", "g++")))

    @cached_property
    def version(self) -> str:
        """What ``verilator --version`` says; InfraError where it does not work."""
        return require(self._sandbox, ["verilator", "--version"], HINT)

    def compile(self, bench: Bench, design: str) -> Program | Refusal:
        """Compiles, or takes an earlier result of the same design and the same bench but for its names."""
        key = digest(self.version, _COMPILE, bench.key, design)
        if known := self._load(key):
            return Program(known)
        main = (Path(__file__).parent / "main.cpp").read_bytes()
        done = self._sandbox().run(
            ["/bin/sh", "-c", _COMPILE, "sh", bench.top],
            files={"bench.sv": bench.text.encode(), "kernel.sv": design.encode(), "main.cpp": main},
            collect=["program", "cost"],
            mounts={"/kit": self.kit()},
            limits=LIMITS,
        )
        program = done.files.get("program")
        if done.returncode or not program:
            return Refusal(done.stderr.decode("utf-8", "replace"), done.returncode, done.timed_out)
        self._store(key, program)
        self._build_s = cpu_seconds(done.files["cost"].decode("ascii"))
        return Program(program, self._build_s)

    def command(self, seed: int) -> Sequence[str]:
        """Registers start at random values drawn from the seed."""
        return ["./program", "+verilator+rand+reset+2", f"+verilator+seed+{seed}"]

    def cost(self, bench: Bench, design: str) -> float:
        """CPU seconds that `compile` will take: what it took the last time, or next to nothing where the result is known."""
        if self._load(digest(self.version, _COMPILE, bench.key, design)) is not None:
            return _START_S
        return self._build_s

    def kit(self) -> Path:
        """The folder of run-time library and precompiled header, made where there is none yet; by one thread at a time."""
        with self._making:
            return self._kit

    @cached_property
    def _kit(self) -> Path:
        """Checked by content at every start."""
        folder = self._cache / f"kit-{digest(self.version, _MAKE_KIT)[:16]}"
        paths = {name: folder / name for name in _KIT}
        sums = folder / "sums.json"
        try:
            known = json.loads(sums.read_bytes())
            if all(_sha256(path.read_bytes()) == known[name] for name, path in paths.items()):
                return folder
        except (OSError, ValueError, KeyError):
            pass
        done = self._sandbox().run(["/bin/sh", "-c", _MAKE_KIT], collect=_KIT, limits=LIMITS)
        if done.returncode or set(done.files) != set(_KIT):
            said = done.stderr.decode("utf-8", "replace").strip()
            raise InfraError(f"the run-time library of {self.version} cannot be compiled: {said!r}", HINT)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in done.files.items():
            write_atomically(paths[name], content, durable=False)
        write_atomically(sums, json.dumps({name: _sha256(content) for name, content in done.files.items()}), durable=False)
        return folder

    def _load(self, key: str) -> bytes | None:
        try:
            content = (self._cache / key).read_bytes()
            known = (self._cache / f"{key}.sha256").read_text()
        except OSError:
            return None
        return content if _sha256(content) == known else None

    def _store(self, key: str, program: bytes) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        write_atomically(self._cache / key, program, durable=False)
        write_atomically(self._cache / f"{key}.sha256", _sha256(program), durable=False)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
