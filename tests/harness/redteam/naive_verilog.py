"""Graders of Verilog as they are often written, each without one defence: what a cheat claims to fool must fool one of them.

Icarus compiles the text as it stands together with a bench, and whatever the simulation says is believed. The bench sends the
sixteen beats of one vector addition without a pause, never stalls, and compares with ``!=``, which X never is. Everything runs in
a folder of its own under limits of processor time, memory and file size. What Icarus cannot do says so: ``nobody: reason``.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BEATS, LANES = 16, 4
SECONDS = 0.5
"""What the impatient test of a patient grader gives each tool."""
LIMITS = ("prlimit", f"--as={512 << 20}", "--cpu=2", f"--fsize={1 << 20}", "--core=0", "--")
DIED = range(128 + 1, 128 + 65)
"""Statuses by which the driver of the compiler says which signal one of its programs died of."""
BENCH = """\
`ifndef begin_check
`define begin_check begin
`endif
module {name};
  parameter N = 16;
  reg clk = 0, rst = 1, done = 0;
  integer cycle = 0, violations = 0, sent = 0, taken = 0;
  integer result = $fopen("{result}", "w");
  reg [255:0] stim [0:15];
  reg [127:0] expected [0:15];
  wire [255:0] beat = sent < N ? stim[sent] : 256'd0;
  wire s_valid = !rst && sent < N;
  wire s_ready, m_valid, m_last;
  wire [127:0] m_data, right;
  kernel dut (
    .clk(clk), .rst(rst), .s_valid(s_valid), .s_ready(s_ready), .s_data(beat), .s_last(sent == N - 1),
    .m_valid(m_valid), .m_ready(1'b1), .m_data(m_data), .m_last(m_last));
  RefModule golden (.clk(clk), .s_data(beat), .m_data(right));
  always #5 clk = ~clk;
  task finish_run(input [31:0] verdict);
    begin
      $display("END %0s %0d cycles %0d samples", verdict, cycle, N);
      $finish;
    end
  endtask
  initial begin
    $readmemh("stimulus.hex", stim);
    $readmemh("expected.hex", expected);
  end
  always @(posedge clk) begin
    cycle = cycle + 1;
    rst <= 0;
    if (s_valid && s_ready) sent <= sent + 1;
    done <= taken >= N;
    if (done) begin
      $display("Mismatches: %0d in %0d samples", violations, N);
      if (violations == 0) $fdisplay(result, "END ok");
      finish_run(violations == 0 ? "ok" : "bad");
    end else if (m_valid && taken < N) `begin_check
      if (m_data != {compared}) violations = violations + 1;
    end
    if (m_valid) taken <= taken + 1;
  end
  initial #({watchdog}) finish_run(violations == 0 ? "late" : "bad");
