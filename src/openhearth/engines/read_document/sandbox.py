"""What a process gives up before it opens a stranger's file: network, writing, other files, other programs.

Parsers of PDF, pictures and XML are where attackers get in, so what they get into must be worth nothing. Everything is
done with system calls through ctypes, since no package for it is in the base set; a kernel that lacks a part leaves it
out of the answer, and the rest still holds. Call it first, with one thread and before anything heavy is imported:
Landlock and namespaces bind only threads that come later.
"""

import ctypes
import mimetypes
import os
import platform
import resource
import struct
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_THREAD = 0x10000000, 0x40000000, 0x00010000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}  # linux/landlock.h, LANDLOCK_ACCESS_FS_*
_OPEN_FILES = 256
_FILE_BYTES = 1024 * 1024  # words to a log that is a file; with Landlock there is nothing else to write to
_KERNEL_FACTS = ("/proc/cpuinfo", "/proc/meminfo", "/proc/self", "/sys/devices/system/cpu", "/dev/urandom", "/dev/null")
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/fonts", "/usr/share/zoneinfo")

# Numbers of system calls (asm/unistd_64.h; asm-generic/unistd.h) that a reader of documents never needs.
_X86_64 = {
    "socket": 41, "connect": 42, "bind": 49, "listen": 50, "socketpair": 53, "fork": 57, "vfork": 58, "execve": 59,
    "ptrace": 101, "mount": 165, "unshare": 272, "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308,
    "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321, "execveat": 322, "userfaultfd": 323,
    "keyctl": 250, "io_uring_setup": 425,
}  # fmt: skip
_AARCH64 = {
    "socket": 198, "connect": 203, "bind": 200, "listen": 201, "socketpair": 199, "execve": 221, "ptrace": 117,
    "mount": 40, "unshare": 97, "perf_event_open": 241, "open_by_handle_at": 265, "setns": 268,
    "process_vm_readv": 270, "process_vm_writev": 271, "bpf": 280, "execveat": 281, "userfaultfd": 282,
    "keyctl": 219, "io_uring_setup": 425,
}  # fmt: skip
_MACHINES = {"x86_64": (0xC000003E, 56, _X86_64), "aarch64": (0xC00000B7, 220, _AARCH64)}
_CLONE3 = 435

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_NOT_PERMITTED, _NO_SUCH_CALL = 0x00050000 | 1, 0x00050000 | 38
_X32_CALLS = 0x40000000


def confine(readable: Iterable[str], *, memory_bytes: int) -> tuple[str, ...]:
    """Give everything up but reading Python, its libraries and ``readable``, and say what the kernel granted:
    ``limits``, ``network``, ``files``, ``calls``."""
    libc = ctypes.CDLL(None, use_errno=True)
    granted = ["limits"]
    _limit(memory_bytes)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if _no_network(libc):
        granted.append("network")
    if _few_files(libc, readable):
        granted.append("files")
    if _few_calls(libc):
        granted.append("calls")
    return tuple(granted)


def spend(cpu_s: float) -> None:
    """From now on at most ``cpu_s`` seconds of processor time; the kernel ends the process after that."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + cpu_s) + 1, hard))


def _limit(memory_bytes: int) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))


def _no_network(libc: ctypes.CDLL) -> bool:
    """A network of its own without a single device. With a user of its own where that is allowed: then the powers of
    root are gone as well."""
    return bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWNET) == 0)


def _few_files(libc: ctypes.CDLL, readable: Iterable[str]) -> bool:
    """Landlock (Documentation/userspace-api/landlock.rst): no path but the listed ones, and those for reading."""
    abi = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)
    if abi < 1:
        return False
    handled = _RIGHTS_BY_ABI.get(abi, _RIGHTS_BY_ABI[3])
    ruleset = libc.syscall(_LANDLOCK_CREATE, struct.pack("=Q", handled), 8, 0)
    if ruleset < 0:
        return False
    try:
        for path in _all_readable(readable):
            _allow(libc, ruleset, path)
        return bool(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _all_readable(readable: Iterable[str]) -> set[str]:
    own = {str(Path(__file__).resolve().parents[3]), sys.prefix, sys.base_prefix, *sys.path}
    own |= {path for name, path in sysconfig.get_paths().items() if "lib" in name}
    paths = {*own, *_LIBRARIES, *_KERNEL_FACTS, *mimetypes.knownfiles, *readable}
    return {str(Path(path).resolve()) for path in paths if path and Path(path).exists()}


def _allow(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    rights = _READ_FILE | _READ_DIR if Path(path).is_dir() else _READ_FILE
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        libc.syscall(_LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)


def _few_calls(libc: ctypes.CDLL) -> bool:
    """Seccomp (Documentation/userspace-api/seccomp_filter.rst): threads yes, processes, programs and sockets no."""
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    program = _program(*machine)
    held = ctypes.create_string_buffer(program, len(program))

    class Filter(ctypes.Structure):
        _fields_ = (("count", ctypes.c_ushort), ("instructions", ctypes.c_void_p))

    wanted = Filter(len(program) // 8, ctypes.addressof(held))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(wanted), 0, 0) == 0)


def _program(architecture: int, clone: int, denied: dict[str, int]) -> bytes:
    """The filter as classic BPF: eight bytes per instruction; a jump skips that many if true, if false."""
    steps = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
        (_JUMP_AT_LEAST, 0, 1, _X32_CALLS),
        (_RETURN, 0, 0, _NOT_PERMITTED),
        (_JUMP_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _NO_SUCH_CALL),  # the C library then uses clone, whose flags can be looked at
        (_JUMP_EQUAL, 0, 4, clone),
        (_LOAD, 0, 0, 16),
        (_JUMP_SET, 0, 1, _CLONE_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _NOT_PERMITTED),
    ]
    for number in denied.values():
        steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _NOT_PERMITTED)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", code, yes, no, value) for code, yes, no, value in steps)
