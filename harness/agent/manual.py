"""Reading and searching a manual, in pieces that fit an answer."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from harness.agent.arguments import ArgumentError
from harness.backend import Manual, ManualSection
from harness.errors import did_you_mean

PAGE = 7500
"""Most characters of a section that one answer holds."""
SECTIONS = 5
"""Most sections that a search names."""
LINES = 4
"""Most lines that a search shows of a section."""


def read(manual: Manual, section: str, page: int = 1) -> str:
    """A page of a section, found by name or title. ArgumentError, with a message for the model, if there is none."""
    wanted = section.strip().casefold()
    found = next((s for s in manual.sections if wanted in (s.name.casefold(), s.title.casefold())), None)
    if found is None:
        raise ArgumentError(f"the manual has no section {section!r}{did_you_mean(wanted, [s.name for s in manual.sections])}")
    pages = split(found.text.strip())
    if page > len(pages):
        raise ArgumentError(f"section {found.name!r} has {len(pages)} page(s), not {page}")
    position = f" (page {page} of {len(pages)})" if len(pages) > 1 else ""
    return f"## {found.title}{position}\n\n{pages[page - 1]}"


def split(text: str, size: int = PAGE) -> list[str]:
    """The text in pages, cut between lines; a line longer than a page is cut inside."""
    pages = [""]
    for row in text.splitlines(keepends=True):
        for piece in (row[start : start + size] for start in range(0, len(row), size)):
            if len(pages[-1]) + len(piece) > size:
                pages.append("")
            pages[-1] += piece
    return [page.rstrip("\n") for page in pages]


def search(manual: Manual, query: str) -> str:
    """The sections that fit the query best, with the lines that do."""
    words = sorted(set(re.findall(r"\w+", query.casefold())))
    holding = {word: sum(word in _whole(section) for section in manual.sections) for word in words}
    weight = {word: math.log(1 + len(manual.sections) / count) for word, count in holding.items() if count}
    ranked = sorted(((_score(section, weight), section) for section in manual.sections), key=lambda pair: -pair[0])
    hits = [section for score, section in ranked if score > 0]
    if not hits:
        names = ", ".join(section.name for section in manual.sections)
        return f"Nothing in the manual has any word of {query!r}. Its sections: {names or 'none'}."
    shown = "\n\n".join(
        f"## {section.title} (section `{section.name}`)\n{_best_lines(section, weight)}" for section in hits[:SECTIONS]
    )
    return shown + (f"\n\n({len(hits) - SECTIONS} more sections fit less well)" if len(hits) > SECTIONS else "")


def _whole(section: ManualSection) -> str:
    return f"{section.name}\n{section.title}\n{section.text}".casefold()


def _score(section: ManualSection, weight: dict[str, float]) -> float:
    heading, body = f"{section.name} {section.title}".casefold(), section.text.casefold()
    return sum(worth * (3 * (word in heading) + math.log1p(body.count(word))) for word, worth in weight.items())


def _best_lines(section: ManualSection, weight: dict[str, float]) -> str:
    rows: Sequence[str] = section.text.splitlines()
    scored = [(sum(worth for word, worth in weight.items() if word in row.casefold()), number) for number, row in enumerate(rows)]
    best = sorted(number for score, number in sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:LINES] if score > 0)
    return "\n".join(f"line {number + 1}: {rows[number].strip()[:300]}" for number in best) or "(in the title)"
