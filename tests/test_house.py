"""Properties of the whole tree: what registers, what ships, and how large things are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness import plugins

ROOT = Path(__file__).parent.parent
SOURCES = [path for folder in ("harness", "backends", "tasks") for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("kind", plugins.GROUPS)
def test_every_built_in_loads_through_its_entry_point(kind):
    assert plugins.entries(kind)
    for name in plugins.entries(kind):
        assert callable(plugins.load(kind, name))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_small_enough_to_read(path):
    assert len(path.read_text().splitlines()) <= 500


def test_the_loop_can_be_read_in_one_sitting():
    assert len((ROOT / "harness/agent/loop.py").read_text().splitlines()) < 200


def test_nothing_tracked_names_a_registry_or_a_folder_of_this_machine():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    # Written in pieces so that this file does not name them itself.
    forbidden = [
        "pypi" + ".org",
        "pythonhosted" + ".org",
        "deb." + "debian.org",
        "registry." + "npmjs",
        "/work" + "/main",
        "../" + "shared",
    ]
    for name in filter(None, tracked.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and not path.is_symlink():
            text = path.read_text(errors="replace")
            found = [word for word in forbidden if word in text]
            assert not found, f"{name} names {found}"
