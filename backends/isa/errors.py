"""What can be wrong with a definition, said so that its author can act on it."""

from __future__ import annotations

from harness.errors import KernelwrightError


class DefinitionError(KernelwrightError):
    """A definition, its machine.toml or one of its bodies is wrong: what, with the value; where; and what would be right."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "", *, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message, hint)
        self.where = where
        """``isa.py:41: V_ADD_VV`` where it is known."""
