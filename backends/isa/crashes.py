"""What an exception of anybody's code says, and where it came from."""

from __future__ import annotations

import traceback
from pathlib import Path

from harness.errors import told


def said(error: BaseException) -> str:
    """Its type and message, and what was noted of it on its way."""
    return "; ".join([told(error), *getattr(error, "__notes__", ())])


def raised_at(error: BaseException, within: Path | None = None) -> str:
    """``FILE:LINE`` of the last place in that file or folder, or in any, that it went through; "" if there is none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    for place in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(place.filename)  # or <frozen importlib>, which is no place for a person
        if file.is_relative_to(within) if within else file.is_absolute():
            return f"{file}:{place.lineno}"
    return ""
