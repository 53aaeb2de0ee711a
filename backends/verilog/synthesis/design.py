"""An elaborated design as yosys writes it in JSON: one flat module of word-level cells, read into plain objects."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

Bit = int | str
"""A net's number, or one of the constants ``0``, ``1``, ``x``, ``z``."""
_SOURCE = re.compile(r"kernel\.v:(\d+)\.(\d+)")


class Place(NamedTuple):
    """Where in the kernel's text something comes from."""

    line: int | None
    column: int | None


NOWHERE = Place(None, None)


def place_of(attributes: Mapping[str, Any]) -> Place:
    """The first place that a ``src`` attribute names."""
    found = _SOURCE.search(str(attributes.get("src", "")))
    return Place(int(found[1]), int(found[2])) if found else NOWHERE


@dataclass(frozen=True)
class Cell:
    """One operator, register or memory."""

    type: str
    """Yosys's name of its kind: ``$add``, ``$dff``, ``$mem_v2``, ..."""
    parameters: Mapping[str, str]
    """Values as binary text, most significant bit first."""
    directions: Mapping[str, str]
    """``input`` or ``output`` by port; empty for a cell that yosys does not know, whose output is then ``Y``."""
    connections: Mapping[str, list[Bit]]
    """Bits by port, least significant first."""
    place: Place
    """Where it comes from."""

    def number(self, parameter: str) -> int:
        """A parameter as an unsigned number; 0 if it has none, or undefined digits."""
        text = self.parameters.get(parameter, "")
        return int(text, 2) if text and set(text) <= {"0", "1"} else 0

    def inputs(self) -> Iterator[tuple[str, list[Bit]]]:
        """Input ports with their bits."""
        return ((port, bits) for port, bits in self.connections.items() if not self._drives(port))

    def outputs(self) -> Iterator[tuple[str, list[Bit]]]:
        """Output ports with their bits."""
        return ((port, bits) for port, bits in self.connections.items() if self._drives(port))

    def _drives(self, port: str) -> bool:
        return self.directions.get(port, "output" if port == "Y" else "input") == "output"


class Design:
    """The top module after flattening."""

    def __init__(self, text: bytes | str, top: str = "kernel") -> None:
        module = json.loads(text)["modules"][top]
        self.ports: Mapping[str, Any] = module["ports"]
        self._netnames: Mapping[str, Any] = module["netnames"]
        self.cells = tuple(
            Cell(
                cell["type"],
                cell["parameters"],
                cell.get("port_directions", {}),
                cell["connections"],
                place_of(cell["attributes"]),
            )
            for cell in module["cells"].values()
        )

    @cached_property
    def kinds(self) -> Counter[str]:
        """Cells by type."""
        return Counter(cell.type for cell in self.cells)

    def port_bits(self, direction: str) -> Iterator[Bit]:
        """All bits of the ports of a direction."""
        return (bit for port in self.ports.values() if port["direction"] == direction for bit in port["bits"])

    def name(self, bits: Iterable[Bit]) -> str:
        """What the kernel calls a group of bits: the name of the first that has one, or a stand-in."""
        return next((self._names[bit][0] for bit in bits if bit in self._names), "an unnamed signal")

    def place(self, bits: Iterable[Bit]) -> Place:
        """Where the first named bit is declared."""
        return next((self._names[bit][1] for bit in bits if bit in self._names), NOWHERE)

    @cached_property
    def _names(self) -> dict[Bit, tuple[str, Place]]:
        named: dict[Bit, tuple[str, Place]] = {}
        for name, net in sorted(self._netnames.items(), key=lambda item: (item[0].count("."), len(item[0]))):
            if not net["hide_name"]:
                for bit in net["bits"]:
                    named.setdefault(bit, (name, place_of(net["attributes"])))
        return named
