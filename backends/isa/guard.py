"""Between the toolkit and a port: every call of a port's method, and every answer, passes here.

A port is its designer's code, and its mistakes are met by whoever judges a kernel. So whatever a method raises, and whatever it
returns that is not what `backends.isa.port` asks for, becomes a `DefinitionError` that says which line of the port, which
method for which workload, what it did and what would be right. What the machine does to a port (no memory, an unreadable file)
becomes an `InfraError` that says the same.
"""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import Any, NamedTuple, cast

import numpy as np

from backends.isa.architecture import Architecture
from backends.isa.dialect import Link
from backends.isa.engine import Image
from backends.isa.errors import DefinitionError
from backends.isa.port import Port, PortFactory
from harness.backend import BackendInfo, Bound, Build, Specimen
from harness.errors import InfraError, KernelwrightError, UsageError, lacking, line_of, told
from harness.task import Formats, Tensor, Workload

Problem = Callable[..., str]
"""``problem(answer, *arguments)``: what is wrong with a method's answer to these arguments; empty if nothing."""


class Promise(NamedTuple):
    """What a method of a port returns."""

    right: str
    """In words."""
    problem: Problem


def _is(kind: type, *, empty: bool = True) -> Problem:
    return lambda answer, *_: "" if isinstance(answer, kind) and (empty or answer) else reprlib.repr(answer)


def _are(kind: type) -> Problem:
    """For sequences of one kind."""

    def problem(answer: Any, *_: Any) -> str:
        if not isinstance(answer, Sequence) or isinstance(answer, str):
            return reprlib.repr(answer)
        return next((f"{reprlib.repr(one)} at {at}" for at, one in enumerate(answer) if not isinstance(one, kind)), "")

    return problem


def _reason(answer: Any, *_: Any) -> str:
    return "" if answer is None or (isinstance(answer, str) and answer) else reprlib.repr(answer)


def _two_texts(answer: Any, *_: Any) -> str:
    good = isinstance(answer, tuple) and len(answer) == 2 and all(isinstance(text, str) for text in answer)
    return "" if good else reprlib.repr(answer)


_are_images = _are(Image)


def _images(answer: Any, *_: Any) -> str:
    if problem := _are_images(answer):
        return problem
    for at, image in enumerate(answer):
        if not isinstance(image.start, int | np.integer):
            return f"image {at} with start {image.start!r}"
        if not isinstance(image.data, np.ndarray):
            return f"image {at} with {type(image.data).__name__} for data"
    return ""


def _amounts(answer: Any, *_: Any) -> str:
    good = isinstance(answer, Mapping) and all(isinstance(amount, int | np.integer) for amount in answer.values())
    return "" if good else reprlib.repr(answer)


def _tensors(answer: Any, declared: Mapping[str, Tensor]) -> str:
    if not isinstance(answer, Mapping):
        return reprlib.repr(answer)
    if answer.keys() != declared.keys():
        return f"{_names(answer)} instead of {_names(declared)}"
    for name, tensor in declared.items():
        array = answer[name]
        if not isinstance(array, np.ndarray | np.generic):
            return f"{name} as {type(array).__name__} instead of an array"
        if array.shape != tensor.shape:
            return f"{name} of shape {array.shape} instead of {tensor.shape}"
        if array.dtype != tensor.dtype.numpy:
            return f"{name} as {array.dtype} instead of {tensor.dtype.numpy}"
    return ""


def _names(tensors: Mapping[Any, Any]) -> str:
    return ", ".join(map(str, tensors)) or "nothing"


ATTRIBUTES: Mapping[str, Promise] = {
    "title": Promise("one line for people", _is(str, empty=False)),
    "extension": Promise("the file extension of a kernel, without the dot", _is(str, empty=False)),
    "formats": Promise("a Formats of harness.task", _is(Formats)),
}
METHODS: Mapping[str, Promise] = {
    "support": Promise("None, or a text: why no kernel can serve the workload", _reason),
    "brief": Promise("two texts: the declaration of the entry point, and the calling convention", _two_texts),
    "images": Promise("a list of Image(space, start, data), whose data is a 1-dimensional array", _images),
    "outputs": Promise(
        "an array for each output of the workload, in the type and shape that it declares",
        lambda answer, workload, *_: _tensors(answer, workload.outputs),
    ),
    "baseline": Promise("the text of a kernel", _is(str)),
    "stored": Promise(
        "an array for each input of the workload, in the type and shape that it declares; the inputs themselves where nothing "
        "is lost",
        lambda answer, workload, *_: _tensors(answer, workload.inputs),
    ),
    "moved": Promise("whole numbers of elements by kind of peak: {'load': 4096}", _amounts),
    "bound": Promise("a Bound of harness.backend", _is(Bound)),
    "link": Promise("a Link of backends.isa.dialect", _is(Link)),
    "describe": Promise("a BackendInfo of harness.backend", _is(BackendInfo)),
    "compile": Promise("a Build of harness.backend", _is(Build)),
    "specimens": Promise("a list of Specimen of harness.backend", _are(Specimen)),
}
"""Of the protocols in `backends.isa.port`, by name."""