endmodule
"""
REFERENCE = """\
`timescale 1ns / 1ps
module RefModule (input wire clk, input wire [255:0] s_data, output reg [127:0] m_data);
  integer i;
  always @(posedge clk) for (i = 0; i < 4; i = i + 1) m_data[32*i +: 32] <= s_data[32*i +: 32] + s_data[128 + 32*i +: 32];
endmodule
"""
OWN = {"stimulus.hex", "expected.hex", "result", "elsewhere", "lib", "kernel.v", "log", "simulation"}
"""What a simulation finds or may leave."""
KEPT = "whoever reads this file has harmed nobody\n"


@dataclass(frozen=True)
class Ran:
    """What compiler and simulator left behind."""

    log: str = ""
    """What both printed."""
    result: str = ""
    """The file that the bench opens."""
    exhausted: bool = False
    """Whether time, memory, stack or the room for output came to an end first, or a tool broke."""
    ran: bool = False
    """Whether there was a simulation."""
    status: int = 0
    """Of whichever tool was the last."""


def run(source: str, folder: Path, *, seconds: float = 30, top: bool = True, library: bool = False, **bench: str) -> Ran:
    """Compiles and simulates; ``top`` names the bench as the root, ``library`` looks it up only if the text has none."""
    filled = {"name": "bench", "compared": "expected[taken]", "watchdog": "100000", "result": "result", **bench}
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 2**32, (2, BEATS, LANES), dtype=np.uint32)
    (folder / "stimulus.hex").write_text(_beats(np.concatenate([a, b], axis=1)))
    (folder / "expected.hex").write_text(_beats(a + b))
    (folder / "result").write_text(KEPT)
    (folder / "lib").mkdir()
    text, name = BENCH, filled["name"]
    for gap, value in filled.items():
        text = text.replace(f"{{{gap}}}", value)
    (folder / "lib" / f"{name}.sv").write_text(text)
    (folder / "lib" / "RefModule.sv").write_text(REFERENCE)
    (folder / "kernel.v").write_text(source)
    (folder / "lib" / "grade.sv").write_text(f"module grade;\n  {name} {name} ();\nendmodule\n")
    found = ["lib/grade.sv", "-ylib", "-Y.sv"] if library else [f"lib/{name}.sv"]
    roots = ["-s", "grade" if library else name] if top else []
    command = ["iverilog", "-g2012", *roots, "-o", "simulation", "lib/RefModule.sv", "kernel.v", *found]
    compiled = _tool(command, folder, seconds)
    if compiled.exhausted or compiled.status:
        return compiled
    simulated = _tool(["vvp", "-n", "simulation", "+seed=7"], folder, seconds)
    result = folder / "result"
    return Ran(
        compiled.log + simulated.log, result.read_text(errors="replace") if result.exists() else "", simulated.exhausted, True,
        simulated.status,
    )  # fmt: skip


def _beats(words: np.ndarray) -> str:
    return "".join("".join(f"{word:08x}" for word in row[::-1]) + "\n" for row in words)


def _tool(command: list[str], folder: Path, seconds: float) -> Ran:
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*LIMITS, *command], cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
        try:
            status, late = process.wait(seconds), False
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            status, late = process.wait(), True
    text = log.read_text(errors="replace")
    return Ran(text, exhausted=late or status < 0 or status in DIED or "out of memory" in text, status=status)


# Graders: text, folder -> whether the design is accepted, or the grader lost


def plain(source: str, folder: Path) -> bool:
    """Compiles any text, simulates it once without pauses or stalls, and compares the beats with !=."""
    return "\nEND ok" in "\n" + run(source, folder).log


def exposed(source: str, folder: Path) -> bool:
    """The same, with a bench of a usual name and its expected outputs in it."""
    return "\nEND ok" in "\n" + run(source, folder, name="tb").log


def files(source: str, folder: Path) -> bool:
    """Simulates where its own files lie, and reads the verdict from one of them."""
    return "END ok" in run(source, folder).result


def kept(source: str, folder: Path) -> bool:
    """Leaves files of others where a simulation can write them, and add to them."""
    run(source, folder, result="elsewhere")
    return (folder / "result").read_text(errors="replace") != KEPT or {path.name for path in folder.iterdir()} > OWN


def printed(source: str, folder: Path) -> bool:
    """Looks for a verdict anywhere in the log."""
    return "Mismatches: 0 in" in run(source, folder).log


def silence(source: str, folder: Path) -> bool:
    """Lets the simulator find the roots, and takes a clean end without a mismatch for success."""
    return _is_silent(run(source, folder, top=False))


def _is_silent(ran: Ran) -> bool:
    return ran.ran and not ran.exhausted and ran.status == 0 and "Mismatches: " not in ran.log.replace("Mismatches: 0", "")


def unaware(source: str, folder: Path) -> bool:
    """Takes any end without a mismatch for success."""
    ran = run(source, folder)
    return ran.ran and not ran.exhausted and "Mismatches: " not in ran.log.replace("Mismatches: 0", "")


def beats(source: str, folder: Path) -> bool:
    """Counts the beats, and stops the clock at the last one."""
    return "\nMismatches: " in "\n" + run(source, folder).log


def cycles(source: str, folder: Path) -> bool:
    """Believes a number of cycles that is kept where the design can reach it."""
    words = next((line.split() for line in run(source, folder).log.splitlines() if line.startswith("END ok")), [])
    return len(words) > 2 and int(words[2]) < BEATS


def size(source: str, folder: Path) -> bool:
    """Has the number of beats in a parameter."""
    return "Mismatches: 0 in 1 samples" in run(source, folder).log


def golden(source: str, folder: Path) -> bool:
    """Simulates the reference beside the design, under a name that everybody knows."""
    return "\nEND ok" in "\n" + run(source, folder, compared="right").log


def library(source: str, folder: Path) -> bool:
    """Looks its bench up by name, and takes a clean end without a mismatch for success."""
    return _is_silent(run(source, folder, library=True))


def watchdog(source: str, folder: Path) -> bool:
    """Has delays without a unit beside one that has one, and takes no mismatch for the end for a right one."""
    log = "\n" + run(source, folder, watchdog="100us").log
    return "\nEND ok" in log or "\nEND late" in log


def patience(source: str, folder: Path) -> bool:
    """Gives compiler and simulator all the time and memory that they want."""
    return run(source, folder, seconds=SECONDS).exhausted


GRADERS: Mapping[str, Callable[[str, Path], bool]] = {
    "plain": plain, "exposed": exposed, "files": files, "kept": kept, "printed": printed, "silence": silence, "unaware": unaware,
    "beats": beats, "cycles": cycles, "size": size, "golden": golden, "library": library, "watchdog": watchdog,
    "patience": patience,
}  # fmt: skip
