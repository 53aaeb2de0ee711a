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
| ``row = In(vram, VLEN, at=address)`` | opens a window in the body (also ``Out``, ``InOut``; ``dtype= align= length= scales=``) |
| ``mem[i] = x``, ``gp[i] = x``, ``stride.value = x`` | element of a memory or register file, written at the end |
| ``for i in range(start, stop, step)``, ``break``, ``continue`` | loop; the bounds have a known maximum |
| ``if``, ``elif``, ``else`` | a bool decides; a parameter decides when the definition is loaded |
| ``return a, b`` | new values of the out and inout register operands, in order; every path must return if there are any |
| ``require(condition, TRAP, value, limit=n)`` | traps unless the condition holds; value and limit go into the fault |
| ``jump(target)``, ``halt()`` | where to go after this instruction |
| ``work(n)`` | amount of work, for the cost class in machine.toml |
| ``loops.push(register_number, body_address)``, ``loops.restart(position)``, ``loops.remove(position)`` | hardware loops |

**Expressions**: literals, names, ``+ - * // %`` (floor), ``/`` (f32 only), ``<< >> & | ^ ~``, comparisons (no chains), ``and or not``,
``a if c else b``, elements, ``stride.value``, calls of helpers and of:

| builtin | type | meaning |
|---|---|---|
| ``i32(x) u32(x) i64(x) u64(x) f32(x)`` | that | conversion (see `ir.Cast`) |
| ``index(rd)`` | int | number of the register that an operand names |
| ``pc()`` | int | word address of this instruction |
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

Anything else is a `DefinitionError` naming file and line. Open `check` (Python to `ir`), `ir`, then the engines.
"""
