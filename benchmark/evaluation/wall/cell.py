"""A cell: one process that confines itself, runs a submitted class on one fit, and is then killed.

Up to the frame ``ready`` only our code has run. Once the source arrives, this process is untrusted: the evaluator checks everything
that it writes.
"""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import socket
import sys
import types
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NoReturn

import numpy as np

from scalingbench.benchmark.evaluation import outcome
from scalingbench.benchmark.evaluation.known_values import known_in
from scalingbench.benchmark.evaluation.wall import kernel, messages
from scalingbench.common.errors import InputError
from scalingbench.predictors.contract import CONTRACT, missing_methods, positive_only

__all__ = ["Settings", "live"]

_CHANNEL = 3
_SCRATCH_BYTES = 64 * 2**20
_FILE_BYTES = 64 * 2**20
_SCRATCH_FILES = 4096
_HANDLES = 256
_THREADS = 256
_SIGNALS = 64
_UNPACKING_MEMORY = 2 * 2**30
_LARGEST_RESULTS = 2**28
_LONGEST = 500

Task = Literal["fit", "unpack"]
"""Purpose of a cell: a fit, or unpacking the wheels of later fits."""


@dataclass(frozen=True)
class Settings:
    """How cells are made.

    Attributes
    ----------
    namespaces, landlock : bool
        Active layers.
    seccomp : str
        The filter, in hexadecimal; empty for none.
    memory : int
        Bytes of address space.
    readable, listable : sequence of str
        Paths that may be read; folders that may be listed.
    scratch : str
        The writable folder.
    packages : str
        Folder of a submission's packages; empty without any.
    packages_bytes, packages_files : int
        Limits on their total size.
    """

    namespaces: bool
    landlock: bool
    seccomp: str
    memory: int
    readable: tuple[str, ...]
    listable: tuple[str, ...]
    scratch: str
    packages: str
    packages_bytes: int
    packages_files: int


def live(handle: int, settings: Settings, rules: int, task: Task) -> NoReturn:
    """Confine this process, serve one task, and end."""
    try:
        channel = _lock_in(handle, settings, rules, task)
        _Fit(channel, settings).serve()
    except (messages.ChannelClosed, messages.FrameError):  # the evaluator has closed the channel
        os._exit(0)
    os._exit(0)


def _lock_in(handle: int, settings: Settings, rules: int, task: Task) -> socket.socket:
    """Confine this process, layer by layer, and report it."""
    try:
        kernel.die_with_parent()
        if settings.namespaces:
            _own_namespaces(settings, task)
        os.setsid()
        channel, rules = _keep_only(handle, rules)
        _limit(settings, task)
        if sys.platform == "linux":
            if settings.namespaces:
                kernel.drop_capabilities()
            kernel.no_new_privileges()
        if settings.landlock:
            kernel.enter_landlock(rules)
            os.close(rules)
        if settings.seccomp:
            kernel.enter_seccomp(bytes.fromhex(settings.seccomp))
        problem = _hole(settings)
    except (OSError, ValueError) as error:
        channel, problem = socket.socket(fileno=os.dup(handle)), f"{type(error).__name__}: {error}"
    messages.send(channel, {"step": "ready", "problem": problem[:_LONGEST]})
    if problem:
        os._exit(71)
    return channel


def _own_namespaces(settings: Settings, task: Task) -> None:
    kernel.own_mounts()
    kernel.mount_tmpfs(settings.scratch, _SCRATCH_BYTES, _SCRATCH_FILES)
    if settings.packages and task == "fit":
        kernel.seal(settings.packages)
    kernel.own_users()


def _keep_only(handle: int, rules: int) -> tuple[socket.socket, int]:
    """Close every descriptor but the channel to the evaluator, standard streams included."""
    kept = [os.dup2(rules, 200), os.dup2(handle, 201)] if rules >= 0 else [-1, os.dup2(handle, 201)]
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.dup2(kept[1], _CHANNEL)
    os.closerange(_CHANNEL + 1, 200)
    os.closerange(201, 2**16)
    os.chdir("/")
    return socket.socket(fileno=_CHANNEL), kept[0]


def _limit(settings: Settings, task: Task) -> None:
    unpacks = task == "unpack"
    limits = {
        resource.RLIMIT_AS: min(settings.memory, _UNPACKING_MEMORY) if unpacks else settings.memory,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: settings.packages_bytes if unpacks else _FILE_BYTES,
        resource.RLIMIT_NOFILE: _HANDLES,
        resource.RLIMIT_MEMLOCK: 0,
    }
    if settings.namespaces:  # the kernel counts these by user, and this process is the only one of its user namespace
        limits |= {resource.RLIMIT_NPROC: _THREADS, resource.RLIMIT_SIGPENDING: _SIGNALS, resource.RLIMIT_MSGQUEUE: 0}
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (limit, limit))


