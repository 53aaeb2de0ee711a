"""Small checkouts in the layouts of VerilogEval and RTLLM, with problems that were written for these tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

pytest.importorskip("pyslang", reason="the source gate needs the rtl extra")

from backends.verilog.problems import rtllm, verilog_eval
from backends.verilog.simulate.icarus import Icarus
from harness.errors import InfraError
from harness.sandbox import Sandbox
from harness.suites import ImportReport, ImportRequest

BENCH = """\
`timescale 1ps/1ps
module tb;
  reg clk = 0;
  reg [3:0] a = 0, b = 0;
  wire [3:0] want, got;
  integer errors = 0, samples = 0;
  always #5 clk = ~clk;
  RefModule good (.clk(clk), .a(a), .b(b), .y(want));
  TopModule top (.clk(clk), .a(a), .b(b), .y(got));
  always @(negedge clk) begin
    samples = samples + 1;
    if (want !== got) errors = errors + 1;
    a <= $random;
    b <= $random;
  end
  initial begin
    #1000 $finish;
  end
  initial begin
    #100000 $display("TIMEOUT");
    $finish;
  end
  final begin
    if (errors != 0) $display("Hint: Output 'y' has %0d mismatches. First mismatch occurred at time 5.", errors);
    $display("Mismatches: %0d in %0d samples", errors, samples);
  end
endmodule
"""
SUM = "module RefModule (input clk, input [3:0] a, b, output reg [3:0] y);\n  always @(posedge clk) y <= a + b;\nendmodule\n"
PORTS = "input clk, input [3:0] a, b, output reg [3:0] y"


@pytest.fixture(scope="session")
def simulator(sandbox: Sandbox) -> Sandbox:
    """The sandbox, where Icarus works in it."""
    try:
        assert "Icarus" in Icarus(lambda: sandbox).version
    except InfraError as error:
        pytest.skip(f"no simulator: {error}")
    return sandbox


@pytest.fixture(scope="session")
def verilog_eval_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five problems, of which one is good, and the other prompt style of that one."""
    root = tmp_path_factory.mktemp("verilog-eval")
    folder = root / "dataset_spec-to-rtl"
    folder.mkdir()
    (root / "LICENSE").write_text("Terms of the authors.\n")

    def write(stem: str, reference: str, bench: str | None = BENCH) -> None:
        (folder / f"{stem}_prompt.txt").write_text(f"\nWrite TopModule ({stem}): y is a + b, one clock later.\n\n")
        (folder / f"{stem}_ref.sv").write_text(reference)
        if bench is not None:
            (folder / f"{stem}_test.sv").write_text(bench)

    write("Prob001_sum", SUM)
    write("Prob002_wrong", SUM, BENCH.replace("want !== got", "1"))
    write("Prob003_ports", SUM.replace(" y)", " z)").replace("y <=", "z <="))
    write("Prob004_slow", SUM, BENCH.replace("#1000 $finish;", ""))
    write("Prob005_delays", SUM.replace("y <= a", "y <= #1 a"))
    write("Prob006_lonely", SUM, bench=None)
    other = root / "dataset_code-complete-iccad2023"
    other.mkdir()
    for part in ("ref.sv", "test.sv"):
        (other / f"Prob001_sum_{part}").write_text((folder / f"Prob001_sum_{part}").read_text())
    (other / "Prob001_sum_prompt.txt").write_text(f"\nAdd, one clock later.\n\nmodule TopModule ({PORTS});\n")
    (other / "Prob001_sum_ifc.txt").write_text(f"module TopModule ({PORTS});\n")
    return root


@pytest.fixture(scope="session")
def rtllm_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three designs, of which one reads a data file and one has no solution."""
    root = tmp_path_factory.mktemp("rtllm")

    def write(place: str, top: str, solution: str | None, bench: str, **data: str) -> None:
        folder = root / place
        folder.mkdir(parents=True)
        (folder / "design_description.txt").write_text(f"Please write it.\n\nModule name:\n    {top}\n\nIt inverts.\n")
        (folder / "testbench.v").write_text(dedent(bench))
        (folder / "makefile").write_text("vcs:\n\tvcs testbench.v\n")
        for name, text in data.items():
            (folder / f"{name}.txt").write_text(text)
        if solution is not None:
            (folder / f"verified_{top}.v").write_text(solution)

    bench = """\
    module helper (input a, output b);
      assign b = a;
    endmodule
    module bench_inv;
      reg [3:0] x; wire [3:0] y; integer error = 0; reg [3:0] want [0:1]; wire w;
      inv uut (.x(x), .y(y));
      helper h (.a(x[0]), .b(w));
      initial begin
        $readmemh("want.txt", want);
        x = 4'h3; #1 if (y !== want[0]) error = error + 1;
        x = 4'h8; #1 if (y !== want[1]) error = error + 1;
        if (error == 0) $display("=== Your Design Passed ===");
        else $display("=== Test completed with %0d failures ===", error);
        $finish;
      end
    endmodule
    """
    solution = "module verified_inv (input [3:0] x, output [3:0] y);\n  assign y = ~x;\nendmodule\n"
    write("Logic/inv", "inv", solution, bench, want="c\n7\n")
    write("Logic/inv_wrong", "inv", solution, bench, want="c\n8\n")
    write("Other/lost", "lost", None, bench)
    return root


Import = Callable[..., tuple[ImportReport, Path]]


@pytest.fixture(scope="session")
def import_set(simulator: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Import:
    """``import_set("rtllm", checkout)``: the report and the folder."""

    def run(name: str, checkout: Path, style: str | None = None) -> tuple[ImportReport, Path]:
        out = tmp_path_factory.mktemp("suite")
        importer = {"rtllm": rtllm, "verilog-eval": verilog_eval}[name].import_checkout
        return importer(ImportRequest(checkout, out, style, lambda: simulator, lambda text: None)), out

    return run
