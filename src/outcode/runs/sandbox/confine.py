"""How the child locks itself in, so that code which broke out of V8 would still find nothing to do harm with.

Linux: namespaces of its own where permitted (first, while there is one thread), then, once V8 is warm, an unprivileged
user, no new privileges, small limits, and a seccomp filter that refuses every system call but those for memory, threads
of this process, time, and reading and writing what is open. Elsewhere only the limits hold, and the
pool watches memory.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib
import os
import resource
import signal
import sys
from types import ModuleType

DATA_LIMIT = 1536 * 1024**2
OPEN_FILES = 16
UNPRIVILEGED = 65534

_NEW_USER = 0x10000000
_NAMESPACES = {"mount": 0x00020000, "uts": 0x04000000, "ipc": 0x08000000, "network": 0x40000000}

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_VMA = 0x53564D41

_CAPABILITY_VERSION = 0x20080522

_CLONE_THREAD = 0x00010100  # CLONE_VM | CLONE_THREAD

_ALLOWED = (
    *("read", "write", "readv", "writev", "pread64", "lseek", "close", "fstat"),
    *("poll", "ppoll", "epoll_wait", "epoll_pwait", "epoll_ctl"),
    *("mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "membarrier"),
    *("pkey_alloc", "pkey_free", "pkey_mprotect"),
    *("futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity", "getcpu", "gettid", "getpid"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "exit", "exit_group"),
    *("clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time"),
    *("getrusage", "times", "sysinfo", "getrandom"),
)


def enter_namespaces() -> list[str]:
    """Leave the machine's network, mounts and more, as far as permitted; answers the names of what was left.

    To be called first: a process with several threads may not.
    """
    if sys.platform != "linux":
        return []
    libc = ctypes.CDLL(None, use_errno=True)
    own_user_namespace = os.geteuid() != 0
    if own_user_namespace and libc.unshare(_NEW_USER) != 0:
        return []
    left = [f"{name} namespace" for name, flag in _NAMESPACES.items() if libc.unshare(flag) == 0]
    if own_user_namespace:
        # A new user namespace comes with every capability inside it; root's go with the change of user instead.
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
        libc.capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
    return left


def give_up_rights() -> list[str]:
    """Everything else, once V8 is warm; answers the names of what is in force.

    Raises OSError or RuntimeError when the filter cannot be set on Linux: no script may run then.
    """
    # Looked for while files and programs may still be; it needs the system's libseccomp and exists on Linux only.
    seccomp = importlib.import_module("pyseccomp") if sys.platform == "linux" else None
    measures = _drop_user()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    measures.append("limits")
    if seccomp is not None:
        _limit(resource.RLIMIT_DATA, DATA_LIMIT)
        _end_with_parent()
        _filter_system_calls(seccomp)
        measures += ["memory limit", "system call filter"]
    return measures


def allow_for_call(data_bytes: int, cpu_seconds: int) -> None:
    """Set what the next call may take before the kernel stops it, as a second line behind the pool's own clock.

    ``data_bytes`` is the size that the whole process may grow to, at most ``DATA_LIMIT``.
    """
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (min(data_bytes, DATA_LIMIT), DATA_LIMIT))
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (allowed, allowed))


def _drop_user() -> list[str]:
    if os.geteuid() != 0:
        return []
    with contextlib.suppress(PermissionError):
        os.setgroups([])
        os.setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
        os.setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
        return ["unprivileged user"]
    return []


def _end_with_parent() -> None:
    # After the change of user, which would undo it.
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")


def _filter_system_calls(seccomp: ModuleType) -> None:
    chosen = seccomp.SyscallFilter(defaction=seccomp.ERRNO(errno.EPERM))
    chosen.set_attr(seccomp.Attr.CTL_TSYNC, 1)

    def allow(name: str, *conditions: object) -> None:
        with contextlib.suppress(OSError):  # not every processor has every call
            chosen.add_rule(seccomp.ALLOW, name, *conditions)

    for name in _ALLOWED:
        allow(name)
    allow("clone", seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD))
    # The C library asks for clone3 first, whose flags a filter cannot see, and takes clone when there is none.
    chosen.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    allow("prlimit64", seccomp.Arg(0, seccomp.EQ, 0))
    allow("tgkill", seccomp.Arg(0, seccomp.EQ, os.getpid()))
    for option in (_PR_SET_NAME, _PR_SET_VMA):
        allow("prctl", seccomp.Arg(0, seccomp.EQ, option))
    # The event loop wakes itself through a pair of sockets that is open already; no address means no new peer.
    for name in ("sendto", "recvfrom"):
        allow(name, seccomp.Arg(4, seccomp.EQ, 0))
    chosen.load()
