"""A model server on this machine that speaks all three wire protocols and has any model of ours behind it.

Tests use it to send real requests of the real SDKs over HTTP; plugin authors and users can start one to try an agent without a
key::

    python -m harness.models.fake_server --port 8000 --model scripted --baseline kernel.c --faults 500,429:0,ok,garbage

It can misbehave by a plan: one fault per request, in order, then good behaviour for ever. A fault is ``ok``, an HTTP status
(``500``), ``429:SECONDS`` with a Retry-After, ``garbage`` (a body that is no JSON), ``half`` (a body cut off in the middle),
``drop`` (the connection closes without an answer) or ``slow:SECONDS``.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.errors import KernelwrightError, UsageError
from harness.model import Model
from harness.models.fake_wire import PROTOCOLS, BadRequestError, Protocol

KINDS = ("ok", "garbage", "half", "drop", "slow")


@dataclass(frozen=True)
class Fault:
    """How one request is mistreated."""

    kind: str
    """An HTTP status or one of `KINDS`."""
    seconds: float | None = None
    """Retry-After of a status, delay of ``slow``."""


@dataclass(frozen=True)
class Received:
    """A request as it came over the wire."""

    path: str
    """Path of the URL."""
    headers: Mapping[str, str]
    """Headers, names in lower case."""
    body: bytes
    """Body, unchanged."""


def parse_faults(text: str) -> list[Fault]:
    """A plan such as ``500,429:2,ok,slow:0.5``. UsageError for a word that is no fault."""
    faults = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        kind, _, seconds = word.partition(":")
        if not (kind in KINDS or (kind.isdigit() and 400 <= int(kind) <= 599)):
            raise UsageError(f"unknown fault {word!r}", f"faults are a status from 400 to 599, or {', '.join(KINDS)}")
        try:
            faults.append(Fault(kind, float(seconds) if seconds else None))
        except ValueError:
            raise UsageError(f"fault {word!r} has {seconds!r} in the place of seconds") from None
    return faults


class FakeServer:
    """A server on loopback, running while the ``with`` block does. Requests are answered in threads."""

    def __init__(self, model: Model, faults: Iterable[Fault] = (), key: str | None = None, port: int = 0) -> None:
        """``key`` is what clients must send; None asks for none. Port 0 takes a free one."""
        self.model, self.key = model, key
        self.received: list[Received] = []
        """Every request so far."""
        self._faults = list(faults)
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        self._http.fake = self  # type: ignore[attr-defined]  # how its handlers find us
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Root of the server: ``base_url`` of Anthropic's protocol."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def openai_url(self) -> str:
        """``base_url`` of OpenAI's protocols."""
        return f"{self.url}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def take(self, received: Received) -> tuple[int, Fault]:
        """Records a request; its number, from 1, and how it is to be mistreated."""
        with self._lock:
            self.received.append(received)
            return len(self.received), self._faults.pop(0) if self._faults else Fault("ok")

    def answer(self, protocol: Protocol, body: bytes, number: int) -> tuple[int, dict[str, Any]]:
        """Status and JSON that a request is answered with."""
        try:
            payload = json.loads(body)
            if payload.get("stream"):
                raise BadRequestError("this server does not stream")
            request = protocol.read(payload)
            with self._lock:
                reply = self.model.reply(request)
        except (BadRequestError, KeyError, TypeError, ValueError, AttributeError) as error:
            return 400, protocol.error(400, f"{type(error).__name__}: {error}")
        except KernelwrightError as error:
            return 500, protocol.error(500, str(error))
        return 200, protocol.write(reply, str(payload.get("model")), number)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A client that keeps its connection open must not keep a thread for ever.
    timeout = 30

    @property
    def _fake(self) -> FakeServer:
        fake: FakeServer = self.server.fake  # type: ignore[attr-defined]
        return fake

    def do_GET(self) -> None:  # the name http.server calls
        if self.path == "/v1/models":
            self._send(200, {"object": "list", "data": [{"id": self._fake.model.info.name, "object": "model"}]})
        else:
            self._send(404, {"error": {"message": f"no such path {self.path!r}"}})

    def do_POST(self) -> None:  # the name http.server calls
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        number, fault = self._fake.take(Received(self.path, headers, body))
        protocol = next((p for p in PROTOCOLS if p.path == self.path), None)
        if protocol is None:
            self._send(404, {"error": {"message": f"no such path {self.path!r}"}})
        elif self._fake.key not in (None, headers.get("x-api-key"), headers.get("authorization", "").removeprefix("Bearer ")):
            self._send(401, protocol.error(401, "invalid API key"))
        else:
            self._mistreat(protocol, body, number, fault)

    def _mistreat(self, protocol: Protocol, body: bytes, number: int, fault: Fault) -> None:
        if fault.kind.isdigit():
            status = int(fault.kind)
            retry_after = {} if fault.seconds is None else {"Retry-After": f"{fault.seconds:g}"}
            self._send(status, protocol.error(status, "a fault of the plan"), retry_after)
        elif fault.kind == "garbage":
            self._send(200, None, raw=b"<html>upstream said no</html>")
        elif fault.kind == "drop":
            self.close_connection = True
        else:
            if fault.kind == "slow":
                time.sleep(fault.seconds or 0)
            status, payload = self._fake.answer(protocol, body, number)
            self._send(status, payload, is_half=fault.kind == "half")

    def _send(
        self,
        status: int,
        payload: dict[str, Any] | None,
        headers: Mapping[str, str] | None = None,
        raw: bytes = b"",
        is_half: bool = False,
    ) -> None:
        content = raw if payload is None else json.dumps(payload).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(content[: len(content) // 2] if is_half else content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up waiting
        if is_half:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # the name http.server calls
        """Says nothing: requests are in `FakeServer.received`."""


def main() -> None:
    """``python -m harness.models.fake_server``: serves until Ctrl-C."""
    from harness.models.resolve import create_model

    parser = argparse.ArgumentParser(prog="python -m harness.models.fake_server", description="A model server without a model.")
    parser.add_argument("--model", default="scripted", help="model behind it, as given to kernelwright run (default: scripted)")
    parser.add_argument("--baseline", type=Path, help="kernel that the offline models start from")
    parser.add_argument("--port", type=int, default=0, help="port on loopback (default: a free one)")
    parser.add_argument("--key", help="API key that clients must send (default: none)")
    parser.add_argument("--faults", default="", help="plan such as 500,429:1,garbage,half,drop,slow:0.5")
    options = parser.parse_args()
    kernel = options.baseline.read_text(encoding="utf-8") if options.baseline else "kernel\n"
    model = create_model(options.model, baseline=lambda: kernel)
    with FakeServer(model, parse_faults(options.faults), options.key, options.port) as server:
        print(f"OpenAI protocols: {server.openai_url}   Anthropic: {server.url}", flush=True)  # noqa: T201  # a command's output
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
