"""`mygo explore`: where it listens, who may ask, and what it says where it cannot."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ORIGIN = {"origin": "http://127.0.0.1:8765"}
VERDICT = {"head": "kenya", "relation": "likes", "tail": "tea", "verdict": "accept"}


@pytest.mark.parametrize(
    ("listens", "host", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8765", 200),
        ("127.0.0.1", "LOCALHOST:8765", 200),
        ("127.0.0.1", "[::1]:8765", 200),
        ("127.0.0.1", "evil.example:8765", 421),
        ("127.0.0.1", "192.168.0.7:8765", 421),
        ("127.0.0.1", "127.0.0.1.evil.example", 421),
        ("127.0.0.1", "[", 421),
        ("127.0.0.1", "127.0.0.1:99999", 421),
        ("0.0.0.0", "192.168.0.7:8765", 200),
        ("0.0.0.0", "evil.example", 421),
        ("graph.example", "graph.example:80", 200),
    ],
)
def test_another_name_is_refused(browse, listens, host, status):
    assert browse(listens).get("/api/run", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    "origin",
    [None, "null", "http://evil.example", "http://127.0.0.1:8766", "https://127.0.0.1:8765"],
)
def test_verdicts_come_from_here_only(browse, explorer, origin):
    headers = {"origin": origin} if origin else {}
    for address in ("/api/verdicts", "/verdicts"):
        answer = browse().post(address, json=VERDICT, headers=headers)
        assert answer.status_code == 403
    assert not explorer.verdicts.path.exists()
    answer = browse().get("/verdicts", params=VERDICT)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_long_body_is_refused(browse):
    answer = browse().post("/api/verdicts", content=b"x" * 70_000, headers=ORIGIN)
    assert answer.status_code == 413
    answer = browse().post("/api/verdicts", content=b"{", headers=ORIGIN)
    assert (answer.status_code, answer.json()["error"]) == (400, "The verdict is not JSON.")


def test_a_token(browse):
    client = browse("0.0.0.0", "secret")
    for headers in ({}, {"authorization": "Bearer wrong"}, {"cookie": "mygo_explore_8765=wrong"}):
        assert client.get("/api/run", headers=headers).status_code == 403
    assert client.get("/", params={"token": "wrong"}).status_code == 403
    assert client.get("/api/run", headers={"authorization": "Bearer secret"}).status_code == 200
    answer = client.get("/rank?head=kenya&relation=grows&token=secret", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("/rank?head=kenya&relation=grows")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert client.get("/api/run").status_code == 200  # the cookie is kept


def test_pictures_are_those_of_the_list(browse):
    client = browse()
    for address in (
        "/picture?entity=../../train.txt", "/picture?entity=japan&number=../1.png",
        "/picture?entity=japan&number=7", "/picture?entity=/etc/passwd", "/picture",
        "/picture/../../train.txt", "/explore.js/../app.py", "/..%2f..%2ftrain.txt",
        "/picture?entity=kenya",  # it has none
    ):  # fmt: skip
        answer = client.get(address)
        assert answer.status_code in (400, 404), address
        assert "text/html" in answer.headers["content-type"]


def test_headers_and_the_script(browse):
    answer = browse().get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert set(re.findall(r'(?:src|href)="((?:https?:|//)[^"]*)"', answer.text)) == set()
    script = browse().get("/explore.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "innerHTML" not in script.text


def test_a_port_in_use(mygo, trained):
    pytest.importorskip("uvicorn")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = mygo("explore", "--port", port, "--runs-dir", trained)
    assert ended.code == 1
    assert ended.err == (
        f"Error: Port {port} of 127.0.0.1 is in use. Take another one: --port {port + 1}.\n"
    )


def test_other_mistakes_cost_one_line(mygo, trained, monkeypatch):
    pytest.importorskip("uvicorn")
    ended = mygo("explore", "nowhere", "--port", 0, "--runs-dir", trained)
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    ended = mygo("explore", "--host", "203.0.113.1", "--port", 0, "--runs-dir", trained)
    assert "Cannot listen on 203.0.113.1" in ended.err
    ended = mygo("explore", "--token", "a b", "--runs-dir", trained)
    assert (ended.code, "letters, digits" in ended.err) == (2, True)
    monkeypatch.setattr("mygo_cli.commands.explore.PACKAGES", ("starlette_absent", "uvicorn"))
    ended = mygo("explore", "--runs-dir", trained)
    assert ended.code == 1
    assert "needs the package starlette_absent, which is not installed" in ended.err
    assert "pip install 'mygo-kg[explore]'" in ended.err


@pytest.fixture
def served(trained):
    """Return the address of `mygo explore` as a process of its own."""
    pytest.importorskip("uvicorn")
    words = ("explore", "--port", "0", "--runs-dir", str(trained), "--device", "cpu")
    command = [sys.executable, "-m", "mygo_cli", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process, process.stdout.readline().strip()
        process.kill()


def test_it_serves_until_it_is_stopped(served):
    process, address = served
    with urllib.request.urlopen(address + "api/search?q=japan") as answer:
        assert b"Japan" in answer.read()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in said


@pytest.mark.slow
def test_many_clients(copied):
    pytest.importorskip("uvicorn")
    script = Path(__file__).parents[1] / "attacks" / "clients.py"
    (run,) = filter(Path.is_dir, copied.iterdir())
    ended = subprocess.run(
        [sys.executable, script, run, "--clients", "4", "--seconds", "2"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    states = ended.stdout.split("states ")[1].splitlines()[0]
    assert set(re.findall(r"(\d{3}):", states)) <= {"200", "404"}
    assert "200:" in states
