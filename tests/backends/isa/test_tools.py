"""The agent's tools: what they answer (tests/golden/isa), and what they say to wrong arguments."""

import re

import pytest

from backends.isa.tools import MAX_ROWS
from backends.isa.view import MAX_ELEMENTS
from harness.agent.tools import Toolbox
from harness.grading.evaluate import Judge
from harness.testing import calls
from harness.trial import AgentSettings

KERNEL = """\
.data fp_sram, 0
.float 2.5, -1.0
.text
.macro twice register
  V_ADD_VV \\register, \\register, \\register, 0
.endm
  S_LD_FP f1, gp0, 0
  S_ADDI_INT gp1, gp0, 64
  V_ADD_VF gp1, gp1, f1, 0
again:
  C_LOOP_START gp2, 5
    twice gp1
    C_LOOP_START gp3, 2
      S_ADDI_INT gp4, gp4, 1
    C_LOOP_END gp3
  C_LOOP_END gp2
  S_ST_INT gp4, gp0, 7
"""
SEED = 11


@pytest.fixture
def ask(backend, add):
    def ask(name="inspect", **arguments):
        return backend.call_tool(name, {"source": KERNEL, **arguments}, add, SEED)

    return ask


SNAPSHOTS = {
    "end": {"what": "registers, loops, vram[64:4], int_sram[7]"},
    "label": {"at": "again", "what": "registers, loops, fp_sram[0:2]"},
    "visit": {"at": "14", "visit": 5, "what": "registers, loops, vram[64:10]"},
    "bytes": {"at": "9", "what": "hbm[18432:20], fp_sram[0:4] as u8"},
    "macro": {"at": "12", "visit": 2},
    "never": {"at": "14", "visit": 50, "what": "gp[4]"},
}


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_inspect(golden, ask, name):
    golden(f"isa/inspect_{name}.txt", ask(**SNAPSHOTS[name]) + "\n")


def test_inspect_tells_of_a_trap_before_the_place(golden, ask):
    golden("isa/inspect_trap.txt", ask(source=KERNEL.replace("64", "100"), at="13", what="gp[1]") + "\n")


def test_inspect_tells_of_a_kernel_that_does_not_assemble(golden, ask):
    golden("isa/inspect_broken.txt", ask(source=KERNEL.replace("C_LOOP_END gp3", "C_LOP_END gp3")) + "\n")


def test_disassemble(golden, ask):
    golden("isa/disassemble.txt", ask("disassemble") + "\n")


def test_inspect_on_a_fresh_backend_sees_the_kernel_and_not_the_baseline(make_backend, add):
    arguments = {"source": "S_ADDI_INT gp3, gp0, 5", "what": "gp[3], gp[15]"}
    assert (
        make_backend()
        .call_tool("inspect", arguments, add, SEED)
        .endswith("gp[3:1]\n  +0               5\ngp[15:1]\n  +0               0")
    )


def test_inspect_sees_the_same_inputs_each_time_and_others_for_another_seed(backend, add):
    def see(seed):
        return backend.call_tool("inspect", {"source": KERNEL, "what": "hbm[18432:64]"}, add, seed)

    assert see(1) == see(1) != see(2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"at": "agian"}, "there is no label 'agian'"),
        ({"at": "900"}, "no instruction stands at or after line 900; the last one is in line 17"),
        ({"what": "vramm[0:4]"}, "did you mean 'vram'"),
        ({"what": "vram[0:4] as f31"}, "unknown element type 'f31'"),
        ({"what": "vram[65530:10]"}, "ends at 65540; vram has 65536 elements"),
        ({"what": f"hbm[0:{MAX_ELEMENTS + 1}]"}, f"shows {MAX_ELEMENTS + 1} elements; 1 to {MAX_ELEMENTS}"),
        ({"what": "vram(0,4)"}, "is no range"),
        ({"visit": 0}, "visit 0 is not possible"),
    ],
)
def test_wrong_arguments_are_explained(ask, arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ask(**arguments)


@pytest.mark.parametrize("name", ["inspect", "disassemble"])
def test_answers_are_capped(ask, name):
    source = "\n".join(["S_ADDI_INT gp1, gp1, 1"] * 1000)
    answer = ask(name, source=source, what=", ".join(["vram[0:256]"] * 40))
    rows = answer.split("\n")
    assert len(rows) == MAX_ROWS + 1
    assert rows[-1].endswith("more lines ...]")


def test_an_endless_kernel_ends(ask):
    loops = "C_LOOP_START gp1, 200000\nC_LOOP_START gp2, 3000\nS_ADDI_INT gp3, gp3, 1\nC_LOOP_END gp2\nC_LOOP_END gp1\n"
    answer = ask(source=loops, what="gp[3]")
    assert answer.startswith("stopped after 1000000 instructions at line")


def test_agents_reach_the_tools(backend, add):
    box = Toolbox(Judge(backend, "secret"), backend, add, AgentSettings(feedback="full"), 3)
    made = calls(("inspect", {"source": KERNEL, "what": "gp[4]"}), ("inspect", {"source": KERNEL, "at": "nowhere"}))
    right, wrong = (box.call(call) for call in made.message.tool_calls)
    assert "gp[4:1]\n  +0              10" in right.result.content
    assert not right.result.is_error
    assert "there is no label 'nowhere'" in wrong.result.content
    assert wrong.problem == "wrong arguments"