def _hole(settings: Settings) -> str:
    """Try forbidden operations; return one that succeeds, or an empty string."""
    if settings.namespaces and os.getpid() != 1:
        return "no process namespace of its own"
    if settings.seccomp:
        try:
            socket.socket().close()
            return "a socket could be made"
        except OSError:
            pass
    if settings.namespaces or settings.landlock:
        try:
            os.close(os.open("/etc/passwd", os.O_RDONLY))
            return "/etc/passwd could be read"
        except OSError:
            pass
    return ""


class _Failed(Exception):
    """A failed step that has been reported to the evaluator."""


class _Fit:
    """The exchange with the evaluator about one fit."""

    def __init__(self, channel: socket.socket, settings: Settings) -> None:
        self.channel = channel
        self.settings = settings

    def serve(self) -> None:
        request, body = self.receive()
        if request["step"] == "results":
            self.send(*_results(request, body))
            return
        if request["step"] == "unpack":
            self.send(_unpacked(body, self.settings))
            return
        if request["step"] == "search":
            self.send(_searched(body, Path(self.settings.packages)))
            return
        warnings.simplefilter("ignore")
        sys.path.extend([self.settings.packages] if self.settings.packages else [])
        with suppress(_Failed), self.trying():
            self.load(request, body.decode())
            self.fit()
            while True:  # until the evaluator ends it
                self.predict()

    def receive(self) -> tuple[dict[str, Any], bytes]:
        header, body = messages.receive(self.channel, header_limit=2**31, body_limit=2**33)
        return json.loads(header), body

    def send(self, header: dict[str, object], *body: bytes) -> None:
        messages.send(self.channel, header, *body)

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Report any exception of the submitted code to the evaluator."""
        try:
            yield
        except (_Failed, messages.ChannelClosed):
            raise
        except BaseException as error:  # submitted code: SystemExit and the like are failures too
            self.send({"step": "failed", "status": "error", "message": _described(error)})
            raise _Failed from None

    def load(self, request: dict[str, Any], source: str) -> None:
        self.model = _make(source, request["file"], request["class"])
        facts = _facts(self.model, request["class"])
        self.send({"step": "loaded", **facts})

    def fit(self) -> None:
        request, body = self.receive()
        X, y = _frame(body[: request["frame"]]), np.frombuffer(body[request["frame"] :]).copy()
        self.model.fit(X, y)
        self.send({"step": "fitted"})

    def predict(self) -> None:
        request, body = self.receive()
        X = _frame(body)
        predicted = outcome.predictions(self.model.predict(X.copy()), len(X))
        if predicted.status != "ok":
            self.send({"step": "failed", "status": predicted.status, "message": predicted.message[:_LONGEST]})
            raise _Failed
        quantiles = outcome.quantiles(self.model, X, tuple(request["levels"]))
        facts = {"message": outcome.note(self.model)[:_LONGEST], "constants": _finite(outcome.constants(self.model))}
        columns = [predicted.values, *quantiles.values()]
        self.send({"step": "predicted", "quantiles": bool(quantiles), **facts}, *(np.asarray(c, "<f8").tobytes() for c in columns))


def _make(source: str, file_name: str, attribute: str) -> Any:
    """Run the source, and return an instance of the class."""
    module = types.ModuleType("_submitted")
    sys.modules["_submitted"] = module
    exec(compile(source, file_name, "exec"), module.__dict__)
    kind = getattr(module, attribute, None)
    if kind is None:
        raise AttributeError(f"{file_name} has no class {attribute!r}")
    return kind()


def _facts(predictor: Any, attribute: str) -> dict[str, object]:
    """Return the declarations of a class."""
    for method in missing_methods(predictor):
        raise TypeError(f"{attribute} has no method {method!r}; {CONTRACT}")
    variables = getattr(predictor, "variables", None)
    get: Callable[..., Any] | None = getattr(predictor, "get_params", None)
    return {
        "variables": None if variables is None else list(map(str, variables)),
        "positive_only": positive_only(predictor),
        "parameters": json.dumps(get(deep=False) if callable(get) else {}, default=str, sort_keys=True),
    }


def _frame(body: bytes) -> Any:
    import pyarrow as pa

    with pa.ipc.open_stream(pa.py_buffer(body)) as stream:
        return stream.read_all().to_pandas(use_threads=False)


def _finite(constants: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in constants.items() if np.isfinite(value)}


def _described(error: BaseException) -> str:
    """Return type and message of an error of the submitted code, which may override its methods."""
    try:
        text = " ".join(str(error).split())
    except BaseException:  # __str__ of submitted code
        text = ""
    kind = type.__getattribute__(type(error), "__name__")
    return f"{kind}: {text}"[:_LONGEST] if text else str(kind)[:_LONGEST]


def _results(request: dict[str, Any], body: bytes) -> tuple[dict[str, object], bytes]:
    """Return the rows of an untrusted result file as JSON and numbers."""
    from scalingbench.benchmark.evaluation.results import read_results

    try:
        _check_size(body, request["rows"], request["values"])
        results = read_results(io.BytesIO(body))
    except (InputError, MemoryError) as error:
        return {"step": "failed", "status": "error", "message": str(error)[:_LONGEST] or "too large"}, b""
    shared = ("predictor", "parameters", "suite", "task", "fingerprint", "versions")
    rows = [
        {name: getattr(result, name) for name in shared}
        | {"fold": f.fold, "status": f.status, "message": f.message, "constants": _finite(f.constants)}
        | {"n": len(f.predictions), "levels": list(f.quantiles)}
        for result in results
        for f in result.folds
    ]
    columns = [c for result in results for f in result.folds for c in (f.predictions, *f.quantiles.values())]
    return {"step": "results", "rows": rows}, b"".join(np.asarray(c, "<f8").tobytes() for c in columns)


def _check_size(body: bytes, most_rows: int, most_values: int) -> None:
    """Raise for a result file with more rows or values than the tasks have: a few bytes can encode a billion values."""
    import pyarrow.parquet as pq

    try:
        facts = pq.ParquetFile(io.BytesIO(body)).metadata
        columns = [facts.row_group(group).column(i) for group in range(facts.num_row_groups) for i in range(facts.num_columns)]
        values = max((column.num_values for column in columns), default=0)
        size = sum(column.total_uncompressed_size for column in columns)
    except Exception:  # not a Parquet file: the reader raises
        return
    if facts.num_rows > most_rows or values > max(most_rows, most_values) or size > _LARGEST_RESULTS:
        raise InputError(f"{facts.num_rows} rows of {values} values; the tasks have {most_rows} folds")


def _searched(body: bytes, folder: Path) -> dict[str, object]:
    """Return the files of a folder that contain known values."""
    values = np.frombuffer(body)
    found: dict[str, list[float]] = {}
    try:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            known = known_in(path.read_bytes(), values)
            if len(known) and len(found) < messages.MOST_KNOWN:
                found[str(path.relative_to(folder))[:200]] = known[: messages.MOST_KNOWN].astype(float).tolist()
    except (OSError, MemoryError) as error:
        return {"step": "failed", "status": "error", "message": _described(error)}
    return {"step": "searched", "found": found}


def _unpacked(body: bytes, settings: Settings) -> dict[str, object]:
    """Unpack a wheel without running any of it; return the answer."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as wheel:
            _check_unpacked_size(wheel.infolist(), settings)
            for entry in wheel.infolist():
                _unpack(wheel, entry, Path(settings.packages))
    except Exception as error:  # a broken archive raises many kinds of errors
        return {"step": "failed", "status": "error", "message": _described(error)}
    return {"step": "unpacked"}


def _check_unpacked_size(entries: list[zipfile.ZipInfo], settings: Settings) -> None:
    size = sum(entry.file_size for entry in entries)
    if size > settings.packages_bytes or len(entries) > settings.packages_files:
        limits = f"at most {settings.packages_bytes // 2**20} MiB in {settings.packages_files} files"
        raise ValueError(f"unpacks to {size // 2**20} MiB in {len(entries)} files, {limits}")


def _unpack(wheel: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    parts = PurePosixPath(entry.filename).parts
    if parts and parts[0].endswith(".data"):  # skip programs, headers and files of other schemes
        parts = parts[2:] if len(parts) > 1 and parts[1] in ("purelib", "platlib") else ()
    if not parts or entry.is_dir():
        return
    if ".." in parts or parts[0] == "/":
        raise ValueError(f"holds a file outside its folder: {entry.filename[:100]!r}")
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(entry) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, 2**16)
