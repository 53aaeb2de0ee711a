"""Bodies: what the checker makes of them, and what it refuses, with the line and what would be right."""

# Bodies call builtins that the checker knows by name; nothing here runs them.
# ruff: noqa: B007, F821, F841, RET503, RET504, T201

import inspect

import pytest

from backends.isa import bind as binding
from backends.isa.define import Imm, In, InOut, Isa, Label, Out, function
from backends.isa.dtypes import MX, bf16, e4m3, f32, i32, u8, u32
from backends.isa.errors import DefinitionError
from backends.isa.language import ir
from backends.isa.machine import Cost, Linear, Machine, Timing, Unit

isa = Isa("scratch", title="For the checker")
LANES = isa.param("LANES")
FLAG = isa.param("FLAG")
x = isa.registers("x", u32, 8, zero=0)
s = isa.registers("s", i32, 4)
f = isa.registers("f", bf16, 8)
csr = isa.register("csr", u32)
mem = isa.memory("mem", f32, 64 * LANES, pointer=x, align=LANES)
ram = isa.memory("ram", u8, 4096, pointer=x)
loops = isa.loops("loops", depth=4)
ODD = isa.trap("odd", "the value is even")
W = isa.format("W", op=(0, 6), rd=(6, 3), rs1=(9, 3), rs2=(12, 3), imm=(16, 16))
ONE = Cost(Linear(1), Linear(1))


@function
def square(v: f32) -> f32:
    return v * v


@function
def peek(v: u32) -> u32:
    return x[v]


@function
def forever(v: f32) -> f32:
    return forever(v)


def check(body, encoding=None, **values):
    """The instruction made of one body."""
    fresh = Isa("scratch", title="For the checker")
    fresh._file = isa._file
    fresh._params, fresh._memories, fresh._traps, fresh._loops = isa._params, isa._memories, isa._traps, isa._loops
    body.__doc__ = "Does."
    fresh.op("OP", encoding or W(op=1), unit="u", timing="one")(body)
    timing = Timing("t", True, {"one": ONE}, frozenset())
    machine = Machine(
        "p", timing, {"LANES": 8, "FLAG": 0} | values, {"u": Unit("u", "compute", "")}, {}, ("p",), ("t",), isa._file
    )
    return binding.bind(fresh.definition, machine)


def statements(body, **values):
    return check(body, **values).instructions[0].body.statements


def test_an_elementwise_body_becomes_windows_and_a_proven_loop():
    def body(rd: Out(mem, LANES), rs1: In(mem, LANES), rs2: In(mem, LANES)):
        for lane in range(LANES):
            rd[lane] = rs1[lane] + rs2[lane]

    *windows, loop = statements(body)
    assert [(w.name, w.direction, w.shape, w.align) for w in windows] == [
        ("rd", "out", (8,), 8), ("rs1", "in", (8,), 8), ("rs2", "in", (8,), 8),
    ]  # fmt: skip
    lane = ir.Binary("int", "+", ir.Binary("int", "*", ir.Const("int", 0), ir.Const("int", 8)), ir.Local("int", "lane"))
    assert isinstance(loop, ir.For)
    assert loop.trips == 8
    [store] = loop.body
    assert isinstance(store, ir.WindowStore)
    assert store.index in (lane, ir.Binary("int", "+", ir.Const("int", 0), ir.Local("int", "lane")))
    assert isinstance(store.value, ir.Binary)
    assert (store.value.type, store.value.op) == ("f32", "+")


def test_integers_take_the_type_of_what_they_meet_and_constants_wrap():
    def body(rd: Out(x), rs1: In(x)):
        return rs1 + (LANES - 9)

    [result] = statements(body)
    assert result.values == (ir.Binary("u32", "+", ir.OperandValue("u32", "rs1"), ir.Const("u32", 0xFFFFFFFF)),)


