"""From text to object: diagnostics, the gates, the cache."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from backends.cpu import create, toolchain
from backends.cpu.backend import CpuBackend
from backends.cpu.toolchain import FLAGS, machine_flags
from harness.backend import BackendContext, Build, Diagnostic
from harness.errors import InfraError, UsageError
from harness.sandbox import Sandbox
from harness.task import Workload

HEAD = "void kernel(const float *restrict a, const float *restrict b, float *restrict y)"
HONEST = HEAD + "\n{\n    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];\n}\n"


def errors(build: Build) -> list[Diagnostic]:
    return [d for d in build.diagnostics if d.severity == "error"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "the text is empty"),
        (" \n\t", "the text is empty"),
        ("x" * 10_000_000, "the text has 10000000 bytes; the limit is 262144"),
        ("int a;\n\x00\x01ELF", "the text is binary: it holds the control character '\\x00'"),
        ("int a\udc80;", "the text is not Unicode: surrogates not allowed at character 5"),
    ],
    ids=["empty", "blank", "huge", "binary", "surrogate"],
)
def test_what_is_no_text(backend: CpuBackend, add: Workload, source: str, message: str) -> None:
    build = backend.build(source, add)
    assert build.outcome == "build_error"
    assert errors(build)[0].message == message


def test_a_syntax_error_has_line_column_and_the_line(backend: CpuBackend, add: Workload) -> None:
    build = backend.build(HEAD + "\n{\n    y[0] = a[0] +;\n}\n", add)
    first = errors(build)[0]
    assert (build.outcome, first.line, first.column, first.snippet) == ("build_error", 3, 18, "y[0] = a[0] +;")


def test_a_misspelt_function_is_an_error_with_a_hint(backend: CpuBackend, add: Workload) -> None:
    build = backend.build(HEAD + "\n{\n    y[0] = sqrtff(a[0]);\n}\n", add)
    assert "sqrtff" in errors(build)[0].message
    assert "sqrtf" in errors(build)[0].hint + errors(build)[0].message


def test_a_wrong_signature_is_told_the_right_one(backend: CpuBackend, add: Workload) -> None:
    build = backend.build("void kernel(const float *a, float *y) { y[0] = a[0]; }", add)
    assert build.outcome == "build_error"
    assert errors(build)[0].hint == f"the signature must be: {HEAD}"


@pytest.mark.parametrize("source", ["static int x;\nint other(void) { return x; }", "// nothing\n"])
def test_no_kernel(backend: CpuBackend, add: Workload, source: str) -> None:
    build = backend.build(source, add)
    assert build.outcome == "build_error"
    assert errors(build)[0].message == "the text defines no function 'kernel'"


def test_a_foreign_function_is_named_with_its_line(backend: CpuBackend, add: Workload) -> None:
    build = backend.build("#include <stdlib.h>\n" + HEAD + "\n{\n    float *t = malloc(4);\n    y[0] = a[0] + t[0];\n}\n", add)
    assert build.outcome == "build_error"
    assert errors(build)[0].message == "the kernel uses 'malloc' from outside itself"
    assert errors(build)[0].line == 4


@pytest.mark.parametrize(
    "text",
    [
        '__asm__("nop");',
        "#define J(a, b) a##b\nJ(__as, m__)(\"nop\");",
        "static const int hidden __attribute__((section(\".text\"))) = 1;",
        "#pragma GCC optimize(\"Ofast\")",
        "_Pragma(\"GCC target(\\\"avx512f\\\")\")",
        "__attribute__((optimize(\"Ofast\"))) static int f(void) { return 1; }",
    ],
)  # fmt: skip
def test_words_that_reach_assembler_or_options_are_refused(backend: CpuBackend, add: Workload, text: str) -> None:
    build = backend.build(f"{text}\n{HONEST}", add)
    assert build.outcome == "build_error"
    assert any("is refused, also as a name" in d.message and d.hint for d in errors(build))


def test_vector_intrinsics_build_all_the_same(backend: CpuBackend, add: Workload) -> None:
    if "-march=x86-64-v3" not in machine_flags():
        pytest.skip("needs AVX2")
    source = "#include <immintrin.h>\n" + HEAD + "\n{ for (int i = 0; i < N; i += 8)"
    source += " _mm256_store_ps(y + i, _mm256_add_ps(_mm256_load_ps(a + i), _mm256_load_ps(b + i))); }\n"
    assert backend.build(source, add).outcome == "built"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__attribute__((constructor)) static void early(void) { x = 1; }", "code of the object would run when it is loaded"),
        ("__attribute__((destructor)) static void late(void) { x = 1; }", "code of the object would run when it is loaded"),
        ("static int one(void) { return 1; }\nstatic int (*which(void))(void) { return one; }\n"
         "int two(void) __attribute__((ifunc(\"which\")));\nint use(void);\n"
         "__attribute__((visibility(\"default\"))) int use(void) { return two(); }", "indirect function"),
    ],
    ids=["constructor", "destructor", "ifunc"],
)  # fmt: skip
def test_code_that_runs_beside_the_kernel_is_rejected(backend: CpuBackend, add: Workload, text: str, message: str) -> None:
    build = backend.build(f"static volatile int x;\n{text}\n{HONEST}", add)
    assert build.outcome == "rejected"
    assert any(message in d.message and d.hint for d in errors(build))


def test_an_executable_stack_is_rejected(backend: CpuBackend, add: Workload) -> None:
    nested = HEAD + "\n{ float s = a[0]; float f(float v) { return v + s; } float (*volatile g)(float) = f; y[0] = g(b[0]); }\n"
    build = backend.build(nested, add)
    assert build.outcome == "rejected"
    assert "executable stack" in errors(build)[0].message


def test_host_files_are_not_in_the_compilers_box(backend: CpuBackend, add: Workload, tmp_path: Path) -> None:
    secret = tmp_path / "secret.h"
    secret.write_text("int secret;\n")
    build = backend.build(f'#include "{secret}"\n{HONEST}', add)
    assert build.outcome == "build_error"
    assert "No such file" in errors(build)[0].message


def test_a_compile_bomb_is_stopped(backend: CpuBackend, add: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "COMPILE_LIMITS", dataclasses.replace(toolchain.COMPILE_LIMITS, wall_s=1.0))
    doubling = "".join(f"#define A{i} A{i - 1} A{i - 1}\n" for i in range(1, 40))
    build = backend.build(f"#define A0 x++;\n{doubling}{HEAD} {{ int x = 0; A39 y[0] = x; }}\n", add)
    assert build.outcome in ("timeout", "build_error")
    assert errors(build)


def test_line_directives_do_not_confuse(backend: CpuBackend, add: Workload) -> None:
    build = backend.build(f'#line 900 "kernel.c"\nint x = ;\n{HONEST}', add)
    assert (build.outcome, errors(build)[0].snippet) == ("build_error", "")


def test_builds_come_from_the_cache_unless_it_was_tampered_with(backend: CpuBackend, add: Workload) -> None:
    source = HONEST + "/* cached */\n"
    first = backend.build(source, add)
    again = backend.build(source, add)
    assert first.seconds > 0
    assert again.seconds == 0
    assert again.artifact == first.artifact
    library = first.artifact.library
    library.write_bytes(b"something else")
    with pytest.raises(InfraError, match="was changed"):
        first.artifact.verify()
    assert backend.build(source, add).seconds > 0
    assert first.artifact.verify() == library


def test_sizes_are_macros_so_one_text_serves_the_held_out_sizes(backend: CpuBackend, add: Workload) -> None:
    held_out = add.held_out
    assert held_out is not None
    assert held_out.p.N != add.p.N
    assert backend.build(HONEST, add).artifact.sha256 != backend.build(HONEST, held_out).artifact.sha256


def test_flags_are_pinned() -> None:
    assert not any("fast-math" in flag or flag == "-march=native" for flag in FLAGS)
    assert machine_flags("x86_64", level=4)[0] == machine_flags("x86_64", level=3)[0] == "-march=x86-64-v3"
    assert machine_flags("x86_64", level=1)[0] == "-march=x86-64"
    assert machine_flags("riscv64") == ()


def test_info_and_brief(backend: CpuBackend, add: Workload) -> None:
    assert (backend.info.name, backend.info.deterministic, backend.info.generic_sizes) == ("cpu", False, True)
    assert re.fullmatch(r"[0-9a-f]{64}", backend.info.digest)
    assert [section.name for section in backend.info.manual.sections]
    brief = backend.brief(add)
    assert brief.signature == HEAD
    assert "`N` = 1024" in brief.text
    assert "-ffp-contract=fast" in brief.text


def test_options_are_refused(cache: Path, sandbox: Sandbox) -> None:
    with pytest.raises(UsageError, match="the cpu backend has no option 'speed'"):
        create(BackendContext(cache, lambda: sandbox, {"speed": "11"}))


def test_a_missing_compiler_names_the_package(
    cache: Path, sandbox: Sandbox, add: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(InfraError, match="apt-get install gcc"):
        create(BackendContext(cache, lambda: sandbox)).build(HONEST, add)


def test_support_gives_reasons(backend: CpuBackend, add: Workload) -> None:
    assert backend.support(add).supported
    stranger = dataclasses.replace(add, task=dataclasses.replace(add.task, name="vec_sub"))
    assert "P01 vec_sub" in backend.support(stranger).reason


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("y[0] = a[0] +;", "syntax"),
        ("y[0] = a[0]", "syntax"),
        ("y[0] = c[0];", "undeclared_name"),
        ("y[0] = sqrtff(a[0]);", "undeclared_name"),
        ("y = a[0];", "type"),
        ("float t, t; y[0] = t;", "redefinition"),
        ('__asm__("nop");', "refused_word"),
        ("extern void f(void); f();", "foreign_symbol"),
    ],
)
def test_errors_have_a_category_to_count_by(backend: CpuBackend, add: Workload, body: str, cause: str) -> None:
    build = backend.build(HEAD + "\n{\n    " + body + "\n}\n", add)
    assert errors(build)[0].cause == cause


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("", "empty"),
        ("x" * 300_000, "too_large"),
        ("int a;\n\x00", "not_text"),
        ("int other(void) { return 1; }", "signature"),
        ("void kernel(float *y) {}", "signature"),
        ('#include "no.h"', "missing_header"),
    ],
)
def test_texts_that_are_no_kernel_have_one_too(backend: CpuBackend, add: Workload, source: str, cause: str) -> None:
    assert errors(backend.build(source, add))[0].cause == cause
