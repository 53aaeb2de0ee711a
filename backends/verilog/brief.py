"""What a prompt says about writing a hardware kernel for one workload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backends.verilog import interface
from backends.verilog.classes import Failure
from backends.verilog.gate.box.rules import SYSTEM_NAMES
from backends.verilog.simulate.bench import RESET_CYCLES
from backends.verilog.synthesis.limits import LIMITS
from harness.backend import Brief
from harness.task import Tensor, Workload

RUN_FAILURES = tuple(failure for failure in Failure if list(Failure).index(failure) >= list(Failure).index(Failure.x_control))
"""What can go wrong with a kernel that builds."""
_RULES = """\
One Verilog text whose top module is `kernel`, with exactly these ports; it may contain other modules. `output reg` and
`output logic` are as good as `output wire`. Declare the parameters you need with any default: the simulation sets every one
that is declared ({parameters}).

{interface}

Rules for the text:
- Synthesizable Verilog-2005 with `logic`, `always_ff`, `always_comb`, packed arrays and structs, enums, memories of one or two
  dimensions, `generate`, and the functions {functions}.
  No other system tasks, no delays, no hierarchical names, no file access.
- One clock: all state changes on `posedge clk`. `rst` is synchronous, active high, and held for {reset} cycles before the first
  problem; there is none between problems. No latches, no combinational loops, no tristates, no derived clocks.
- Registers start undefined. After reset no handshake signal may be X or Z, and no used bit of an output either.
- At most {cells} word-level cells, {flip_flops} flip-flop bits, {memory} bits of memory and {multipliers} multipliers of
  18 x 18 bits.
- The synthesized netlist is simulated as well as the text, and both must behave alike. Every kernel is run without stalls (this
  run counts the cycles), with random stalls on both sides, with random values instead of X on idle inputs, and with problems
  back to back. A failed run names its class: {failures}."""

_STREAM = """\
Profile `kstream 1`. A beat moves at a rising edge of `clk` at which valid and ready are both high.

Input beats of a problem, in order ({total_in} in all; `s_last` is high with the last):

{inputs}

Output beats, in order ({total_out} in all; `m_last` must be high with the last and no other):

{outputs}

- A tensor is cut into rows along its last dimension, and every row starts on a new beat: element `c` of a row is in lane
  `c % {lanes}` of the row's beat `c / {lanes}`. Elements are two's complement (`u` types unsigned). Unused lanes of a row's last
  beat, and bits above those named, hold junk when they arrive and are ignored when they leave.
- `s_data` and `s_last` are undefined while `s_valid` is low. Once `m_valid` is high, hold `m_valid`, `m_data` and `m_last`
  until `m_ready`. `m_valid` must not depend combinationally on `m_ready`.
- The next problem may follow the last beat of one immediately. Take every input beat of a problem no later than its last output
  beat leaves.
- Cycles count from the first one in which `s_valid` is high to the one in which the last output beat is taken, both included."""

_MEMORY = """\
Profile `kmem 1`. The tensors are in a memory of {dw}-bit words; addresses count words. They are dense, row-major and
little-endian (element 0 in the lowest bits of the first word), each in its own words; what lies between them is junk.

{tensors}

- `start` is high for one cycle. Raise `done` for exactly one cycle, after the last write was accepted and every read answered;
  the next `start` may come in the cycle after it. Outside of start to done there are no requests.
- A request moves at a rising edge at which `req_valid` and `req_ready` are high; until then hold it unchanged. With `req_we`
  high it writes the bytes of `req_wdata` that `req_wstrb` names, else it reads a word.
- Answers come in the order of the reads, each for one cycle with `rsp_valid` high, and cannot be held back. `rsp_rdata` is
  undefined while `rsp_valid` is low.
- In the run that counts, `req_ready` is always high, an answer comes {latency} cycles after its request was accepted, and
  there is one answer a cycle. In others the latency is 4 to 40 cycles at random, or `req_ready` is low at random.
- Write every element of the outputs, and nothing else: inputs are read-only. What outputs hold at the start is random.
- Cycles count from the one in which `start` is high to the one in which `done` is, both included."""


def brief(workload: Workload) -> Brief:
    """Header and rules for one workload."""
    contract = interface.contract(workload)
    describe = _stream if contract.profile == "stream" else _memory
    text = _RULES.format(
        parameters=", ".join(f"`{name}` = {value}" for name, value in contract.parameters.items()),
        interface=describe(workload),
        functions=", ".join(f"`{name}`" for name in sorted(SYSTEM_NAMES)),
        reset=RESET_CYCLES,
        failures=", ".join(f"`{failure}`" for failure in RUN_FAILURES),
        cells=LIMITS.cells,
        flip_flops=LIMITS.flip_flops,
        memory=LIMITS.memory_bits,
        multipliers=LIMITS.multipliers,
    )
    return Brief(signature=header(contract), text=text)


def header(contract: interface.Contract) -> str:
    """The module header, with every parameter."""
    parameters = ",\n".join(f"  parameter {name} = {value}" for name, value in contract.parameters.items())
    widths = {port.name: f"[{port.width - 1}:0] " if port.width > 1 else "" for port in contract.ports}
    ports = ",\n".join(f"  {port.direction} wire {widths[port.name]}{port.name}" for port in contract.ports)
    return f"module {interface.MODULE} #(\n{parameters}\n) (\n{ports}\n);"


def _stream(workload: Workload) -> str:
    incoming, outgoing = interface.input_groups(workload), interface.output_groups(workload)
    return _STREAM.format(
        inputs=_beats("s_data", incoming),
        outputs=_beats("m_data", outgoing),
        total_in=interface.beats(incoming),
        total_out=interface.beats(outgoing),
        lanes=interface.LANES,
    )


def _beats(port: str, groups: Sequence[interface.Group]) -> str:
    """A table of groups: where each tensor's lanes are."""
    rows = ["| beats | tensor | rows x columns | lane L |", "|---|---|---|---|"]
    for group in groups:
        for tensor, place in group.places():
            width = 8 * tensor.dtype.bytes
            offset = f"{8 * place.start} + " if place.start else ""
            shape = f"{group.rows} x {group.columns}"
            count = f"{group.rows} x {group.row_beats}"
            rows.append(f"| {count} | `{tensor.name}` {tensor.dtype.name} | {shape} | `{port}[{offset}{width}*L +: {width}]` |")
    return "\n".join(rows)


def _memory(workload: Workload) -> str:
    rows = ["| tensor | type | shape | first word |", "|---|---|---|---|"]
    tensors: Mapping[str, Tensor] = {**workload.inputs, **workload.outputs}
    for name, base in interface.bases(workload).items():
        role = "output" if name in workload.outputs else "input"
        shape = " x ".join(map(str, tensors[name].shape)) or "scalar"
        rows.append(f"| `{name}` ({role}) | {tensors[name].dtype.name} | {shape} | `BASE_{name.upper()}` = {base} |")
    return _MEMORY.format(tensors="\n".join(rows), dw=interface.DATA_BITS, latency=interface.LATENCY)
