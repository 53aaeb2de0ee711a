"""The translation unit of an architecture: state, instructions, decoder, dispatch loop, and the account at the end of a run.

Dispatch is threaded: a decoded word holds the address of the code that executes it, and each instruction ends by jumping to the
next one's. One comparison per instruction watches the deadline, which stands for fuel, the loop limit and the slice after which
Python looks for signals. A breakpoint or a trace puts a hook in the place of an address: nothing is paid where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from backends.isa.architecture import Architecture, Instruction
from backends.isa.definition import Field, Immediate
from backends.isa.engine import CAUSES
from backends.isa.native.build import Part
from backends.isa.native.cgen.instruction import PARAMETERS, InstructionCode, write_handler, write_instruction
from backends.isa.native.cgen.layout import C_TYPES, Layout, storage_type
from backends.isa.native.cgen.pipeline import PipelineWriter
from backends.isa.native.cgen.statements import BodyWriter, Slots
from backends.isa.native.cgen.timing import DATA_CAUSE, UNIT_CAUSE, Clock
from backends.isa.pages import PAGE_BITS
from backends.isa.pipeline import PARTS

HEADER = (
    "const uint64_t *words", "uint64_t nwords", "uint64_t pc", "uint64_t fuel", "uint64_t slice", "uint64_t stop_pc",
    "uint64_t stop_visit", "uint64_t trace", "int64_t *events", "int64_t *stalls", "int64_t *counts", "struct insn *program",
    "struct effort *efforts", "uint8_t *scratch", "uint8_t *pristine", "uint64_t page_limit", "uint64_t fresh", "uint64_t status",
    "uint64_t n", "uint64_t site", "uint64_t address", "uint64_t limit", "uint64_t elapsed", "uint64_t depth", "uint64_t written",
    "uint64_t over", "uint64_t deadline", "uint64_t target", "uint64_t base", "uint64_t earliest", "uint64_t done",
    "uint64_t cycles", "const struct insn *last", "uint64_t last_unit", "uint64_t oldest", "uint64_t clock",
    "uint64_t noted", "uint64_t pending", "uint64_t handled_code", "uint64_t handled_value", "uint64_t handled_pc",
)  # fmt: skip
"""Fields of the machine that every architecture has, 8 bytes each, at its head."""
PART_CHARACTERS = 250_000
"""How much C a part of the instructions has, about; parts are compiled at the same time."""
PLAIN_FLAGS = "-Og"
"""Of what only takes over where loops over lanes cannot do it."""


def translate(layout: Layout) -> str:
    """The C text; fills the layout's trap sites, scratch size and parts."""
    architecture = layout.architecture
    codes = [write_instruction(layout, instruction) for instruction in architecture.instructions]
    pipeline = PipelineWriter.of(layout)
    dispatch = "\n".join(_dispatch(layout, code, pipeline) for code in codes)
    template = (resources.files("backends.isa.native") / "dispatch.c").read_text(encoding="utf-8")
    parts = {
        "MACHINE": _machine(layout, pipeline), "PIPELINE": pipeline.functions() if pipeline else "", "TABLES": _tables(layout),
        "HELPERS": _helpers(layout), "DECODER": _decoder(architecture),
        "INSTRUCTIONS": _instructions(layout, codes), "HANDLED": _handled(layout),
        "LABELS": ", ".join(f"&&l{code.number}" for code in codes),
        "DISPATCH": dispatch, "EXPORTS": ", ".join(_exports(layout)),
    }  # fmt: skip
    for name, text in parts.items():
        template = template.replace(f"/*{name}*/", text)
    return template


