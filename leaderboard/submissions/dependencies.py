"""The packages that a submission's code imports.

A verifier's installation has ScalingBench and its dependencies; for these, a line of ``requirements.txt`` only records the version.
Every other package is a wheel with a pinned sha256 in a folder (``--wheels``). Wheels are unpacked in the sandbox, into a folder
that only the fits of this submission can read. They are never installed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion

from scalingbench.benchmark.evaluation.wall.guard import Guards
from scalingbench.common.errors import InputError, LeaderboardError
from scalingbench.common.files import sha256_of
from scalingbench.common.messages import one_line
from scalingbench.common.packages import brought, package_key

__all__ = ["REQUIREMENTS", "Requirement", "differing", "needed", "pinned", "read_requirements", "with_packages"]

REQUIREMENTS = "requirements.txt"
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.+!-]+)((?: --hash=sha256:[0-9a-f]{64})*)")
_WHEEL = re.compile(r"([A-Za-z0-9._]+)-([A-Za-z0-9.+!_]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl")
_LARGEST_WHEEL = 2**28


@dataclass(frozen=True)
class Requirement:
    """One line of ``requirements.txt``."""

    name: str
    version: str
    hashes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The normalised name of the package."""
        return package_key(self.name)

    def __str__(self) -> str:
        return f"{self.name}=={self.version}" + "".join(f" --hash=sha256:{h}" for h in self.hashes)


def read_requirements(path: Path) -> tuple[Requirement, ...]:
    """Read the requirements of a submission.

    Raises
    ------
    LeaderboardError
        If a line pins no version, or has no hash for a package that is not part of a verifier's installation.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise LeaderboardError(f"{path}: not UTF-8") from None
    found = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            form = "name==version, followed by --hash=sha256:... for a package that ScalingBench does not install"
            raise LeaderboardError(f"{path}: expected lines of the form {form}, got {one_line(line, 80)!r}")
        found.append(Requirement(match[1], match[2], tuple(h.partition("sha256:")[2] for h in match[3].split())))
        if found[-1].key not in brought() and not found[-1].hashes:
            raise LeaderboardError(f"{path}: {found[-1]}: not a dependency of ScalingBench; add --hash=sha256:... of its wheel")
    keys = [r.key for r in found]
    for key in keys:
        if keys.count(key) > 1:
            raise LeaderboardError(f"{path}: {key}: pinned twice")
    return tuple(found)


def needed(requirements: Sequence[Requirement]) -> tuple[Requirement, ...]:
    """Return the requirements that need wheels."""
    return tuple(r for r in requirements if r.key not in brought())


def differing(requirements: Sequence[Requirement]) -> tuple[str, ...]:
    """Return one line for every package whose version differs between submission and verifier."""
    here = [(r, _version(r.name)) for r in requirements if r.key in brought()]
    return tuple(f"{r.name} {found or 'missing'} instead of {r.version}" for r, found in here if found != r.version)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def pinned(source: Path, wheels: Path | None) -> tuple[Requirement, ...]:
    """Return the requirements of a source: packages of this installation with versions, and all wheels of a folder with hashes.

    Raises
    ------
    InputError
        If the source is not Python, or imports any other package.
    """
    try:
        tree = ast.parse(source.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{source}: not Python: {one_line(error)}") from None
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    known = packages_distributions()
    imported = {d for name in names for d in known.get(name, ())[:1]} - {"scalingbench"}
    given = _wheels(wheels)
    for name in sorted(imported):
        if package_key(name) not in brought() | given.keys():
            get = f"pip download --only-binary :all: -d DIR {name}=={version(name)}"
            raise InputError(f"{source}: imports {name}, not a dependency of ScalingBench; give its wheels with --wheels DIR ({get})")
    ours = [Requirement(name, version(name)) for name in imported if package_key(name) in brought()]
    return tuple(sorted((*ours, *given.values()), key=lambda r: r.key))


def _wheels(folder: Path | None) -> dict[str, Requirement]:
    """Return, by name, the packages of a folder of wheels that are not part of a verifier's installation."""
    if folder is None:
        return {}
    if not folder.is_dir():
        raise InputError(f"--wheels: {folder}: no such folder")
    found: dict[str, Requirement] = {}
    for path in sorted(folder.glob("*.whl")):
        match = _WHEEL.fullmatch(path.name)
        if match is None:
            raise InputError(f"--wheels: {path}: not a valid file name of a wheel")
        wheel = Requirement(match[1].replace("_", "-"), match[2], (sha256_of(path),))
        if wheel.key in found:
            raise InputError(f"--wheels: {folder}: two wheels of {wheel.key}")
        if wheel.key not in brought():
            found[wheel.key] = wheel
    return found


@contextmanager
def with_packages(guards: Guards, requirements: Sequence[Requirement], wheels: Path | None) -> Iterator[Guards]:
    """Yield guards whose cells can also import the packages from the wheels, unpacked in the sandbox.

    Raises
    ------
    InputError
        If a wheel is missing, differs from the pinned one, or is too large.
    """
    wanted = needed(requirements)
    if not wanted:
        yield guards
        return
    if wheels is None or not wheels.is_dir():
        get = "pip download --no-deps --only-binary :all: --require-hashes -d DIR -r LINES"
        raise InputError(f"{REQUIREMENTS}: {wanted[0].name}=={wanted[0].version}: give the folder of its wheel with --wheels DIR ({get})")
    given = dict(_pinned_wheel(requirement, wheels) for requirement in wanted)
    with Guards(guards.wall, given) as own:
        with own.one():  # a wheel that cannot be unpacked is an error here, before any fit
            pass
        yield own


def _pinned_wheel(requirement: Requirement, folder: Path) -> tuple[str, bytes]:
    """Return the name and content of the wheel that a requirement pins, the one for this machine if there are several."""
    named = [path for path in sorted(folder.glob("*.whl")) if _is_of(path, requirement)]
    if not named:
        raise InputError(f"{REQUIREMENTS}: {requirement.name}=={requirement.version}: no wheel of it in {folder}")
    pinned = [path for path in named if _small(path) and sha256_of(path) in requirement.hashes]
    if not pinned:
        raise InputError(f"{REQUIREMENTS}: {named[0].name}: its sha256 is not a pinned hash")
    fitting = [path for path in pinned if not parse_wheel_filename(path.name)[3].isdisjoint(sys_tags())]
    if not fitting:
        raise InputError(f"{REQUIREMENTS}: {pinned[0].name}: not for this interpreter and system")
    return fitting[0].name, fitting[0].read_bytes()


def _is_of(path: Path, requirement: Requirement) -> bool:
    try:
        name, version, *_ = parse_wheel_filename(path.name)
    except (InvalidWheelFilename, InvalidVersion):
        return False
    return package_key(name) == requirement.key and str(version) == requirement.version and not path.is_symlink() and path.is_file()


def _small(path: Path) -> bool:
    if path.stat().st_size > _LARGEST_WHEEL:
        raise InputError(f"{REQUIREMENTS}: {path.name}: larger than {_LARGEST_WHEEL // 2**20} MiB")
    return True
