"""Reading and searching a manual, in pieces that fit an answer."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from harness import canary
from harness.agent.arguments import ArgumentError
from harness.backend import Manual, ManualSection
from harness.errors import did_you_mean

PAGE = 7500
"""Most characters of a section that one answer holds."""
SECTIONS = 5
"""Most sections that a search names."""
LINES = 4
"""Most lines that a search shows of a section."""
HEADING = 3
"""Times that a word of a heading counts."""


def read(manual: Manual, section: str, page: int = 1) -> str:
    """A page of a section, found as `Manual.find` does. ArgumentError, with a message for the model, if there is none."""
    found = manual.find(section)
    if found is None:
        wanted = section.strip().casefold()
        raise ArgumentError(f"the manual has no section {section!r}{did_you_mean(wanted, [s.name for s in manual.sections])}")
    pages = split(found.text.strip())
    if page > len(pages):
        raise ArgumentError(f"section {found.name!r} has {len(pages)} page(s), not {page}")
    position = f" (page {page} of {len(pages)})" if len(pages) > 1 else ""
    return f"## {found.title}{position}\n\n{pages[page - 1]}\n\n{canary.LINE}"


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
    """The sections that fit the query best by BM25, headings counted three times, with the lines that do."""
    words = sorted(set(_tokens(query)))
    weights = _weights(manual, words)
    ranked = sorted(zip(weights.sections, manual.sections, strict=True), key=lambda pair: -pair[0])
    hits = [section for score, section in ranked if score > 0]
    if not hits:
        names = ", ".join(section.name for section in manual.sections)
        return f"Nothing in the manual has any word of {query!r}. Its sections: {names or 'none'}."
    shown = "\n\n".join(
        f"## {section.title} (section `{section.name}`)\n{_best_lines(section, weights.words)}" for section in hits[:SECTIONS]
    )
    return shown + (f"\n\n({len(hits) - SECTIONS} more sections fit less well)" if len(hits) > SECTIONS else "")


class _Weights(NamedTuple):
    sections: list[float]
    """How well each section fits."""
    words: dict[str, float]
    """How much each word of the query tells; words that the manual does not have are left out."""


def _weights(manual: Manual, words: Sequence[str]) -> _Weights:
    documents = [HEADING * _tokens(f"{s.name} {s.title}") + _tokens(s.text) for s in manual.sections]
    holding = {word: sum(word in document for document in documents) for word in words}
    known = [word for word in words if holding[word]]
    if not known:
        return _Weights([0.0] * len(documents), {})
    import bm25s  # on use: it takes a fifth of a second to import, and most commands never search

    index = bm25s.BM25()
    index.index(documents, show_progress=False)
    return _Weights(
        [float(score) for score in index.get_scores(known)],
        {word: math.log(1 + len(documents) / holding[word]) for word in known},
    )


def _tokens(text: str) -> list[str]:
    """Words without case and plural s; a name such as ``V_ADD_VV`` also counts as its parts."""
    found = []
    for word in re.findall(r"\w+", text.casefold()):
        parts = [part for part in word.split("_") if part] if "_" in word else []
        found += [part.removesuffix("s") if len(part) > 3 else part for part in (word, *parts)]
    return found


def _best_lines(section: ManualSection, weight: dict[str, float]) -> str:
    rows: Sequence[str] = section.text.splitlines()
    scored = [(sum(weight.get(word, 0.0) for word in set(_tokens(row))), number) for number, row in enumerate(rows)]
    best = sorted(number for score, number in sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:LINES] if score > 0)
    return "\n".join(f"line {number + 1}: {rows[number].strip()[:300]}" for number in best) or "(in the title)"
