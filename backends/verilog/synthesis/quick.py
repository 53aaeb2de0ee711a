"""Area and depth, fast: the steps of ``synth_ecp5`` as far as arithmetic, then LUTs without its libraries.

Adders count as the LUTs that they would take without carry chains. On kernels of several families the area was between 15% below
and 20% above that of the full synthesis, in about half its time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from backends.verilog.classes import Failure
from backends.verilog.synthesis.area import BLOCK_BITS, Resources
from backends.verilog.synthesis.design import Cell, Design
from backends.verilog.synthesis.messages import of_error
from backends.verilog.synthesis.netlist import chparam, refused, run_yosys, stopped
from backends.verilog.synthesis.path import MULTIPLIER, LongestPath, longest_path
from backends.verilog.synthesis.wasm import Wasm
from harness.backend import Diagnostic

SECONDS = 20
"""Processor time for one estimate."""
SMALL_MEMORY_BITS = 1024
"""Arrays up to this size become LUT memories, larger ones block memories, if their reads allow."""
SCRIPT = """\
read_verilog -lib <<EOT
module multiplier_18x18 (input [17:0] A, B, output [35:0] Y);
  parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 18, B_WIDTH = 18, Y_WIDTH = 36;
endmodule
EOT
read_verilog -sv kernel.v
hierarchy -check -top kernel {parameters}
proc
flatten -noscopeinfo
opt_expr
opt_clean
opt -nodffe -nosdff
fsm
opt
wreduce
peepopt
opt_clean
share
techmap -map +/cmp2lut.v -D LUT_WIDTH=4
opt_expr
opt_clean
techmap -map +/mul2dsp.v -D DSP_A_MAXWIDTH=18 -D DSP_B_MAXWIDTH=18 -D DSP_A_MINWIDTH=2 -D DSP_B_MINWIDTH=2 \
-D DSP_NAME=multiplier_18x18
chtype -set $mul t:$__soft_mul
alumacc
opt
memory -nomap
opt_clean
opt -fast -mux_undef -undriven -fine
write_json coarse.json
techmap */t:* */t:$mem_v2 %d */t:multiplier_18x18 %d
techmap */t:* */t:$mem_v2 %d */t:multiplier_18x18 %d
opt -fast -mux_undef -undriven -fine
abc9 -lut 4
opt_clean
tee -q -o mapped.json stat -json
"""


@dataclass(frozen=True)
class Quick:
    """A fast estimate; compare estimates with each other, not with `Ppa`."""

    resources: Resources | None
    """What the design would occupy; None if it is no design."""
    path: LongestPath | None
    """Its longest path."""
    cells: Mapping[str, int]
    """Word-level cells by yosys's type, after optimisation."""
    diagnostics: tuple[Diagnostic, ...]
    """Why there is no estimate."""
    failure: Failure | None
    """Class of that; None if there is one."""
    seconds: float
    """Wall time."""

    @property
    def area(self) -> float | None:
        """LUT4 equivalents, by the formula of `Resources.area`."""
        return None if self.resources is None else self.resources.area

    def lines(self) -> Iterator[str]:
        """The estimate as text for an agent."""
        if self.resources is None or self.path is None:
            yield from (f"{found.message} ({found.hint})" for found in self.diagnostics)
            return
        used = self.resources
        yield (
            f"area {used.area:.0f} LUT4 equivalents (estimate): {used.luts} LUT4, {used.ffs} flip-flops, "
            + (f"{used.dsps} multipliers, {used.brams} block memories")
        )
        path = self.path
        where = f"; lines {', '.join(map(str, path.lines))}" if path.lines else ""
        yield f"longest path {path.levels} levels, from {path.begin!r} to {path.end!r}: {', '.join(path.through)}{where}"


def estimate(wasm: Wasm, text: str, parameters: Mapping[str, int]) -> Quick:
    """Estimates a kernel that the netlist gate has accepted, with these values of its parameters."""
    script = SCRIPT.format(parameters=chparam(parameters))
    done = run_yosys(wasm, text, script, collect=("coarse.json", "mapped.json"), seconds=SECONDS)
    problem = stopped(done, SECONDS)
    if problem is None and "mapped.json" not in done.files:
        problem = of_error(done.stderr.decode("utf-8", "replace"))
    if problem is not None:
        no = refused([problem], text, done.seconds)
        return Quick(None, None, {}, no.diagnostics, no.failure, done.seconds)
    design = Design(done.files["coarse.json"])
    kinds = json.loads(done.files["mapped.json"])["design"].get("num_cells_by_type", {})
    return Quick(resources(design, kinds), longest_path(design), dict(design.kinds), (), None, done.seconds)


def resources(design: Design, kinds: Mapping[str, int]) -> Resources:
    """What a design would occupy: memories and multipliers from its word-level form, the rest from its mapped cells by type."""
    memories = [cell for cell in design.cells if cell.type == "$mem_v2"]
    return Resources(
        luts=kinds.get("$lut", 0) + sum(_lut_memory(cell) for cell in memories),
        carry=0,
        ffs=sum(count for kind, count in kinds.items() if "DFF" in kind),
        dsps=design.kinds[MULTIPLIER],
        brams=sum(_blocks(cell) for cell in memories),
    )


def _bits(cell: Cell) -> int:
    return cell.number("WIDTH") * cell.number("SIZE")


def _is_block(cell: Cell) -> bool:
    """Block memories read on the clock; an array that is read without one can only be LUTs."""
    clocked = set(cell.parameters.get("RD_CLK_ENABLE", "")) <= {"1"}
    return clocked and _bits(cell) > SMALL_MEMORY_BITS


def _blocks(cell: Cell) -> int:
    return -(-_bits(cell) * max(1, cell.number("RD_PORTS")) // BLOCK_BITS) if _is_block(cell) else 0


def _lut_memory(cell: Cell) -> int:
    return 0 if _is_block(cell) else -(-_bits(cell) * max(1, cell.number("RD_PORTS")) // 16)
