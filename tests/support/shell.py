"""The command line as a process of its own, as people and scripts call it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from outcode.cli.main import main

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "outcode"]


@dataclass(frozen=True)
class Said:
    """What a command answered: its exit code, its result, and what it told people."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """The test's environment in English, without what would choose another folder, database or key."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OUTCODE_", "LC_", "LANG"))}
    return kept | {"LANG": "en_US.UTF-8", "PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1", **more}


def outcode(
    *arguments: object, stdin: bytes = b"", cwd: Path = ROOT, variables: Mapping[str, str] | None = None
) -> Said:
    """Run a command to its end; a traceback is never an answer."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=environment(**(variables or {})),
        timeout=180,
        check=False,
    )
    said = Said(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in said.err, said.err
    return said


def in_process(
    *arguments: object, stdin: bytes = b"", cwd: Path = ROOT, variables: Mapping[str, str] | None = None
) -> Said:
    """The same without a process of its own, which saves the two seconds that its imports take."""
    given, out, err = BytesIO(stdin), BytesIO(), BytesIO()
    streams = [TextIOWrapper(stream, "utf-8", write_through=True) for stream in (given, out, err)]
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    code = 0
    wanted = environment(**(variables or {}))
    with pytest.MonkeyPatch.context() as patch, chdir(cwd):
        for name in os.environ.keys() - wanted.keys():
            patch.delenv(name)
        for name, value in wanted.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["outcode", *map(str, arguments)])
        for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
            patch.setattr(sys, name, stream)
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
    for stream in streams:
        stream.flush()
    return Said(code, out.getvalue().decode(), err.getvalue().decode())


def started(*arguments: object, log: Path, variables: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a command that goes on; what it says goes to a file."""
    with log.open("wb") as output:
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=environment(PYTHONUNBUFFERED="1", **(variables or {})),
        )


def wait_for(text: str, log: Path, process: subprocess.Popen[bytes], seconds: float = 120) -> str:
    """Wait until a command has said something; returns all that it said."""
    deadline = time.monotonic() + seconds
    while text not in (said := log.read_text("utf-8")):
        assert process.poll() is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.05)
    return said


def stop(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> int:
    """Send a signal to a process and wait for its end; returns its exit code."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(120)
    finally:
        process.kill()


@contextmanager
def open_folder() -> Iterator[Path]:
    """An empty folder that the account of the embedded PostgreSQL can reach, unlike pytest's own under root."""
    place = Path(tempfile.mkdtemp(prefix="ot-")).resolve()
    place.chmod(0o711)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
