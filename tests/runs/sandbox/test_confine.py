"""What a process can still do once it is confined, tried from inside, as code that broke out of V8 would."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

import outcode
from outcode.runs.sandbox import SandboxPool
from outcode.values.problems import SetupProblem

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the system call filter exists on Linux only")

SOURCE = str(Path(outcode.__file__).parents[1])
ATTEMPTS = {
    "open a socket": "socket.socket()",
    "open a local socket": "socket.socket(socket.AF_UNIX)",
    "make a pair of sockets": "socket.socketpair()",
    "look up a name": "socket.getaddrinfo('localhost', 80)",
    "read a file": "os.open('/etc/passwd', os.O_RDONLY)",
    "write a file": "os.open('/tmp/outcode-confined', os.O_WRONLY | os.O_CREAT)",
    "list a folder": "os.listdir('/')",
    "look at a file": "os.stat('/etc/passwd')",
    "remove a file": "os.unlink('/tmp/outcode-confined')",
    "run a program": "os.execve('/bin/true', ['true'], {})",
    "fork": "os.fork()",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "kill the parent": "os.kill(os.getppid(), 9)",
    "kill others": "os.kill(1, 0)",
    "trace another": "check(libc.ptrace(16, 1, 0, 0))",
    "read another's memory": "check(libc.process_vm_readv(1, 0, 0, 0, 0, 0))",
    "become root": "os.setuid(0)",
    "new namespaces": "check(libc.unshare(0x10000000))",
    "mount": "check(libc.mount(b'none', b'/tmp', b'tmpfs', 0, None))",
    "load BPF": "check(libc.syscall(321, 0, 0, 0))",
    "io_uring": "check(libc.syscall(425, 8, 0))",
    "keys": "check(libc.syscall(250, 0, -3, 0))",
    "open by handle": "check(libc.syscall(304, -100, 0, 0))",
    "memory as a file": "os.memfd_create('x')",
    "duplicate": "os.dup(0)",
    "change others' limits": "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (0, 0))",
    "raise the memory limit": "resource.setrlimit(resource.RLIMIT_DATA, (1 << 40, 1 << 40))",
    "new files by socket calls": "check(libc.sendto(0, b'x', 1, 0, b'x' * 16, 16))",
    "more memory than allowed": "bytearray(2 * 1024 ** 3)",
}


def test_a_confined_process_can_do_nothing_outside_itself() -> None:
    program = textwrap.dedent(
        """
        import ctypes, os, resource, socket, sys, threading
        from outcode.runs.sandbox import confine

        def check(result):
            if result == -1:
                raise OSError(ctypes.get_errno(), "refused")

        libc = ctypes.CDLL(None, use_errno=True)
        encodings = "".encode("idna")
        before = confine.enter_namespaces()
        print(before + confine.give_up_rights(), flush=True)
        for line in sys.argv[1:]:
            try:
                eval(line)
            except (OSError, MemoryError, ValueError) as error:
                print("refused", type(error).__name__, flush=True)
            else:
                print("DONE", line, flush=True)

        worked = []
        thread = threading.Thread(target=lambda: worked.append(sum(range(10))))
        thread.start()
        thread.join()
        print("thread", worked, flush=True)
        """
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *ATTEMPTS.values()],
        env={"PYTHONPATH": SOURCE},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    measures, *outcomes = ran.stdout.splitlines()
    assert "system call filter" in measures
    assert "memory limit" in measures
    attempted = dict(zip(ATTEMPTS, outcomes, strict=False))
    assert {name: said for name, said in attempted.items() if not said.startswith("refused")} == {}
    assert outcomes[-1] == "thread [45]"
    assert len(outcomes) == len(ATTEMPTS) + 1


async def test_every_thread_of_a_running_child_is_confined() -> None:
    async with SandboxPool(size=1) as pool:
        assert {"limits", "memory limit", "system call filter"} <= set(await pool.measures())
        (process_id,) = pool.process_ids()
        _check_running_child(process_id)


def _check_running_child(process_id: int) -> None:
    threads = [thread.id for thread in psutil.Process(process_id).threads()]
    assert 2 <= len(threads) <= 4
    for thread in threads:
        text = Path(f"/proc/{process_id}/task/{thread}/status").read_text("ascii")
        status = dict(line.split(":\t", 1) for line in text.splitlines())
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"
        assert int(status["CapEff"], 16) == 0
        assert "0" not in status["Uid"].split()
    assert "Max open files            16" in Path(f"/proc/{process_id}/limits").read_text("ascii")


async def test_a_child_that_cannot_be_confined_runs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Without libseccomp, importing its binding fails.
    (tmp_path / "pyseccomp.py").write_text("raise RuntimeError('Unable to find libseccomp')\n", "utf-8")
    (tmp_path / "outcode").symlink_to(Path(SOURCE) / "outcode")
    monkeypatch.setattr(outcode, "__file__", str(tmp_path / "outcode" / "__init__.py"))
    async with SandboxPool(size=1) as pool:
        with pytest.raises(SetupProblem) as caught:
            await pool.run(team="t", code="return 1", argument=None, variables={}, timeout_seconds=1, memory_mb=64)
        assert caught.value.code == "script_sandbox_unavailable"
        assert "libseccomp" in caught.value.details["reason"]
        assert pool.process_ids() == []
