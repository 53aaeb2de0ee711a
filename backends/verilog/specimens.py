"""Hardware kernels that end badly, and the words of the interface, for the conformance kit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from backends.verilog import interface
from backends.verilog.brief import header
from backends.verilog.classes import Failure
from backends.verilog.gate.box.rules import SYSTEM_NAMES
from harness.backend import Specimen
from harness.task import Workload

VOCABULARY = (
    "kernel", "clk", "rst", "s_valid", "s_ready", "s_data", "s_last", "m_valid", "m_ready", "m_data", "m_last", "start", "done",
    "req_valid", "req_ready", "req_we", "req_addr", "req_wdata", "req_wstrb", "rsp_valid", "rsp_rdata",
    "LANES", "SW", "MW", "AW", "DW", *sorted(SYSTEM_NAMES),
)  # fmt: skip
"""What a manual must explain: the ports of both profiles, the parameters of the interface, the functions of the language."""
_ASKED = "    reg asked;\n    always @(posedge clk) asked <= start && !rst;\n"


def specimens(workload: Workload) -> Sequence[Specimen]:
    """One of each kind, with the ports of a workload."""
    contract = interface.contract(workload)

    def kernel(body: str = "", **values: str) -> str:
        """A module whose outputs are these, and 0 otherwise."""
        outputs = {port.name: "0" for port in contract.ports if port.direction == "output"} | values
        assigned = "".join(f"    assign {name} = {value};\n" for name, value in outputs.items())
        return f"{header(contract)}\n{body}{assigned}endmodule\n"

    of_profile = _stream(kernel) if contract.profile == "stream" else _memory(kernel)
    return (
        Specimen(name="endless", source=kernel(), ends=("limit", "timeout"), cause=Failure.max_cycles),
        *of_profile,
        Specimen(
            name="a loop of logic",
            source=kernel("    wire loop = !loop || rst;\n", **{_last_output(contract): "loop"}),
            ends=("build_error",),
            cause=Failure.comb_loop,
        ),
        Specimen(
            name="a latch",
            source=kernel("    reg kept;\n    always @* if (rst) kept = 1'b0;\n", **{_last_output(contract): "kept"}),
            ends=("build_error",),
            cause=Failure.latch,
        ),
        Specimen(
            name="the other clock edge",
            source=kernel("    reg late;\n    always @(negedge clk) late <= rst;\n", **{_last_output(contract): "late"}),
            ends=("build_error", "rejected"),
        ),
        Specimen(
            name="prints", source=kernel('    initial $display("passed");\n'), ends=("rejected",), cause=Failure.source_reject
        ),
        Specimen(
            name="another port", source="module kernel(input wire clock);\nendmodule\n", ends=("build_error",),
            cause=Failure.port_contract,
        ),
        Specimen(name="no such signal", source=kernel(**{_last_output(contract): "nowhere"}), ends=("build_error",)),
    )  # fmt: skip


def _last_output(contract: interface.Contract) -> str:
    return "m_last" if contract.profile == "stream" else "done"


def _stream(kernel: Callable[..., str]) -> Iterator[Specimen]:
    yield Specimen(name="idle", source=kernel(s_ready="1'b1"), ends=("fault",), cause=Failure.short_output)
    yield Specimen(
        name="is not reset",
        source=kernel("    reg valid;\n    always @(posedge clk) valid <= valid ^ s_valid;\n", s_ready="1'b1", m_valid="valid"),
        ends=("fault",),
        cause=Failure.x_control,
    )


def _memory(kernel: Callable[..., str]) -> Iterator[Specimen]:
    yield Specimen(name="idle", source=kernel(_ASKED, done="asked"), ends=("wrong", "fault"))
    yield Specimen(
        name="is not reset",
        source=kernel("    reg busy;\n    always @(posedge clk) busy <= busy ^ start;\n", req_valid="busy"),
        ends=("fault",),
        cause=Failure.x_control,
    )
    yield Specimen(
        name="writes to word 0", source=kernel(_ASKED, req_valid="asked", req_we="1'b1"), ends=("fault",), cause=Failure.protocol
    )
