"""The manual of an instruction set: its author's chapters, then pages made from the definition.

Chapters are ``manual/*.md.j2`` beside the definition, in the order of their file names; the first line is the title, ``# Title``,
and ``20-vector-unit.md.j2`` is the section ``vector-unit``. They are Jinja with strict names: what a chapter says about sizes,
cycles and mnemonics is looked up (`chapters.context`), so that it stays right when they change. Pages of the machine, of every
offered instruction, of traps, the assembler and number formats need no author; they come from ``pages/``. Instructions that are
best read about together have one page: a chapter in ``manual/instructions`` that calls ``reference("vadd_*", "vsub_*")``.

Every block that is fenced as ``asm`` is a program that assembles and runs to its end without a trap; a test proves it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from backends.isa.architecture import Architecture
from backends.isa.errors import DefinitionError
from backends.isa.manual.chapters import author_chapters, generated_pages
from harness.backend import Manual, ManualSection

_PROGRAM = re.compile(r"^```asm\n(.*?)^```", re.DOTALL | re.MULTILINE)


@lru_cache(maxsize=8)
def render(architecture: Architecture) -> Manual:
    """The manual of an architecture at its profile and timing. DefinitionError naming the chapter and line that is wrong."""
    sections = (*author_chapters(architecture), *generated_pages(architecture))
    seen: dict[str, ManualSection] = {}
    for section in sections:
        other = seen.setdefault(section.name.casefold(), section)
        if other is not section:
            raise DefinitionError(
                f"two sections of the manual are called {section.name!r}: {other.title!r} and {section.title!r}",
                "rename the chapter's file; generated pages are machine, instructions, semantics, traps, assembler, formats and "
                "the mnemonics",
                where=str(architecture.definition.folder / "manual"),
            )
    return Manual(sections=sections)


def programs(section: ManualSection) -> list[str]:
    """The programs that a section shows: its blocks fenced as ``asm``."""
    return _PROGRAM.findall(section.text)