def test_a_parameter_decides_when_loaded_and_the_dead_branch_is_not_checked():
    def body(rd: Out(x)):
        if FLAG:
            return nonsense
        return 7

    assert statements(body) == (ir.Return((ir.Const("u32", 7),)),)
    with pytest.raises(DefinitionError, match="unknown name 'nonsense'"):
        check(body, FLAG=1)


def test_what_a_register_stores_is_what_a_result_must_be():
    def body(rd: InOut(f), rs1: In(f)):
        return square(rd) * 0.5 + max(rd, rs1)

    architecture = check(body)
    [result] = architecture.instructions[0].body.statements
    assert architecture.instructions[0].body.result_types == ("f32",)
    assert result.values[0].type == "f32"
    assert list(architecture.functions) == ["square"]


@pytest.mark.parametrize("proof", ["modulo", "mask", "require", "branch", "clamp"])
def test_an_index_in_range_can_be_proven(proof):
    def modulo(rd: Out(x), rs1: In(x)):
        t = array(u32, 8)
        return t[rs1 % 8]

    def mask(rd: Out(x), rs1: In(x)):
        t = array(u32, 8)
        return t[rs1 & 7]

    def require(rd: Out(x), rs1: In(x)):
        t = array(u32, 8)
        require(rs1 < LANES, ODD, rs1)
        return t[rs1]

    def branch(rd: Out(x), rs1: In(x)):
        t = array(u32, 8)
        if not rs1 >= 8:
            return t[rs1]
        return 0

    def clamp(rd: Out(x), rs1: In(x)):
        t = array(u32, 8)
        return t[clamp(rs1, 0, 7)]

    assert statements(locals()[proof])


def test_a_window_in_a_loop_has_a_slot_for_every_pass():
    def body(rs1: In(x)):
        for i in range(2):
            for j in range(3):
                row = Out(mem, 8, at=rs1 + (i * 3 + j) * 8)
                row[0] = 1.0

    opened = statements(body)[0].body[0].body[0]
    assert (opened.slots, opened.size, opened.memory) == (6, 8, "mem")


def test_windows_of_bytes_hold_other_types():
    def body(rs1: In(x)):
        row = InOut(ram, 4, dtype=bf16, at=rs1, align=2, length=csr.value)
        row[3] = row[0]

    opened = statements(body)[0]
    assert (opened.dtype, opened.type, opened.align) == (bf16, "f32", 2)
    assert opened.length == ir.Cast("int", ir.StateLoad("u32", "csr", ir.Const("int", 0), proven=True))


def test_loops_jumps_and_single_registers_are_effects():
    def body(rd: InOut(x)):
        at = loops.find(index(rd))
        require(at >= 0, ODD, rd)
        csr.value = csr.value + 1
        if rd > 1:
            jump(loops.body(at))
            loops.restart(at)
            return rd - 1
        loops.remove(at)
        return 0

    kinds = [type(statement).__name__ for statement in statements(body)]
    assert kinds == ["Assign", "Require", "StateStore", "If", "LoopsCall", "Return"]


def test_labels_are_addresses():
    def body(imm: Label(relative=True, signed=True)):
        jump(imm + pc())

    [jumped] = statements(body)
    assert jumped.target.type == "int"


def test_what_a_branch_that_leaves_has_excluded_is_known_after_it():
    def body(rd: Out(x), rs1: In(x)):
        t = array(u32, 8)
        if rs1 >= 8:
            return 0
        return t[rs1]

    assert isinstance(statements(body)[-1], ir.Return)


def test_int_variables_may_be_made_anew_in_each_of_two_loops():
    def body(rd: Out(mem, 4, 2)):
        for i in range(4):
            column = i % 2
            rd[i, column] = 1.0
        for i in range(2):
            column = 1 - i
            rd[i, column] = 2.0

    assert len(statements(body)) == 3


def test_a_loop_that_surely_runs_assigns():
    def body(rd: Out(x), rs1: In(x)):
        for i in range(LANES):
            last = rs1 + i
        return last

    assert isinstance(statements(body)[-1], ir.Return)


