"""Which system calls a cell may make: those that arithmetic, files, memory and threads need.

Whatever is not listed does not exist for it (ENOSYS, so that libraries fall back), and what a stranger may want to try is
refused by name (EPERM, so that the failure says what it was). A cell can start threads, but no process and no program:
one process is all that there is to limit, to time and to end.
"""

from __future__ import annotations

import errno
import tempfile

__all__ = ["seccomp_program"]

_CLONE_THREAD = 0x00010000
_ALLOWED = """
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat close close_range
stat fstat lstat newfstatat statx lseek access faccessat faccessat2 readlink readlinkat getdents getdents64 getcwd
chdir fchdir dup dup2 dup3 fcntl fcntl64 flock fsync fdatasync ftruncate truncate fallocate fadvise64 rename renameat renameat2
mkdir mkdirat rmdir unlink unlinkat umask statfs fstatfs sendfile copy_file_range pipe pipe2 eventfd eventfd2
poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
sendto recvfrom shutdown getsockopt setsockopt getsockname getpeername
mmap munmap mremap mprotect madvise brk mincore msync membarrier mbind get_mempolicy set_mempolicy
getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid
sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
getrlimit setrlimit prlimit64 getrusage getpriority times sysinfo uname getcpu getrandom
exit exit_group set_tid_address set_robust_list get_robust_list rseq futex wait4 waitid arch_prctl restart_syscall
nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time alarm setitimer getitimer pause
timer_create timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack signalfd signalfd4
"""
_SIGNALS = "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo"
"""Allowed where the cell has a process namespace of its own, in which it finds nobody else."""
_REFUSED = """
socket bind connect listen accept accept4 sendmsg recvmsg sendmmsg recvmmsg
fork vfork execve execveat ptrace process_vm_readv process_vm_writev process_madvise pidfd_open pidfd_getfd pidfd_send_signal kcmp
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
_TERMINAL_QUESTIONS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""The requests of ioctl that asking a file for its kind, size and blocking mode needs."""


def seccomp_program(own_pids: bool) -> bytes | None:
    """Return the filter as instructions for the kernel, or None where libseccomp is missing.

    Parameters
    ----------
    own_pids : bool
        Whether the cell has a process namespace of its own; if not, it may send no signal.
    """
    try:
        import pyseccomp as libseccomp
    except (ImportError, OSError, RuntimeError):  # RuntimeError: the binding is there and the library is not
        return None
    made = libseccomp.SyscallFilter(libseccomp.ERRNO(errno.ENOSYS))

    def rule(action: int, name: str, *arguments: object) -> None:
        try:
            number = libseccomp.resolve_syscall(libseccomp.Arch.NATIVE, name)
        except OSError:
            return
        if number >= 0:  # below 0: this architecture does not have it
            made.add_rule(action, number, *arguments)

    refuse = libseccomp.ERRNO(errno.EPERM)
    for name in (*_ALLOWED.split(), *(_SIGNALS.split() if own_pids else ())):
        rule(libseccomp.ALLOW, name)
    for name in (*_REFUSED.split(), *(() if own_pids else _SIGNALS.split())):
        rule(refuse, name)
    thread = libseccomp.Arg(0, libseccomp.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD)
    rule(libseccomp.ALLOW, "clone", thread)
    rule(refuse, "clone", libseccomp.Arg(0, libseccomp.MASKED_EQ, _CLONE_THREAD, 0))
    rule(libseccomp.ALLOW, "socketpair", libseccomp.Arg(0, libseccomp.EQ, 1))
    for request in _TERMINAL_QUESTIONS:
        rule(libseccomp.ALLOW, "ioctl", libseccomp.Arg(1, libseccomp.MASKED_EQ, 0xFFFFFFFF, request))
    for option in (15, 16):  # the name of a thread
        rule(libseccomp.ALLOW, "prctl", libseccomp.Arg(0, libseccomp.EQ, option))
    with tempfile.TemporaryFile() as file:
        made.export_bpf(file)
        file.seek(0)
        return file.read()
