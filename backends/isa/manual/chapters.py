"""Templates to sections: what chapters and pages may look up, and how their mistakes are reported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from backends.isa.architecture import Architecture, Instruction
from backends.isa.crashes import raised_at, said
from backends.isa.errors import DefinitionError
from backends.isa.machine import Cost
from backends.isa.manual import facts, listing, reference, source
from harness.backend import ManualSection
from harness.errors import KernelwrightError, did_you_mean

_PAGES = Path(__file__).parent / "pages"
_ORDER = re.compile(r"\A\d+[-_]")
MAY_USE = (
    'chapters may use params.NAME, m("KEY"), has("KEY"), cycles("KEY"), cost("KEY"), memory("NAME") and the filter asm, and '
    'those in manual/instructions reference("KEY*"); a KEY is the name of an instruction\'s function'
)


class Page(NamedTuple):
    """A section and what it was made from."""

    section: ManualSection
    made_from: Path | Instruction | None = None
    """The chapter's file, or the instruction that the page is about; None for other pages, which need no author."""
    where: str = "a page that makes itself"
    """The same for messages: the file, or ``isa.py:26: div``."""


def author_chapters(architecture: Architecture) -> list[Page]:
    """The chapters beside the definition, in the order of their names; none where there is no such folder."""
    values = context(architecture)
    return [_chapter(file, values, architecture) for file in _files(architecture.definition.folder / "manual")]


def _files(folder: Path) -> list[Path]:
    """The chapters of a folder. DefinitionError for a file that is numbered as a chapter and would be passed over."""
    for file in sorted(folder.glob("*")):
        if _ORDER.match(file.name) and file.name.lower().endswith((".md", ".j2")) and not file.name.endswith(".md.j2"):
            raise DefinitionError("chapters end in .md.j2", f"rename it {file.name.split('.')[0]}.md.j2", where=str(file))
    return sorted(folder.glob("*.md.j2"))


def _chapter(file: Path, values: Mapping[str, Any], architecture: Architecture) -> Page:
    text = listing.mention(_written(file, values), architecture)
    title, _, body = text.lstrip().partition("\n")
    if not title.startswith("# "):
        raise DefinitionError(f"starts with {title!r}", "the first line is the title: # Vector unit", where=str(file))
    name = _ORDER.sub("", file.name.removesuffix(".md.j2"))
    section = ManualSection(name=name, title=title.removeprefix("# ").strip(), text=body.strip() + "\n")
    return Page(section, file, str(file))


def _written(file: Path, values: Mapping[str, Any]) -> str:
    """What an author's template says. DefinitionError with file and line for whatever is wrong with it."""
    try:
        return _render(_environment(str(file.parent)), file.name, values)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = f"not UTF-8 text: {error.reason} at byte {error.start}, {error.object[error.start]:#x}"
        raise DefinitionError(message, "save the chapter as UTF-8", where=f"{file}:{line}") from None
    except jinja2.TemplateSyntaxError as error:
        raise DefinitionError(str(error.message), where=f"{error.filename or file}:{error.lineno}") from None
    except Exception as error:
        where = raised_at(error, file.parent) or str(file)
        if isinstance(error, KernelwrightError):
            raise DefinitionError(error.message, error.hint, where=where) from None
        if isinstance(error, jinja2.UndefinedError):
            raise DefinitionError(str(error), MAY_USE, where=where) from None
        raise DefinitionError(said(error), where=where) from error


def generated_pages(architecture: Architecture) -> list[Page]:
    """Pages that need no author: the machine, the instructions, semantics, traps, the assembler, number formats.

    Pages of several instructions have one: ``manual/instructions/*.md.j2`` are chapters that call ``reference``. The instructions
    that they show have no page of their own.
    """
    shown = offered(architecture)
    causes = {i.key: facts.traps(i, architecture) for i in shown}
    common = context(architecture) | {
        "instructions": shown,
        "facts": facts,
        "causes": causes,
        "helpers": {name: source.helper_text(helper) for name, helper in source.helpers(architecture).items()},
        "raisers": {cause: [i.mnemonic for i in shown if cause in causes[i.key]] for cause in architecture.traps},
    }
    environment = _environment(str(_PAGES))

    def page(file: str, name: str, title: str, **more: Any) -> Page:
        text = _render(environment, f"{file}.md.j2", common | more).strip() + "\n"
        return Page(ManualSection(name=name, title=title, text=text))

    def about(one: Instruction) -> Page:
        made = page("instruction", *_title(one, architecture), instruction=one, body=source.body_text(one.function))
        return made._replace(made_from=one, where=place(one, architecture))

    families = _families(architecture, common)
    together = {i.key for _, family in families for i in family}
    alone = [i for i in shown if i.key not in together]
    indexed = [(page.section, family) for page, family in families]
    handler, assembler = architecture.handler, "gnu" if architecture.definition.dialect else "assembler"
    return [
        page("machine", "machine", "The machine: registers, memories, units"),
        page("instructions", "instructions", "All instructions", alone=alone, families=indexed),
        *(page for page, _ in families),
        *map(about, alone),
        page("semantics", "semantics", "How to read the semantics"),
        page("traps", "traps", "Traps", handler_text=source.body_text(handler.function) if handler else ""),
        page(assembler, "assembler", "Assembler: syntax and directives"),
        page("formats", "formats", "Number formats and arithmetic"),
    ]


def place(instruction: Instruction, architecture: Architecture) -> str:
    """Where an instruction is defined: ``isa.py:26: div``."""
    return next(op.where for op in architecture.definition.ops if op.key == instruction.key)


