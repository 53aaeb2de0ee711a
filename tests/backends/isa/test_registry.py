"""Finding instruction sets by name and by path, and what is said where there is none."""

import json
import textwrap

import pytest

from backends.isa import registry
from backends.isa.cli.describe import listing
from backends.isa.errors import DefinitionError
from harness.errors import UsageError

ISA = """
from backends.isa import Imm, Isa, Out, u32

isa = Isa("mini", title="Mini")
x = isa.registers("x", u32, 4)

@isa.op("SET", isa.format("I", opcode=(0, 6), rd=(6, 2), imm=(8, 8))(opcode=1), unit="alu")
def set_(rd: Out(x), imm: Imm()):
    \"\"\"Sets a register.\"\"\"
    return imm
"""
MACHINE = """
[units.alu]
kind = "compute"
[timing.only]
issue = "blocking"
[timing.only.costs]
set_ = 1
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "isa.py").write_text(ISA)
    (tmp_path / "machine.toml").write_text(MACHINE)
    return tmp_path


@pytest.fixture
def register(tmp_path, monkeypatch):
    """Installs packages with an entry point each."""

    def install(*entries: str, module: str = "minimal") -> None:
        for number, entry in enumerate(entries):
            info = tmp_path / f"package{number}-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: package{number}\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(f"[kernelwright.isas]\n{entry}\n")
        (tmp_path / f"{module}.py").write_text(textwrap.dedent("isa = 3\n"))
        monkeypatch.syspath_prepend(str(tmp_path))

    return install


def test_registered_ones_are_found_by_name():
    assert {"plena", "tiny"} <= set(registry.registered())
    assert registry.find("plena").name == "plena"


def test_a_file_and_its_folder_are_the_same(folder):
    assert registry.find(str(folder)) is registry.find(str(folder / "isa.py"))
    shown = registry.open_architecture(str(folder))
    assert (shown.name, shown.machine.timing.name, len(shown.instructions)) == ("mini", "only", 1)


def test_two_files_of_one_name_do_not_meet(folder):
    other = folder / "other"
    other.mkdir()
    (other / "isa.py").write_text(ISA.replace('"mini"', '"other"'))
    assert [registry.find(str(place)).name for place in (folder, other)] == ["mini", "other"]


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("plenna", "unknown instruction set 'plenna'", "did you mean 'plena'?; or give the path of an isa.py"),
        ("no/such/isa.py", "'no/such/isa.py' does not exist", "the path of an isa.py"),
    ],
)
def test_unknown_names_are_usage_errors(name, message, hint):
    with pytest.raises(UsageError) as caught:
        registry.find(name)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ny = x / 0\n", r"isa\.py:2: ZeroDivisionError: division by zero"),
        ("x = (\n", r"isa\.py:1: SyntaxError: '\(' was never closed"),
        ("import not_there\n", r"isa\.py:1: ModuleNotFoundError: No module named 'not_there'"),
        ("import sys\nsys.exit(3)\n", r"isa\.py:2: SystemExit: 3"),
        ("x = 1\0\n", r"isa\.py: SyntaxError: source code string cannot contain null bytes"),
        (
            ISA.replace("imm: Imm()", "imm: Out(ram)"),
            r"isa\.py:8: NameError: name 'ram' is not defined\n  hint: declare it above",
        ),
        ("x = 1\n", "0 instruction sets in one file"),
        (ISA + '\nsecond = Isa("second", title="Second")\n', "2 instruction sets in one file"),
    ],
)
def test_broken_files_are_definition_errors_with_a_place(tmp_path, text, message):
    (tmp_path / "isa.py").write_text(text)
    for _ in range(2):  # the second time too: nothing of a failed import stays
        with pytest.raises(DefinitionError, match=message):
            registry.find(str(tmp_path))


def test_what_is_registered_must_be_an_isa(register):
    register("wrong = minimal:isa\nbroken = minimal:missing")
    with pytest.raises(DefinitionError, match="minimal:isa: it is int, not an Isa"):
        registry.find("wrong")
    with pytest.raises(DefinitionError, match="minimal:missing: AttributeError"):
        registry.find("broken")


@pytest.mark.parametrize(
    ("code", "said"),
    [("import sys\nsys.exit(3)", "SystemExit: 3"), ("x = (", "SyntaxError"), ("import nowhere_at_all", "ModuleNotFoundError")],
)
def test_a_module_that_cannot_be_imported_is_said_and_hides_no_other(register, tmp_path, code, said):
    register("bad = exits:isa", module="exits")
    (tmp_path / "exits.py").write_text(code)
    with pytest.raises(DefinitionError, match=rf"exits:isa: {said}.*, at .*exits\.py:\d"):
        registry.find("bad")
    rows = {row["name"]: row for row in json.loads(listing(as_json=True))}
    assert rows["bad"]["problem"].startswith(f"not usable: exits:isa: {said}")
    assert rows["tiny"]["instructions"] > 10


def test_what_no_import_survives_ends_the_program(tmp_path):
    (tmp_path / "isa.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        registry.find(str(tmp_path))


def test_two_packages_may_not_claim_one_name(register):
    register("twice = minimal:isa", "twice = other:isa")
    with pytest.raises(UsageError, match=r"'twice' is registered twice: (minimal|other):isa and (minimal|other):isa"):
        registry.registered()
