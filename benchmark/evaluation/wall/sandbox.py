"""The fork server's sandbox: bubblewrap starts it in namespaces of its own, over read-only libraries and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from scalingbench.benchmark.evaluation.wall.libraries import Libraries
from scalingbench.common.messages import one_line

__all__ = ["ENVIRONMENT", "EXTRA", "INSTALL", "SCRATCH", "sandboxed", "why_not"]

INSTALL = "apt-get install bubblewrap"
"""The line that installs what is missing, on Debian and Ubuntu."""
ENVIRONMENT = {
    "PATH": "/nonexistent",
    "HOME": "/scratch/own",
    "TMPDIR": "/scratch/own",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    # one thread: the order of a sum, hence its last bits, must not depend on the machine's load
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), "1"),
}
"""All that a process behind the wall finds in its environment."""
EXTRA = "/opt/submitted"
"""Where a submission's own packages are found behind the wall."""
SCRATCH = "/scratch/own"
"""The folder that a cell may write to: empty for each, and gone with it. Not /tmp: the libraries may lie there. Landlock
looks for its rules above a mount, not at it: hence a folder in a folder."""
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_NEEDED = ("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")


def why_not() -> str:
    """Return why no sandbox can be made here, or nothing where it can."""
    if sys.platform != "linux":
        return "needs Linux"
    if shutil.which("bwrap") is None:
        return f"bubblewrap is missing; install it with: {INSTALL}"
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


def sandboxed(
    found: Libraries,
    command: Sequence[str],
    *,
    extra: Path | None = None,
    readable: Sequence[tuple[Path, str]] = (),
    writable: Sequence[tuple[Path, str]] = (),
    capabilities: Sequence[str] = (),
    environment: Mapping[str, str] = ENVIRONMENT,
) -> list[str]:
    """Return the command line that runs a command of ours in a sandbox.

    Parameters
    ----------
    found : Libraries
        What is mounted, read-only.
    command : sequence of str
        What to run.
    extra : Path, optional
        Folder of a submission's own packages.
    readable, writable : sequence of (Path, str)
        Further folders of this machine, and where they appear.
    capabilities : sequence of str
        What the command may do to its own namespaces.
    environment : mapping
        All of its environment.
    """
    options = _bubblewrap()
    for name, value in environment.items():
        options += ["--setenv", name, value]
    options += _system_links()
    for path in found.readable:
        if path not in ("/lib", "/lib64"):
            options += ["--ro-bind", path, path]
    for path in found.closed:
        options += ["--tmpfs", path, "--remount-ro", path]
    for path in _DEVICES:
        options += ["--dev-bind", path, path]
    options += ["--dir", SCRATCH]
    if extra is not None:
        options += ["--ro-bind", str(extra), EXTRA]
    for source, target in readable:
        options += ["--ro-bind", str(source), target]
    for source, target in writable:
        options += ["--bind", str(source), target]
    for name in capabilities:
        options += ["--cap-add", name]
    return [*options, "--chdir", "/", "--remount-ro", "/", "--", *command]
