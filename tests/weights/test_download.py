"""Published weights are fetched once, resumed where they were cut off, and checked."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mygo_cli.errors import BackendError
from mygo_cli.files import only_writer
from mygo_cli.weights.download import fetch, weights_folder

CONTENT = bytes(range(256)) * 8192  # 2 MB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT. `cuts` says after how many bytes each reply breaks off."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cuts: list[int] = []
        self.ranges: list[str | None] = []
        self.knows_ranges = True
        self.url = f"http://127.0.0.1:{self.server_port}/weights.pth"


class Handler(BaseHTTPRequestHandler):
    """Answers one request as the server's settings say."""

    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.path != "/weights.pth":
            return self.send_error(404, "Not Found")
        start = 0
        if asked and self.server.knows_ranges:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(CONTENT):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
                return self.end_headers()
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else len(CONTENT)
        self.wfile.write(CONTENT[start : start + cut])
        return None

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("MYGO_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("no_proxy", "*")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_fetches_once(server: Server) -> None:
    path = fetch(server.url, "weights.pth", SHA256[:8])
    assert path == weights_folder() / "weights.pth"
    assert path.read_bytes() == CONTENT
    assert [file.name for file in path.parent.iterdir()] == ["weights.pth"]
    assert fetch(server.url, "weights.pth", SHA256[:8]) == path
    assert len(server.ranges) == 1


def test_another_process_is_waited_for(server: Server) -> None:
    target = weights_folder() / "weights.pth"
    target.parent.mkdir(parents=True)
    with ThreadPoolExecutor(1) as pool:
        with only_writer(target):
            waiting = pool.submit(fetch, server.url, "weights.pth", SHA256)
            time.sleep(0.2)
            assert not waiting.done()
            target.write_bytes(CONTENT)
        assert waiting.result(timeout=10) == target
    assert server.ranges == []
    assert [file.name for file in target.parent.iterdir()] == ["weights.pth"]


def test_goes_on_after_a_cut(server: Server) -> None:
    server.cuts = [1_500_000, 300_000]
    assert fetch(server.url, "weights.pth", SHA256).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1500000-", "bytes=1800000-"]


def test_goes_on_in_a_later_run(server: Server) -> None:
    server.cuts = [1_000_000, 0]
    with pytest.raises(BackendError, match=r"cut off after 0 of 2 MB.*Run it again to go on"):
        fetch(server.url, "weights.pth", SHA256)
    assert fetch(server.url, "weights.pth", SHA256).read_bytes() == CONTENT
    assert server.ranges[-1] == "bytes=1000000-"


def test_starts_over_where_the_server_knows_no_ranges(server: Server) -> None:
    server.knows_ranges, server.cuts = False, [1_000_000]
    assert fetch(server.url, "weights.pth", SHA256).read_bytes() == CONTENT


@pytest.mark.parametrize("extra", [b"", b"too long"])
def test_part_that_is_whole_or_too_long(server: Server, extra: bytes) -> None:
    weights_folder().mkdir()
    (weights_folder() / "weights.pth.part").write_bytes(CONTENT + extra)
    assert fetch(server.url, "weights.pth", SHA256).read_bytes() == CONTENT


def test_wrong_digest_is_removed(server: Server) -> None:
    with pytest.raises(BackendError, match=rf"begins with {SHA256[:8]}, not 0123abcd") as caught:
        fetch(server.url, "weights.pth", "0123abcd")
    assert "--image-weights FILE" in str(caught.value)
    assert list(weights_folder().iterdir()) == []


def test_not_found(server: Server) -> None:
    url = server.url.replace("weights.pth", "other.pth")
    with pytest.raises(BackendError, match="the server says 404 Not Found"):
        fetch(url, "other.pth")


def test_offline_is_one_line(server: Server) -> None:
    url = "http://127.0.0.1:1/weights.pth"  # nobody listens there
    with pytest.raises(BackendError) as caught:
        fetch(url, "weights.pth")
    line = str(caught.value)
    for part in (url, str(weights_folder()), "no connection", "--image-weights FILE"):
        assert part in line
    assert "\n" not in line


def test_folder_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("in the way")
    with pytest.raises(BackendError, match="cannot be fetched into"):
        fetch(server.url, "weights.pth")


def test_default_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MYGO_WEIGHTS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights_folder() == tmp_path / ".cache" / "mygo" / "weights"