def _instructions(layout: Layout, codes: Sequence[InstructionCode]) -> str:
    """The functions of all instructions; those with loops are parts of their own."""
    first: dict[str, int] = {}
    names, light, heavy, plain = list[str](), list[str](), list[str](), list[str]()
    for code in codes:
        number = first.setdefault(code.text, code.number)
        name = f"int op_{code.number}({PARAMETERS})"
        if not code.heavy:
            light.append(f"ALWAYS {name} {{\n{code.text}")
        elif number != code.number:  # as in families of instructions
            names.append(f"#define op_{code.number} op_{number}")
        else:
            takes_over = f"int plain_{code.number}({PARAMETERS})"
            names.append(f"PART_SHARED {name};")
            if code.plain:
                names.append(f"PART_SHARED {takes_over};")
                plain.append(f"PART_SHARED {takes_over} {{\n{code.plain}")
            define = f"#undef PLAIN\n#define PLAIN plain_{code.number}\n" if code.plain else ""
            heavy.append(f"{define}PART_SHARED {name} {{\n{code.text}")
    parts = [(Part(lanes=True), share) for share in _shares(heavy)]
    if plain:
        parts.append((Part(PLAIN_FLAGS), plain))
    layout.parts = (Part(), *(part for part, _ in parts))
    made = [*names, *light, write_handler(layout)]
    for number, (_, texts) in enumerate(parts, 1):
        made += [f"#if PART == {number}", *texts, "#endif"]
    return "\n\n".join(made)


def _shares(texts: Sequence[str]) -> list[list[str]]:
    """Texts in lists of about PART_CHARACTERS each."""
    shares: list[list[str]] = []
    for text in texts:
        if not shares or len("".join(shares[-1])) > PART_CHARACTERS:
            shares.append([])
        shares[-1].append(text)
    return shares


def _handled(layout: Layout) -> str:
    """Per trap site the code with which the handler of exceptions takes it, or -1; "" if there is no handler."""
    handler = layout.architecture.handler
    if handler is None:
        return ""
    codes = ", ".join(str(handler.codes.get(site.cause, -1)) for site in layout.sites)
    return f"#define HANDLES\nstatic const int64_t HANDLED[] = {{{codes}}};"


def _machine(layout: Layout, pipeline: PipelineWriter | None) -> str:
    """Structs of a machine and of a decoded word."""
    architecture = layout.architecture
    slots = [Slots.of(instruction) for instruction in architecture.instructions]
    registers = max((len(s.registers) for s in slots), default=0)
    immediates = max((len(s.immediates) for s in slots), default=0)
    counts = [o.count for i in architecture.instructions for o in i.operands]
    small = "uint8_t" if max(counts, default=0) <= 256 else "uint16_t" if max(counts) <= 65536 else "uint32_t"
    wide = "int64_t" if any(_is_wide(i) for i in architecture.instructions) else "int32_t"
    fields = [*(f"{wide} i{k};" for k in range(immediates)), "uint16_t op;", *(f"{small} r{k};" for k in range(registers))]
    state = [f"{storage_type(p.memory.dtype)} e{p.number}[{p.memory.size}];" for p in layout.places.values() if p.embedded]
    ready = [f"uint64_t y{p.number}[{p.cells}];" for p in layout.places.values() if p.embedded and layout.in_order]
    memories, units = max(len(layout.places), 1), max(len(layout.units), 1)
    depth = architecture.loops.depth if architecture.loops else 1
    return "\n".join(
        [
            f"#define PAGE_BITS {PAGE_BITS}",
            f"#define UNITS {units}",
            f"#define CAUSES {len(CAUSES)}",
            f"#define IN_ORDER {int(layout.in_order)}",
            f"#define PIPELINED {int(pipeline is not None)}",
            f"#define HAS_LOOPS {int(architecture.loops is not None)}",
            f"#define LOOP_LIMIT {architecture.loops.limit if architecture.loops else 0}u",
            f"#define ENDS {int(architecture.definition.ends == 'end')}",
            f"#define OPERATIONS {len(architecture.instructions)}",
            f"struct insn {{ const void *go; uint64_t count; {' '.join(fields)} }} __attribute__((aligned(32)));",
            pipeline.state() if pipeline else "",
            "struct machine {",
            *(f"  {name};" for name in HEADER),
            f"  void *memory[{memories}]; uint64_t *ready[{memories}]; uint8_t *dirty[{memories}];",
            f"  uint32_t *pages[{memories}]; uint64_t dirtied[{memories}], weight[{memories}];",
            f"  uint64_t busy[{units}], unit_free[{units}];",
            f"  int64_t loop_register[{depth}], loop_body[{depth}]; uint64_t loop_start[{depth}];",
            "  struct { " + " ".join(ready) + " };",
            f"  uint64_t work, parts[{PARTS}]; struct pipe pipe;" if pipeline else "",
            "  uint64_t state ALIGNED;",
            *(f"  {line}" for line in state),
            "  uint64_t state_end;",
            "  uint8_t behind[64];",  # that `read_lanes` may read
            "};",
        ]
    )


