"""No sandbox: limits of time, memory and file size, and not root's rights, but nothing else. Only for ``--unsafe-no-sandbox``.

Kernels can then read, change and send away whatever a user of this machine can (this very user, unless that is root). The
tier's name is part of every result.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from harness.sandbox.confined import arrange
from harness.sandbox.process import ProcessSandbox


def create(cache: Path) -> ProcessSandbox:
    """The tier; ``cache`` holds the compiled launcher, which here only sets limits."""
    return ProcessSandbox("unconfined", partial(arrange, confine=False), cache, "")
