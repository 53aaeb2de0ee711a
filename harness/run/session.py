"""The live objects that `Options` stand for: suites, workloads, backends, models and the sandbox, each made once per process.

The sandbox tier is chosen, and attacked to prove itself, once in the parent; its `Tiers` travel to the workers, which use them
without probing again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from harness import plugins
from harness.agent import prompts
from harness.backend import Backend, BackendContext, Support
from harness.errors import UsageError
from harness.grading.evaluate import EvaluationCache, Judge
from harness.grading.seeds import seed
from harness.model import Model
from harness.models.resolve import create_model
from harness.paths import cache_dir
from harness.run.plan import Lock, Options, make_lock
from harness.run.selection import DEFAULT_SUITE, all_tasks, find_workload, load_suites, select
from harness.run.trial import TrialSetup, shown
from harness.task import HELD_OUT, Suite, Workload
from harness.trial import TrialSpec

if TYPE_CHECKING:
    from harness.sandbox import Sandbox, Tiers


class Session:
    """Makes what a run, a regrade or a single evaluation works with."""

    def __init__(self, options: Options, tiers: Tiers | None = None) -> None:
        self.options = options
        self.tiers = tiers
        """The sandbox tier in use; None until a backend asks for one."""
        self._backends: dict[str, Backend] = {}

    @cached_property
    def suites(self) -> dict[str, Suite]:
        """The suite asked for, or all that are registered."""
        return load_suites([self.options.suite] if self.options.suite else [])

    @property
    def suite(self) -> str:
        """Name of the suite that the run covers as a whole (``core+held-out`` at held-out sizes), or empty."""
        names = self._selectors
        return names[0] if len(names) == 1 and names[0].removesuffix(HELD_OUT) in self.suites else ""

    @property
    def _selectors(self) -> tuple[str, ...]:
        """What was named; else the default suite, or all there are where it is not installed."""
        if self.options.tasks:
            return tuple(self.options.tasks)
        named = self.options.suite or DEFAULT_SUITE
        return (named,) if named in self.suites else tuple(self.suites)

    @cached_property
    def workloads(self) -> list[Workload]:
        """The workloads asked for. UsageError if the selection is empty or could mean several suites."""
        if not self.options.tasks and len(self._selectors) > 1:
            raise UsageError(
                f"which tasks? there are several suites: {', '.join(self.suites)}", "name one with --suite or --tasks"
            )
        return select(self._selectors, self.suites)

    def workload(self, id: str) -> Workload:
        """A workload by its exact id."""
        return find_workload(id, self.suites)

    @property
    def backend_names(self) -> tuple[str, ...]:
        """The backends asked for; the only one where none was named."""
        registered = tuple(sorted(plugins.entries("backend")))
        if not self.options.backends and len(registered) != 1:
            raise UsageError(f"which backend? there are {', '.join(registered) or 'none'}", "name one with --backend")
        return tuple(dict.fromkeys(self.options.backends or registered))

    def backend(self, name: str) -> Backend:
        """A backend with the options given for it."""
        if name not in self._backends:
            context = BackendContext(cache_dir() / name, self.sandbox, options_for(name, self.options.backend_options))
            self._backends[name] = plugins.make("backend", name, context, Backend)
        return self._backends[name]

    def sandbox(self) -> Sandbox:
        """The tier for untrusted code, chosen on first use. InfraError where none works and ``unsafe`` was not asked for."""
        if self.tiers is None:
            from harness.sandbox.choose import choose

            self.tiers = choose(self.options.sandbox or None, cache_dir(), self.options.unsafe)
        return self.tiers.chosen

    def model(self, name: str, backend: Backend, workload: Workload) -> Model:
        """A fresh model for one trial; offline models may ask for the baseline, others never see it."""
        settings = options_for(name, self.options.model_options)
        return create_model(name, settings, baseline=lambda: backend.baseline(workload), extension=backend.info.extension)

    def support(self, backend: Backend, workload: Workload) -> Support:
        """Whether this workload can be run as the settings ask: the backend's answer, and that of the prompt strategy."""
        answer = backend.support(workload)
        if answer.supported:
            try:
                self._port(backend, workload)
            except UsageError as error:
                return Support(supported=False, reason=error.message)
        return answer

    def _port(self, backend: Backend, workload: Workload) -> prompts.PortKernel | None:
        """What the ``port`` strategy shows. UsageError if the strategy has nothing to show for this workload."""
        settings = self.options.settings
        prompts.example(backend, workload, settings, all_tasks(self.suites))
        if settings.strategy != "port":
            return None
        if settings.port_from is None:
            raise UsageError("strategy 'port' needs the backend to port from", "name it with --port-from")
        return prompts.port_kernel(self.backend(settings.port_from), shown(backend, workload))

    def setup(self, spec: TrialSpec, secret: str, cache: EvaluationCache | None, digests: Mapping[str, str]) -> TrialSetup:
        """Everything that one trial works with."""
        backend, workload = self.backend(spec.backend), self.workload(spec.workload)
        public = shown(backend, workload)
        return TrialSetup(
            backend=backend,
            workload=workload,
            model=self.model(spec.model, backend, public),
            judge=Judge(backend, secret, cache),
            public_seed=seed(secret, public.id, "public"),
            settings=self.options.settings,
            digests=digests,
            suite=all_tasks(self.suites),
            port=self._port(backend, workload),
        )

    def lock(self, secret: str, command: tuple[str, ...] = (), models: Mapping[str, dict[str, object]] | None = None) -> Lock:
        """The lock of a run with these options on what is installed now. Whatever can be known to be wrong is found here:
        names, options, keys, the sandbox, strategies with nothing to show. Where no model will be asked, their recorded
        settings are given as ``models``, and neither keys nor adapters are needed."""
        if not self.options.models:
            raise UsageError("which model?", "name one or several with --model")
        backends = {name: self.backend(name) for name in self.backend_names}
        workloads = self.workloads
        check_prefixes("backend", self.options.backend_options, self.backend_names)
        check_prefixes("model", self.options.model_options, self.options.models)
        first = next(iter(backends.values()))
        if models is None:
            models = {name: self.model(name, first, workloads[0]).info.settings for name in self.options.models}
        support = {name: {w.id: self.support(backend, w) for w in workloads} for name, backend in backends.items()}
        return make_lock(self.options, secret, backends, workloads, support, models, suite=self.suite, command=command)


def options_for(name: str, options: Mapping[str, str]) -> dict[str, str]:
    """The options meant for one backend or model: those without a prefix, and those with its own (``cpu:pairs``)."""
    prefix = f"{name}:"
    shared = {key: value for key, value in options.items() if ":" not in key}
    return shared | {key.removeprefix(prefix): value for key, value in options.items() if key.startswith(prefix)}


def check_prefixes(kind: str, options: Mapping[str, str], names: tuple[str, ...]) -> None:
    """UsageError for an option that is prefixed with a name that takes no part."""
    for key in options:
        if ":" in key and not any(key.startswith(f"{name}:") for name in names):
            raise UsageError(
                f"{kind} option {key!r} is for none of {', '.join(names)}", f"write key=value or {names[0]}:key=value"
            )
