"""Models by name: ``provider/model`` for servers, just the provider for offline models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness import plugins
from harness.errors import UsageError
from harness.model import Model, ModelContext


def create_model(
    spec: str, settings: Mapping[str, Any] | None = None, baseline: Callable[[], str] | None = None, extension: str = "txt"
) -> Model:
    """The model that a name on the command line stands for. UsageError if there is none, its settings do not fit, or its key
    is missing. Only factories that declare themselves offline are given the baseline."""
    provider, _, name = spec.partition("/")
    factory = plugins.load("model", provider)
    offline = is_offline(factory)
    if not offline and not name:
        raise UsageError(f"model {spec!r} lacks the name of a model", f"write {provider}/NAME, as the provider calls it")
    context = ModelContext(name, dict(settings or {}), baseline if offline else None, extension)
    model: Model = factory(context)
    return model


def is_offline(factory: Any) -> bool:
    """Whether a factory's models need neither key nor network."""
    return bool(getattr(factory, "offline", False))
