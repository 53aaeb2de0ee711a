"""Places in a text: where a token of the parser stands in the kernel as it was written."""

from __future__ import annotations

import pyslang


class Places:
    """Lines and columns of one source manager; a token that a macro made stands where the macro was used."""

    def __init__(self, manager: pyslang.SourceManager) -> None:
        self._manager = manager

    def of(self, location: pyslang.SourceLocation) -> tuple[int, int]:
        """1-based line and column; (0, 0) for a place in no text."""
        if not location:
            return 0, 0
        outer = self._manager.getFullyExpandedLoc(location)
        return self._manager.getLineNumber(outer), self._manager.getColumnNumber(outer)

    def from_macro(self, location: pyslang.SourceLocation) -> bool:
        """Whether a macro made what stands there."""
        return self._manager.isMacroLoc(location)
