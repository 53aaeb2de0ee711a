"""What `bind` refuses: sizes, values, fields and names that no machine could have."""

from pathlib import Path

import pytest

from backends.isa.bind import bind
from backends.isa.define import Imm, In, InOut, Isa, Out
from backends.isa.definition import Region
from backends.isa.dialect import Dialect
from backends.isa.dtypes import f32, i8, u8, u32
from backends.isa.errors import DefinitionError
from backends.isa.machine import Cost, Linear, Machine, Timing, Unit


def bound(isa):
    costs = dict.fromkeys(("add", "sub"), Cost(Linear(1), Linear(1)))
    machine = Machine(
        "p", Timing("t", True, costs, frozenset()), {"N": 8}, {"u": Unit("u", "compute", "")}, {}, ("p",), ("t",), Path("m")
    )
    return bind(isa.definition, machine)


def toy(dialect=None):
    return Isa("toy", title="Toy", dialect=dialect)


def operand(kind, isa=None, **fields):
    """A machine whose one instruction has one operand."""
    isa = isa or toy()

    def add(rd):
        """Does nothing."""

    add.__annotations__ = {"rd": kind}
    isa.op("ADD", isa.format("R", **{"op": (0, 6), "rd": (6, 3)} | fields)(op=1), unit="u")(add)
    return bound(isa)


def window(*shape, access=In, pointer=u32, size=64, **options):
    isa = toy()
    return operand(access(isa.memory("m", f32, size, pointer=isa.registers("x", pointer, 8), **options), *shape), isa)


def pointed(make):
    """A memory whose pointers are what ``make`` declares."""
    isa = toy()
    isa.memory("m", f32, 64, pointer=make(isa))
    return operand(Imm(), isa)


def declared(make):
    isa = toy()
    make(isa)
    return operand(Imm(), isa)


def pair(first, second="SUB", dialect=None, comments=(";", "//", "#")):
    """A machine with two mnemonics."""
    isa = Isa("toy", title="Toy", dialect=dialect, comments=comments)
    isa.registers("x", u32, 8)
    isa.register("pc", u32)
    word = isa.format("R", op=(0, 6))

    @isa.op(first, word(op=1), unit="u")
    def add():
        """Adds."""

    @isa.op(second, word(op=2), unit="u")
    def sub():
        """Subtracts."""

    return bound(isa)


