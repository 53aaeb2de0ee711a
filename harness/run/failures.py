"""The failure table: for every way a trial can break, which status it gets and whether the run tries it again.

One rule covers everything that can escape from a trial, and the first that matches decides. What the model did wrong (a kernel
that faults, arguments that do not parse, a limit reached) never gets here: it is part of a trial, not a failure of one.

Adapters have already retried single requests when a `ProviderError` arrives; the retries counted here are of whole trials,
which continue from their journal, so that nothing already paid for is paid again.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass

from harness.errors import InfraError, KernelwrightError, ProviderError
from harness.trial import Status

FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the kernel answers when a write does not fit: no space, over quota, over the process's file size limit."""
READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""What it answers when a write is not allowed."""
RETRIES = {Status.infra: 2}
"""How often a trial that ended with a status is tried again within the run; not at all with the others, where the next attempt
would end alike. A full disk is noticed by the run itself, which then ends."""


class WorkerDeathError(InfraError):
    """A worker process ended without having published its trial: a signal, the out-of-memory killer, a crash."""


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    cause: str
    """What happened, for people."""
    matches: Callable[[BaseException], bool]
    """Whether an exception is of this kind."""
    status: Status
    """The status that the trial ends with."""
    ends_run: bool = False
    """Whether every further trial would meet the same failure, so that the run drains instead of going on."""

    @property
    def retries(self) -> int:
        """How often the run tries such a trial again before the status stands."""
        return 0 if self.ends_run else RETRIES.get(self.status, 0)

    @property
    def graded(self) -> bool:
        """Whether the trial counts against the model; False in every row, and a test holds it to that."""
        return self.status.is_graded


def _errno(error: BaseException) -> int | None:
    """The errno of an OSError, or of one that an InfraError was raised from."""
    cause = error.__cause__ if isinstance(error, InfraError) else error
    return cause.errno if isinstance(cause, OSError) else None


def _is(*kinds: type[BaseException]) -> Callable[[BaseException], bool]:
    return lambda error: isinstance(error, kinds)


TABLE: tuple[Rule, ...] = (
    Rule("stopped by the user", _is(KeyboardInterrupt, SystemExit, GeneratorExit), Status.cancelled),
    Rule("the model's server failed for good", _is(ProviderError), Status.provider),
    Rule("the disk is full", lambda e: _errno(e) in FULL_DISK, Status.infra, ends_run=True),
    Rule("the disk cannot be written", lambda e: _errno(e) in READ_ONLY, Status.infra, ends_run=True),
    Rule("a worker process died", _is(WorkerDeathError), Status.infra),
    Rule("a tool or the sandbox broke", _is(InfraError), Status.infra),
    Rule("the system refused something", _is(OSError), Status.infra),
    Rule("out of memory", _is(MemoryError), Status.infra),
    Rule("our own bug", _is(BaseException), Status.harness_bug),
)
"""First match decides; the last row matches everything."""


def rule_for(error: BaseException) -> Rule:
    """The row of the table that an exception falls under."""
    return next(rule for rule in TABLE if rule.matches(error))


def attribute(error: BaseException) -> Status:
    """The status of a trial that this exception ended."""
    return rule_for(error).status


def describe(error: BaseException) -> str:
    """One line for `Trial.detail`: the message and hint of our own errors, type and message of others."""
    if isinstance(error, KernelwrightError):
        text = f"{error.message} ({error.hint})" if error.hint else error.message
    else:
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return " ".join(text.split())
