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
from pathlib import Path

from backends.isa.architecture import Architecture
from backends.isa.errors import DefinitionError
from backends.isa.manual.chapters import Page, author_chapters, generated_pages
from harness.backend import Manual, ManualSection

_PROGRAM = re.compile(r"^```asm\n(.*?)^```", re.DOTALL | re.MULTILINE)


def render(architecture: Architecture) -> Manual:
    """The manual of an architecture at its profile and timing. DefinitionError naming the chapter and line that is wrong."""
    return Manual(sections=tuple(page.section for page in pages(architecture)))


@lru_cache(maxsize=8)
def pages(architecture: Architecture) -> tuple[Page, ...]:
    """Its sections with what each was made from. DefinitionError as in `render`."""
    made = (*author_chapters(architecture), *generated_pages(architecture))
    seen: dict[str, Page] = {}
    for page in made:
        other = seen.setdefault(page.section.name.casefold(), page)
        if other is not page:
            raise _clash(other, page)
    return made


def _clash(first: Page, second: Page) -> DefinitionError:
    both = " and ".join(f"{page.section.title!r} ({page.where})" for page in (first, second))
    if any(isinstance(page.made_from, Path) for page in (first, second)):
        hint = (
            "rename the chapter's file; generated pages are machine, instructions, semantics, traps, assembler, formats and the "
            "mnemonics"
        )
    else:
        hint = "give the instruction another mnemonic: sections are found by name, in upper or lower case"
    return DefinitionError(f"two sections of the manual are called {second.section.name!r}: {both}", hint)


def programs(section: ManualSection) -> list[str]:
    """The programs that a section shows: its blocks fenced as ``asm``."""
    return _PROGRAM.findall(section.text)
