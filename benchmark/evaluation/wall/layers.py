"""The layers of the wall: which are on here, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scalingbench.benchmark.evaluation.wall import kernel, namespaces
from scalingbench.benchmark.evaluation.wall.syscalls import seccomp_program
from scalingbench.common.errors import InputError

__all__ = ["DEFAULT_MEMORY", "Wall", "raise_wall"]

DEFAULT_MEMORY = 8 * 2**30
"""Bytes of address space that one fit of a stranger may map."""


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
    extra : Path, optional
        Folder of a submission's own packages.
    """

    no_namespaces: str
    seccomp: bytes | None
    landlock: int
    memory: int = DEFAULT_MEMORY
    extra: Path | None = None

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
            *(["namespaces (user, pid, mount, network, ipc, uts)"] if self.namespaces else []),
            *([f"Landlock {self.landlock}"] if self.landlock else []),
            *(["seccomp"] if self.seccomp is not None else []),
            f"limits ({self.memory / 2**30:.3g} GiB{one})",
            "empty environment",
        )


def raise_wall(*, unconfined: bool = False, memory: int = DEFAULT_MEMORY, extra: Path | None = None) -> Wall:
    """Return the wall that this machine can raise.

    Parameters
    ----------
    unconfined : bool
        Whether to go on where a needed layer is missing; those that are there are on all the same.
    memory : int
        Bytes of address space of one fit.
    extra : Path, optional
        Folder of a submission's own packages.

    Raises
    ------
    InputError
        If namespaces or seccomp are missing, unless `unconfined`.
    """
    reason = namespaces.why_not()
    wall = Wall(reason, seccomp_program(own_pids=not reason), kernel.landlock_version(), memory, extra)
    if wall.missing and not unconfined:
        raise InputError(f"not confined: {'; '.join(wall.missing)}; or say --unconfined for code that you trust")
    return wall
