import errno

import pytest

from harness.errors import InfraError, IntegrityError, ProviderError, UsageError
from harness.run.failures import TABLE, WorkerDeathError, attribute, describe, rule_for
from harness.trial import Status


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "cause", "status", "retries", "ends_run"),
    [
        (KeyboardInterrupt(), "stopped by the user", Status.cancelled, 0, False),
        (ProviderError("401"), "the model's server failed for good", Status.provider, 0, False),
        (caused(ProviderError("down"), OSError(errno.ENOSPC, "?")), "the model's server failed for good", "provider", 0, False),
        (OSError(errno.ENOSPC, "No space left"), "the disk is full", Status.infra, 0, True),
        (OSError(errno.EFBIG, "File too large"), "the disk is full", Status.infra, 0, True),
        (caused(InfraError("no scratch"), OSError(errno.ENOSPC, "full")), "the disk is full", Status.infra, 0, True),
        (PermissionError(errno.EACCES, "denied"), "the disk cannot be written", Status.infra, 0, True),
        (WorkerDeathError("killed by SIGKILL"), "a worker process died", Status.infra, 2, False),
        (InfraError("cc vanished"), "a tool or the sandbox broke", Status.infra, 2, False),
        (BrokenPipeError(errno.EPIPE, "pipe"), "the system refused something", Status.infra, 2, False),
        (MemoryError(), "out of memory", Status.infra, 2, False),
        (IntegrityError("edited"), "our own bug", Status.harness_bug, 0, False),
        (UsageError("knowable earlier"), "our own bug", Status.harness_bug, 0, False),
        (ZeroDivisionError("division by zero"), "our own bug", Status.harness_bug, 0, False),
    ],
)
def test_each_failure_has_one_row(error, cause, status, retries, ends_run):
    rule = rule_for(error)
    assert (rule.cause, rule.status, rule.retries, rule.ends_run) == (cause, status, retries, ends_run)
    assert attribute(error) == status


def test_no_failure_of_ours_counts_against_a_model():
    assert not any(rule.graded for rule in TABLE)


def test_every_row_can_be_reached():
    assert len({rule.cause for rule in TABLE}) == len(TABLE)
    assert TABLE[-1].matches(BaseException())


def test_describe_is_one_line_and_names_foreign_types():
    assert describe(InfraError("the box\ndied", "again")) == "the box died (again)"
    assert describe(KeyError("x")) == "KeyError: 'x'"
    assert describe(MemoryError()) == "MemoryError"