def test_helpers_see_nothing_of_the_machine_and_do_not_call_themselves():
    with pytest.raises(DefinitionError, match="x in a helper"):
        check(w_helper_with_state)
    with pytest.raises(DefinitionError, match="a helper that calls itself"):
        check(w_helper_calls_itself)


def test_traps_name_every_alignment_that_windows_ask_for():
    def body(rs1: In(x)):
        row = InOut(ram, 4, dtype=bf16, at=rs1, align=2)
        other = In(ram, 4, at=rs1, align=4)
        row[3] = f32(other[0])

    assert check(body).traps["ram_misaligned"] == "addresses of ram are multiples of 2 or 4, as the instruction says"


def w_mixed(rd: Out(x), rs1: In(x), rs2: In(s)):
    return rs1 + rs2


def w_index(rd: Out(x), rs1: In(x)):
    t = array(u32, 8)
    return t[rs1]


def w_dimension(rd: Out(mem, 2, 4)):
    rd[0] = 1.0


def w_no_return(rd: Out(x), rs1: In(x)):
    if rs1 > 0:
        return 1


def w_returns_too_much(rd: Out(x)):
    return 1, 2


def w_type(rd: Out(x), rs1: In(f)):
    return rs1


def w_written_only(rd: Out(x)):
    return rd


def w_store_in(rs1: In(mem, 8)):
    rs1[0] = 1.0


def w_unknown(rd: Out(x)):
    return LANE


def w_unknown_function(rd: Out(f), rs1: In(f)):
    return sqr(rs1)


def w_divide(rd: Out(x), rs1: In(x)):
    return rs1 / 2


def w_chain(rd: Out(x), rs1: In(x)):
    return 1 if 0 < rs1 < 4 else 0


def w_condition(rd: Out(x), rs1: In(x)):
    return 1 if rs1 else 0


def w_while(rd: Out(x)):
    while True:
        pass


def w_loop_counter(rd: Out(x)):
    n = 0
    for i in range(4):
        n = n + 1
    return n


def w_retyped(rd: Out(x)):
    n = u32(1)
    n = f32(2)
    return n


def w_unbounded(rd: Out(x), rs1: In(x)):
    for i in range(rs1):
        pass
    return 1


def w_window_in_branch(rs1: In(x)):
    if rs1 > 1:
        row = Out(mem, 8, at=rs1)


def w_trap_after(rs1: In(x)):
    loops.remove(0)
    require(rs1 > 0, ODD)


def w_dtype(rs1: In(x)):
    row = In(mem, 8, dtype=bf16, at=rs1)


def w_require(rs1: In(x)):
    require(rs1 > 0, "odd")


def w_statement(rs1: In(x)):
    print(rs1)


def w_assigned_on_one_path(rd: Out(x), rs1: In(x)):
    if rs1 > 1:
        n = u32(1)
    return n


def w_assigned_in_a_loop_that_may_not_run(rd: Out(x), rs1: In(x)):
    for i in range(rs1 % 4):
        n = u32(1)
    return n


def w_int_joined(rd: Out(x), rs1: In(x)):
    t = array(u32, 4)
    n = 0
    if rs1 > 1:
        n = 5
    return t[n]


def w_guard_on_the_other_path(rd: Out(x), rs1: In(x)):
    t = array(u32, 4)
    if rs1 < 4:
        return 0
    return t[rs1]


def w_clamp_beyond_the_type(rd: Out(x), rs1: In(x)):
    return clamp(rs1, -1, 3)


def w_helper_with_state(rd: Out(x), rs1: In(x)):
    return peek(rs1)


def w_helper_calls_itself(rd: Out(f), rs1: In(f)):
    return forever(rs1)


def w_literals(rd: Out(f), rs1: In(f)):
    return rs1 * (0.1 + 0.2)


