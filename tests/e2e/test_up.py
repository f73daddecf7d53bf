"""`make up` as a command: its error messages, and that it leaves no process behind."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests

from tests.stack import ROOT, Stack, wait_for

pytestmark = pytest.mark.long


@pytest.fixture
def other(tmp_path):
    """A stack with its own files and ports, not started."""
    stack = Stack(tmp_path)
    yield stack
    if stack.process and stack.process.poll() is None:
        stack.stop()


def make_up(stack: Stack) -> subprocess.CompletedProcess:
    """Run `make up` until it ends."""
    return subprocess.run(
        ["make", "up"],
        cwd=ROOT,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def refused(stack: Stack) -> str:
    """Return the one line in which `make up` says why it does not start."""
    done = make_up(stack)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert stack.processes() == []
    return lines[0]


def test_it_names_a_port_that_is_in_use(other):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", other.ports[1]))
        taken.listen()
        line = refused(other)
    assert f"Port {other.ports[1]} (API_PORT) is in use" in line
    assert not list(other.var.glob("*.sqlite3"))


def test_it_names_an_instance_port_that_is_in_use(other):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", other.ports[3]))
        taken.listen()
        assert "(WEB_INSTANCE_PORTS) is in use" in refused(other)


@pytest.mark.parametrize("name", ["WEB_PORT", "API_PORT", "WEB_INSTANCE_PORTS"])
@pytest.mark.parametrize("value", ["eighty", "0", "70000"])
def test_it_names_an_invalid_port(other, name, value):
    other.environment[name] = value
    assert f"{name}='{value}' is no port" in refused(other)


def test_it_names_ports_that_overlap(other):
    other.environment["API_PORT"] = other.environment["WEB_PORT"]
    assert "is wanted twice" in refused(other)


def test_it_names_a_folder_that_cannot_be_written(other, tmp_path):
    (tmp_path / "file").write_text("a file, where a folder should be")
    other.environment["VAR_DIR"] = str(tmp_path / "file" / "var")
    line = refused(other)
    assert str(tmp_path / "file") in line
    assert "VAR_DIR" in line


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("SQLITE_SYNCHRONOUS=SOMETIMES", "SQLITE_SYNCHRONOUS='SOMETIMES'"),
        ("THROTTLE_LOGIN=often", "THROTTLE_LOGIN='often' is no rate"),
        ("CSRF_TRUSTED_ORIGINS=example.org", "Write https://example.org"),
        ("LISTEN=everywhere", "'everywhere' is no IP address"),
        ("TRUSTED_PROXIES=somewhere", "somewhere"),
        ("SHARD1_URL=nosql://here", "SHARD1_URL"),
        ("MICROCACHE_SECONDS=soon", "MICROCACHE_SECONDS='soon': use whole seconds"),
        ("API_THREADS=many", "API_THREADS='many': use a number of threads"),
        ("API_READ_TIMEOUT=soon", "API_READ_TIMEOUT='soon'"),
        ("SITE_URL=example.org", "Write https://example.org"),
    ],
)
def test_it_names_a_setting_that_is_wrong(other, tmp_path, setting, said):
    (tmp_path / ".env").write_text(f"SECRET_KEY=tests-only\n{setting}\n")
    assert said in refused(other)


def test_it_names_a_secret_that_is_missing(other, tmp_path):
    (tmp_path / ".env").write_text("DEBUG=False\n")
    assert "SECRET_KEY" in refused(other)


def test_it_does_not_start_twice_in_one_folder(stack):
    done = make_up(stack)
    assert done.returncode != 0
    assert f"Twitsite runs here already (process {stack.process.pid})" in done.stderr
    assert "Traceback" not in done.stderr
    assert requests.get(f"{stack.site}/public", timeout=10).status_code == 200


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A stack that has been prepared, so that its starts are short."""
    stack = Stack(tmp_path_factory.mktemp("prepared"))
    done = subprocess.run(["make", "prepare"], cwd=ROOT, env=stack.environment)
    assert done.returncode == 0
    yield stack
    if stack.process and stack.process.poll() is None:
        stack.stop()


def test_it_makes_a_secret_that_only_its_owner_reads(prepared):
    file = prepared.folder / ".env"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "change-me" not in file.read_text()


def test_it_says_that_a_shard_is_gone_rather_than_make_an_empty_one(prepared):
    file, kept = prepared.var / "shard1.sqlite3", prepared.folder / "kept"
    file.rename(kept)
    try:
        assert "shard1.sqlite3 was there and is gone" in refused(prepared)
        assert not file.exists()
    finally:
        kept.rename(file)


def test_it_repeats_no_step_on_a_second_run_and_ends_with_a_signal(prepared):
    prepared.start(command=("nohup", "make", "up"))
    assert not any("Migrating" in line for line in prepared.output)
    assert not any("Demo members" in line for line in prepared.output)  # POPULATION=False
    prepared.process.terminate()
    prepared.process.wait(30)
    wait_for(lambda: not prepared.processes(), what="the end of every process")


def test_it_leaves_no_process_after_ctrl_c_twice(prepared):
    """Ctrl-C reaches the whole foreground group: make, up.py, and what they started."""
    prepared.start(command=("make", "up"))
    for _ in range(2):
        os.killpg(prepared.process.pid, signal.SIGINT)
        time.sleep(0.1)
    prepared.process.wait(30)
    wait_for(lambda: not prepared.processes(), what="the end of every process")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_it_leaves_no_process_after_it_was_killed(prepared):
    prepared.start()
    prepared.process.kill()
    prepared.process.wait(30)
    wait_for(lambda: not prepared.processes(), what="the end of every process")


@pytest.mark.parametrize("started", [2, 6])
def test_it_leaves_no_process_after_a_signal_while_it_starts(prepared, started):
    """With 2 processes it prepares (up.py and a child); with 6, instances are starting."""
    command = [sys.executable, "-m", "deploy.up"]
    process = subprocess.Popen(command, cwd=ROOT, env=prepared.environment)
    wait_for(lambda: len(prepared.processes()) >= started, what="its first processes")
    process.terminate()
    process.wait(30)
    wait_for(lambda: not prepared.processes(), what="the end of every process")
