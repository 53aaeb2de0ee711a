"""The language of instruction bodies: a typed subset of Python that CPython runs and a C generator compiles.

**Types.** ``i32 u32 i64 u64 f32`` are machine numbers; ``bool`` is a condition; ``int`` is a literal, a parameter, a loop
variable, ``index(rd)``, ``pc()`` or arithmetic on those, whose range the checker knows. An ``int`` (or a float literal) takes the type of
what it meets. Two different machine types never mix without a cast. Reading an element of storage type bf16 gives f32, of i8 gives
i32, of u8 gives u32, and so on (`backends.isa.dtypes`); assigning one converts back.

**Names.** Parameters of the function: registers and immediates are values, windows are arrays. Globals: parameters and sizes of
the definition (integers here), memories, register files, traps, loops, helpers made with ``@function``, and the builtins below.

**Statements**

| statement | meaning |
|---|---|
| ``x = expression``, ``x += expression`` | local variable; its type is fixed by the first assignment |
| ``t = array(f32, 4, 16)`` | local array of zeros |
| ``t[i, j] = x``, ``rd[i] = x`` | element of a local array or of an out or inout window |
| ``row = In(vram, VLEN, at=address)`` | opens a window in the body (also ``Out``, which shows only what the body wrote, ``InOut``; ``dtype= align= length= scales=``) |
| ``mem[i] = x``, ``gp[i] = x``, ``stride.value = x`` | element of a memory or register file, written at the end |
| ``store(mem, address, n, x)`` | the low n bytes (1 to 4) of a u32, little endian, into a memory of bytes, at the end |
| ``check(vd)``, ``x = part(vs2, i)`` | a procedure: its statements stand here, its value is assigned |
| ``for i in range(start, stop, step)``, ``break``, ``continue`` | loop; the bounds have a known maximum |
| ``if``, ``elif``, ``else`` | a bool decides; a parameter decides when the definition is loaded |
| ``return a, b`` | new values of the out and inout register operands, in order; every path must return if there are any |
| ``require(condition, TRAP, value, limit=n)`` | traps unless the condition holds; value and limit go into the fault |
| ``jump(target)``, ``halt()`` | where to go after this instruction |
| ``work(n)`` | amount of work, 0 or more, for the cost class in machine.toml |
| ``work(n, part=q)`` | cycles that uop q (0 to 15) takes, for classes that are ``timed`` (`backends.isa.pipeline`); other classes: nothing |
| ``loops.push(register_number, body_address)``, ``loops.restart(position)``, ``loops.remove(position)`` | hardware loops |

**Expressions**: literals, names, ``+ - * // %`` (floor), ``/`` (f32 only), ``<< >> & | ^ ~``, comparisons (no chains), ``and or not``,
``a if c else b``, elements, ``stride.value``, calls of helpers and of:

| builtin | type | meaning |
|---|---|---|
| ``i32(x) u32(x) i64(x) u64(x) f32(x)`` | that | conversion (see `ir.Cast`) |
| ``index(rd)`` | int | number of the register that an operand names |
| ``pc()`` | int | word address of this instruction |
| ``load(mem, address, n)`` | u32 | little-endian number in n bytes (1 to 4) of a memory of bytes, from any address |
| ``readable(mem, address, n)`` | bool | whether that load would not trap |
| ``loops.find(register_number)``, ``loops.body(position)``, ``loops.depth()`` | int | position of the innermost entry or -1; its body; open loops |
| ``min(a, b)``, ``max(a, b)`` | of both | as Python's: ``max`` is ``b if b > a else a``, ``min`` is ``b if b < a else a`` |
| ``abs(x)`` | of x | i32 minimum stays; f32 clears the sign |
| ``clamp(x, low, high)`` | of x | integers; low and high are int, low <= high |
| ``sqrt(x) floor(x) rint(x)`` | f32 | correctly rounded; rint ties to even |
| ``is_nan(x)`` | bool | |
| ``bits(x)`` | u32 | pattern of an f32; NaN is 0x7FC00000 |
| ``float_from_bits(u)`` | f32 | the f32 of a u32 pattern |
| ``exponent(x)`` | i32 | floor(log2(abs(x))) of a finite non-zero f32, subnormals too; -1000 for 0; 1000 for infinities and NaN |
| ``scale_by(x, n)`` | f32 | x * 2**n, one rounding, any i32 n (subnormal results rounded to nearest even) |
| ``round_to(bf16, x)`` | f32 | x as that storage type would hold it |
| ``encode(bf16, x)``, ``decode(bf16, u)`` | u32, f32 | pattern of a value in a storage type, and back (low bits of u) |
| ``count_leading_zeros(u)`` | u32 | of a u32; 32 for 0 |
| ``exp(x)`` | f32 | e**x to 2**-22 relative, fixed polynomial (`library`); exact 1 at 0; inf and 0 beyond the range; subnormals rounded |

Helpers (``@function``) take and return annotated scalars (``x: f32``, ``-> f32``) and may use locals, local arrays, loops and if.

**Procedures** (``@procedure``) are parts that bodies share. Their parameters and their value are annotated scalars too, ``int`` among
them, whose range is that of the argument. They become part of the body that calls them: they may use and change the machine, trap,
jump and call other procedures. They open no windows, see no operands, and ``return`` once, as their last statement.

**Families.** A function that is made in another function may use that one's variables: numbers, helpers, memories, annotations. So
one factory makes all instructions of a shape. It sets ``__name__``, which is the key, and ``__doc__``. Bodies that come out the same are
one function of the native engine; for numbers that only the body needs, ``Imm(default=3, high=8)`` that is not in the syntax helps.

**Register files with lanes** (``isa.registers("v", u8, 32, lanes=16)``): operands have a number, ``index(vd)``, and no value; an element
is ``v[index(vd) * 16 + i]`` or ``load(v, index(vd) * 16 + i * width, width)``.

**Memories with regions** (``isa.memory(..., regions=[Region("rom", 0, 4096, writable=False)])``): an access lies in one region, or traps
with ``mem_load_fault`` or ``mem_store_fault``.

**Exceptions.** ``@isa.handler({"mem_load_fault": 5, ...})`` makes a function ``enter(code: u32, value: u32)`` take the place of an
instruction that traps with one of these causes (`definition.Handler`). If it traps itself, the program ends with the first trap.

Anything else is a `DefinitionError` naming file and line. Open `check` (Python to `ir`), `ir`, then the engines.
"""
