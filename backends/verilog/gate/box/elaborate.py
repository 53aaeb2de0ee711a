"""Elaboration of the design alone, with the workload's parameters: does it fit together, is it finite, has it the right ports?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyslang
from pyslang import ast, syntax
from pyslang.parsing import ParserOptions, PreprocessorOptions

from .place import Places
from .problem import Problem, RefusedError, stop_at
from .semantics import Examiner

_TOO_LARGE = {
    "MaxGenerateStepsExceeded": "use fewer iterations of generate loops",
    "MaxInstanceDepthExceeded": "modules may not instantiate themselves without end",
    "MaxInstanceArrayExceeded": "use fewer instances",
    "ConstEvalExceededMaxSteps": "compute constants in fewer steps",
    "ConstEvalExceededMaxCallDepth": "functions may not call themselves without end",
    "ConstEvalExceededMaxSize": "use narrower vectors",
    "LiteralSizeTooLarge": "use narrower vectors",
    "InfinitelyRecursiveHierarchy": "a module may not instantiate itself without end",
    "EnumValueCountExceeded": "use fewer names",
    "ValueExceedsMaxBitWidth": "use narrower vectors",
    "PackedTypeTooLarge": "use narrower vectors",
    "ObjectTooLarge": "use a smaller memory",
    "ArrayDimTooLarge": "use a smaller memory",
}
"""Diagnostics of size, by slang's code, with what to do."""
_NAMES = ("UndeclaredIdentifier", "CouldNotResolveHierarchicalPath", "UnknownMember", "TypoIdentifier")
_HINTS = {
    "UndeclaredIdentifier": "declare it",
    "TypoIdentifier": "declare it",
    "UnknownModule": "a kernel can only instantiate modules of its own text",
    "UnknownPackage": "a kernel can only use packages of its own text",
}


class Top(NamedTuple):
    """What the design must be."""

    name: str
    """Its top module."""
    ports: Mapping[str, tuple[str, int]] | None
    """Direction (``input`` or ``output``) and width by name, in order; None if they are free."""
    parameters: Mapping[str, int]
    """Values of those parameters that it declares."""
    hardware: bool = True
    """Whether it must be within what simulator and synthesiser both take; if not, only what breaches integrity is refused."""


@dataclass(frozen=True)
class Design:
    """An elaborated design that has passed."""

    parameters: tuple[str, ...]
    """The top module's parameters, those first that were set."""
    problems: tuple[Problem, ...]
    """Warnings."""


def parse(text: str) -> tuple[syntax.SyntaxTree, pyslang.SourceManager]:
    """A text's syntax tree. Nothing is predefined, and where the parser would nest deeper than is sane it reports an error."""
    parser, macros = ParserOptions(), PreprocessorOptions()
    parser.maxRecursionDepth, macros.maxIncludeDepth = 1024, 1
    bag, manager = pyslang.Bag(), pyslang.SourceManager()
    bag.parserOptions, bag.preprocessorOptions = parser, macros
    try:
        return syntax.SyntaxTree.fromText(text, manager, "kernel.v", "kernel.v", bag), manager
    except RuntimeError as error:  # the tree is too deep even to be taken apart
        raise RefusedError([Problem(0, 0, "syntax", "the text nests too deeply", "use intermediate signals")]) from error


def syntax_errors(tree: syntax.SyntaxTree, manager: pyslang.SourceManager) -> list[Problem]:
    """The parser's errors."""
    engine, places = pyslang.DiagnosticEngine(manager), Places(manager)
    return [Problem(*places.of(d.location), "syntax", engine.formatMessage(d)) for d in tree.diagnostics if d.isError()]


def elaborate(tree: syntax.SyntaxTree, manager: pyslang.SourceManager, top: Top) -> Design:
    """Elaborates and checks; raises `RefusedError` with what is wrong."""
    definition = _module(tree.root, top.name)
    declared = list(_declared_parameters(definition))
    mine = {name: value for name, value in top.parameters.items() if name in declared}
    compilation = ast.Compilation(_options(top.name, mine))
    compilation.addSyntaxTree(tree)
    problems = list(_diagnostics(compilation, manager))
    stop_at(problems)
    places = Places(manager)
    (instance,) = compilation.getRoot().topInstances
    stop_at([*_wrong_values(instance, mine, places), *_wrong_ports(instance, top, places)])
    examiner = Examiner(places, top.hardware)
    examiner.examine(instance, compilation.getRoot())
    stop_at(examiner.problems)
    return Design((*mine, *(name for name in declared if name not in mine)), (*problems, *examiner.problems))


def _options(top: str, parameters: Mapping[str, int]) -> pyslang.Bag:
    options = ast.CompilationOptions()
    options.topModules = {top}
    options.flags = ast.CompilationFlags.AllowUseBeforeDeclare  # in a module, as every tool here does
    options.paramOverrides = [f"{name}={value}" for name, value in parameters.items()]
    options.maxInstanceDepth, options.maxInstanceArray = 64, 4096
    options.maxGenerateSteps, options.maxConstexprSteps, options.maxConstexprDepth = 65536, 1_000_000, 64
    options.maxConstantSize = 1 << 22
    bag = pyslang.Bag()
    bag.compilationOptions = options
    return bag


