"""Linux system calls for confinement that Python lacks, and the filter of the system calls of a cell.

Standard library only, except for the filter, which the evaluator makes.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
import tempfile
from collections.abc import Iterable
from functools import lru_cache

__all__ = [
    "bind",
    "die_with_parent",
    "drop_capabilities",
    "enter_landlock",
    "enter_seccomp",
    "landlock_rules",
    "landlock_version",
    "mount_tmpfs",
    "no_new_privileges",
    "own_mounts",
    "own_pids",
    "own_root",
    "own_users",
    "seal",
    "seccomp_program",
    "shared_pids",
]

_NEW_MOUNTS, _NEW_IPC, _NEW_USERS, _NEW_PIDS = 0x00020000, 0x08000000, 0x10000000, 0x20000000
_READ_ONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _NOATIME, _BIND = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 10, 1 << 12
_RECURSIVE, _PRIVATE = 1 << 14, 1 << 18
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "i686": 217, "armv7l": 218, "ppc64le": 203, "s390x": 217}
_PIVOT_ROOT_ELSEWHERE = 41  # aarch64, riscv64, loongarch64
_PDEATHSIG, _SET_SECCOMP, _NO_NEW_PRIVILEGES, _AMBIENT = 1, 22, 38, 47
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446  # the same numbers on every architecture
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # number of rights in each version of Landlock
_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute (as a library is mapped), read a file, list a folder
_LIST = 1 << 3
_WRITE = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 14  # and make and remove files and folders, cut them
_OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> int:
    result = int(getattr(_libc(), name)(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _number(value: int) -> ctypes.c_ulong:
    return ctypes.c_ulong(value)  # variadic functions read whole registers


def own_pids() -> None:
    """Make the next child process 1 of a new process namespace."""
    _call("unshare", _NEW_PIDS)


def shared_pids(handle: int) -> None:
    """Undo `own_pids` for the children after that one; `handle` is a pidfd of this process."""
    _call("setns", handle, _NEW_PIDS)


def own_mounts() -> None:
    """Give this process its own mount and IPC namespaces."""
    _call("unshare", _NEW_MOUNTS | _NEW_IPC)
    _call("mount", b"none", b"/", None, _number(_PRIVATE | _RECURSIVE), None)


def own_users() -> None:
    """Give this process its own user namespace, with separate per-user counts (processes, queued signals)."""
    _call("unshare", _NEW_USERS)


def mount_tmpfs(folder: str, size: int, files: int, *, programs: bool = False) -> None:
    """Mount an empty file system in memory on a folder, of at most `size` bytes; `programs` allows loading libraries from it."""
    options = f"size={size},nr_inodes={files},mode=0700".encode()
    _call("mount", b"tmpfs", folder.encode(), b"tmpfs", _number(_NOSUID | _NODEV | (0 if programs else _NOEXEC)), options)


def bind(source: str, target: str) -> None:
    """Bind-mount a file at another path."""
    _call("mount", source.encode(), target.encode(), None, _number(_BIND), None)


def seal(folder: str) -> None:
    """Make a mount of `mount_tmpfs` read-only, so that reading leaves no trace."""
    _call("mount", b"none", folder.encode(), None, _number(_REMOUNT | _BIND | _READ_ONLY | _NOSUID | _NODEV | _NOATIME), None)


def own_root(folder: str) -> None:
    """Make a mount the root, and detach the old one."""
    _call("mount", b"none", b"/", None, _number(_PRIVATE | _RECURSIVE), None)
    os.chdir(folder)
    _call("syscall", _PIVOT_ROOT.get(os.uname().machine, _PIVOT_ROOT_ELSEWHERE), b".", b".")
    _call("umount2", b".", _DETACH)  # both are mounted here now; the old one is on top
    os.chdir("/")


def drop_capabilities() -> None:
    """Drop all capabilities of this process."""
    _call("prctl", _AMBIENT, _number(4), _number(0), _number(0), _number(0))
    _call("capset", struct.pack("=Ii", 0x20080522, 0), bytes(24))


def no_new_privileges() -> None:
    """Set no_new_privs: programs gain no rights."""
    _call("prctl", _NO_NEW_PRIVILEGES, _number(1), _number(0), _number(0), _number(0))


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that made it ends; Linux only, elsewhere nothing."""
    if sys.platform == "linux":
        _call("prctl", _PDEATHSIG, _number(9))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def enter_seccomp(program: bytes) -> None:
    """Filter the system calls of this process, irrevocably.

    Parameters
    ----------
    program : bytes
        BPF instructions of 8 bytes each, see `seccomp_program`.
    """
    loaded = _Program(len(program) // 8, program)
    _call("prctl", _SET_SECCOMP, _number(2), ctypes.byref(loaded), _number(0), _number(0))


def landlock_version() -> int:
    """Return the version of the Landlock interface, 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(_LANDLOCK_CREATE, None, _number(0), _number(1))))


def landlock_rules(readable: Iterable[str], listable: Iterable[str], writable: Iterable[str]) -> int:
    """Return a handle of Landlock rules: the paths to read, list and write; no TCP, and no signals to the outside.

    Denying TCP needs version 4 of the interface, denying signals and abstract sockets version 6.
    """
    version = landlock_version()
    rights = (1 << _FILE_RIGHTS.get(version, 16)) - 1
    network, scopes = 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0
    fields = struct.pack("=QQQ", rights, network, scopes)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    rules = _call("syscall", _LANDLOCK_CREATE, fields, _number(len(fields)), _number(0))
    for paths, allowed in ((readable, _READ), (listable, _LIST), (writable, _WRITE)):
        for path in paths:
            _allow(rules, path, allowed & rights)
    return rules


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        allowed = rights if os.path.isdir(path) else rights & _OF_FILES
        _call("syscall", _LANDLOCK_ADD, rules, 1, struct.pack("=Qi", allowed, handle), _number(0))
    finally:
        os.close(handle)


def enter_landlock(rules: int) -> None:
    """Apply Landlock rules to this process, irrevocably."""
    _call("syscall", _LANDLOCK_RESTRICT, rules, _number(0))


_CLONE_THREAD = 0x00010000
_ALLOWED = """
read write readv writev pread64 pwrite64 preadv pwritev open openat close close_range
stat fstat lstat newfstatat statx lseek access faccessat faccessat2 readlink readlinkat getdents getdents64 getcwd
chdir fchdir dup dup2 dup3 fsync fdatasync ftruncate truncate fallocate rename renameat renameat2
mkdir mkdirat rmdir unlink unlinkat umask statfs fstatfs sendfile copy_file_range eventfd eventfd2
poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
sendto recvfrom shutdown getsockname getpeername
mmap munmap mremap mprotect brk msync membarrier
getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid
sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
getrlimit setrlimit prlimit64 getrusage getpriority times uname getcpu getrandom
exit exit_group set_robust_list get_robust_list rseq wait4 waitid arch_prctl restart_syscall
nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time alarm setitimer getitimer pause
timerfd_create timerfd_settime timerfd_gettime
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack signalfd signalfd4
"""
_SIGNALS = "kill tkill tgkill"
"""Allowed if the cell has its own process namespace, which contains no other process."""
_BY_ARGUMENT: dict[str, tuple[int, int, tuple[int, ...]]] = {
    "fcntl": (1, 0xFFFFFFFF, (0, 1, 2, 3, 4, 1030)),  # copy a descriptor, its flags; no lock, lease, notice or size of a pipe
    "fcntl64": (1, 0xFFFFFFFF, (0, 1, 2, 3, 4, 1030)),
    "madvise": (2, 0xFFFFFFFF, (0, 1, 2, 4, 8, 14, 15, 16, 17, 102, 103)),  # advice of allocators on anonymous memory; not on files
    "ioctl": (1, 0xFFFFFFFF, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),  # a file's kind, size and blocking mode
    "prctl": (0, 0xFFFFFFFF, (15, 16)),  # the name of a thread
    "getsockopt": (2, 0xFFFFFFFF, (3, 4, 38, 39)),  # kind, error, protocol and family
    "futex": (1, 0x7F, (0, 9)),  # to wait, as joining a thread does
}
"""Calls that are allowed with some values of one argument: its position, a bit mask, the values."""
_REFUSED = """
socket socketpair bind connect listen accept accept4 sendmsg recvmsg sendmmsg recvmmsg setsockopt pipe pipe2
fork vfork execve execveat ptrace process_vm_readv process_vm_writev process_madvise pidfd_open pidfd_getfd pidfd_send_signal kcmp
rt_sigqueueinfo rt_tgsigqueueinfo timer_create sysinfo
flock fadvise64 mincore cachestat readahead preadv2 pwritev2 sync_file_range mbind set_mempolicy get_mempolicy migrate_pages move_pages
inotify_init inotify_init1 inotify_add_watch fanotify_init fanotify_mark
chmod fchmod fchmodat chown fchown lchown fchownat utime utimes utimensat futimesat
setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr link linkat symlink symlinkat mknod mknodat
shmget shmat shmctl shmdt msgget msgsnd msgrcv msgctl semget semop semctl semtimedop
mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr
mount umount2 pivot_root chroot unshare setns open_by_handle_at name_to_handle_at
add_key request_key keyctl bpf perf_event_open io_uring_setup io_uring_enter io_uring_register userfaultfd memfd_create personality
setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset setpgid setsid setpriority seccomp
sched_setscheduler sched_setparam sched_setattr
settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname reboot swapon swapoff syslog acct quotactl
init_module finit_module delete_module kexec_load iopl ioperm
"""
"""Dangerous calls, and calls that read or write kernel state that fits share (files, users, counters)."""
_PRIVATE_FUTEX = 128


def seccomp_program(own_pids: bool) -> bytes | None:
    """Return a filter of system calls as instructions for the kernel, or None where libseccomp is missing.

    It allows the calls for arithmetic, files, memory and threads. Unlisted calls give ENOSYS, so that libraries fall back; denied calls
    are listed by name and give EPERM, a clear error. A cell can start threads, but no process and no program, so limits and time apply
    to one process.

    Parameters
    ----------
    own_pids : bool
        Whether the cell has a process namespace of its own; without one it may send no signal.
    """
    try:
        import pyseccomp as libseccomp
    except (ImportError, OSError, RuntimeError):  # RuntimeError: the binding exists, but not the library
        return None
    made = libseccomp.SyscallFilter(libseccomp.ERRNO(errno.ENOSYS))

    def rule(action: int, name: str, *arguments: object) -> None:
        try:
            number = libseccomp.resolve_syscall(libseccomp.Arch.NATIVE, name)
        except OSError:
            return
        if number >= 0:  # below 0: not on this architecture
            made.add_rule(action, number, *arguments)

    def masked(argument: int, mask: int, value: int) -> object:
        return libseccomp.Arg(argument, libseccomp.MASKED_EQ, mask, value)

    refuse = libseccomp.ERRNO(errno.EPERM)
    for name in (*_ALLOWED.split(), *(_SIGNALS.split() if own_pids else ())):
        rule(libseccomp.ALLOW, name)
    for name in (*_REFUSED.split(), *(() if own_pids else _SIGNALS.split())):
        rule(refuse, name)
    for name, (argument, mask, values) in _BY_ARGUMENT.items():
        for value in values:
            rule(libseccomp.ALLOW, name, masked(argument, mask, value))
    rule(libseccomp.ALLOW, "futex", masked(1, _PRIVATE_FUTEX, _PRIVATE_FUTEX))  # private futexes only
    rule(libseccomp.ALLOW, "clone", masked(0, _CLONE_THREAD, _CLONE_THREAD))
    rule(refuse, "clone", masked(0, _CLONE_THREAD, 0))
    with tempfile.TemporaryFile() as file:
        made.export_bpf(file)
        file.seek(0)
        return file.read()
