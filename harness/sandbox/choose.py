"""Choosing where untrusted code runs: the first tier that stops every attack, or none.

Tiers are probed once per run, in the parent; workers are handed the choice. The proof is not kept on disk: it takes about half
a second, and what it proves can change with any upgrade, any sysctl, any security module's profile.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.errors import InfraError, UsageError, unknown
from harness.sandbox import Probe, Sandbox, Tiers, bubblewrap, confined, docker, unconfined

TIERS: dict[str, Callable[[Path], Sandbox]] = {
    "bubblewrap": bubblewrap.create,
    "confined": confined.create,
    "docker": docker.create,
    "unconfined": unconfined.create,
}
"""Every tier by name; each is given the cache folder."""
DEFAULT = ("bubblewrap", "confined")
"""What is tried unless one is asked for, the strongest first."""


def choose(preference: str | None, cache: Path, unsafe: bool = False) -> Tiers:
    """The tier asked for, or the first of `DEFAULT`, that stops every attack; with ``unsafe``, `unconfined` if none does.
    InfraError, with what each tier lacks, otherwise; UsageError for a tier that does not exist or is not safe."""
    if preference is not None and preference not in TIERS:
        raise unknown("sandbox", preference, TIERS)
    if preference == "unconfined" and not unsafe:
        raise UsageError("sandbox 'unconfined' is none", "say --unsafe-no-sandbox if you mean it; it is recorded in every result")
    probes: list[Probe] = []
    for name in (preference,) if preference else DEFAULT:
        if name == "unconfined":
            break
        sandbox = TIERS[name](cache)
        probes.append(sandbox.probe())
        if probes[-1].works:
            return Tiers(sandbox, tuple(probes))
    if not unsafe:
        raise InfraError(
            "no sandbox works here:\n" + "\n".join(map(_line, probes)), "or --unsafe-no-sandbox, on a machine to lose"
        )
    return Tiers(
        unconfined.create(cache), (*probes, Probe(tier="unconfined", works=False, detail="asked for: no sandbox at all"))
    )


def probe_all(cache: Path) -> list[Probe]:
    """What every tier but `unconfined` shows; for reports about the machine."""
    return [create(cache).probe() for name, create in TIERS.items() if name != "unconfined"]


def _line(probe: Probe) -> str:
    return f"  {probe.tier}: " + probe.detail.replace("\n", "\n    ")
