"""The packages that a submission's code imports.

A verifier has ScalingBench and what that needs; these packages it brings itself, and a line of ``requirements.txt`` only
records their version. Every other package comes as a wheel with its sha256, given in a folder (``--wheels``). Wheels are
unpacked in the sandbox, into a folder that only the fits of this submission see: they are never installed for the verifier.
"""

from __future__ import annotations

import ast
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distributions, packages_distributions, requires, version
from pathlib import Path

from scalingbench.benchmark.evaluation.wall.guard import Guards
from scalingbench.benchmark.evaluation.wall.layers import Wall
from scalingbench.benchmark.evaluation.wall.libraries import libraries
from scalingbench.benchmark.evaluation.wall.namespaces import ENVIRONMENT, sandboxed
from scalingbench.common.errors import InputError, LeaderboardError
from scalingbench.common.files import sha256_of
from scalingbench.common.messages import one_line

__all__ = ["REQUIREMENTS", "Requirement", "differing", "needed", "pinned", "read_requirements", "with_packages"]

REQUIREMENTS = "requirements.txt"
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9.+!-]+)((?: --hash=sha256:[0-9a-f]{64})*)")
_WHEEL = re.compile(r"([A-Za-z0-9._]+)-([A-Za-z0-9.+!_]+)(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl")
_SECONDS = 600.0
_LARGEST_FILE = 2**31


@dataclass(frozen=True)
class Requirement:
    """One line of ``requirements.txt``."""

    name: str
    version: str
    hashes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name as package indexes compare it."""
        return _key(self.name)

    def __str__(self) -> str:
        return f"{self.name}=={self.version}" + "".join(f" --hash=sha256:{h}" for h in self.hashes)


def read_requirements(path: Path) -> tuple[Requirement, ...]:
    """Read the requirements of a submission.

    Raises
    ------
    LeaderboardError
        If a line pins no version, or a package that verifiers don't bring has no hash.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise LeaderboardError(f"{path}: not UTF-8") from None
    found = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            form = "name==version, followed by --hash=sha256:... where verifiers don't bring the package"
            raise LeaderboardError(f"{path}: expected lines of the form {form}, got {one_line(line, 80)!r}")
        found.append(Requirement(match[1], match[2], tuple(h.partition("sha256:")[2] for h in match[3].split())))
        if found[-1].key not in brought() and not found[-1].hashes:
            raise LeaderboardError(f"{path}: {found[-1]}: verifiers don't bring this package; add --hash=sha256:... of its wheel")
    keys = [r.key for r in found]
    for key in keys:
        if keys.count(key) > 1:
            raise LeaderboardError(f"{path}: {key}: pinned twice")
    return tuple(found)


@lru_cache(maxsize=1)
def brought() -> frozenset[str]:
    """Return the packages that every verifier has: ScalingBench, what it needs, what these need, and so on."""
    found: set[str] = set()
    left = ["scalingbench"]
    while left:
        key = left.pop()
        if key in found:
            continue
        found.add(key)
        try:
            lines = requires(key) or []
        except PackageNotFoundError:  # of another platform, or a source tree that was not installed
            continue
        left += [_key(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]) for line in lines if "extra ==" not in line]
    return frozenset(found) if len(found) > 1 else frozenset(_key(d.metadata["Name"]) for d in distributions())


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(requirements: Sequence[Requirement]) -> tuple[Requirement, ...]:
    """Return the requirements that must come as wheels."""
    return tuple(r for r in requirements if r.key not in brought())


