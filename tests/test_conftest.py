import os
import socket

import pytest
import tenacity


def test_user_folders_are_redirected(tmp_path_factory):
    base = str(tmp_path_factory.getbasetemp())
    assert all(os.environ[name].startswith(base) for name in ("HOME", "KERNELWRIGHT_CACHE", "XDG_CACHE_HOME"))


def test_retries_do_not_wait():
    attempts = []

    @tenacity.retry(wait=tenacity.wait_fixed(3600), stop=tenacity.stop_after_attempt(3), reraise=True)
    def fails():
        attempts.append(1)
        raise OSError("down")

    with pytest.raises(OSError, match="down"):
        fails()
    assert len(attempts) == 3


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_connections_to_other_hosts_are_refused(family):
    address = "192.0.2.1" if family == socket.AF_INET else "2001:db8::1"
    with socket.socket(family) as sock, pytest.raises(AssertionError, match="only loopback is allowed"):
        sock.connect((address, 80))


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
