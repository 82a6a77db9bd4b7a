"""Watching a process's resident memory from outside, for machines whose kernel does not limit it (macOS)."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from pathlib import Path

INTERVAL_SECONDS = 0.05


class _TaskInfo(ctypes.Structure):
    # The start of Darwin's `struct proc_taskinfo`; the rest (four more 64-bit and twelve 32-bit numbers) is not read.
    _fields_ = (
        ("virtual_size", ctypes.c_uint64),
        ("resident_size", ctypes.c_uint64),
        ("rest", ctypes.c_uint8 * 80),
    )


_PROC_PIDTASKINFO = 4


def resident_bytes(process_id: int) -> int | None:
    """How much memory a process holds; None when it is gone or may not be seen."""
    if sys.platform == "darwin":
        info = _TaskInfo()
        library = ctypes.CDLL("/usr/lib/libproc.dylib")
        size = ctypes.sizeof(info)
        read = library.proc_pidinfo(process_id, _PROC_PIDTASKINFO, ctypes.c_uint64(0), ctypes.byref(info), size)
        return int(info.resident_size) if read == size else None
    try:
        pages = Path(f"/proc/{process_id}/statm").read_text("ascii").split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def outgrown(process_id: int, limit_bytes: int) -> bool:
    """Wait until the process holds more than the limit (True) or is gone (False)."""
    while (held := resident_bytes(process_id)) is not None:
        if held > limit_bytes:
            return True
        await asyncio.sleep(INTERVAL_SECONDS)
    return False