def _is_wide(instruction: Instruction) -> bool:
    """Whether an immediate needs more than 32 bits: places in the program, and fields that are that large."""
    for operand in instruction.operands:
        kind = operand.kind
        if isinstance(kind, Immediate) and operand.field is not None:
            bits = operand.field.width + kind.scale.bit_length()
            if bits > (30 if kind.label else 32):
                return True
    return False


def _tables(layout: Layout) -> str:
    """Per operation: constant costs, unit, causes; per unit: the cause of waiting for its results."""
    architecture = layout.architecture
    clocks = [Clock(layout, instruction) for instruction in architecture.instructions]
    rows = {
        "INTERVAL": [f"UINT64_C({clock.constant()[0]})" for clock in clocks],
        "LATENCY": [f"UINT64_C({clock.constant()[1]})" for clock in clocks],
        "UNIT": [str(clock.unit) for clock in clocks],
        "CAUSE": [str(UNIT_CAUSE[clock.kind]) for clock in clocks],
        "VARIES": [str(int(clock.varies)) for clock in clocks],
        "DATA": [str(DATA_CAUSE[unit.kind]) for unit in architecture.machine.units.values()],
    }
    lines = [f"static const uint64_t {name}[] = {{{', '.join(values) or '0'}}};" for name, values in rows.items()]
    places = [place for place in layout.places.values() if not place.embedded]
    resets = [f"clean(m, {place.number});" for place in places]
    return "\n".join(
        [*lines, f"#define CLEAN_ALL {' '.join(resets)}", f"#define ANY_VARIES {int(any(c.varies for c in clocks))}"]
    )


def _helpers(layout: Layout) -> str:
    """Helper functions, callees first."""
    texts = []
    for name, function in layout.architecture.functions.items():
        writer = BodyWriter(layout, None)
        parameters = [f"{C_TYPES[kind]} p{index}" for index, (_, kind) in enumerate(function.parameters)]
        for index, (parameter, kind) in enumerate(function.parameters):
            writer.line(f"{writer.variable(parameter, kind)} = p{index};")
        writer.block(function.statements)
        head = f"ALWAYS {C_TYPES[function.returns]} {layout.functions[name]}({', '.join(parameters) or 'void'}) {{"
        texts.append("\n".join([head, *writer.declarations, *writer.lines, "}"]))
    return "\n\n".join(texts)


def _dispatch(layout: Layout, code: InstructionCode, pipeline: PipelineWriter | None) -> str:
    """The code behind one operation's address."""
    instruction = layout.architecture.instructions[code.number]
    call = f"op_{code.number}(m, in, n, &next, &{'m->' if code.heavy else ''}earliest)"
    lines = [f"const int flow = {call}; (void)flow;"]
    if code.heavy:  # a pointer to the loop's own copy would keep that in memory
        lines = ["m->earliest = earliest;", *lines, "earliest = m->earliest;"]
    if code.traps:
        lines.append("if (UNLIKELY(flow == 1)) goto trapped;")
    if code.reloads:
        lines.append("deadline = m->deadline;")
    if pipeline is not None:
        if pipeline.pipeline.stages[instruction.timing].timed:
            lines.insert(0, "memset(m->parts, 0, sizeof m->parts);")
        jumped = "flow >= 2 && next != in - program + 1" if code.jumps else "0"
        lines.append(pipeline.call(instruction, code.works, jumped))
    if code.halts:
        lines.insert(0, "next = in - program + 1;")
        lines.append("if (flow == 3) goto halted;")
    if code.jumps:
        lines.append("if (flow == 2) JUMP;")
    return f"l{code.number}: {{ {' '.join(lines)} NEXT; }}"


