"""What agents are told: manual, briefs and tools describe what exists, and the programs shown are programs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.backend import Specimens, ToolOutput, ToolProvider, ToolSpec
from harness.conformance.bench import SECRET, Bench
from harness.conformance.result import Result, found, skipped
from harness.grading import seeds
from harness.task import Workload

FENCE = re.compile(r"^```([^\s`]*)[ \t]*([^\n`]*)\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)
SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
ASSEMBLY = "asm"
"""Fence of whole programs, whatever a kernel file's extension is."""


def manual(bench: Bench) -> Result:
    """Pages with text and distinct names; every program in them does what programs should."""
    one = bench.backend.info.manual
    names = [section.name for section in one.sections]
    problems = [f"page {name!r}: the name is not a slug" for name in names if not SLUG.fullmatch(name)]
    problems += [f"page {name!r} exists {names.count(name)} times" for name in sorted(set(names)) if names.count(name) > 1]
    problems += [
        f"page {s.name!r} has no {part}" for s in one.sections for part in ("title", "text") if not getattr(s, part).strip()
    ]
    if not names:
        problems.append("there is no page: an agent could only guess the language")
    programs, fragments = 0, 0
    for page, task, source in _programs(bench):
        if task is None:
            fragments += 1
        else:
            programs += 1
            problems += [f"page {page!r}, program {_first_line(source)!r}: {said}" for said in _wrong(bench, source, task)]
    words = len(one.text.split())
    return found(
        "manual",
        f"{len(names)} pages, {words:,} words; {programs} programs built, {fragments} fragments not",
        problems,
        f"programs of one task are fenced ```{bench.backend.info.extension} TASK, any others ```{ASSEMBLY}; others are fragments",
    )


def _programs(bench: Bench) -> Iterator[tuple[str, Workload | None, str]]:
    """Page, workload and text of every block in the kernel language; without a workload it is a fragment. Fragments of a page
    are helpers of the programs behind them."""
    smallest = {workload.task.id: workload for workload in reversed(bench.supported)}
    for section in bench.backend.info.manual.sections:
        helpers = ""
        for label, task, source in FENCE.findall(section.text):
            if label == bench.backend.info.extension and task in smallest:
                yield section.name, smallest[task], helpers + source
            elif label == ASSEMBLY and bench.few:
                yield section.name, bench.few[0], source
            elif label == bench.backend.info.extension and not task:
                helpers += f"{source}\n"
                yield section.name, None, source


def _wrong(bench: Bench, source: str, workload: Workload) -> Iterator[str]:
    build = bench.backend.build(source, workload)
    if build.outcome != "built":
        yield build.diagnostics[0].message if build.diagnostics else build.outcome


def _first_line(source: str) -> str:
    return next(iter(source.strip().splitlines()), "")


def words(bench: Bench) -> Result:
    """Everything that the language has is in the manual."""
    if not isinstance(bench.backend, Specimens):
        return skipped("words", "the backend does not list the words of its language", "offer harness.backend.Specimens")
    vocabulary = bench.backend.vocabulary()
    text = bench.backend.info.manual.text
    known = set(re.findall(r"[\w.$]+", text))
    missing = [word for word in vocabulary if word not in known and word.strip(".") not in known and word not in text.split()]
    return found(
        "words",
        f"{len(vocabulary)} words of the language looked for in the manual",
        [f"the manual does not mention {word!r}" for word in missing],
        "describe it, or take it out of the language: agents are measured on what they could read",
    )


def briefs(bench: Bench) -> Result:
    """Each names every tensor, is the same every time, and can be read."""
    problems = []
    for workload in bench.supported:
        brief = bench.backend.brief(workload)
        text = f"{brief.signature}\n{brief.text}"
        names = set(re.findall(r"\w+", text))
        missing = [name for name in (*workload.inputs, *workload.outputs) if not any(name in found for found in names)]
        if missing:
            problems.append(f"{workload.id}: it does not name {', '.join(missing)}")
        if not brief.signature.strip() or not brief.text.strip():
            problems.append(f"{workload.id}: the signature or the text is empty")
        if bench.backend.brief(workload) != brief:
            problems.append(f"{workload.id}: asked twice, answered differently")
    return found(
        "briefs", f"{len(bench.supported)} of them read", problems, "say in brief() where each input is and each output goes"
    )


def tools(bench: Bench) -> Result:
    """Each is described, answers sensible arguments, and refuses others with a message for the model."""
    offered = bench.backend.info.tools
    if not offered:
        return found("tools", "there are none", [], "")
    if not isinstance(bench.backend, ToolProvider):
        return found("tools", f"{len(offered)} listed", ["there is no call_tool() to answer them"], "offer ToolProvider")
    problems = [problem for tool in offered for problem in _undescribed(tool)]
    text = bench.backend.info.manual.text
    for tool in offered:
        for workload in bench.few[:1]:
            problems += list(_called(bench, tool.name, _arguments(bench, tool, workload), workload))
    mentioned = sum(tool.name in text for tool in offered)
    for workload in bench.few[:1]:
        problems += list(_called(bench, "no_such_tool", {}, workload, refused=True))
    return found(
        "tools",
        f"{', '.join(tool.name for tool in offered)} called, and one that does not exist; the manual mentions {mentioned}",
        problems,
        "describe tools and arguments in their ToolSpec; call_tool() returns text, or raises ValueError with what would be right",
    )


def _undescribed(tool: ToolSpec) -> Iterator[str]:
    if len(tool.description.split()) < 3:
        yield f"tool {tool.name!r} has no description: a model would not know what it is for"
    if tool.parameters.get("type") != "object":
        yield f"tool {tool.name!r}: its parameters are {tool.parameters.get('type')!r}, not the JSON schema of an object"
    for name, schema in tool.parameters.get("properties", {}).items():
        if not schema.get("description", "").strip():
            yield f"tool {tool.name!r}: argument {name!r} has no description"


def _arguments(bench: Bench, tool: ToolSpec, workload: Workload) -> dict[str, Any]:
    """Arguments that fit the schema: the baseline wherever a kernel is wanted."""
    properties: Mapping[str, Any] = tool.parameters.get("properties", {})
    return {name: _value(bench, name, properties.get(name, {}), workload) for name in tool.parameters.get("required", ())}


def _value(bench: Bench, name: str, schema: Mapping[str, Any], workload: Workload) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    if name == "source":
        return bench.backend.baseline(workload)
    by_type = {"integer": schema.get("minimum", 1), "number": 1.0, "boolean": False, "array": [], "object": {}, "null": None}
    return by_type.get(kind if isinstance(kind, str) else kind[0], "x")


def _called(
    bench: Bench, name: str, arguments: Mapping[str, Any], workload: Workload, refused: bool = False
) -> Iterator[str]:  # fmt: skip
    backend = bench.backend
    if not isinstance(backend, ToolProvider):
        return
    try:
        answer = backend.call_tool(name, arguments, workload, seeds.seed(SECRET, workload.id, "public"))
    except ValueError as error:
        if not str(error).strip():
            yield f"{name}: it refused its arguments without a word"
        return
    except Exception as error:
        yield f"{name}: {type(error).__name__}: {error}, which would end the trial; ValueError is for the model"
        return
    if refused:
        yield f"{name}: there is no such tool, and it was answered"
    elif not (text := answer.text if isinstance(answer, ToolOutput) else answer) or not text.strip():
        yield f"{name}: it answered {answer!r}, not text"
