"""The sandbox on this machine: its active layers, and the namespaces of the submitted code.

bubblewrap makes the namespaces. Only our start-up code (`fork_server`) sees the bound files: it copies the files of `opened`
into a file system in memory, makes that its root, and detaches everything else before it serves.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

from scalingbench.benchmark.evaluation.wall import kernel, messages
from scalingbench.benchmark.evaluation.wall.opened import Opened, opened
from scalingbench.common.errors import InputError
from scalingbench.common.messages import one_line

__all__ = ["DEFAULT_MEMORY", "START_SECONDS", "Sandbox", "Wall", "raise_wall", "sandbox_of"]

DEFAULT_MEMORY = 8 * 2**30
"""Address space of one fit, in bytes."""
_ENVIRONMENT = {
    "PATH": "/nonexistent",
    "HOME": "/scratch/own",
    "TMPDIR": "/scratch/own",
    "TZ": "UTC",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    # one thread: the order of a sum, hence its last bits, must not depend on the machine's load
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), "1"),
}
"""The complete environment of a sandboxed process."""
_SCRATCH = "/scratch/own"
"""The writable folder of a cell, empty at its start and removed with it. Not /tmp, which may contain the libraries. It is a
folder in a folder because Landlock looks for rules above a mount, not at it."""
START_SECONDS = 120.0
"""Time limit for the start of the sandbox or a server in it."""
_GROUP = "scalingbench-"
_MOST_THREADS = 2048
_PACKAGES = "/packages"
_PACKAGES_BYTES, _PACKAGES_FILES = 2**29, 20_000
_ROOT = "/root-of-cells"
"""Where the new root is assembled."""
_INSTALL = "apt-get install bubblewrap"
_NEEDED = ("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
"""The devices of a cell."""


@dataclass(frozen=True)
class Wall:
    """The confinement of submitted code on this machine.

    Attributes
    ----------
    no_namespaces : str
        Why there are no namespaces; empty if they are active.
    seccomp : bytes, optional
        The filter of system calls, if libseccomp is installed.
    landlock : int
        Version of the interface, 0 without kernel support.
    memory : int
        Bytes of address space of one fit.
    counts_by_group : bool
        Whether a control group limits the threads of all fits together: the kernel does not count those of root by user.
    """

    no_namespaces: str
    seccomp: bytes | None
    landlock: int
    memory: int = DEFAULT_MEMORY
    counts_by_group: bool = False

    @property
    def namespaces(self) -> bool:
        """Whether there are namespaces."""
        return not self.no_namespaces

    @property
    def missing(self) -> tuple[str, ...]:
        """Required layers that this machine lacks."""
        return (
            *([f"namespaces: {self.no_namespaces}"] if self.no_namespaces else []),
            *(["seccomp: libseccomp is missing; install it with: apt-get install libseccomp2"] if self.seccomp is None else []),
        )

    @property
    def layers(self) -> tuple[str, ...]:
        """The active layers, outermost first."""
        one = ", one process a fit" if self.seccomp is not None else ""
        one += f", {_MOST_THREADS} threads in all" if self.counts_by_group else ""
        return (
            *(["namespaces (user, pid, mount, network, ipc, uts)", "files of an open list, in memory"] if self.namespaces else []),
            *([f"Landlock {self.landlock}"] if self.landlock else []),
            *(["seccomp"] if self.seccomp is not None else []),
            f"limits ({self.memory / 2**30:.3g} GiB{one})",
            "empty environment",
        )


def raise_wall(*, unconfined: bool = False, memory: int = DEFAULT_MEMORY) -> Wall:
    """Return the confinement that this machine supports.

    Parameters
    ----------
    unconfined : bool
        Whether to continue without a required layer; available layers are active anyway.
    memory : int
        Bytes of address space of one fit.

    Raises
    ------
    InputError
        If namespaces or seccomp are missing, unless `unconfined`.
    """
    reason = _why_not()
    with _control_group() as group:
        wall = Wall(reason, kernel.seccomp_program(own_pids=not reason), kernel.landlock_version(), memory, group is not None)
    if wall.missing and not unconfined:
        raise InputError(f"not confined: {'; '.join(wall.missing)}; or use --unconfined for code that you trust")
    return wall


@contextmanager
def _control_group() -> Iterator[Path | None]:
    """Make a control group that limits threads, for the time of a context; None where this process may not, or need not, make one."""
    made = None if sys.platform != "linux" or os.geteuid() else next(filter(None, map(_group_in, _groups())), None)
    try:
        yield made
    finally:
        for _ in range(50 if made else 0):
            with suppress(OSError):  # its last process is still ending
                os.rmdir(str(made))
                break
            time.sleep(0.02)


def _groups() -> Iterator[Path]:
    """Yield the control groups in which one may be made: that of this process, and the one above (version 2 needs it)."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "pids" in controllers.split(",") or not controllers:
            own = Path("/sys/fs/cgroup", "pids" if controllers else "", path.lstrip("/"))
            yield from (own, own.parent)


