"""``redteam``: the exploit corpus against this machine's backends."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.common import print_json, say

if TYPE_CHECKING:
    from harness.conformance.redteam import Result


def redteam(
    backend: Annotated[list[str] | None, typer.Option(help="Only attacks on this backend; repeatable.")] = None,
    tasks: Annotated[list[str] | None, typer.Option(help="Only on these tasks, workloads or patterns; repeatable.")] = None,
    cheat: Annotated[list[str] | None, typer.Option(help="Only this cheat; repeatable.")] = None,
    corpus: Annotated[Path | None, typer.Option(help="Folder of the corpus; the shipped one if left out.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only the first workload of each cheat.")] = False,
    workers: Annotated[int, typer.Option(min=0, help="Worker processes; 0 is one per processor.")] = 0,
    sandbox: Annotated[str, typer.Option(help="Sandbox tier to use; the strongest that works if not given.")] = "",
    unsafe_no_sandbox: Annotated[bool, typer.Option("--unsafe-no-sandbox", help="Go on where no sandbox works.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Tries every known way to cheat.

    Each kernel of the corpus is graded as any submitted one, and the layer that stopped it is named.
    Exit code 1 if one passes, could not be judged, or none was tried.
    """
    from harness.conformance.redteam import Campaign, run
    from harness.grading.redteam import Attempt, corpus_folder
    from harness.run.commands import processors

    campaign = Campaign(
        corpus_folder(corpus), tuple(backend or ()), tuple(tasks or ()), tuple(cheat or ()), quick, sandbox, unsafe_no_sandbox
    )
    result: Result | None = None
    for number, one in enumerate(run(campaign, workers or processors()), start=1):
        if not isinstance(one, Attempt):
            result = one
        elif one.leaks:
            say(f"LEAK {one.backend}/{one.cheat} on {one.workload}: {one.summary}", sys.stderr)
        elif number % 50 == 0:
            print(f"{number} tried", file=sys.stderr)
    assert result is not None
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        say(_text(result))
    raise typer.Exit(0 if result.safe else 1)


redteam.epilog = "Example: kernelwright redteam --backend tiny --quick"  # type: ignore[attr-defined]


def _text(result: Result) -> str:
    """A line for each cheat with the layers that stopped it, then a matrix of backends and layers, then what is wrong."""
    lines = []
    names = list(dict.fromkeys((one.backend, one.cheat) for one in result.attempts))
    for backend, cheat in names:
        own = [one for one in result.attempts if (one.backend, one.cheat) == (backend, cheat)]
        stopped = list(dict.fromkeys("LEAK" if one.leaks else one.layer or one.verdict for one in own))
        lines.append(f"{backend:<9} {cheat:<34} {len(own):>4}  {', '.join(stopped)}")
    backends = list(dict.fromkeys(backend for backend, _ in names))
    counts = {backend: result.by_layer(backend) for backend in backends}
    columns = [name for name in next(iter(counts.values()), {}) if name == "LEAK" or any(c[name] for c in counts.values())]
    lines += ["", f"{'stopped by':<12}" + "".join(f"{name:>10}" for name in columns)]
    lines += [f"{backend:<12}" + "".join(f"{counts[backend][name]:>10}" for name in columns) for backend in backends]
    lines += [f"not tried: {what}: {why}" for what, why in result.skipped.items()]
    lines += [f"otherwise than written: {o.backend}/{o.cheat} on {o.workload}: {o.verdict}: {o.summary}" for o in result.odd]
    lines += [f"not judged: {o.backend}/{o.cheat} on {o.workload}: {o.summary}" for o in result.unjudged]
    lines += [f"LEAK: {o.backend}/{o.cheat} on {o.workload}: {o.summary}" for o in result.leaks]
    stopped = [f"{name} {total}" for name in columns if name != "LEAK" and (total := sum(c[name] for c in counts.values()))]
    workloads = len({one.workload for one in result.attempts})
    lines.append(
        f"{len(names)} cheats, {workloads} workloads, {len(result.attempts)} attempts: {len(result.leaks)} leaks, "
        f"{len(result.unjudged)} not judged; stopped by {', '.join(stopped) or 'nothing'}"
    )
    return "\n".join(lines)
