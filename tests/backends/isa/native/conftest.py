"""The engines under test, and how to compare them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from backends.isa.bind import load
from backends.isa.differential import compare
from backends.isa.golden.engine import GoldenEngine
from backends.isa.native.build import find_compiler
from backends.isa.native.engine import NativeEngine
from backends.isa.registry import find

ISA = Path(__file__).parents[1] / "scratch_isa"
FOLDERS = {"scratch": ISA, "forms": Path(__file__).parent / "forms_isa", "bytes": ISA.with_name("bytes_isa")}


@pytest.fixture(scope="session")
def native_cache(tmp_path_factory):
    if find_compiler() is None:
        pytest.skip("no C compiler")
    return tmp_path_factory.mktemp("native")


@cache
def architecture(timing, folder=ISA):
    return load(find(str(folder)), None, timing)


@pytest.fixture(params=["scratch sequential", "scratch overlapped", "forms sequential", "forms overlapped", "bytes piped"])
def engines(request, native_cache):
    name, timing = request.param.split()
    bound = architecture(timing, FOLDERS[name])
    return GoldenEngine(bound), NativeEngine(bound, native_cache)


@pytest.fixture
def agree(engines):
    """Runs a program on both engines, which must agree; what the golden one said."""

    def run(words, images=(), **options):
        difference = compare(*engines, words, images, **options)
        assert difference.found == ()
        return difference.first

    return run
