"""What a definition file may say, and the messages its author meets."""

import pytest

from backends.isa.define import Imm, In, Isa, Label, Out, function
from backends.isa.dialect import Dialect
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
    word = isa.format(f"R{len(isa._formats)}", opcode=(0, 6))

    def add(rd):
        pass

    add.__doc__ = doc
    add.__annotations__ = {} if annotation is None else {"rd": annotation}
    isa.op("ADD", word(opcode=1), unit="scalar", syntax=syntax, **options)(add)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (declare, r"add: operand 'rd' has no annotation\n  hint: write In\(...\), Out\(...\)"),
        (lambda isa: declare(isa, int), r"operand 'rd' is annotated int\n  hint: write In\(\.\.\.\), Out"),
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
        (
            lambda isa: Isa("odd", title="", word_bits=24),
            r"test_define.py:\d+: Isa\(word_bits=24\)\n  hint: word_bits is 16 or 32 or 64",
        ),
        (lambda isa: isa.definition, r"test_define.py:\d+: 'toy' has no instruction"),
        (lambda isa: isa.format("R", rd=[(0, 4, 0), (8, 4, 0)]), r"has bit 0, 1, 2, 3 of its value twice\n  hint: one bit"),
        (lambda isa: isa.format("R", rd=[(0, 4, 0), (2, 4, 4)]), r"has bit 2, 3 of the word twice"),
        (lambda isa: isa.format("R", rd=[(0, 4, 0), (8, 4, 6)]), r"no place for bit 4 of its value\n  hint: .*Imm\(scale="),
        (lambda isa: isa.format("R", rd=[]), r"field rd=\[\] of format 'R' leaves the word"),
        (lambda isa: isa.format("R", op=6), r"isa.format\(op=6\)\n  hint: op is \(lowest bit, width\), or a list of pieces"),
        (lambda isa: [isa.format("R"), isa.format("R")], r"a second format 'R'\n  hint: the first is at test_define.py:\d+"),
        (
            lambda isa: isa.memory("m", f32, 4, beyond="zeros"),
            r"isa.memory\(beyond='zeros'\)\n  hint: beyond is 'trap' or 'zero'",
        ),
        (lambda isa: isa.memory("m", f32, 4, image="a.bin"), r"image='a.bin'\)\n  hint: image is a storage type such as u32"),
        (lambda isa: isa.memory("m", f32, 4, pointer="x"), r"pointer='x'\)\n  hint: pointer is a file of integer registers"),
        (lambda isa: isa.memory("m", f32, 2.5), r"isa.memory\(size=2.5\)\n  hint: size is an integer or an expression"),
        (lambda isa: isa.memory("m", f32, 4, granul=8), r"isa.memory has no granul=\n  hint: did you mean 'granule'\?"),
        (lambda isa: isa.registers("x", "u32", 8), r"isa.registers\(dtype='u32'\)\n  hint: dtype is a storage type such as u32"),
        (lambda isa: isa.register("r", u32, reset="a"), r"isa.register\(reset='a'\)\n  hint: reset is a number"),
        (lambda isa: isa.op("A", isa.format("R")()), r"isa.op: missing a required argument: 'unit'\n  hint: isa.op\(mnemonic, e"),
        (lambda isa: isa.op("A", isa.format("R"), unit="u"), r"isa.op\(encoding=R\)\n  hint: .* such as R\(opcode=1\), not a F"),
        (lambda isa: declare(isa, Imm(), when="FAST"), r"when='FAST'\)\n  hint: when is what isa.param\(...\) returned"),
        (lambda isa: declare(isa, Imm(), offered="no"), r"offered='no'\)\n  hint: offered is True or False"),
        (lambda isa: declare(isa, In), r"operand 'rd' is annotated In\n  hint: write In\(\.\.\.\)"),
        (lambda isa: In(isa.param("N")), r"test_define.py:\d+: In\(target=N\)\n  hint: target is registers or .*, not a Param"),
        (lambda isa: In(isa.memory("m", f32, 4), 2.5), r"In\(shape=2.5\)\n  hint: shape is an integer"),
        (lambda isa: In(isa.memory("m", f32, 4), 2, length=3), r"In\(length=3\)\n  hint: length is a single integer register"),
        (lambda isa: Imm(names={"rne": "0"}), r"hint: names is a dictionary; each key is text, each value an integer"),
        (lambda isa: Imm(scale=True), r"Imm\(scale=True\)\n  hint: scale is an integer"),
        (lambda isa: function(int), r"'int' is no plain function\n  hint: write a def, without async and yield"),
    ],
)
def test_a_wrong_declaration_says_where_and_what_would_be_right(isa, wrong, message):
    with pytest.raises(DefinitionError, match=message):
        wrong(isa)


def test_operands_with_a_default_may_be_left_out_of_the_syntax(isa):
    declare(isa, Imm(default=0), syntax="")
    assert isa.definition.ops[0].syntax == ()


@pytest.fixture
def operation(isa):
    """Declares an operation on registers ``a`` and ``b`` with a syntax."""
    x = isa.registers("x", u32, 8)
    word = isa.format("R", a=(0, 3), b=(3, 3), imm=(6, 8))

    def declare(text, into=isa):
        @into.op("ADD", word(), unit="scalar", syntax=text)
        def add(a: Out(x), b: In(x), imm: Imm(default=0)):
            """Adds."""

        return into.definition.ops[0].syntax

    return declare


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a, imm(b)", r"'imm\(b\)' in syntax 'a, imm\(b\)'\n  hint: what stands between commas is one operand or fixed text"),
        ("a, (b)", r"'\(b\)' in syntax"),
        ("v[a], b", r"'v\[a\]' in syntax"),
        ("a <- b, imm", r"'a <- b' in syntax"),
        ("a, b, b", r"syntax 'a, b, b' has b twice\n  hint: write every operand once"),
        ("a, imm", r"syntax 'a, imm' lacks b"),
    ],
)
def test_a_syntax_has_every_operand_once_and_by_itself(operation, text, message):
    with pytest.raises(DefinitionError, match=message):
        operation(text)


def test_a_dialect_writes_addresses(operation):
    gnu = Isa("gnu", title="A toy", dialect=Dialect("m", {}, {}, ()))
    assert operation("a, imm(b)", gnu) == ("a", "imm(b)")
    other = Isa("gnu", title="A toy", dialect=Dialect("m", {}, {}, ()))
    with pytest.raises(
        DefinitionError, match=r"'c\(b\)' in syntax 'a, c\(b\)'\n  hint: .* an address such as imm\(rs1\), or fixed"
    ):
        operation("a, c(b)", other)


async def later(a: Imm()):
    """Is a coroutine."""


def starred(*a: Imm()):
    """Has any number of operands."""


def optional(a: Imm() = 3):
    """Has a default of Python."""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (later, "'later' is no plain function"),
        (starred, r"starred: operand '\*a'\n  hint: every operand has a name of its own and no default"),
        (optional, r"optional: operand 'a=3'\n  hint: .* as in imm: Imm\(default=0\)"),
    ],
)
def test_operands_are_plain_parameters(isa, body, message):
    with pytest.raises(DefinitionError, match=message):
        isa.op("A", isa.format("R", a=(0, 6))(), unit="scalar")(body)
