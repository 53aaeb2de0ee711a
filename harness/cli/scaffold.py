"""``backends new``: a package for a new target."""

from __future__ import annotations

from pathlib import Path

from harness.cli.common import print_json
from harness.scaffold.package import create


def new(name: str, kind: str, into: Path, as_json: bool) -> None:
    """Writes the package and says what to do next."""
    written = create(name, kind, into)
    folder = into / f"kernelwright-{name}"
    if as_json:
        print_json({"folder": str(folder), "files": [str(path.relative_to(folder)) for path in written]})
        return
    for path in written:
        print(path)
    print(f"\nnext: pip install -e {folder}, then: kernelwright backends check {name}")