def _group_in(folder: Path) -> Path | None:
    for left in folder.glob(f"{_GROUP}*"):  # of a killed run; one that is in use is not removed
        with suppress(OSError):
            os.rmdir(left)
    try:
        made = Path(tempfile.mkdtemp(prefix=_GROUP, dir=folder))
    except OSError:
        return None
    try:
        (made / "pids.max").write_text(str(_MOST_THREADS))
    except OSError:  # the controller is off here
        os.rmdir(made)
        return None
    return made


def _why_not() -> str:
    """Return why no sandbox can be made here; empty if it can."""
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
        reason = one_line(done.stderr, 200) or f"exit status {done.returncode}"
        return f"the kernel makes no namespaces for bubblewrap ({reason}); on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    return ""


def _bubblewrap() -> list[str]:
    program = shutil.which("bwrap") or "bwrap"
    return [program, *_NEEDED, "--unshare-cgroup-try", "--new-session", "--clearenv"]


def _system_links() -> list[str]:
    """Return the options that reproduce /lib and the like: links into /usr, or folders."""
    options: list[str] = []
    for path in ("/lib", "/lib64"):
        if os.path.islink(path):
            options += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            options += ["--ro-bind", path, path]
    return options


def _sandboxed(opened: Opened, command: list[str]) -> list[str]:
    """Return the command line that starts our command in new namespaces, with read access to the files that it copies."""
    options = [*_bubblewrap(), "--cap-add", "CAP_SYS_ADMIN"]
    for name, value in _ENVIRONMENT.items():
        options += ["--setenv", name, value]
    options += _system_links()
    for path in opened.sources:
        if path not in ("/lib", "/lib64"):
            options += ["--ro-bind", path, path]
    for path in _DEVICES:
        options += ["--dev-bind", path, path]
    return [*options, "--dir", _ROOT, "--chdir", "/", "--", *command]


