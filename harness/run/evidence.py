"""From a run's folder to evidence, and from evidence to what judges it again.

Scoring takes records and knows neither how runs are stored nor how live objects are made of options; here both meet.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from harness import plugins
from harness.grading.evaluate import Judge
from harness.record import digest
from harness.run.plan import Lock, Options, make_lock
from harness.run.session import Session, options_for
from harness.run.store import Store
from harness.scoring.leaderboard import Evidence, Identity
from harness.scoring.verify import Grader, Target
from harness.trial import Trial

if TYPE_CHECKING:
    from harness.sandbox import Tiers

RUN_ONLY = ("secret", "models", "workloads")
"""Digests of a lock that describe the run as a whole; a row states their contents instead."""
OF_BACKENDS = ("backend", "manual", "baselines")
"""First words of the digests that a lock has for each backend."""


def gather(store: Store) -> Iterator[Evidence]:
    """The evidence of a run, one for each model on each backend, in the order of the plan."""
    lock = store.lock
    for model in lock.models:
        for backend, record in lock.backends.items():
            trials = [t for t in store.trials() if (t.spec.model, t.spec.backend) == (model, backend)]
            yield Evidence(
                identity=Identity(
                    model=model,
                    settings={
                        "model": dict(lock.models[model]),
                        "agent": lock.options.settings.model_dump(mode="json"),
                        "backend": options_for(backend, lock.options.backend_options),
                    },
                    suite=lock.suite or f"selection {digest(record.workloads)[:8]}",
                    backend=backend,
                    digests=row_digests(lock, backend),
                ),
                workloads=record.workloads,
                repeats=lock.options.repeats,
                secret=store.secret,
                secret_digest=lock.digests["secret"],
                command=shlex.join(lock.command),
                versions={**lock.versions, f"backend {backend}": record.version},
                date=lock.created_at,
                kernels=dict(_kernels(store, trials)),
                trials=tuple(trials),
            )


def row_digests(lock: Lock, backend: str) -> dict[str, str]:
    """The digests of a lock that concern rows on this backend."""
    kept = {}
    for name, value in lock.digests.items():
        kind, _, whose = name.partition(" ")
        if kind not in RUN_ONLY and (kind not in OF_BACKENDS or whose == backend):
            kept[name] = value
    return kept


def _kernels(store: Store, trials: list[Trial]) -> Iterator[tuple[str, str]]:
    for trial in trials:
        text = store.kernel(trial.spec) if trial.final else None
        if text is not None and _is_unicode(text):
            yield hashlib.sha256(text.encode()).hexdigest(), text


def _is_unicode(text: str) -> bool:
    """Whether the text can be stored; a kernel that is not Unicode text never builds."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Installed:
    """What is installed here, as far as it takes to judge the rows of a leaderboard again."""

    def __init__(self, sandbox: str = "", unsafe: bool = False) -> None:
        self._sandbox = sandbox
        self._unsafe = unsafe
        self._tiers: Tiers | None = None  # chosen, and attacked to prove itself, by the first backend that asks

    def target(self, evidence: Evidence) -> Target:
        """The digests that a run like that of the evidence would have now. UsageError where a plugin or task is missing."""
        identity = evidence.identity
        session = self._session(evidence)
        backend = session.backend(identity.backend)
        self._tiers = session.tiers
        workloads = [session.workload(id) for id in evidence.workloads]
        support = {identity.backend: {workload.id: backend.support(workload) for workload in workloads}}
        models = {identity.model: dict(identity.settings["model"])}
        lock = make_lock(session.options, evidence.secret, {identity.backend: backend}, workloads, support, models)
        return Target(digests=row_digests(lock, identity.backend), deterministic=backend.info.deterministic)

    def grader(self, evidence: Evidence) -> Callable[[], Grader]:
        """A picklable function that makes the judge of the evidence's run."""
        session = self._session(evidence)
        return partial(make_grader, session.options, self._tiers, evidence.identity.backend, evidence.secret)

    def _session(self, evidence: Evidence) -> Session:
        identity = evidence.identity
        options = Options(
            models=(identity.model,),
            suite=identity.suite if identity.suite in plugins.entries("task suite") else "",
            backends=(identity.backend,),
            backend_options={key: str(value) for key, value in identity.settings.get("backend", {}).items()},
            sandbox=self._sandbox,
            unsafe=self._unsafe,
        )
        return Session(options, self._tiers)


def make_grader(options: Options, tiers: Tiers | None, backend: str, secret: str) -> Grader:
    """The judge of a run that had this secret."""
    session = Session(options, tiers)
    return Grader(Judge(session.backend(backend), secret), session.workload)