def _families(architecture: Architecture, common: Mapping[str, Any]) -> list[tuple[Page, list[Instruction]]]:
    """The author's pages of several instructions, and which those are."""
    found = []
    for file in _files(architecture.definition.folder / "manual" / "instructions"):
        family: list[Instruction] = []
        refer = partial(_reference, family, architecture, common)
        found.append((_chapter(file, {**common, "reference": refer}, architecture), family))
    return found


def _reference(family: list[Instruction], architecture: Architecture, common: Mapping[str, Any], *patterns: str) -> str:
    """The reference of the instructions that fit the patterns, which join the family."""
    chosen = reference.select(patterns, common["instructions"])
    family += chosen
    causes = {cause for instruction in chosen for cause in common["causes"][instruction.key]}
    facts_of_all = {
        "forms": reference.forms(chosen, syntax), "rows": reference.operand_rows(chosen, architecture),
        "meanings": reference.meanings(chosen), "few": reference.few, "family": chosen,
        "costs": dict.fromkeys(common["cost_of"](instruction) for instruction in chosen),
        "raised": [cause for cause in architecture.traps if cause in causes],
    }  # fmt: skip
    return _render(_environment(str(_PAGES)), "reference.md.j2", {**common, **facts_of_all}).strip()


def offered(architecture: Architecture) -> list[Instruction]:
    """The instructions that the manual shows."""
    return [instruction for instruction in architecture.instructions if instruction.offered]


def context(architecture: Architecture) -> dict[str, Any]:
    """What templates may use.

    ``m("KEY")``: mnemonic of an instruction by its key. ``has("KEY")``: whether this profile offers it.
    ``cycles("KEY", work=1)``: cycles until its result is there; ``cost("KEY")``: as text. ``params.NAME``: a parameter.
    ``memory("NAME")``: a memory or register file. ``architecture``. ``reference("KEY", "v*")``, only in ``manual/instructions``:
    all about several instructions. Filter ``asm``: a block of assembly as a fenced program; it is written with keys and operands
    in the order of the functions' parameters, or with a dialect, as that writes it. Code spans of a chapter that start with a key
    name the instruction by its mnemonic without any of this.
    """
    known = {instruction.key: instruction for instruction in offered(architecture)}
    costs = architecture.machine.timing.costs

    def find(key: str) -> Instruction:
        if key not in known:
            raise DefinitionError(f"this machine offers no instruction {key!r}{did_you_mean(key, known)}")
        return known[key]

    def memory(name: str) -> Any:
        if name not in architecture.memories:
            raise DefinitionError(f"there is no memory {name!r}{did_you_mean(name, architecture.memories)}")
        return architecture.memories[name]

    def example(instruction: Instruction) -> str:
        try:
            return listing.example(instruction, architecture)
        except DefinitionError as error:
            raise DefinitionError(f"example: {error.message}", error.hint, where=place(instruction, architecture)) from None

    return {
        "architecture": architecture,
        "params": _Strict(architecture.values),
        "m": lambda key: find(key).mnemonic,
        "has": known.__contains__,
        "cycles": lambda key, work=1: costs[find(key).timing].latency.cycles(work),
        "cost": lambda key: cost_text(costs[find(key).timing], blocking=architecture.machine.timing.blocking),
        "memory": memory,
        "asm": lambda text: f"```asm\n{listing.translate(text.strip(chr(10)), architecture)}\n```",
        "mention": lambda text: listing.mention(text, architecture),
        "syntax": syntax,
        "example": example,
        "cost_of": lambda instruction: cost_text(costs[instruction.timing], blocking=architecture.machine.timing.blocking),
        "first_sentence": facts.first_sentence,
        "details": facts.details,
    }


class _Strict(Mapping[str, Any]):
    """Parameters; an unknown one is an error with the nearest name."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            raise DefinitionError(f"there is no parameter {name!r}{did_you_mean(name, self._values)}")
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def cost_text(cost: Cost, *, blocking: bool) -> str:
    """``6 cycles``, or latency and interval where they differ in meaning."""
    if blocking:
        return _cycles(str(cost.latency))
    return f"result after {_cycles(str(cost.latency))}, unit busy for {_cycles(str(cost.interval))}"


def _cycles(amount: str) -> str:
    return f"{amount} cycle" if amount == "1" else f"{amount} cycles"


def syntax(instruction: Instruction) -> str:
    """How an instruction is written: mnemonic and operands, those that may be left out in brackets."""
    operands = {operand.name: operand for operand in instruction.operands}
    optional = 0
    for part in reversed(instruction.syntax):
        kind = operands[part].kind if part in operands else None
        if getattr(kind, "default", None) is None:
            break
        optional += 1
    needed = instruction.syntax[: len(instruction.syntax) - optional]
    text = f"{instruction.mnemonic} {', '.join(needed)}".rstrip()
    for place, part in enumerate(instruction.syntax[len(needed) :]):
        text += f"[{', ' if needed or place else ' '}{part}"
    return text + "]" * optional


def _title(instruction: Instruction, architecture: Architecture) -> tuple[str, str]:
    """Name and title of an instruction's section."""
    what = listing.mention(facts.first_sentence(instruction.doc), architecture).rstrip(".")
    return instruction.mnemonic, f"{instruction.mnemonic}: {what}"


@cache
def _environment(folder: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder, encoding="utf-8-sig"), undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    for name in ("asm", "mention"):
        environment.filters[name] = _by_context(name)
    return environment


def _by_context(name: str) -> Any:
    @jinja2.pass_context
    def apply(found: jinja2.runtime.Context, text: str) -> Any:
        return found[name](text)

    return apply


def _render(environment: jinja2.Environment, file: str, values: Mapping[str, Any]) -> str:
    return environment.get_template(file).render(values)
