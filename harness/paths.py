"""Where files live that are nobody's result: caches that may be deleted at any time."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """The user's cache folder: ``$KERNELWRIGHT_CACHE``, else ``$XDG_CACHE_HOME/kernelwright``, else ``~/.cache/kernelwright``.
    Absolute; not created."""
    if own := os.environ.get("KERNELWRIGHT_CACHE"):
        return Path(own).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification says to ignore a relative path.
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "kernelwright"
