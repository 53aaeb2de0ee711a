"""How long a target may keep a worker waiting.

Backends bound what they run, and are trusted to; one that hangs all the same must not hold a run for ever. Nothing in the process
itself can be relied on to interrupt it: it may sit in C code and never come back to the interpreter. So the kernel ends the whole
worker (``SIGALRM``, whose default is death). The parent sees how it died, and the journal has everything that was paid for.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

Patience = Callable[[], AbstractContextManager[object]]
"""Makes a context for one wait; contexts are not nested."""
HANG_S = 1800.0
"""Wall seconds for one call of a tool, or one grading, after which a worker is ended."""
ENDLESS: Patience = nullcontext
"""For processes that must not die: a person at a terminal can see that nothing happens."""


def deadly(seconds: float) -> Patience:
    """Ends this process if a wait takes longer. For workers only."""

    @contextmanager
    def wait() -> Iterator[None]:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)

    return wait
