"""A TOML file that is read strictly: what is wrong with it is said with table, key and line, and all of it at once."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from backends.isa.errors import DefinitionError

GUIDE = "docs/guides/add-an-isa.md has examples"
"""Where a file that makes no sense is sent."""
Made = TypeVar("Made")
Keys = tuple[str, ...]
NamedKind = Literal["parameter", "memory or register file", "operand"]


class Named(NamedTuple):
    """Something that the file names and a definition declares."""

    kind: NamedKind
    name: str
    where: str


class Tables:
    """The tables of a file, and what is wrong with them. An *entry* is the dotted name of a table or value: ``timing.rtl.costs``;
    the file itself is ``""``."""

    def __init__(self, path: Path) -> None:
        """Reads a file. DefinitionError if there is none or it is not TOML."""
        self.path = path
        self.problems: list[DefinitionError] = []
        self.named: list[Named] = []
        self.text = _text(path)
        try:
            self.data: Mapping[str, Any] = tomllib.loads(self.text)
        except (ValueError, RecursionError) as error:
            line = re.search(r" \(at line (\d+), column \d+\)", str(error))
            message = str(error).replace(line[0], "") if line else str(error)
            raise DefinitionError(message, GUIDE, where=f"{path.name}:{line[1]}" if line else path.name) from None

    def wrong(self, entry: str, message: str, hint: str, key: str = "") -> DefinitionError:
        """What is wrong with an entry, at its line or at that of one of its keys."""
        return DefinitionError(message, hint, where=self.where(entry, key))

    def table(self, entry: str, value: Any) -> Mapping[str, Any]:
        """A value that must be a table. DefinitionError if it is none, or has nothing in it."""
        if isinstance(value, Mapping) and value:
            return value
        said = "this table is missing or empty" if value in (None, {}) else f"{value!r} is no table"
        raise self.wrong(entry, said, GUIDE)

    def known(self, entry: str, table: Mapping[str, Any], legal: Iterable[str]) -> bool:
        """Whether a table has legal keys only; the others become problems."""
        names = list(legal)
        unknown = [key for key in table if key not in names]
        for key in unknown:
            close = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
            meant = f"did you mean {close[0]!r}? " if close else ""
            self.problems.append(self.wrong(entry, f"unknown key {key!r}", f"{meant}keys of this table: {', '.join(names)}", key))
        return not unknown

    def attempt(self, make: Callable[..., Made], *arguments: Any) -> Made | None:
        """What is made of arguments; None where they are wrong, which becomes a problem."""
        try:
            return make(*arguments)
        except DefinitionError as error:
            self.problems.append(error)
            return None

    def each(self, entry: str, value: Any, make: Callable[[str, Any], Made | None]) -> dict[str, Made]:
        """What is made of every value of a table that is right, by ``make(entry, value)``; the others become problems."""
        made = {key: self.attempt(make, f"{entry}.{key}", each) for key, each in self.table(entry, value).items()}
        return {key: each for key, each in made.items() if each is not None}

    def name(self, kind: NamedKind, name: str, entry: str, key: str = "") -> None:
        """Notes that an entry names something; ``key`` says where in it, if the name itself is no key."""
        self.named.append(Named(kind, name, self.where(entry, key or name)))

    def error(self) -> DefinitionError:
        """All problems, one paragraph each."""
        return self.problems[0] if len(self.problems) == 1 else DefinitionError("\n".join(map(str, self.problems)))

    def where(self, entry: str, key: str = "") -> str:
        """File, line and entry."""
        line = self._line((*filter(None, entry.split(".")), *filter(None, (key,))))
        return f"{self.path.name}:{line}: {entry or 'top level'}" if line else f"{self.path.name}: {entry or 'top level'}"

    def _line(self, keys: Keys) -> int | None:
        """Line of the longest part of a path that stands in the file as a header or before an ``=``."""
        found = [(len(path), number) for path, number in self._places if path == keys[: len(path)]]
        return max(found, key=lambda place: place[0])[1] if found else None

    @cached_property
    def _places(self) -> list[tuple[Keys, int]]:
        """Paths of headers and keys, with their lines. tomllib tells none, so every line is read by itself; what looks like a
        key and is none, such as a line of a longer string, is no path of the data."""
        header: Keys = ()
        places: list[tuple[Keys, int]] = []
        for number, line in enumerate(self.text.split("\n"), 1):
            is_header = line.lstrip().startswith("[")
            path = _path(line if is_header else line.partition("=")[0] + "= 0")
            if path and self._exists(path if is_header else header + path):
                header = path if is_header else header
                places.append((path if is_header else header + path, number))
        return places

    def _exists(self, path: Keys) -> bool:
        value: Any = self.data
        for key in path:
            if not isinstance(value, Mapping) or key not in value:
                return False
            value = value[key]
        return True


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DefinitionError(f"{path} does not exist", "it gives the parameters values; see docs/guides/add-an-isa.md") from None
    except OSError as error:
        raise DefinitionError(f"{path} cannot be read: {error.strerror}", "a TOML file that you may read") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        where, said = f"{path.name}:{line}", f"byte {error.object[error.start]:#04x} is not UTF-8"
        raise DefinitionError(said, "save the file as UTF-8", where=where) from None


def _path(text: str) -> Keys:
    """The keys that a line of TOML names; () if it is none."""
    try:
        value: Any = tomllib.loads(text)
    except (ValueError, RecursionError):
        return ()
    path: list[str] = []
    while isinstance(value, dict) and value:
        (key,) = value
        path.append(key)
        value = value[key]
    return tuple(path)
