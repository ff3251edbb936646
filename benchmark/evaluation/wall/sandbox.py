"""The sandbox on this machine: which layers are on, and the namespaces in which the code behind the wall runs.

bubblewrap makes the namespaces. What is bound there is seen by our own start alone (`fork_server`): it copies what `opened` lists
into a file system in memory, makes that its root, and lets go of everything else before it serves.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from scalingbench.benchmark.evaluation.wall import kernel
from scalingbench.benchmark.evaluation.wall.opened import Opened
from scalingbench.common.errors import InputError
from scalingbench.common.messages import one_line

__all__ = ["DEFAULT_MEMORY", "ENVIRONMENT", "SCRATCH", "Wall", "raise_wall", "sandboxed"]

DEFAULT_MEMORY = 8 * 2**30
"""Bytes of address space that one fit of a stranger may map."""
ENVIRONMENT = {
    "PATH": "/nonexistent",
    "HOME": "/scratch/own",
    "TMPDIR": "/scratch/own",
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    # one thread: the order of a sum, hence its last bits, must not depend on the machine's load
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), "1"),
}
"""All that a process behind the wall finds in its environment."""
SCRATCH = "/scratch/own"
"""The folder that a cell may write to: empty for each, and gone with it. Not /tmp: the libraries may lie there. Landlock
looks for its rules above a mount, not at it: hence a folder in a folder."""
_INSTALL = "apt-get install bubblewrap"
_NEEDED = ("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
"""The devices that a cell finds."""


@dataclass(frozen=True)
class Wall:
    """How a stranger's code is confined on this machine.

    Attributes
    ----------
    no_namespaces : str
        Why there are no namespaces; empty where they are on.
    seccomp : bytes, optional
        The filter of system calls, where libseccomp is there.
    landlock : int
        Version of the interface, 0 where the kernel has none.
    memory : int
        Bytes of address space of one fit.
    """

    no_namespaces: str
    seccomp: bytes | None
    landlock: int
    memory: int = DEFAULT_MEMORY

    @property
    def namespaces(self) -> bool:
        """Whether there are namespaces."""
        return not self.no_namespaces

    @property
    def missing(self) -> tuple[str, ...]:
        """What a whole wall needs and this machine lacks."""
        return (
            *([f"namespaces: {self.no_namespaces}"] if self.no_namespaces else []),
            *(["seccomp: libseccomp is missing; install it with: apt-get install libseccomp2"] if self.seccomp is None else []),
        )

    @property
    def layers(self) -> tuple[str, ...]:
        """What is on, outermost first."""
        one = ", one process a fit" if self.seccomp is not None else ""
        return (
            *(["namespaces (user, pid, mount, network, ipc, uts)", "files of an open list, in memory"] if self.namespaces else []),
            *([f"Landlock {self.landlock}"] if self.landlock else []),
            *(["seccomp"] if self.seccomp is not None else []),
            f"limits ({self.memory / 2**30:.3g} GiB{one})",
            "empty environment",
        )


def raise_wall(*, unconfined: bool = False, memory: int = DEFAULT_MEMORY) -> Wall:
    """Return the wall that this machine can raise.

    Parameters
    ----------
    unconfined : bool
        Whether to go on where a needed layer is missing; those that are there are on all the same.
    memory : int
        Bytes of address space of one fit.

    Raises
    ------
    InputError
        If namespaces or seccomp are missing, unless `unconfined`.
    """
    reason = _why_not()
    wall = Wall(reason, kernel.seccomp_program(own_pids=not reason), kernel.landlock_version(), memory)
    if wall.missing and not unconfined:
        raise InputError(f"not confined: {'; '.join(wall.missing)}; or say --unconfined for code that you trust")
    return wall


def _why_not() -> str:
    """Return why no sandbox can be made here, or nothing where it can."""
    if sys.platform != "linux":
        return "needs Linux"
    if shutil.which("bwrap") is None:
        return f"bubblewrap is missing; install it with: {_INSTALL}"
    probe = [*_bubblewrap(), *_system_links(), "--ro-bind", "/usr", "/usr", "--cap-add", "CAP_SYS_ADMIN", "--", "/usr/bin/true"]
    try:
        done = subprocess.run(probe, env={}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not run: {one_line(error)}"
    if done.returncode:
        said = one_line(done.stderr, 200) or f"exit status {done.returncode}"
        return f"the kernel makes no namespaces for bubblewrap ({said}); on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    return ""


def _bubblewrap() -> list[str]:
    program = shutil.which("bwrap") or "bwrap"
    return [program, *_NEEDED, "--unshare-cgroup-try", "--new-session", "--clearenv"]


def _system_links() -> list[str]:
    """Return the options that make /lib and its like what they are outside: links into /usr, or folders."""
    options: list[str] = []
    for path in ("/lib", "/lib64"):
        if os.path.islink(path):
            options += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            options += ["--ro-bind", path, path]
    return options


def sandboxed(opened: Opened, command: list[str]) -> list[str]:
    """Return the command line that starts a command of ours in namespaces of its own, where it can read what it has to copy."""
    options = [*_bubblewrap(), "--cap-add", "CAP_SYS_ADMIN"]
    for name, value in ENVIRONMENT.items():
        options += ["--setenv", name, value]
    options += _system_links()
    for path in opened.sources:
        if path not in ("/lib", "/lib64"):
            options += ["--ro-bind", path, path]
    for path in DEVICES:
        options += ["--dev-bind", path, path]
    return [*options, "--dir", ROOT, "--chdir", "/", "--", *command]


ROOT = "/root-of-cells"
"""Where the new root is filled, before it is the root."""
