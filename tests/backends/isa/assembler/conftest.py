import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def machine():
    spec = importlib.util.spec_from_file_location("assembler_scratch", Path(__file__).with_name("scratch.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.machine()
