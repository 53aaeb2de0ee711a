"""What a designer reads whose port is wrong: which line, which method, what it did, what would be right."""

import inspect
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from backends.isa.backend import create_backend
from backends.isa.engine import Image
from backends.isa.errors import DefinitionError
from backends.isa.port import Compiles, Moves, Samples
from backends.isa.registry import find
from backends.tiny.port import TinyPort
from harness.backend import BackendContext
from harness.errors import InfraError
from harness.grading.evaluate import Judge

from .conftest import no_sandbox


@pytest.fixture
def open_port(tmp_path):
    """A backend of Tiny with another port."""
    return lambda make_port: create_backend(find("tiny"), make_port, BackendContext(tmp_path, no_sandbox, {"engine": "golden"}))


@pytest.fixture
def judged(open_port, add):
    """Judges the baseline of Tiny on a port with one other method."""

    def run(method, function):
        on = open_port(type("MyPort", (TinyPort,), {method: function}))
        assert on.support(add).supported
        on.brief(add)
        return Judge(on, "secret").run(open_port(TinyPort).baseline(add), add)

    return run


def line(function):
    """``file.py:12`` of a text's first line."""
    return f"{__file__}:{inspect.getsourcelines(function)[1]}"


@pytest.mark.parametrize(
    ("method", "answer", "did", "right"),
    [
        ("support", True, "returned True", "None, or a text: why no kernel can serve the workload"),
        ("support", "", "returned ''", "None, or a text"),
        ("brief", "in mem", "returned 'in mem'", "two texts: the declaration"),
        ("brief", (None, "in mem"), "returned (None, 'in mem')", "two texts: the declaration"),
        ("images", None, "returned None", "a list of Image(space, start, data)"),
        ("images", [("mem", 0)], "returned ('mem', 0) at 0", "a list of Image"),
        ("images", [Image("mem", 0.5, np.zeros(1))], "returned image 0 with start 0.5", "a list of Image"),
        ("images", [Image("mem", 0, [1.0])], "returned image 0 with list for data", "1-dimensional array"),
        ("outputs", None, "returned None", "an array for each output"),
        ("outputs", {}, "returned nothing instead of y", "an array for each output"),
        ("outputs", {"z": 0, "y": 0}, "returned z, y instead of y", "an array for each output"),
        ("outputs", {"y": [0.0] * 64}, "returned y as list instead of an array", "an array for each output"),
        ("outputs", {"y": np.zeros(63)}, "returned y of shape (63,) instead of (64,)", "in the type and shape"),
        ("outputs", {"y": np.zeros(64)}, "returned y as float64 instead of float32", "in the type and shape"),
        ("baseline", None, "returned None", "the text of a kernel"),
        ("stored", None, "returned None", "an array for each input"),
        ("stored", {"a": 0}, "returned a instead of a, b", "an array for each input"),
    ],
)
def test_what_a_method_returns_wrongly(judged, method, answer, did, right):
    def wrong(self, workload, *_):
        return answer

    with pytest.raises(DefinitionError) as caught:
        judged(method, wrong)
    assert caught.value.message == f"{line(wrong)}: MyPort.{method} for P01/C1 {did}"
    assert caught.value.hint.startswith(f"{method} returns ")
    assert right in caught.value.hint


@pytest.mark.parametrize("method", ["support", "brief", "images", "outputs", "baseline", "stored"])
def test_what_a_method_raises(judged, method):
    def helper():
        return {}["no such key"]

    def wrong(self, workload, *_):
        return helper()

    with pytest.raises(DefinitionError) as caught:
        judged(method, wrong)
    place = f"{__file__}:{inspect.getsourcelines(helper)[1] + 1}"  # the innermost line, not the one that called it
    assert caught.value.message == f"{place}: MyPort.{method} for P01/C1 raised KeyError: 'no such key'"
    assert caught.value.hint.startswith(f"{method} returns ")
    assert isinstance(caught.value.__cause__, KeyError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # as worker servers send it


def test_a_method_with_other_arguments(judged):
    def wrong(self):
        return None

    with pytest.raises(DefinitionError) as caught:
        judged("support", wrong)
    assert caught.value.message.startswith(f"{line(wrong)}: MyPort.support for P01/C1 raised TypeError: ")


def test_what_the_machine_does_to_a_method_is_no_fault_of_the_port(judged):
    def wrong(self, workload):
        return Path("/no/such/template").read_text()

    with pytest.raises(InfraError) as caught:
        judged("baseline", wrong)
    place = f"{__file__}:{inspect.getsourcelines(wrong)[1] + 1}"
    assert caught.value.message.startswith(f"{place}: MyPort.baseline for P01/C1 raised FileNotFoundError: ")


@pytest.mark.parametrize("space", ["memm", "mem"])
def test_what_outputs_cannot_read(judged, space):
    def wrong(self, workload, read):
        return {"y": read(space, -1, 64)}

    with pytest.raises(DefinitionError) as caught:
        judged("outputs", wrong)
    place = f"{__file__}:{inspect.getsourcelines(wrong)[1] + 1}"
    what = "unknown memory 'memm' in tiny" if space == "memm" else "mem -1 to 63 is not there"
    assert caught.value.message == f"{place}: MyPort.outputs for P01/C1: {what}"
    assert caught.value.hint.startswith("did you mean 'mem'" if space == "memm" else "it has elements 0 to ")


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (("memm", 0, np.zeros(1, np.float32)), "unknown memory 'memm' in tiny"),
        (("mem", -4, np.zeros(8, np.float32)), "mem -4 to 4 is not there"),
        (("mem", 0, np.zeros(8)), "mem takes no 1-dimensional float64 array"),
    ],
)
def test_images_that_memory_cannot_hold(judged, image, what):
    def wrong(self, workload, inputs):
        return [Image(*image)]

    with pytest.raises(DefinitionError) as caught:
        judged("images", wrong)
    assert caught.value.message == f"{line(wrong)}: MyPort.images for P01/C1: {what}"