def _module(root: Any, name: str) -> Any:
    """The declaration of the top module."""
    nodes = root.members if root.kind.name == "CompilationUnit" else [root]  # a text with one item is that item
    modules = {node.header.name.valueText: node for node in nodes if node.kind.name == "ModuleDeclaration"}
    if name in modules:
        return modules[name]
    there = f"there is {', '.join(map(repr, list(modules)[:8]))}" if modules else "there is no module at all"
    raise RefusedError([Problem(0, 0, "port_contract", f"no module {name!r}; {there}", f"call the top module {name!r}")])


def _declared_parameters(definition: Any) -> Iterator[str]:
    """Names of a module's parameters, localparams left out."""
    header = definition.header.parameters
    listed = [node for node in header.declarations if hasattr(node, "kind")] if header is not None else []
    body = [node.parameter for node in definition.members if node.kind.name == "ParameterDeclarationStatement"]
    for declaration in (*listed, *(() if listed else body)):
        if declaration.kind.name == "ParameterDeclaration" and declaration.keyword.kind.name != "LocalParamKeyword":
            yield from (node.name.valueText for node in declaration.declarators if hasattr(node, "initializer"))


def _diagnostics(compilation: ast.Compilation, manager: pyslang.SourceManager) -> Iterator[Problem]:
    """What slang says about the design, errors and warnings."""
    engine, places = pyslang.DiagnosticEngine(manager), Places(manager)
    for diagnostic in compilation.getAllDiagnostics():
        code = str(diagnostic.code)[len("DiagCode(") : -1]
        place, message = places.of(diagnostic.location), engine.formatMessage(diagnostic)
        if not diagnostic.isError():
            if code in _WORTH_SAYING:
                yield Problem(*place, "", message)
        elif code in _TOO_LARGE:
            yield Problem(*place, "too_large", message, _TOO_LARGE[code])
        elif code in _NAMES and _dotted(manager, diagnostic):
            hint = "names inside other modules are out of reach: connect it by a port"
            yield Problem(*place, "source_reject", message, hint)
        else:
            yield Problem(*place, "elaboration", message, _HINTS.get(code, ""))


_WORTH_SAYING = frozenset({"PortWidthExpand", "PortWidthTruncate", "IndexOOB", "RangeOOB", "CaseOutsideRange", "CaseOverlap"})
"""Warnings that nearly always mean a mistake; the tool ``lint`` says more."""


def _dotted(manager: pyslang.SourceManager, diagnostic: Any) -> bool:
    """Whether the name that was not found begins or continues a hierarchical name."""
    location = manager.getFullyExpandedLoc(diagnostic.location)
    text = manager.getSourceText(location.buffer)
    at = end = location.offset
    while end < len(text) and (text[end].isalnum() or text[end] in "_$"):
        end += 1
    return text[end : end + 1] == "." or text[at - 1 : at] == "." or text[at : at + 1] == "."


def _wrong_values(instance: ast.InstanceSymbol, wanted: Mapping[str, int], places: Places) -> Iterator[Problem]:
    """Parameters whose type cannot hold what the harness sets."""
    for parameter in instance.body.parameters:
        if parameter.name in wanted and int(parameter.value.convertToInt().value) != wanted[parameter.name]:
            value = wanted[parameter.name]
            message = f"parameter {parameter.name!r} holds {parameter.value} when it is set to {value}"
            yield Problem(
                *places.of(parameter.location),
                "port_contract",
                message,
                f"write parameter {parameter.name} = ... without a range",
            )


def _wrong_ports(instance: ast.InstanceSymbol, top: Top, places: Places) -> Iterator[Problem]:
    """Ports that are missing, extra, or of another direction or width."""
    wanted = top.ports
    found = {port.name: port for port in instance.body.portList}
    if wanted is None:
        return
    for name in [name for name in wanted if name not in found]:
        yield Problem(
            *places.of(instance.body.definition.location),
            "port_contract",
            f"no port {name!r}",
            f"add: {_text(name, *wanted[name])}",
        )
    for name, port in found.items():
        place = places.of(port.location)
        if name not in wanted:
            hint = f"remove it; the ports are {', '.join(wanted)}"
            yield Problem(*place, "port_contract", f"port {name!r} is not one of the interface", hint)
            continue
        direction = _DIRECTIONS.get(getattr(port, "direction", ast.ArgumentDirection.InOut), "neither input nor output")
        width = getattr(getattr(port, "type", None), "bitWidth", 0)
        if (direction, width) != wanted[name]:
            message = f"port {name!r} is {direction} with {width} bits, not {wanted[name][0]} with {wanted[name][1]}"
            yield Problem(*place, "port_contract", message, f"write: {_text(name, *wanted[name])}")


def _text(name: str, direction: str, width: int) -> str:
    return f"{direction} wire {name}" if width == 1 else f"{direction} wire [{width - 1}:0] {name}"


_DIRECTIONS = {ast.ArgumentDirection.In: "input", ast.ArgumentDirection.Out: "output"}
