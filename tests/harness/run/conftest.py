"""The toy plugin distribution: on sys.path like any installed one, so that worker processes find it too."""

from pathlib import Path

import pytest

from harness import plugins

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture(autouse=True)
def toy_plugins(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGINS))
    plugins.entries.cache_clear()
    yield
    plugins.entries.cache_clear()