AT = r"test_bind.py:\d+: "


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: declared(lambda isa: isa.registers("x", u32, 0)), AT + "'x': count 0\n  hint: an integer from 1 to"),
        (lambda: declared(lambda isa: isa.registers("x", u32, isa.param("N") * 2.5)), "'x': count 20.0\n  hint: an integer"),
        (lambda: declared(lambda isa: isa.registers("x", u32, 8, zero=8)), "'x': zero 8\n  hint: an integer from 0 to 7"),
        (lambda: declared(lambda isa: isa.registers("v", u32, 8, lanes=4, zero=0)), "'v': zero=0 of registers with lanes"),
        (lambda: declared(lambda isa: isa.memory("m", u8, 1 << 50)), AT + r"'m': size \d+\n  hint: an integer from 1 to \d+"),
        (lambda: declared(lambda isa: isa.memory("m", u8, 8, align=0)), "'m': align 0\n  hint: an integer, 1 or more"),
        (lambda: declared(lambda isa: isa.memory("m", u8, 8, granule=-1)), "'m': granule -1\n  hint: an integer, 0 or more"),
        (lambda: declared(lambda isa: isa.memory("m", u8, 8, regions=[Region("r", 4, 5)])),
         AT + "region 'r' of 'm': 4 to 9\n  hint: m has 8 elements"),
        (lambda: declared(lambda isa: isa.loops("loops", depth=0)), "'loops': depth 0\n  hint: an integer, 1 or more"),
        (lambda: declared(lambda isa: isa.register("r", u32, reset=-4)),
         AT + "reset of 'r', which stores u32: -4\n  hint: an integer from 0 to 4294967295"),
        (lambda: declared(lambda isa: isa.register("r", u32, reset=1 << 40)), "which stores u32: 1099511627776"),
        (lambda: declared(lambda isa: isa.register("r", u32, reset=1.5)), "which stores u32: 1.5"),
        (lambda: declared(lambda isa: isa.register("r", i8, reset=128)), "i8: 128\n  hint: an integer from -128 to 127"),
        (lambda: pointed(lambda isa: isa.registers("f", f32, 8)), AT + "'m': pointer=f\n  hint: a file of integer registers"),
        (lambda: pointed(lambda isa: isa.register("vl", u32)), "'m': pointer=vl\n"),
        (lambda: pointed(lambda isa: isa.registers("v", u32, 8, lanes=4)), "'m': pointer=v\n"),
        (lambda: pointed(lambda isa: toy().registers("y", u32, 8)), "'m': pointer=y\n"),
        (lambda: window(65), "add: operand 'rd': 65 elements of 'm'\n  hint: at most 64: it is never in range"),
        (lambda: window(65, beyond="zero", access=InOut), "65 elements of 'm'"),
        (lambda: window(5, regions=[Region("r", 0, 4)]), "5 elements of 'm'\n  hint: at most 4"),
        (lambda: window(1, access=Out, regions=[Region("r", 0, 4, writable=False)]), "hint: at most 0"),
        (lambda: operand(Imm(scale=0)), "add: operand 'rd': scale 0\n  hint: an integer, 1 or more"),
        (lambda: operand(Imm(scale=4, default=6)), "operand 'rd': default 6\n  hint: it is 0 to 28, a multiple of 4"),
        (lambda: operand(Imm(names={"all": 8})), "operand 'rd': value 'all' 8\n  hint: it is 0 to 7"),
        (lambda: operand(Imm(), rd=(4, 4)), "add: op and rd share bit 4, 5 of the word\n  hint: one bit, one use"),
        (lambda: pair("D IV"), "add: mnemonic 'D IV'\n  hint: letters A to Z"),
        (lambda: pair(""), "mnemonic ''"),
        (lambda: pair("DIV;"), "mnemonic 'DIV;'"),
        (lambda: pair(".data"), "mnemonic '.data'"),
        (lambda: pair("DIVÄ"), "mnemonic 'DIVÄ'"),
        (lambda: pair("PREMIUM", comments=("REM",)), "mnemonic 'PREMIUM' contains 'REM'\n  hint: which begins a comment"),
        (lambda: pair("x1"), "mnemonic 'x1' is the name of a register"),
        (lambda: pair("a0", dialect=Dialect("m", {}, {"a0": ("x", 1)}, ())), "mnemonic 'a0' is the name of a register"),
        (lambda: pair("Sub"), AT + r"sub: mnemonic 'SUB' is taken\n  hint: test_bind.py:\d+: add has 'Sub'; give every"),
    ],
)  # fmt: skip
def test_what_no_machine_could_have_is_refused(wrong, message):
    with pytest.raises(DefinitionError, match=message):
        wrong()


def test_a_file_has_as_many_registers_as_fields_can_name():
    isa = toy()
    with pytest.raises(DefinitionError) as caught:
        operand(In(isa.registers("x", u32, 9)), isa)
    assert "add: operand 'rd': 9 registers 'x' in a field of 3 bits" in caught.value.message
    assert caught.value.hint == "a field of 4 bits, or at most 8 registers"


def test_what_could_be_is_not_refused():
    window(64)
    window(65, beyond="zero")  # read as zeros
    isa = toy()
    length = isa.register("vl", u32)
    operand(In(isa.memory("m", f32, 4, pointer=isa.registers("x", u32, 8)), 8, length=length), isa)  # the first 4 may count
    declared(lambda isa: [isa.register("r", f32, reset=1.5), isa.memory("m", f32, 1 << 38)])
    pair("v.add_2", "pc1")  # pc has no number