def w_int_division(rd: Out(x), rs1: In(x)):
    t = array(u32, 4)
    return t[4 // index(rs1)]


def w_int_shift(rd: Out(x), rs1: In(x)):
    return 1 << (index(rs1) - 1)


def w_loop_operation_in_a_for():
    for i in range(2):
        loops.remove(0)


def w_element_after(rd: InOut(x), rs1: In(x)):
    loops.remove(0)
    return mem[rs1]


def w_element_after_a_branch(rd: In(x), rs1: In(x)):
    if rd == 0:
        loops.restart(0)
    csr.value = rs1
    s[0] = i32(x[rs1])


def w_selected_index(rd: Out(x), rs1: In(x)):
    t = array(u32, 4)
    return t[rs1] if rs1 < 4 else u32(0)


def w_index_behind_and(rd: Out(x), rs1: In(x)):
    t = array(u32, 4)
    if rs1 < 4 and t[rs1] == 0:
        return 1
    return 0


def w_int_joined_with_a_machine_type(rd: Out(x), rs1: In(x)):
    n = 1
    if rs1 < 4:
        n = rs1
    return n


def w_sum_of_an_int(rd: Out(f), rs1: In(mem, 4)):
    total = 0
    for i in range(4):
        total += rs1[i]
    return total


def w_large_int(rd: Out(f), rs1: In(f), imm: Imm()):
    return rs1 + (index(rd) << 58)


def w_shape(rs1: In(mem, FLAG)):
    pass


def w_mx_operand(rs1: In(ram, 8, dtype=MX(e4m3, 8))):
    pass


HALF = 0.5
TABLE = [1, 2, 3]


def plain(v):
    return v


def w_comprehension(rs1: In(x)):
    t = [i for i in range(3)]  # noqa: C416


def w_power(rd: Out(x), rs1: In(x)):
    return rs1**2


def w_raise(rs1: In(x)):
    raise ValueError(rs1)


def w_membership(rs1: In(x)):
    if rs1 in (1, 2):
        halt()


def w_text(rs1: In(x)):
    t = "x"


def w_float_global(rd: Out(f), rs1: In(f)):
    return rs1 * HALF


def w_list_global(rd: Out(x), rs1: In(x)):
    return rs1 + TABLE[0]


def w_trap_as_value(rd: Out(x), rs1: In(x)):
    return rs1 + ODD


def w_plain_function(rd: Out(x), rs1: In(x)):
    return plain(rs1)


def w_negative_work(rs1: In(x)):
    work(-500)


def w_signed_index(rd: Out(x), rs1: In(s)):
    t = array(u32, 4)
    return t[rs1]


def w_index_below(rd: Out(x)):
    t = array(u32, 4)
    for i in range(4):
        t[i] = t[i - 1]
    return t[0]


def w_index_in_an_array(rd: Out(x)):
    t = array(u32, 4)
    return t[t[0]]


def w_require_in_a_loop_that_may_not_run(rd: Out(x), rs1: In(x), rs2: In(x)):
    t = array(u32, 4)
    for i in range(rs2 % 4):
        require(rs1 < 4, ODD, rs1)
    return t[rs1]


def w_fact_of_a_changed_variable(rd: Out(x), rs1: In(x)):
    t = array(u32, 4)
    n = rs1
    require(n + 1 < 4, ODD)
    n = rs1 * 2
    return t[n + 1]


def w_fact_of_a_changed_array(rd: Out(x), rs1: In(x)):
    t = array(u32, 4)
    require(t[0] < 4, ODD)
    t[0] = rs1
    return t[t[0]]


def w_fact_of_one_path(rd: Out(x), rs1: In(x)):
    t = array(u32, 4)
    if rs1 == 0:
        require(csr.value < 4, ODD)
    return t[csr.value]


def w_fact_of_a_pass(rd: Out(x)):
    t = array(u32, 4)
    for i in range(2):
        require(csr.value + i < 4, ODD)
    for i in range(4):
        t[csr.value + i] = 1
    return t[0]


def w_added_to_nothing(rd: Out(mem, LANES), rs1: In(mem, LANES)):
    for i in range(LANES):
        rd[i] += rs1[i]


def w_read_first(rd: InOut(mem, LANES), rs1: In(x)):
    row = Out(mem, LANES, at=rs1)
    rd[0] = row[0]
    for i in range(LANES):
        row[i] = rd[i]


WRONG = {
    w_assigned_on_one_path: ("'n' may be read before it is assigned", "give it a value on every path, before the if or for"),
    w_assigned_in_a_loop_that_may_not_run: ("'n' may be read before it is assigned", "before the if or for"),
    w_int_joined: ("index 'n' of 't' may be 0 to 5, its size is 4", "clamp(..., 0, 3)"),
    w_guard_on_the_other_path: ("index 'rs1' of 't' may be 4 to 4294967295, its size is 4", "clamp(..., 0, 3)"),
    w_clamp_beyond_the_type: ("clamp(x, -1, 3) of a u32", "ends in the type's own range, 0 to 4294967295"),
    w_literals: ("operator + on two literals", "Python would compute in double precision"),
    w_int_division: ("int // something that may be 0", "prove that it is not"),
    w_int_shift: ("int << -1 to 6", "an int is shifted by 0 to 62"),
    w_loop_operation_in_a_for: ("loops.remove(...) in a for", "once, at the end of the body"),
    w_element_after: ("something that can trap follows a loop operation", "move loops.push, restart and remove to the end"),
    w_element_after_a_branch: ("something that can trap follows a loop operation", "to the end"),
    w_selected_index: ("index 'rs1' of 't' may be 0 to 4294967295, its size is 4", "clamp(..., 0, 3)"),
    w_index_behind_and: ("index 'rs1' of 't' may be 0 to 4294967295, its size is 4", "clamp(..., 0, 3)"),
    w_int_joined_with_a_machine_type: ("'n' is an int and becomes u32", "start it as that: n = u32(0)"),
    w_sum_of_an_int: ("'total' is an int and becomes f32", "start it as that: total = 0.0"),
    w_large_int: ("operator + of an f32 and an int that may reach 2017612633061982208", "convert it: f32(...)"),
    w_shape: ("operand 'rs1': shape [0], align 8", "positive sizes"),
    w_mx_operand: ("operand 'rs1': mx(e4m3, 8) in 'ram', which stores u8", "MX windows are opened in the body"),
    w_mixed: ("operator + mixes u32 and i32", "convert one: i32(...) or u32(...)"),
    w_index: (
        "index 'rs1' of 't' may be 0 to 4294967295, its size is 8",
        "prove it: require(rs1 < 8, ...), % 8, or clamp(..., 0, 7)",
    ),
    w_dimension: ("rd[0] has 1 indices", "rd has shape [2, 4]"),
    w_no_return: ("not every path returns", "return the new value of rd"),
    w_returns_too_much: ("returns 2 value(s)", "it has 1 to return"),
    w_type: ("the returned 'rs1' is f32, not u32", "convert it: u32(...)"),
    w_written_only: ("operand 'rd' is only written", "declare it InOut(...) to read it"),
    w_store_in: ("'rs1' is opened In", "a window that is written is Out or InOut"),
    w_unknown: ("unknown name 'LANE'", "did you mean 'LANES'?"),
    w_unknown_function: ("unknown function 'sqr'", "did you mean 'sqrt'?"),
    w_divide: ("/ on u32", "integers divide with //"),
    w_chain: ("a chain of comparisons", "write a <= b and b < c"),
    w_condition: ("'rs1' is u32, not a condition", "compare it: rs1 != 0"),
    w_while: ("'while True:' is not part of the language", "for i in range(n), n a constant or bounded with min or clamp"),
    w_comprehension: ("'[i for i in range(3)]' is not part of the language", "array(f32, 4, 16) makes a local array"),
    w_power: ("'rs1 ** 2' is not part of the language", "multiply: x * x, or in a loop"),
    w_raise: ("'raise ValueError(rs1)' is not part of the language", "require(condition, TRAP, value) traps unless"),
    w_membership: ("'rs1 in (1, 2)' is not part of the language", "a == 1 or a == 2"),
    w_text: ("\"'x'\" is not part of the language", "docs/guides/add-an-isa.md, section Bodies"),
    w_float_global: ("global 'HALF' is a float, and globals of bodies are integers", "write the number in the body: HALF = 0.5"),
    w_list_global: ("global 'TABLE' is a list, and globals of bodies are integers", "a table is a helper"),
    w_trap_as_value: ("'ODD' is a trap", "require(condition, ODD, value)"),
    w_plain_function: ("'plain' is a plain function", "put @function above a helper"),
    w_negative_work: ("work(-500) is negative", "an amount of work is 0 or more"),
    w_signed_index: ("index 'rs1' of 't' may be -2147483648", "require(rs1 >= 0 and rs1 < 4, ...)"),
    w_index_below: ("index 'i - 1' of 't' may be -1 to 2", "require(i - 1 >= 0, ...)"),
    w_index_in_an_array: ("index 't[0]' of 't' may be", "put it into a variable, n = t[0], and require(n < 4, ...)"),
    w_require_in_a_loop_that_may_not_run: ("index 'rs1' of 't' may be 0 to 4294967295", "require(rs1 < 4, ...)"),
    w_fact_of_a_changed_variable: ("index 'n + 1' of 't' may be", "require(n + 1 < 4, ...)"),
    w_fact_of_a_changed_array: ("index 't[0]' of 't' may be", "n = t[0], and require"),
    w_fact_of_one_path: ("index 'csr.value' of 't' may be", "require(csr.value < 4, ...)"),
    w_fact_of_a_pass: ("index 'csr.value + i' of 't' may be", "require(csr.value + i < 4, ...)"),
    w_added_to_nothing: ("'rd[i]' is read before it is written", "use InOut to read what was there"),
    w_read_first: ("'row[0]' is read before it is written", "use InOut to read what was there"),
    w_loop_counter: ("'n' is an int and changes in a loop", "start it as a machine integer: n = i32(...)"),
    w_retyped: ("the new value of 'n' is f32, not u32", "convert it: u32(...)"),
    w_unbounded: ("the loop may run 4294967295 times", "bound its end with clamp or min"),
    w_window_in_branch: ("Out(mem, 8, at=rs1) under an if", "length=0 opens a window of nothing"),
    w_trap_after: ("something that can trap follows a loop operation", "move loops.push, restart and remove to the end"),
    w_dtype: ("dtype=bf16 in 'mem', which stores f32", "only u8 memories hold other types"),
    w_require: ("require(...)", "TRAP is made with isa.trap(...)"),
    w_statement: ("print(...) as a statement", "jump(target), halt() and work(n) are statements"),
}


def test_a_trap_may_stand_where_a_branch_with_a_loop_operation_has_left():
    def body(rd: InOut(x), rs1: In(x)):
        if rs1 == 0:
            loops.restart(0)
            return 1
        require(rs1 < 64, ODD, rs1)
        return u32(mem[rs1])

    *_, branch, guard, result = statements(body)
    assert isinstance(branch.then[0], ir.LoopsCall)
    assert isinstance(guard, ir.Require)
    assert isinstance(result, ir.Return)


@pytest.mark.parametrize("body", WRONG, ids=lambda body: body.__name__)
def test_a_wrong_body_names_its_line_and_what_would_be_right(body):
    message, hint = WRONG[body]
    with pytest.raises(DefinitionError) as caught:
        check(body)
    assert message in caught.value.message
    assert hint in caught.value.hint
    place, line, name = caught.value.where.split(":")
    assert (place, name.strip()) == ("test_check.py", body.__name__)
    first = inspect.getsourcelines(body)[1]
    assert first <= int(line) < first + len(inspect.getsource(body).splitlines())


def r_register(rd: Out(x)):
    t = array(u32, 4)
    require(csr.value < 4, ODD, csr.value)
    return t[csr.value]


def r_signed(rd: Out(x), rs1: In(s)):
    t = array(u32, 4)
    require(rs1 >= 0 and rs1 < 4, ODD)
    return t[rs1]


def r_cast(rd: Out(x)):
    t = array(u32, 4)
    require(i32(csr.value) >= 0 and i32(csr.value) < 4, ODD)
    return t[i32(csr.value)]


def r_difference(rd: Out(x)):
    t = array(u32, 4)
    for i in range(4):
        require(i - 1 >= 0, ODD)
        t[i] = t[i - 1]
    return t[0]


def r_array(rd: Out(x)):
    t = array(u32, 4)
    n = t[0]
    require(n < 4, ODD)
    return t[n]


def r_both_paths(rd: Out(x), rs1: In(x)):
    t = array(u32, 4)
    if rs1 == 0:
        require(csr.value < 4, ODD)
    else:
        require(csr.value < 2, ODD)
    return t[csr.value]


def r_modulo(rd: Out(x), rs1: In(s)):
    t = array(u32, 4)
    return t[rs1 % 4]


@pytest.mark.parametrize("body", [r_register, r_signed, r_cast, r_difference, r_array, r_both_paths, r_modulo])
def test_an_index_is_proven_by_doing_what_the_hint_says(body):
    check(body)


def o_written_before(rd: Out(mem, LANES), rs1: In(mem, LANES)):
    for i in range(LANES):
        rd[i] = 0.0
    for i in range(LANES):
        rd[i] += rs1[i]


def o_sums_so_far(rd: Out(mem, LANES), rs1: In(mem, LANES)):
    for i in range(LANES):
        if i > 0:
            rd[i] = rd[i - 1] + rs1[i]
        else:
            rd[i] = rs1[i]


def o_another_of_the_loop_writes(rd: Out(mem, LANES), rs1: In(mem, LANES)):
    for i in range(LANES):
        if i > 0:
            rd[0] += rs1[i]
        else:
            rd[0] = rs1[i]


@pytest.mark.parametrize("body", [o_written_before, o_sums_so_far, o_another_of_the_loop_writes])
def test_an_out_window_may_be_read_where_it_may_have_been_written(body):
    check(body)


def test_all_wrong_bodies_are_told_at_once_and_overlaps_too():
    def one(rd: Out(x)):
        return LANE

    def two(rd: Out(x)):
        return 1 / 2

    fresh = Isa("scratch", title="")
    fresh._params, fresh._memories = isa._params, isa._memories
    for number, body in enumerate((one, two)):
        body.__doc__ = "Does."
        fresh.op(f"OP{number}", W(op=number), unit="u", timing="one")(body)
    timing = Timing("t", True, {"one": ONE}, frozenset())
    machine = Machine("p", timing, {"LANES": 8}, {"u": Unit("u", "compute", "")}, {}, ("p",), ("t",), isa._file)
    with pytest.raises(DefinitionError, match=r"(?s)unknown name 'LANE'.*/ on int"):
        binding.bind(fresh.definition, machine)


def test_two_instructions_never_share_a_word():
    fresh = Isa("scratch", title="")
    fresh._params, fresh._memories = isa._params, isa._memories

    def one(imm: Imm()):
        """Does."""

    def two(rs1: In(x)):
        """Does."""

    fresh.op("ONE", W(op=3), unit="u", timing="one")(one)
    fresh.op("TWO", W(rd=1), unit="u", timing="one")(two)
    timing = Timing("t", True, {"one": ONE}, frozenset())
    machine = Machine("p", timing, {"LANES": 8}, {"u": Unit("u", "compute", "")}, {}, ("p",), ("t",), isa._file)
    with pytest.raises(DefinitionError, match="two: the encoding overlaps that of one"):
        binding.bind(fresh.definition, machine)