class Guard:
    """Watches one port."""

    def __init__(self, make_port: PortFactory, architecture: Architecture) -> None:
        """DefinitionError if the port cannot be made, or lacks something that every port has."""
        self._known = [*architecture.values, *architecture.memories]
        self._maker: Any = make_port
        self._kind: Any = make_port
        with self.blaming(""):
            port = make_port(architecture)
        self._kind = type(port)
        self._check(port)
        self.port: Port = cast(Port, _Guarded(port, self))
        """The port; what its methods raise is for people, and what they return is right."""

    @property
    def file(self) -> str:
        """Where the port's class is defined."""
        return inspect.getfile(self._kind)

    def error(self, did: str, hint: str, method: str, *arguments: object) -> DefinitionError:
        """For a method that did something wrong when it was given these arguments: ``returned True``."""
        return DefinitionError(f"{self._subject(method, arguments)} {did}", hint, where=self._line(method))

    def blaming(self, method: str, *arguments: object) -> _Blaming:
        """A context: what is raised in it, by a method or by whoever uses its answer, becomes an error that names the method.
        Without one, for making the port."""
        return _Blaming(self, method, arguments)

    def blamed(self, error: BaseException, method: str, arguments: Sequence[object]) -> BaseException:
        """What to raise instead of an error. Errors for people stay as they are, but for a `UsageError` of a method: nobody asked
        a method for anything wrong."""
        subject, where = self._subject(method, arguments), line_of(error, self._is_theirs) or self._line(method)
        if isinstance(error, KernelwrightError):
            if not (method and isinstance(error, UsageError)):
                return error
            return DefinitionError(f"{subject}: {error.message}", error.hint, where=where)
        message = f"{subject} raised {told(error)}"
        if isinstance(error, OSError | MemoryError):
            return InfraError(f"{where}: {message}")
        hint = _right(method) if method else ""
        if isinstance(error, KeyError) and (close := get_close_matches(str(*error.args[:1]), self._known, n=1)):
            hint = f"did you mean {close[0]!r}?"
        return DefinitionError(message, hint, where=where)

    def _check(self, port: object) -> None:
        name = self._kind.__name__
        if missing := lacking(port, Port):
            raise DefinitionError(f"{name} has no {missing}", "backends/isa/port.py says what a port has", where=self._line(""))
        for attribute, promise in ATTRIBUTES.items():
            if problem := promise.problem(getattr(port, attribute)):
                raise DefinitionError(f"{name}.{attribute} is {problem}", f"right is {promise.right}", where=self._line(""))

    def _is_theirs(self, module: str) -> bool:
        """Whether a module belongs to the port's package; the toolkit does not."""
        package = str(self._kind.__module__).partition(".")[0]
        return module.partition(".")[0] == package and not module.startswith("backends.isa.")

    def _subject(self, method: str, arguments: Sequence[object]) -> str:
        workload = next((one for one in arguments if isinstance(one, Workload)), None)
        name = getattr(self._kind, "__name__", "the port")
        return (f"{name}.{method}" if method else f"{name}()") + (f" for {workload.id}" if workload else "")

    def _line(self, method: str) -> str:
        """Where a method begins, else the class, else what made the port: the first that is written in a file."""
        things: tuple[Any, ...] = (getattr(self._kind, method, None), self._kind, self._maker)
        for thing in things:
            with suppress(OSError, TypeError):
                code = inspect.unwrap(thing)
                return f"{inspect.getsourcefile(code)}:{inspect.getsourcelines(code)[1]}"
        return str(self._kind.__module__)


class _Blaming:
    """See `Guard.blaming`. A class, because it is entered for every execution, and generators cost more."""

    def __init__(self, guard: Guard, method: str, arguments: Sequence[object]) -> None:
        self._guard, self._method, self._arguments = guard, method, arguments

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, Exception | SystemExit):
            blamed = self._guard.blamed(error, self._method, self._arguments)
            if blamed is not error:
                raise blamed from error


class _Guarded:
    """A port with watched methods. It has just those that the port has, so that optional protocols are told apart as before."""

    def __init__(self, port: object, guard: Guard) -> None:
        self._port = port
        for name in METHODS:
            if hasattr(port, name):
                setattr(self, name, _watched(guard, name, getattr(port, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


def _watched(guard: Guard, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    problem_of = METHODS[name].problem

    def ask(*arguments: Any) -> Any:
        with guard.blaming(name, *arguments):
            answer = method(*arguments)
        if problem := problem_of(answer, *arguments):
            raise guard.error(f"returned {problem}", _right(name), name, *arguments)
        return answer

    return ask


def _right(method: str) -> str:
    return f"{method} returns {METHODS[method].right}"