def test_an_output_that_lies_over_an_input(judged):
    def wrong(self, workload, read):
        return {"y": read("mem", 96, 64)}

    with pytest.raises(DefinitionError) as caught:
        judged("outputs", wrong)
    over = "image 1 at mem 64 to 128 and read 0 at mem 96 to 160, which overlap"
    assert caught.value.message == f"{line(wrong)}: MyPort.outputs for P01/C1 has {over}"


def test_outputs_that_lie_over_each_other(judged):
    def wrong(self, workload, read):
        read("mem", 159, 8)
        return {"y": read("mem", 128, 64)}

    with pytest.raises(DefinitionError, match=re.escape("read 1 at mem 128 to 192 and read 0 at mem 159 to 167, which overlap")):
        judged("outputs", wrong)


def test_images_that_lie_over_each_other(judged):
    def wrong(self, workload, inputs):
        return [Image("mem", 0, values) for values in inputs.values()]

    with pytest.raises(DefinitionError) as caught:
        judged("images", wrong)
    over = "image 0 at mem 0 to 64 and image 1 at mem 0 to 64, which overlap"
    assert caught.value.message == f"{line(wrong)}: MyPort.images for P01/C1 has {over}"


def test_regions_may_touch_be_empty_and_share_registers(judged):
    def images(self, workload, inputs):
        zeros = np.zeros(4, np.uint32)
        registers = [Image("x", 1, zeros), Image("x", 2, zeros[:2]), Image("mem", 10, np.zeros(0, np.float32))]
        return [*TinyPort.images(self, workload, inputs), *registers]

    assert judged("images", images).passed


def test_all_that_a_port_lacks_is_said_at_once(open_port):
    class Half:
        titel = "a port"
        extension = "s"
        support = TinyPort.support

        def __init__(self, architecture):
            pass

    with pytest.raises(DefinitionError) as caught:
        open_port(Half)
    lacking = "title (but titel), formats, brief, images, outputs, baseline, stored"
    assert caught.value.message == f"{line(Half)}: Half has no {lacking}"
    with pytest.raises(DefinitionError, match="NoneType has no title, extension, formats, support, "):
        open_port(lambda _: None)


def test_attributes_have_types(open_port):
    with pytest.raises(DefinitionError, match=r"MyPort\.formats is 'f32'\n  hint: right is a Formats of harness\.task"):
        open_port(type("MyPort", (TinyPort,), {"formats": "f32"}))
    with pytest.raises(DefinitionError, match=r"MyPort\.title is ''"):
        open_port(type("MyPort", (TinyPort,), {"title": ""}))


def test_a_port_that_cannot_be_made(open_port):
    class MyPort(TinyPort):
        def __init__(self, architecture):
            self.lanes = architecture.values["LANE"]

    with pytest.raises(DefinitionError) as caught:
        open_port(MyPort)
    place = f"{__file__}:{inspect.getsourcelines(MyPort.__init__)[1] + 1}"
    assert str(caught.value) == f"{place}: MyPort() raised KeyError: 'LANE'\n  hint: did you mean 'LANES'?"


def test_optional_methods_are_told_apart_and_watched(open_port, add):
    class MyPort(TinyPort):
        def moved(self, workload):
            return {"load": 1.5}

    on = open_port(MyPort)
    assert isinstance(on._port, Samples)
    assert isinstance(on._port, Moves)
    assert not isinstance(on._port, Compiles)
    with pytest.raises(DefinitionError, match=r"MyPort\.moved for P01/C1 returned \{'load': 1\.5\}"):
        on.bound(add)