def differing(requirements: Sequence[Requirement]) -> tuple[str, ...]:
    """Return the packages that the submission was run with in another version than it is verified with."""
    here = [(r, _version(r.name)) for r in requirements if r.key in brought()]
    return tuple(f"{r.name} {found or 'missing'} instead of {r.version}" for r, found in here if found != r.version)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def pinned(source: Path, wheels: Path | None) -> tuple[Requirement, ...]:
    """Return what a source needs: packages that verifiers bring with their version, and all wheels of a folder with their hash.

    Raises
    ------
    InputError
        If the source is no Python, or imports a package that is neither.
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
        if _key(name) not in brought() | given.keys():
            get = f"pip download --only-binary :all: -d DIR {name}=={version(name)}"
            raise InputError(f"{source}: imports {name}, which verifiers don't bring; give its wheels with --wheels DIR ({get})")
    ours = [Requirement(name, version(name)) for name in imported if _key(name) in brought()]
    return tuple(sorted((*ours, *given.values()), key=lambda r: r.key))


def _wheels(folder: Path | None) -> dict[str, Requirement]:
    """Return the packages of a folder of wheels that verifiers don't bring, by name."""
    if folder is None:
        return {}
    if not folder.is_dir():
        raise InputError(f"--wheels: {folder}: no such folder")
    found: dict[str, Requirement] = {}
    for path in sorted(folder.glob("*.whl")):
        match = _WHEEL.fullmatch(path.name)
        if match is None:
            raise InputError(f"--wheels: {path}: not the name of a wheel")
        wheel = Requirement(match[1].replace("_", "-"), match[2], (sha256_of(path),))
        if wheel.key in found:
            raise InputError(f"--wheels: {folder}: two wheels of {wheel.key}")
        if wheel.key not in brought():
            found[wheel.key] = wheel
    return found


@contextmanager
def with_packages(guards: Guards, requirements: Sequence[Requirement], wheels: Path | None) -> Iterator[Guards]:
    """Give guards whose cells also see the packages that verifiers don't bring, unpacked behind the wall.

    Raises
    ------
    InputError
        If a wheel is missing, or is not the one that was pinned.
    """
    wanted = needed(requirements)
    if not wanted:
        yield guards
        return
    if wheels is None or not wheels.is_dir():
        get = "pip download --no-deps --only-binary :all: --require-hashes -d DIR -r LINES"
        raise InputError(f"{REQUIREMENTS}: {wanted[0].name}=={wanted[0].version}: give the folder of its wheel with --wheels DIR ({get})")
    with tempfile.TemporaryDirectory(prefix="scalingbench-") as work:
        for name in ("packages", "pins"):
            (Path(work) / name).mkdir()
        (Path(work) / "pins" / REQUIREMENTS).write_text("".join(f"{r}\n" for r in wanted), encoding="utf-8")
        _unpack(Path(work) / "packages", Path(work) / "pins", wheels.resolve(), guards.wall)
        with Guards(replace(guards.wall, extra=Path(work) / "packages")) as own:
            yield own


def _unpack(target: Path, pins: Path, wheels: Path, wall: Wall) -> None:
    """Have pip, in the sandbox where there is one, unpack wheels into a folder; it runs nothing that they hold."""
    found = libraries()
    inside = wall.namespaces
    into, lines, links = ("/packages", "/pins", "/wheels") if inside else (str(target), str(pins), str(wheels))
    options = ["--isolated", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "install", "--quiet", "--no-index", "--no-deps"]
    options += ["--only-binary", ":all:", "--require-hashes", "--no-compile", "--target", into, "--find-links", links]
    program = "import sys, runpy; sys.path.extend(sys.argv.pop(1).split(':')); runpy.run_module('pip', run_name='__main__')"
    python = [found.python, "-s", "-S", "-B", "-P", "-X", "utf8", "-c", program, ":".join(found.imports)]
    command = [*python, *options, "-r", f"{lines}/{REQUIREMENTS}"]
    environment = {**ENVIRONMENT, "TMPDIR": into, "HOME": into}
    if inside:
        readable, writable = ((pins, "/pins"), (wheels, "/wheels")), ((target, "/packages"),)
        command = sandboxed(found, command, readable=readable, writable=writable, environment=environment)
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, preexec_fn=_limit_files, cwd="/"
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{REQUIREMENTS}: its wheels take longer than {_SECONDS:g} s to unpack") from None
    if done.returncode:
        said = [line for line in done.stderr.decode(errors="replace").splitlines() if "ERROR" in line] or ["pip failed"]
        raise InputError(f"{REQUIREMENTS}: {one_line(said[0].removeprefix('ERROR: '), 300)}")


def _limit_files() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
