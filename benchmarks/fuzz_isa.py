"""Random programs against the native engine: it must never crash, and do what the golden engine does on a sample.

    python -m benchmarks.fuzz_isa                        # a million programs for each timing of the test machine
    python -m benchmarks.fuzz_isa isa_specs/plena --profile HEAD --programs 100000

Each batch draws initial contents, grows a program that runs long (`backends.isa.generate`) and runs its mutants; now and then it
runs words that nothing has tried. A disagreement prints the seed and the words.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from backends.isa.bind import load
from backends.isa.differential import compare
from backends.isa.engine import Program
from backends.isa.generate import Generator
from backends.isa.golden.engine import GoldenEngine
from backends.isa.native.engine import NativeEngine
from backends.isa.registry import find

SCRATCH = Path(__file__).parents[1] / "tests" / "backends" / "isa" / "scratch_isa"
BATCH = 64
"""Programs that share initial contents and descend from one."""
WILD = 8
"""One program in so many descends from none."""
FUEL = 2000


def main() -> int:
    """Runs the campaign; 1 if the engines disagree somewhere."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("isa", nargs="?", default=str(SCRATCH), help="name or folder of an instruction set")
    parser.add_argument("--profile", help="profile of machine.toml (default: its own)")
    parser.add_argument("--programs", type=int, default=1_000_000, help="programs for each timing (default: %(default)s)")
    parser.add_argument("--compare-every", type=int, default=500, help="share compared with the golden engine: one in so many")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    definition = find(options.isa)
    timings = load(definition, options.profile).machine.timings
    with tempfile.TemporaryDirectory() as folder:
        failed = [timing for timing in timings if not campaign(options, timing, Path(folder))]
    return 1 if failed else 0


def campaign(options: argparse.Namespace, timing: str, cache: Path) -> bool:
    """One timing; whether the engines agree."""
    architecture = load(find(options.isa), options.profile, timing)
    native, golden = NativeEngine(architecture, cache), GoldenEngine(architecture)
    ends: dict[str, int] = {}
    begun, compared, instructions, reached = time.perf_counter(), 0, 0, 0.0
    for number in range(options.programs):
        if number % BATCH == 0:
            rng = np.random.default_rng([options.seed, number])
            generator = Generator(architecture, rng, int(rng.integers(1, 32)))
            words = base = generator.grown(native, FUEL)
        else:
            words = generator.words() if number % WILD == 0 else generator.mutant(base)
        generator.prepare(native)
        outcome = native.run(Program.of(words), fuel=FUEL)
        instructions += outcome.instructions
        reached += np.count_nonzero(outcome.counts) / len(words)
        ending = outcome.trap.cause if outcome.trap else outcome.ended
        ends[ending] = ends.get(ending, 0) + 1
        if (number + 1) % options.compare_every == 0:  # + 1, so that these are not always the first of their batch
            compared += 1
            found = compare(golden, native, words, generator.images, fuel=FUEL).found
            if found:
                print(f"seed {options.seed}, program {number}: {[hex(word) for word in words]}", *found, sep="\n  ")
                return False
    took = time.perf_counter() - begun
    print(f"{architecture.name} {timing}: {options.programs} programs, {instructions} instructions, {took:.0f} s")
    print(f"  {100 * reached / options.programs:.0f} % of a program's words run, on average")
    print(f"  compared with golden: {compared}, all equal")
    print("  " + ", ".join(f"{cause} {count}" for cause, count in sorted(ends.items(), key=lambda item: -item[1])))
    return True


if __name__ == "__main__":
    sys.exit(main())
