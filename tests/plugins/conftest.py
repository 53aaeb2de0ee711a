"""A fresh virtual environment that sees this one's packages, so that pip needs no network."""

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "kernelwright-minnow"


class Fresh:
    """A virtual environment of its own, from a folder far from the clone."""

    def __init__(self, path: Path) -> None:
        self.folder = path / "elsewhere"
        self.folder.mkdir()
        self._venv = path / "venv"
        venv.create(self._venv, with_pip=False)
        self.python = self._venv / "bin" / "python"
        site = next(self._venv.glob("lib/python*/site-packages"))
        # addsitedir, because lines of .pth files in folders that a .pth file names are not read.
        (site / "borrowed.pth").write_text(f"import site; site.addsitedir({sysconfig.get_paths()['purelib']!r})\n")

    def install(self, project: Path) -> None:
        """``pip install PROJECT``, into this environment alone, from a copy that building may litter."""
        command = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", "--no-index", "--disable-pip-version-check", str(project)]
        self._done(subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=self._environment()))

    def run(self, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """``kernelwright ARGUMENTS``, which must end with ``code``."""
        return self.call("-c", "from harness.cli import main; main()", *arguments, code=code)

    def call(self, *arguments: str, code: int | None = 0, timeout: float = 280) -> subprocess.CompletedProcess[str]:
        """``python ARGUMENTS``, which must end with ``code``."""
        return self._done(
            subprocess.run(
                [str(self.python), *arguments], cwd=self.folder, env=self._environment(), capture_output=True, text=True,
                check=False, timeout=timeout,
            ),
            code,
        )  # fmt: skip

    @staticmethod
    def _done(done: subprocess.CompletedProcess[str], code: int | None = 0) -> subprocess.CompletedProcess[str]:
        assert code is None or done.returncode == code, f"{done.args}: {done.returncode}\n{done.stdout}{done.stderr}"[-4000:]
        return done

    @staticmethod
    def _environment() -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))}
        return clean | {"COLUMNS": "200"}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    return Fresh(tmp_path_factory.mktemp("fresh"))


@pytest.fixture
def fresh_one(tmp_path: Path) -> Callable[[], Fresh]:
    return Fresh(tmp_path)
