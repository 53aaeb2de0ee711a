"""What a definition file may say, and the messages its author meets."""

import pytest

from backends.isa.define import Imm, In, Isa, Label, Out
from backends.isa.dtypes import f32, u32
from backends.isa.errors import DefinitionError


@pytest.fixture
def isa():
    return Isa("toy", title="A toy")


def test_a_definition_is_a_value_in_order_of_declaration(isa):
    lanes = isa.param("LANES", "elements of a vector")
    x = isa.registers("x", u32, 8, zero=0)
    mem = isa.memory("mem", f32, 16 * lanes, pointer=x, align=lanes)
    word = isa.format("R", opcode=(0, 6), rd=(6, 3), imm=[(9, 4, 4), (20, 4, 0)])

    @isa.op("VCPY", word(opcode=1, src="rs1"), unit="vector", syntax="0, rd, src")
    def copy(rd: Out(mem, lanes), src: In(mem, lanes)):
        """Copies a vector."""

    definition = isa.definition
    assert [op.key for op in definition.ops] == ["copy"]
    op = definition.ops[0]
    assert (op.mnemonic, op.syntax, op.timing, op.doc) == ("VCPY", ("0", "rd", "src"), "copy", "Copies a vector.")
    assert list(definition.memories) == ["x", "mem"]
    assert definition.memories["mem"].pointer == "x"
    assert definition.file.name == "test_define.py"
    assert copy.__name__ == "copy"  # the function itself is untouched


def test_a_split_field_puts_every_bit_where_it_belongs(isa):
    field = isa.format("S", imm=[(7, 5, 0), (25, 7, 5)]).fields["imm"]
    assert field.width == 12
    assert field.mask == 0xFE000F80
    for value in (0, 1, 0x01F, 0xFE0, 0xABC, 0xFFF):
        assert field.extract(field.insert(value)) == value
        assert field.insert(value) & ~field.mask == 0


def declare(isa, annotation=None, syntax=None, doc="Adds.", **options):
    word = isa.format("R", opcode=(0, 6))

    def add(rd):
        pass

    add.__doc__ = doc
    add.__annotations__ = {} if annotation is None else {"rd": annotation}
    isa.op("ADD", word(opcode=1), unit="scalar", syntax=syntax, **options)(add)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (declare, r"add: operand 'rd' has no annotation\n  hint: write In\(...\), Out\(...\)"),
        (lambda isa: declare(isa, int), r"operand 'rd' is annotated <class 'int'>"),
        (lambda isa: declare(isa, "Out(x)"), r"annotations are text\n  hint: remove 'from __future__"),
        (lambda isa: declare(isa, Imm(), doc=None), r"no docstring\n  hint: say in one sentence"),
        (lambda isa: declare(isa, Imm(), syntax="0"), r"syntax '0' lacks rd"),
        (lambda isa: declare(isa, In(isa.memory("m", f32, 4), 4)), r"memory 'm' has no pointer registers"),
        (lambda isa: declare(isa, Out(isa.registers("x", u32, 4), 4)), r"'x' is a register"),
        (lambda isa: declare(isa, Out(isa.register("csr", u32))), r"'csr' is a register"),
        (lambda isa: [declare(isa, Label()), declare(isa, Label())], r"a second function 'add'\n  hint: the first is at line"),
        (lambda isa: [isa.param("N"), isa.trap("N", "")], r"test_define.py:\d+: 'N' is declared twice"),
        (lambda isa: isa.param("a b"), r"name 'a b'\n  hint: letters, digits and _"),
        (lambda isa: isa.format("R", rd=(30, 4)), r"field rd=\(30, 4\) of format 'R' leaves the word\n  hint: bits 0 to 31"),
        (lambda isa: [isa.loops("a", depth=1), isa.loops("b", depth=1)], r"a second stack of loops 'b'\n  hint: there is 'a'"),
        (lambda isa: Isa("odd", title="", word_bits=24), r"word_bits=24\n  hint: an instruction word has 16, 32 or 64 bits"),
        (lambda isa: isa.definition, r"'toy' has no instruction"),
    ],
)
def test_a_wrong_declaration_says_where_and_what_would_be_right(isa, wrong, message):
    with pytest.raises(DefinitionError, match=message):
        wrong(isa)


def test_operands_with_a_default_may_be_left_out_of_the_syntax(isa):
    declare(isa, Imm(default=0), syntax="")
    assert isa.definition.ops[0].syntax == ()