# Decoding


def _extract(field: Field) -> str:
    """The unsigned value of a field."""
    pieces = [
        f"((word >> {bit} & UINT64_C({(1 << width) - 1})) << {value_bit})"
        if value_bit
        else f"(word >> {bit} & UINT64_C({(1 << width) - 1}))"
        for bit, width, value_bit in field.pieces
    ]
    return "(" + " | ".join(pieces) + ")"


def _decoder(architecture: Architecture) -> str:
    """``decode(word, pc, in)``: the operation of a word and its operands."""
    cases = []
    for instruction in architecture.instructions:
        slots = Slots.of(instruction)
        lines = []
        for operand in instruction.operands:
            if operand.file:
                assert operand.field is not None
                slot = f"in->r{slots.registers[operand.name]}"
                if operand.count < 1 << operand.field.width:
                    lines.append(f"if ({_extract(operand.field)} >= {operand.count}u) return BAD_REGISTER;")
                lines.append(f"{slot} = {_extract(operand.field)};")
            else:
                assert isinstance(operand.kind, Immediate)
                value = _immediate(operand.kind, operand.field)
                lines.append(f"in->i{slots.immediates[operand.name]} = {value};")
        cases.append(f"case {instruction.number}: {' '.join(lines)} break;")
    finder = "\n".join(_finder(architecture.instructions))
    return "\n".join(
        [
            "ALWAYS uint32_t find(uint64_t word) {", finder, "return INVALID;", "}",
            "NEVER uint32_t decode(uint64_t word, uint64_t pc, struct insn *in) {", "(void)pc; (void)in;",
            "const uint32_t op = find(word);", "switch (op) {", *cases, "}", "return op;", "}",
        ]
    )  # fmt: skip


def _immediate(kind: Immediate, field: Field | None) -> str:
    if field is None:
        return f"INT64_C({kind.default or 0})"
    value = _extract(field)
    if kind.signed and field.width < 64:
        value = f"((int64_t)({value} << {64 - field.width}) >> {64 - field.width})"
    value = f"(int64_t){value}"
    if kind.scale != 1:
        value = f"({value} * {kind.scale})"
    return f"({value} + (int64_t)pc)" if kind.relative else value


def _finder(instructions: Sequence[Instruction]) -> list[str]:
    """Switches on bits that all of a group fix, until one instruction is left to compare."""
    if len(instructions) <= 1:
        return [f"if ((word & UINT64_C({i.mask})) == UINT64_C({i.match})) return {i.number};" for i in instructions]
    common = -1
    for instruction in instructions:
        common &= instruction.mask
    groups: dict[int, list[Instruction]] = {}
    for instruction in instructions:
        groups.setdefault(instruction.match & common, []).append(instruction)
    if len(groups) == 1:
        return [line for instruction in instructions for line in _finder([instruction])]
    shift = (common & -common).bit_length() - 1
    lines = [f"switch ((word & UINT64_C({common})) >> {shift}) {{"]
    for value, group in groups.items():
        lines += [f"case UINT64_C({value >> shift}):", *_finder(group), "break;"]
    return [*lines, "}"]


def _exports(layout: Layout) -> list[str]:
    """What Python needs to know of the structs: sizes, then offsets of arrays, then those of the embedded memories."""
    arrays = ("memory", "ready", "dirty", "pages", "dirtied", "weight", "busy", "unit_free", "loop_register", "loop_body")
    places = [f"offsetof(struct machine, e{p.number})" if p.embedded else "0" for p in layout.places.values()]
    sizes = ["sizeof(struct machine)", "sizeof(struct insn)", "offsetof(struct insn, op)", "offsetof(struct machine, state)",
             "offsetof(struct machine, state_end)"]  # fmt: skip
    return [*sizes, *(f"offsetof(struct machine, {name})" for name in arrays), *places]