class Sandbox:
    """Owner of the process that makes fork servers.

    Parameters
    ----------
    wall : Wall
        Active layers, and the limits.
    prepare : callable, optional
        Called at each start, before the first server is returned: fills the folder of a submission's packages.
    """

    def __init__(self, wall: Wall, prepare: Callable[[], None] | None = None) -> None:
        self._wall = wall
        self._prepare = prepare
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._lock = RLock()
        self._folder = ExitStack()

    def line(self) -> socket.socket:
        """Return the connection to a new fork server; start the sandbox if it does not run.

        Raises
        ------
        InputError
            If it does not start, or cannot be prepared.
        """
        with self._lock:
            if self._control is None or self._process is None or self._process.poll() is not None:
                self._start()
            assert self._control is not None
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    socket.send_fds(self._control, [b"N"], [theirs.fileno()])
                    theirs.close()
                    ours.settimeout(START_SECONDS)
                    ours.recv(messages.ENDED.size, socket.MSG_WAITALL)
                except OSError:  # it has just died: the user of the connection gets the error
                    messages.hang_up(ours)
            return ours

    def stop(self) -> None:
        """End all processes of the sandbox."""
        process, control = self._process, self._control
        self._process = self._control = None
        messages.hang_up(control)
        if process is not None:
            process.kill()
            process.wait()
        self._folder.close()

    def _start(self) -> None:
        self.stop()
        ours, theirs = socket.socketpair()
        found, wall = opened(), self._wall
        command = [found.python, *_OPTIONS, "-c", _PROGRAM, str(theirs.fileno())]
        outside = [*command, *found.imports]
        started = _sandboxed(found, outside) if wall.namespaces else outside
        if wall.counts_by_group and (group := self._folder.enter_context(_control_group())) is not None:
            started = ["/bin/sh", "-c", 'echo 0 > "$0" && exec "$@"', str(group / "cgroup.procs"), *started]
        with theirs, tempfile.TemporaryFile() as errors:
            self._process = _popen(started, theirs.fileno(), errors.fileno())
            self._control = ours
            theirs.close()
            try:
                deadline = time.monotonic() + START_SECONDS
                settings = self._settings()
                if wall.namespaces:
                    messages.send(ours, {**_root(found, [*command, *found.imports_inside]), **settings}, deadline=deadline)
                messages.send(ours, settings, deadline=deadline)
                messages.receive(ours, deadline=deadline)
            except (messages.ChannelClosed, messages.FrameTimeout, messages.FrameError):
                self.stop()
                errors.seek(0)
                text = one_line(errors.read(10_000).decode(errors="replace")[-400:])
                raise InputError(f"the fork server does not start: {text or 'no message'}") from None
        if self._prepare is not None:
            self._prepare()

    def _settings(self) -> dict[str, Any]:
        found, wall = opened(), self._wall
        packages = ""
        if self._prepare is not None:
            packages = _PACKAGES if wall.namespaces else self._folder.enter_context(tempfile.TemporaryDirectory(prefix="scalingbench-"))
        outside = [source for source, _ in found.copies] + [path for path, _ in found.texts]
        inside = [target for _, target in found.copies] + [path for path, _ in found.texts]
        return {
            "namespaces": wall.namespaces,
            "landlock": bool(wall.landlock),
            "seccomp": (wall.seccomp or b"").hex(),
            "memory": wall.memory,
            "readable": [*dict.fromkeys(inside if wall.namespaces else outside), *_DEVICES[1:]],
            "listable": found.imports_inside if wall.namespaces else found.sources,
            "scratch": _SCRATCH,
            "packages": packages,
            "packages_bytes": _PACKAGES_BYTES,
            "packages_files": _PACKAGES_FILES,
        }


@cache
def sandbox_of(wall: Wall) -> Sandbox:
    """Return this process's sandbox without packages of a submission: it starts once, and nothing of a fit is left in it."""
    made = Sandbox(wall)
    atexit.register(made.stop)
    return made


_PROGRAM = (
    "import sys; handle, *imports = sys.argv[1:]; sys.path.extend(imports); "
    "from scalingbench.benchmark.evaluation.wall.fork_server import main; main(int(handle))"
)
_OPTIONS = ("-s", "-S", "-B", "-P", "-X", "utf8")


def _root(found: Opened, command: Sequence[str]) -> dict[str, Any]:
    """Return the content of the cells' root, and the command to start in it."""
    return {
        "root": _ROOT,
        "copies": found.copies,
        "texts": found.texts,
        "devices": _DEVICES,
        "links": ("/lib", "/lib64"),
        "folders": (_SCRATCH, _PACKAGES),
        "command": command,
    }


def _popen(command: Sequence[str], handle: int, errors: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env=dict(_ENVIRONMENT), pass_fds=(handle,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, cwd="/"
    )
