"""Windows of bodies: opening them, their elements, and writing them at the end of the instruction.

A window that is only read is read where it lies, since nothing is written before the end; a short one that may lie partly
outside of its memory is copied, so that the compiler sees one array. One that is written is a buffer in the storage type, copied
at the end; or the memory itself where nobody can see the difference (`direct`).
"""

from __future__ import annotations

from dataclasses import dataclass

from backends.isa.dtypes import MX, DType, ValueType
from backends.isa.language import ir
from backends.isa.native.cgen.layout import Layout, Place, near_type, storage_type
from backends.isa.native.cgen.timing import Clock

COPIED_BYTES = 256
"""Up to which size a copy costs less than what compilers make of a pointer that may point into the memory or to a copy."""


@dataclass(frozen=True)
class Window:
    """One ``Open`` of a body."""

    number: int
    open: ir.Open
    place: Place
    slots: int
    """Most times that it is opened in one instruction, where each of them is written at the end; else 1."""
    direct: bool = False
    """Whether it is written in place."""

    @property
    def element(self) -> DType:
        """Storage type of the elements."""
        return self.open.dtype.element if isinstance(self.open.dtype, MX) else self.open.dtype

    @property
    def mx(self) -> MX | None:
        """The block-scaled type, if it has one."""
        return self.open.dtype if isinstance(self.open.dtype, MX) else None

    @property
    def packed(self) -> bool:
        """Whether two elements lie in a byte."""
        return self.element.bits == 4 and self.place.memory.dtype.bits == 8

    @property
    def near(self) -> bool:
        """Whether elements may lie at any byte."""
        return self.element != self.place.memory.dtype and self.place.memory.dtype.bytes == 1

    @property
    def buffered(self) -> bool:
        """Whether the body sees a copy, at least sometimes."""
        read_past = self.place.memory.beyond == "zero" and self.open.direction == "in"
        written = self.open.direction != "in" and not self.direct
        return written or read_past or self.packed or self.mx is not None or self.open.length is not None

    @property
    def buffer_type(self) -> str:
        """C type of an element of the copy."""
        return "float" if self.mx else storage_type(self.element)

    @property
    def pointer_type(self) -> str:
        """C type of an element as the body sees it."""
        return "float" if self.mx else near_type(self.element) if self.near else storage_type(self.element)

    def units(self, elements: str) -> str:
        """Elements of the memory that hold a number of elements of the window."""
        if self.packed:
            return str((int(elements) + 1) // 2) if elements.isdigit() else f"(({elements} + 1) / 2)"
        factor = self.element.bytes if self.near else 1
        if factor == 1:
            return elements
        return str(int(elements) * factor) if elements.isdigit() else f"({elements} * {factor})"

    def blocks(self, elements: str) -> str:
        """Scales of a number of elements."""
        block = self.mx.block if self.mx else 1
        return str(-(-int(elements) // block)) if elements.isdigit() else f"(({elements} + {block - 1}) / {block})"

    def load(self, index: str) -> str:
        """C expression of the value of an element."""
        stored = f"w{self.number}[{index}]"
        return stored if self.mx else f"load_{self.element.name}({stored})"

    def store(self, index: str, value: str) -> str:
        """C statement that writes an element."""
        return f"w{self.number}[{index}] = {value if self.mx else f'store_{self.element.name}({value})'};"

    def slot(self, name: str, current: str | None = None) -> str:
        """C expression of a variable that is kept for every opening; of the one being opened unless ``current`` says."""
        return f"{name}{self.number}" + (f"[{current or f'c{self.number}'}]" if self.slots > 1 else "")


@dataclass(frozen=True)
class WindowWriter:
    """Writes the C of one window."""

    window: Window
    layout: Layout
    clock: Clock

    def declarations(self) -> list[str]:
        """Variables of the function: address, elements, times it was opened, the pointer that the body uses."""
        w = self.window
        many = f"[{w.slots}]" if w.slots > 1 else ""
        initial = "" if many else " = 0"
        names = ["a", *(["n"] if w.open.length is not None else []), *(["s"] if w.mx else [])]
        lines = [f"uint64_t {name}{w.number}{many}{initial};" for name in names]
        const = "const " if w.open.direction == "in" else ""
        return [*lines, f"uint32_t c{w.number} = 0;", f"{const}{w.pointer_type} *w{w.number} = 0;"]

    @property
    def elements(self) -> str:
        """C expression of the elements that count in the window being opened."""
        return self.window.slot("n") if self.window.open.length is not None else str(self.window.open.size)

    def open(self, at: str, at_type: ValueType, length: str | None, scales: str | None) -> list[str]:
        """Checks the address, makes the elements visible, waits for the cells."""
        w = self.window
        first = w.slot("a")
        lines = [f"{first} = (uint64_t){at};"]
        if length is not None:
            lines.append(f"{w.slot('n')} = (uint64_t)min_i64(max_i64({length}, 0), {w.open.size});")
        if w.open.align > 1:
            align = w.open.align
            off = f"mod_i64((int64_t){first}, {align})" if at_type != "u64" else f"{first} % {align}u"
            if align & (align - 1) == 0:
                off = f"({first} & {align - 1}u)"
            lines += self._trap(f"{off} != 0", "misaligned", first, str(w.open.align), at_type)
        units = w.units(self.elements)
        lines += self._in_range(first, units, at_type)
        if scales is not None:
            lines.append(f"{w.slot('s')} = (uint64_t){scales};")
            lines += self._in_range(w.slot("s"), w.blocks(self.elements), "i64")
        lines += self._visible()
        if self.clock.in_order:
            clipped = w.open.direction == "in" and w.place.memory.beyond == "zero"
            lines += self.clock.touch(w.place, first, units, clipped=clipped, align=w.open.align)
            if scales is not None:
                lines += self.clock.touch(w.place, w.slot("s"), w.blocks(self.elements), clipped=clipped)
        return [*lines, f"c{w.number}++;"] if w.open.direction != "in" else lines

    def commit(self) -> list[str]:
        """Writes what the body left in the buffers, every opening of it, in order."""
        w = self.window
        if w.slots > 1:
            return [f"for (uint32_t k = 0; k < c{w.number}; k++) {{", *self.commit_one("k"), "}"]
        return [f"if (c{w.number}) {{", *self.commit_one("0"), "}"]

    def commit_one(self, slot: str) -> list[str]:
        """Writes one opening."""
        w = self.window
        first = w.slot("a", slot)
        elements = w.slot("n", slot) if w.open.length is not None else str(w.open.size)
        units = w.units(elements)
        source = f"(b{w.number} + (uint64_t){slot} * {w.open.size}u)" if w.slots > 1 else f"b{w.number}"
        target = f"{w.place.elements} + {first}"
        if w.mx:
            scales = w.slot("s", slot)
            lines = [f"write_mx_{w.element.name}({w.place.elements}, {first}, {scales}, {source}, {elements}, {w.mx.block});"]
            lines += self._written(w.slot("s", slot), w.blocks(elements))
        elif w.packed:
            lines = [f"write_packed({target}, {source}, {elements});"]
        elif w.direct:
            lines = []
        else:
            lines = [f"memcpy({target}, {source}, {elements} * sizeof(*b{w.number}));"]
        lines += self._written(first, units, w.open.align)
        return [f"if ({elements}) {{", *lines, "}"] if w.open.length is not None else lines

    def clear(self) -> list[str]:
        """Zeros of a window that is written in place, before the body first sees it."""
        w = self.window
        return [f"memset(w{w.number}, 0, {w.open.size} * sizeof(*w{w.number}));"]

    def _written(self, first: str, units: str, align: int = 1) -> list[str]:
        place = self.window.place
        unit = place.memory.dtype.bytes
        lines = [] if place.embedded else [f"mark(m, {place.number}, {first} * {unit}, {units} * {unit});"]
        if place.memory.zero is not None:
            lines.append(f"{place.elements}[{place.memory.zero}] = 0;")
        return lines + (self.clock.produce(place, first, units, align=align) if self.clock.in_order else [])

    def _in_range(self, first: str, units: str, at_type: ValueType) -> list[str]:
        w = self.window
        size = w.place.memory.size
        if w.open.direction == "in" and w.place.memory.beyond == "zero":
            return []
        if w.place.memory.regions:
            return self._in_regions(first, units, at_type)
        if units.isdigit():
            condition = f"{first} > {size - int(units)}u" if int(units) <= size else "1"
        else:
            condition = f"{units} != 0 && ({units} > {size}u || {first} > {size}u - {units})"
        return self._trap(condition, "out_of_range", first, str(size), at_type)

    def _in_regions(self, first: str, units: str, at_type: ValueType) -> list[str]:
        w, lines = self.window, list[str]()
        for write in [write for write in (False, True) if w.open.direction in (("in", "inout"), ("out", "inout"))[write]]:
            site = self.layout.site(w.place.memory.fault(write=write), w.open.operand, at_type)
            outside = f"{units} != 0 && !{w.place.inside(first, f'(uint64_t){units}', write=write)}"
            lines.append(f"if (UNLIKELY({outside})) return trap(m, {site}, {first}, 0);")
        return lines

    def _trap(self, condition: str, what: str, address: str, limit: str, at_type: ValueType) -> list[str]:
        site = self.layout.site(f"{self.window.place.memory.name}_{what}", self.window.open.operand, at_type, "int")
        return [f"if (UNLIKELY({condition})) return trap(m, {site}, {address}, {limit});"]

    def _visible(self) -> list[str]:
        """The pointer that the body uses, and the copy behind it."""
        w = self.window
        pointer, first = f"w{w.number}", w.slot("a")
        place = f"({w.pointer_type} *)({w.place.elements} + {first})"
        if not w.buffered:
            return [f"{pointer} = {place};"]
        buffer = f"b{w.number}" + (f" + (uint64_t)c{w.number} * {w.open.size}u" if w.slots > 1 else "")
        if w.open.direction == "out":
            return [f"{pointer} = ({w.pointer_type} *)({buffer});", f"memset({pointer}, 0, {w.open.size} * sizeof(*{pointer}));"]
        copy = [f"{pointer} = ({w.pointer_type} *)({buffer});", *self._fill(buffer)]
        if w.open.direction == "inout" or w.packed or w.mx:
            return copy
        whole = []
        if w.open.length is not None:
            whole.append(f"{self.elements} == {w.open.size}")
        if w.place.memory.beyond == "zero":
            units = int(w.units(str(w.open.size)))
            size = w.place.memory.size
            whole.append(f"{first} <= {size - units}u" if units <= size else "0")
        if w.open.length is None and w.open.size * w.element.bytes <= COPIED_BYTES:
            inside = [f"memcpy({buffer}, {w.place.elements} + {first}, {w.open.size} * sizeof(*{buffer}));"]
            return [copy[0], f"if ({' && '.join(whole)}) {{", *inside, "} else {", *copy[1:], "}"]
        return [f"if ({' && '.join(whole)}) {{", f"{pointer} = {place};", "} else {", *copy, "}"]

    def _fill(self, buffer: str) -> list[str]:
        """Copies what there is to read into a buffer, zeros behind it."""
        w = self.window
        size, elements, first = w.place.memory.size, self.elements, w.slot("a")
        past = w.open.direction == "in" and w.place.memory.beyond == "zero"
        if w.mx:
            scales, end = w.slot("s"), f"{size}u" if past else "UINT64_MAX"
            return [
                f"read_mx_{w.element.name}({buffer}, {w.place.elements}, {first}, {scales}, {end}, {elements}, "
                f"{w.open.size}, {w.mx.block});"
            ]
        if w.packed:
            end = f"{size}u" if past else "UINT64_MAX"
            return [f"read_packed({buffer}, {w.place.elements}, {first}, {end}, {elements}, {w.open.size});"]
        unit = f"sizeof(*b{w.number})"
        if not past and w.open.length is None:
            return [f"memcpy({buffer}, {w.place.elements} + {first}, {elements} * {unit});"]
        count = f"{elements} * {unit}"
        if past:
            span = w.place.memory.dtype.bytes
            count = f"min_u64({count}, {first} < {size}u ? ({size}u - {first}) * {span} : 0)"
        return [f"fill({buffer}, {w.place.elements}, {first} * sizeof(*{w.place.elements}), {count}, {w.open.size} * {unit});"]
