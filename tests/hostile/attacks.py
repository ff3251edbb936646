"""Hostile predictors, generated: families of attacks and their variants.

Every one is submitted with results that claim something which its code can only reach by breaking the wall (`Attack.claim`), or,
where it only makes noise, with the results of an honest fit. Words such as ``@PORT@`` are filled in by the test that runs it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["ATTACKS", "Attack"]

Claim = Literal["truth", "two", "memory", "mean", "together"]


@dataclass(frozen=True)
class Attack:
    """One hostile predictor.

    Attributes
    ----------
    family, name : str
        What kind, and which.
    source : str
        Its code.
    claim : str
        What its results say: the held-out values (``truth``), 2 (``two``: what it predicts where its probe worked), what an
        earlier fold was trained on (``memory``), what an honest fit gives (``mean``), or what the code itself gives where all rows
        are asked together (``together``).
    verdict : str
        ``refused``, or ``verified`` where it predicts honestly and its noise has no effect.
    reason : str
        A part of the reason for which it must be refused.
    seconds : float
        Time limit; small where it hangs.
    """

    family: str
    name: str
    source: str
    claim: Claim = "truth"
    verdict: str = "refused"
    reason: str = ""
    seconds: float = 30.0


HEAD = """\
import ctypes, gc, io, json, mmap, os, signal, socket, struct, subprocess, sys, threading, time
import numpy as np
import pandas as pd

"""
BODY = """\
class P:
    variables = ("params", "tokens")

    def __init__(self):
        {init}

    def fit(self, X, y):
        {fit}
        self.level_ = float(np.mean(y))
        return self

    def predict(self, X):
        {predict}
        return np.full(len(X), self.level_)
"""


def code(place: str = "fit", text: str = "pass", before: str = "") -> str:
    """Return a predictor that runs a text at one place: ``import``, ``init``, ``fit`` or ``predict``."""
    parts = dict.fromkeys(("init", "fit", "predict"), "pass")
    if place != "import":
        parts[place] = textwrap.indent(textwrap.dedent(text), " " * 8).strip()
    return HEAD + textwrap.dedent(before) + (textwrap.dedent(text) + "\n" if place == "import" else "") + BODY.format(**parts)


def probe(text: str, before: str = "") -> str:
    """Return a predictor that predicts 2 where a text raises nothing, 1 where it does."""
    tried = (
        "try:\n"
        + textwrap.indent(textwrap.dedent(text).strip(), "    ")
        + "\n    self.found = 2.0\nexcept BaseException:\n    self.found = 1.0"
    )
    return code("fit", tried, before).replace("return np.full(len(X), self.level_)", "return np.full(len(X), self.found)")


def returns(expression: str, before: str = "") -> str:
    """Return a predictor whose predictions are an expression of n, the number of rows."""
    return code(before=before).replace("return np.full(len(X), self.level_)", f"n = len(X)\n        return {expression}")


def exits() -> Iterator[Attack]:
    ways = {
        "sys.exit(0)": "sys.exit(0)",
        "sys.exit(text)": "sys.exit('verified')",
        "os._exit(0)": "os._exit(0)",
        "os._exit(3)": "os._exit(3)",
        "KeyboardInterrupt": "raise KeyboardInterrupt",
        "GeneratorExit": "raise GeneratorExit",
        "own BaseException": "raise type('Mine', (BaseException,), {})()",
        "SIGKILL to itself": "os.kill(os.getpid(), 9)",
        "abort": "os.abort()",
        "segfault": "ctypes.string_at(0)",
        "stack overflow": "sys.setrecursionlimit(10**9); f = lambda: f(); exec('def g(): return g()'); ctypes.memset(8, 0, 8)",
    }
    said = {"os._exit(0)": "exit code 0", "os._exit(3)": "exit code 3", "sys.exit(0)": "SystemExit", "GeneratorExit": "GeneratorExit"}
    for name, text in ways.items():
        for place in ("import", "init", "fit", "predict"):
            yield Attack("exit", f"{name} at {place}", code(place, text), reason=said.get(name, ""))


def errors() -> Iterator[Attack]:
    classes = {
        "str raises": "class E(Exception):\n    def __str__(self): raise SystemExit(0)",
        "str hangs": "class E(Exception):\n    def __str__(self):\n        while True: pass",
        "str is no text": "class E(Exception):\n    def __str__(self): return 5",
        "runs code where it is unpickled": "class E(Exception):\n    def __reduce__(self): return (os._exit, (0,))",
        "cannot be imported": "E = type('E', (Exception,), {'__module__': 'nowhere'})",
        "name with escape codes": "E = type('\\x1b[2J\\x1b]0;owned\\x07', (Exception,), {})",
        "not picklable": "class E(Exception):\n    def __init__(self): self.lock = threading.Lock()",
        "metaclass": "class M(type):\n    def __getattribute__(c, n):\n        os._exit(0)\nclass E(Exception, metaclass=M): pass",
    }
    for name, text in classes.items():
        limit = 2.0 if "hangs" in name else 30.0
        yield Attack("error", name, code("fit", "raise E()", text + "\n"), seconds=limit)
    messages = {
        "10 MB of message": "'x' * 10**7",
        "escape codes": "'\\x1b[2J\\x1b[31mverified\\x1b]0;title\\x07'",
        "lines": "'a\\nverified\\r\\nerror: none'",
        "surrogates": "'\\ud800\\udfff'",
        "text from right to left": "'\\u202everified\\u202c'",
    }
    for name, text in messages.items():
        yield Attack("error", name, code("fit", f"raise ValueError({text})"), reason="ValueError")
    for kind in ("RecursionError", "MemoryError", "StopIteration", "BrokenPipeError", "TimeoutError", "EOFError"):
        yield Attack("error", kind, code("fit", f"raise {kind}('verified')"), reason=kind)


def values() -> Iterator[Attack]:
    given = {
        "NaN": "np.full(n, np.nan)",
        "one NaN": "np.r_[np.ones(n - 1), np.nan]",
        "infinite": "np.full(n, np.inf)",
        "negative infinite": "-np.full(n, np.inf)",
        "too many": "np.ones(n + 1)",
        "none": "np.ones(0)",
        "None": "None",
        "two columns": "np.ones((n, 2))",
        "complex": "np.ones(n, complex)",
        "complex list": "[1 + 0j] * n",
        "dates": "np.full(n, np.datetime64('2026-01-01'))",
        "durations": "np.full(n, np.timedelta64(2, 's'))",
        "a column of dates": "pd.Series(pd.date_range('2026-01-01', periods=n))",
        "masked": "np.ma.masked_array(np.ones(n), np.arange(n) > 0)",
        "numbers as text": "['1.0'] * n",
        "an array of text": "np.array(['1.0'] * n)",
        "bytes": "[b'1.0'] * n",
        "text as objects": "np.array(['1.0'] * n, object)",
        "missing values": "pd.array([pd.NA] * n, dtype='Float64')",
        "ragged": "[[1.0], [1.0, 2.0]] * n",
        "records": "np.zeros(n, dtype=[('a', float)])",
        "a generator": "(1.0 for _ in range(n))",
        "a set": "set(range(n))",
        "a dict": "dict.fromkeys(range(n), 1.0)",
        "a huge view": "np.broadcast_to(1.0, (10**6, 10**6))",
        "itself": "self",
        "10**400": "[10**400] * n",
    }
    for name, expression in given.items():
        reason = "MemoryError" if name == "a huge view" else "predict"
        yield Attack("value", name, returns(expression), reason=reason)
    two_faced = """
    class A:
        def __init__(self, first, then): self.calls, self.first, self.then = 0, first, then
        def __array__(self, dtype=None, copy=None):
            self.calls += 1
            return self.first if self.calls == 1 else self.then
        def __len__(self): return len(self.first)
    """
    yield Attack("value", "finite, then NaN", returns("A(np.ones(n), np.full(n, np.nan))", two_faced))
    yield Attack("value", "NaN, then finite", returns("A(np.full(n, np.nan), np.ones(n))", two_faced))
    yield Attack("value", "shape changes", returns("A(np.ones(n), np.ones(n + 5))", two_faced))
    subclass = (
        "class S(np.ndarray):\n    def astype(self, *a, **k): return np.full(len(self), np.nan)\n    def ravel(self, *a): return self\n"
    )
    yield Attack("value", "a subclass that converts to NaN", returns("np.ones(n).view(S)", subclass))


def patches() -> Iterator[Attack]:
    nan = "return np.full(len(X), np.nan)"
    lies = {
        "np.isfinite": "np.isfinite = lambda a, *r, **k: np.ones(np.shape(a), bool)",
        "np.asarray": "np.asarray = lambda a, *r, **k: np.full(np.shape(a), np.nan)",
        "json.dumps": 'json.dumps = lambda *a, **k: \'{"step": "predicted", "quantiles": false, "message": "", "constants": {}}\'',
        "frames.send": "import scalingbench.benchmark.evaluation.wall.frames as f; f.send = lambda *a, **k: None",
        "frames.send twice": "import scalingbench.benchmark.evaluation.wall.frames as f; s = f.send; f.send = lambda *a, **k: (s(*a, **k), s(*a, **k))",
        "outcome.predictions": "import scalingbench.benchmark.evaluation.outcome as o; o.predictions = lambda g, n: o.Predicted('ok', '', np.full(n, np.nan))",
        "outcome status": "import scalingbench.benchmark.evaluation.outcome as o; o.predictions = lambda g, n: o.Predicted('verified', 'x', np.zeros(n))",
        "FoldResult": "import scalingbench.benchmark.evaluation.results as r; r.FoldResult.__init__ = lambda *a, **k: os._exit(0)",
        "builtins.len": "import builtins; builtins.len = lambda x: 10**9",
        "builtins.float": "import builtins; builtins.float = lambda x: 2.0",
        "struct.Struct": "import struct; struct.Struct.pack = None",
        "sys.modules emptied": "sys.modules.clear()",
    }
    for name, text in lies.items():
        hung = name in ("frames.send", "sys.modules emptied")
        source = code("fit", text).replace("return np.full(len(X), self.level_)", nan)
        yield Attack("patch", name, source, seconds=2.0 if hung else 30.0)


def texts() -> Iterator[Attack]:
    evil = """
    class S(str):
        def __str__(self): return self
        def __hash__(self): return 0
        def __eq__(self, other): return True
        def __reduce__(self): return (os._exit, (0,))
        def split(self, *a): os._exit(0)
    class F(float):
        def __reduce__(self): return (os._exit, (0,))
        def __le__(self, other): return True
        def __sub__(self, other): return 0.0
    """
    constants = {
        "keys of an own class": "{S('a'): 1.0}",
        "values of an own class": "{'a': F(1.0)}",
        "values NaN": "{'a': float('nan')}",
        "values 10**400": "{'a': 10**400}",
        "a million": "{str(i): 1.0 for i in range(10**6)}",
        "keys of 1 MB": "{'k' * 10**6: 1.0}",
        "escape codes": "{'\\x1b[2J': 1.0}",
        "surrogates": "{'\\ud800': 1.0}",
        "a mapping without end": "type('M', (dict,), {'items': lambda s: iter(lambda: ('a', 1.0), None)})()",
    }
    for name, text in constants.items():
        limit = 3.0 if "without end" in name else 30.0
        source = code("fit", f"self.params_ = {text}", evil).replace("return np.full(len(X), self.level_)", "return np.ones(len(X))")
        yield Attack("text", f"constants: {name}", source, seconds=limit)
    for name, text in {
        "status of an own class": "self.status_ = S('x')",
        "unidentified without end": "self.unidentified_ = iter(lambda: 'x', None)",
        "status of 100 MB": "self.status_ = 'x' * 10**8",
    }.items():
        yield Attack("text", name, code("fit", text, evil), seconds=3.0 if "without end" in name else 30.0)
    for name, text in {
        "variables of an own class": "variables = property(lambda self: (S('params'), S('tokens')))",
        "variables without end": "variables = property(lambda self: iter(lambda: 'x', None))",
        "a million variables": "variables = ('params',) * 10**6",
        "variables that raise": "variables = property(lambda self: sys.exit(0))",
        "variables with escape codes": "variables = ('\\x1b[2J', 'params')",
        "parameters without end": "variables = ('params', 'tokens')\n    def get_params(self, deep=False):\n        while True: pass",
        "parameters that raise": "variables = ('params', 'tokens')\n    def get_params(self, deep=False): sys.exit(0)",
        "parameters of 10 MB": "variables = ('params', 'tokens')\n    def get_params(self, deep=False): return {'x': 'y' * 10**7}",
        "parameters nested deeply": (
            "variables = ('params', 'tokens')\n    def get_params(self, deep=False):\n"
            "        json.dumps = lambda *a, **k: '[' * 9000\n        return {}"
        ),
        "tags that raise": "variables = ('params', 'tokens')\n    def __sklearn_tags__(self): sys.exit(0)",
    }.items():
        source = code(before=evil).replace('variables = ("params", "tokens")', text)
        yield Attack("text", name, source, seconds=2.0 if "without end" in name else 30.0)


def frames() -> Iterator[Attack]:
    write = """
    def say(data):
        for fd in range(256):
            try: os.write(fd, data)
            except OSError: pass
    def frame(header, body=b'', n=None):
        h = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack('<4sIQ', b'SBF1', len(h), len(body) if n is None else n) + h + body
    done = {'step': 'predicted', 'quantiles': False, 'message': '', 'constants': {}}
    """
    data = {
        "garbage": "b'\\xff' * 100",
        "one byte": "b'S'",
        "half a head": "b'SBF1\\x00\\x00'",
        "half a header": "frame(done)[:20]",
        "4 GB announced": "struct.pack('<4sIQ', b'SBF1', 2**32 - 1, 2**63)",
        "a body of 2**62": "frame(done, b'', 2**62)",
        "half a body": "frame(done, b'\\x00' * 8, 144)",
        "NaN as body": "frame({'step': 'fitted'}) + frame(done, struct.pack('<d', float('nan')) * 6)",
        "another body": "frame({'step': 'fitted'}) + frame(done, b'\\x00' * 40)",
        "verdict": "frame({'step': 'verified', 'verdict': 'verified'})",
        "deep JSON": "frame(b'[' * 200000)",
        "no JSON": "frame(b'\\x80\\x04\\x95')",
        "a pickle": "b'\\x80\\x04\\x95cos\\n_exit\\n(I0\\ntR.'",
        "NaN as constant": 'frame({"step": "fitted"}) + frame(b\'{"step":"predicted","quantiles":false,"message":"","constants":{"a":NaN}}\', bytes(48))',
        "a field more": "frame({'step': 'fitted', 'verified': True})",
        "quantiles not asked for": "frame({'step': 'fitted'}) + frame({**done, 'quantiles': True}, bytes(48))",
        "the wall does not stand": "frame({'step': 'ready', 'problem': 'verified'})",
    }
    partial = ("half", "one byte", "announced")
    for name, text in data.items():
        for place in ("import", "fit", "predict"):
            then = "; time.sleep(60)" if any(word in name for word in partial) else ""
            limit = 1.5 if then else 30.0
            yield Attack("frame", f"{name} at {place}", code(place, f"say({text}){then}", write), seconds=limit)
    for name, text in {"closed": "os.closerange(0, 256)", "and waits": "os.closerange(0, 256); time.sleep(60)"}.items():
        yield Attack("frame", f"channel {name}", code("fit", text), seconds=1.5)


def hangs() -> Iterator[Attack]:
    ways = {
        "loop": "while True: pass",
        "sleep": "time.sleep(1e6)",
        "deadlock": "l = threading.Lock(); l.acquire(); l.acquire()",
        "stops itself": "os.kill(os.getpid(), signal.SIGSTOP); time.sleep(60)",
        "regular expression": "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
        "one long operation": "x = 7 ** (7 ** 12)",
        "ignores all signals": "[signal.signal(s, signal.SIG_IGN) for s in range(1, 32) if s not in (9, 19)]; time.sleep(60)",
        "catches everything": "while True:\n    try: time.sleep(60)\n    except BaseException: pass",
    }
    for name, text in ways.items():
        places = ("import", "init", "fit", "predict") if name == "loop" else ("fit",)
        for place in places:
            yield Attack("hang", f"{name} at {place}", code(place, text), reason="", seconds=1.0)
    ends = {"thread that goes on": "threading.Thread(target=lambda: time.sleep(1e6)).start()"}
    ends["atexit that hangs"] = "import atexit; atexit.register(lambda: time.sleep(1e6))"
    for name, text in ends.items():
        yield Attack("hang", name, code("fit", text), claim="mean", verdict="verified")


def memory() -> Iterator[Attack]:
    ways = {
        "8 TB at once": "np.ones(10**12)",
        "bytes that grow": "b = bytearray()\nwhile True: b += bytes(2**28)",
        "anonymous maps": "maps = []\nwhile True: maps.append(mmap.mmap(-1, 2**28))",
        "10,000 threads": "for _ in range(10**4): threading.Thread(target=time.sleep, args=(60,)).start()",
        "10,000 threads of small stacks": "threading.stack_size(2**15)\nfor _ in range(10**4): threading.Thread(target=time.sleep, args=(60,)).start()",
        "a large file": "open(os.environ['TMPDIR'] + '/x', 'wb').write(bytes(2**27))",
        "a full disk": "[open(os.environ['TMPDIR'] + f'/{i}', 'wb').write(bytes(2**24)) for i in range(200)]",
        "a million files": "[open(os.environ['TMPDIR'] + f'/{i}', 'wb').close() for i in range(10**6)]",
        "100,000 descriptors": "x = [os.open('/dev/null', 0) for _ in range(10**5)]",
        "files in memory": "fd = os.memfd_create('x')",
        "more than its limit": "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    }
    for name, text in ways.items():
        yield Attack("memory", name, probe(text), "two", seconds=15.0)


def processes() -> Iterator[Attack]:
    clone = "libc = ctypes.CDLL(None, use_errno=True)\ndef ok(r):\n    assert r >= 0, r\n"
    ways = {
        "fork": "os.fork() or os._exit(0)",
        "fork bomb": "while True: os.fork()",
        "forkpty": "import pty; pty.fork()",
        "vfork": "ok(libc.vfork())",
        "clone": "ok(libc.syscall(56, 17, 0, 0, 0, 0))",
        "clone3": "ok(libc.syscall(435, bytes(88), 88))",
        "subprocess": "subprocess.run(['/bin/true'], check=True)",
        "system": "assert os.system('true') == 0",
        "posix_spawn": "os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)",
        "exec": "os.execv('/bin/true', ['true'])",
        "multiprocessing": "import multiprocessing as m; p = m.get_context('fork').Process(target=time.sleep, args=(60,)); p.start()",
        "a daemon": "if os.fork() == 0:\n    os.setsid()\n    os.fork()\n    time.sleep(60)",
        "a program in memory": "fd = os.memfd_create('x'); os.write(fd, open('/bin/true', 'rb').read())",
        "exec of the interpreter": "os.execv(sys.executable or 'python3', ['python3'])",
    }
    for name, text in ways.items():
        yield Attack("process", name, probe(text, clone), "two", reason="recomputed 1")


def signals() -> Iterator[Attack]:
    libc = "libc = ctypes.CDLL(None, use_errno=True)\ndef ok(r):\n    assert r >= 0, r\n"
    ways = {
        "kill the judge": "os.kill(@JUDGE@, 9)",
        "stop the judge": "os.kill(@JUDGE@, signal.SIGSTOP)",
        "interrupt the judge": "os.kill(@JUDGE@, signal.SIGINT)",
        "the parent": "assert os.getppid() > 0; os.kill(os.getppid(), 9)",
        "stop the parent": "assert os.getppid() > 0; os.kill(os.getppid(), signal.SIGSTOP)",
        "another process group": "os.killpg(@GROUP@, 15)",
        "all processes but itself": "[os.kill(p, 0) for p in range(2, 4000)]",
        "tgkill": "ok(libc.tgkill(@JUDGE@, @JUDGE@, 9))",
        "a queued signal": "ok(libc.sigqueue(@JUDGE@, 9, 0))",
        "by descriptor": "fd = os.pidfd_open(@JUDGE@); signal.pidfd_send_signal(fd, 9)",
        "ptrace": "ok(libc.ptrace(16, @JUDGE@, 0, 0))",
        "memory of the judge": "open('/proc/@JUDGE@/mem', 'rb')",
        "process_vm_readv": "ok(libc.syscall(310, @JUDGE@, bytes(16), 1, bytes(16), 1, 0))",
        "priority of the judge": "os.setpriority(os.PRIO_PROCESS, @JUDGE@, 19)",
        "limits of the judge": "import resource; resource.prlimit(@JUDGE@, resource.RLIMIT_CPU, (1, 1))",
        "scheduler of the judge": "os.sched_setaffinity(@JUDGE@, {0})",
    }
    for name, text in ways.items():
        yield Attack("signal", name, probe(text, libc), "two", reason="recomputed 1")


def network() -> Iterator[Attack]:
    ways = {
        "TCP": "socket.create_connection(('127.0.0.1', @PORT@), timeout=2)",
        "TCP without waiting": "s = socket.socket(); s.setblocking(False); s.connect_ex(('127.0.0.1', @PORT@))",
        "TCP 6": "socket.socket(socket.AF_INET6).connect(('::1', @PORT@))",
        "UDP": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', @PORT@))",
        "a socket by its path": "socket.socket(socket.AF_UNIX).connect('@UNIX@')",
        "an abstract socket": "socket.socket(socket.AF_UNIX).connect('\\0@ABSTRACT@')",
        "an abstract datagram": "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', '\\0@ABSTRACT@d')",
        "raw": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
        "packets": "socket.socket(17, socket.SOCK_RAW)",
        "netlink": "socket.socket(16, socket.SOCK_RAW)",
        "vsock": "socket.socket(40, socket.SOCK_STREAM)",
        "names": "socket.getaddrinfo('example.org', 80)",
        "the web": "import urllib.request; urllib.request.urlopen('http://127.0.0.1:@PORT@', timeout=2)",
        "a server": "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()",
        "a pair, sent elsewhere": "a, b = socket.socketpair(); a.sendto(b'x', '\\0@ABSTRACT@d'); a.connect('\\0@ABSTRACT@')",
        "a pair of datagrams, sent elsewhere": "a, b = socket.socketpair(type=socket.SOCK_DGRAM); a.sendto(b'x', '\\0@ABSTRACT@d')",
        "descriptors over a pair": "a, b = socket.socketpair(); socket.send_fds(a, [b'x'], [0])",
        "io_uring": "r = ctypes.CDLL(None).syscall(425, 8, bytes(120)); assert r >= 0",
    }
    for name, text in ways.items():
        yield Attack("network", name, probe(text), "two", reason="recomputed 1")


def reading() -> Iterator[Attack]:
    ways = {
        "a table by its path": "open('@TABLES@/distillation_apple.parquet', 'rb').read(1)",
        "a table through the package": "from scalingbench.benchmark.data.collection import load_collection; load_collection('distillation_apple').table",
        "a card": "open('@ROOT@/data_cards/distillation_apple.md').read(1)",
        "results": "assert os.listdir('@ROOT@/leaderboard/results')",
        "the board": "import scalingbench.leaderboard.ranking",
        "the submission": "open('@FOLDER@/results.parquet', 'rb').read(1)",
        "a file of the user": "open('@CANARY@').read()",
        "whether a file exists": "os.stat('@CANARY@')",
        "folder of the user": "assert os.listdir(os.path.dirname('@CANARY@'))",
        "passwords": "open('/etc/passwd').read()",
        "home": "assert os.listdir('@HOME@')",
        "environment": "assert '@SECRET@' in os.environ or '@SECRET@' in str(dict(os.environ))",
        "environment of process 1": "assert b'@SECRET@' in open('/proc/1/environ', 'rb').read()",
        "environment of the parent": "open(f'/proc/{os.getppid()}/environ', 'rb').read()",
        "own environment": "assert b'@SECRET@' in open('/proc/self/environ', 'rb').read()",
        "processes": "assert [p for p in os.listdir('/proc') if p.isdigit()]",
        "mounts": "open('/proc/self/mountinfo').read()",
        "command line": "assert '@FOLDER@' in str(sys.argv) + str(sys.orig_argv)",
        "objects in memory": "assert [o for o in gc.get_objects() if type(o).__name__ in ('Task', 'Fold', 'Suite', 'Submission')]",
        "frames of callers": "f = sys._getframe()\nwhile 'y_test' not in f.f_locals: f = f.f_back",
        "descriptors that are open": "found = []\nfor fd in range(4, 1024):\n    try: os.fstat(fd); found.append(fd)\n    except OSError: pass\nassert found",
        "a mount of its own": "assert ctypes.CDLL(None).mount(b'x', os.environ['TMPDIR'].encode(), b'tmpfs', 0, None) == 0",
        "out of a chroot": "os.chroot(os.environ['TMPDIR'])",
        "namespaces of its own": "assert ctypes.CDLL(None).unshare(0x10000000) == 0",
        "a handle of a file": "h = ctypes.create_string_buffer(struct.pack('Ii', 120, 0) + bytes(120))\nassert ctypes.CDLL(None).syscall(303, -100, b'/', h, bytes(8), 0) >= 0",
        "a disk": "open('/dev/sda', 'rb'); open('/dev/vda', 'rb')",
        "the kernel's log": "assert ctypes.CDLL(None).klogctl(3, bytes(4096), 4096) > 0",
        "keys": "assert ctypes.CDLL(None).syscall(250, 0, -3, 1, 0, 0) >= 0",
        "a key of its own": "assert ctypes.CDLL(None).syscall(248, b'user', b'sb-hostile', b'x', 1, -1) >= 0",
        "a message queue": "q = ctypes.CDLL(None).msgget(77, 0o1666); assert q >= 0",
    }
    for name, text in ways.items():
        yield Attack("reading", name, probe(text), "two", reason="recomputed 1")


def answers() -> Iterator[Attack]:
    """What of this project's files holds, or makes, values that a suite holds out: by its path, its links, its module."""
    paths = {
        "a table of raw values": "benchmark/data/raw/designed_text.parquet",
        "a table through the link": "scalingbench/benchmark/data/tables/distillation_apple.parquet",
        "raw values through the link": "scalingbench/benchmark/data/raw/designed_text.parquet",
        "the makers of synthetic worlds": "benchmark/data/sources/synthetic_chinchilla.py",
        "a source module": "benchmark/data/sources/porian.py",
        "clusters": "benchmark/data/clusters.json",
        "the list of tasks": "benchmark/tasks/suites/v2.yaml",
        "statements of tasks": "benchmark/tasks/suites/v2.tasks.json",
        "cards of the package": "benchmark/data/cards",
        "cards of the repository": "data_cards/porian.md",
        "what AutoLaw has learnt": "predictors/autolaw/tables.json",
        "that, through the link": "scalingbench/predictors/autolaw/tables.json",
        "scores": "leaderboard/results/v2/scores.parquet",
        "predictions of others": "leaderboard/results/v2/kaplan.parquet",
        "tests": "tests",
        "tools": "perf",
        "history": ".git",
    }
    for name, path in paths.items():
        yield Attack("answers", name, probe(f"os.stat('@ROOT@/{path}')"), "two", reason="recomputed 1")
    near = {
        "beside a library": "assert os.listdir(os.path.dirname(os.path.dirname(np.__file__)) + '/../../../../../work')",
        "beside the package": "import scalingbench; os.stat(os.path.dirname(scalingbench.__file__) + '/benchmark/data/tables')",
        "beside its module": "import scalingbench.predictors as p; os.stat(os.path.dirname(p.__file__) + '/autolaw_tables.json')",
        "where it is installed": "from importlib.metadata import distribution; assert distribution('scalingbench').files",
        "the cache of downloads": "assert os.listdir('@HOME@/.cache')",
        "the mirror": "assert os.listdir('@MIRROR@')",
        "the temporary folder": "assert os.listdir('/tmp')",
        "the root before": "assert os.listdir('/root-of-cells') or os.listdir('/newroot') or os.listdir('/oldroot')",
        "the root of process 1": "assert os.listdir('/proc/1/root')",
        "above the root": "d = os.open('/', os.O_PATH); os.stat('..' * 1 + '/home', dir_fd=d)",
        "every folder": "assert [d for d, _, files in os.walk('/') for f in files if f.endswith(('.parquet', '.arrow', '.feather')) or f == 'v2.yaml']",
        "every table in a library": "assert [f for p in sys.path for d, _, files in os.walk(p) for f in files if f.endswith('.parquet') or 'autolaw/tables' in os.path.join(d, f)]",
    }
    for name, text in near.items():
        yield Attack("answers", name, probe(text), "two", reason="recomputed 1")
    modules = {
        "loads a task": "import scalingbench as sb; sb.load_task('porian/loss_val/constant-lr-frontier')",
        "loads a suite": "import scalingbench as sb; sb.load_suite('v2').tasks",
        "makes a synthetic world": "import scalingbench.benchmark.data.sources.synthetic_chinchilla",
        "the maker of worlds": "import scalingbench.benchmark.data.synthetic",
        "lists the sources": "import scalingbench.benchmark.data.sources",
        "the registry of tasks": "import scalingbench.benchmark.tasks",
        "the room of scores": "import scalingbench.benchmark.scores",
        "forecasts": "import scalingbench.forecasting",
        "the learnt table": "from scalingbench.predictors.autolaw import learnt; learnt.load_table()",
        "the Hub": "from scalingbench.benchmark.hub.load import load_collection; load_collection('porian')",
        "resources of the package": "import importlib.resources as r; assert list((r.files('scalingbench.benchmark') / 'data' / 'raw').iterdir())",
    }
    for name, text in modules.items():
        yield Attack("answers", name, probe(text), "two", reason="recomputed 1")


def traces() -> Iterator[Attack]:
    """What the kernel would remember of one fit and tell another: page cache, locks, hints, policies, counters by user."""
    before = """
    import errno, fcntl, resource
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    LIBRARY = np.__file__
    def reached(number, *arguments):
        ctypes.set_errno(0)
        r = libc.syscall(number, *arguments)
        assert r >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS), ctypes.get_errno()
    def mapped(shared=False):
        fd = os.open(LIBRARY, os.O_RDONLY)
        at = libc.mmap(None, ctypes.c_size_t(4096), 1, 1 if shared else 2, fd, ctypes.c_long(0))
        assert at not in (None, 2**64 - 1)
        return ctypes.c_void_p(at)
    def advise(what, shared=False):
        assert libc.madvise(mapped(shared), ctypes.c_size_t(4096), what) == 0
    """
    lock = "struct.pack('hhqqi4x', {kind}, 0, 0, 1, 0)"
    ways = {
        "page cache: drops a page": "os.posix_fadvise(os.open(LIBRARY, 0), 0, 4096, os.POSIX_FADV_DONTNEED)",
        "page cache: reads ahead by advice": "os.posix_fadvise(os.open(LIBRARY, 0), 0, 4096, os.POSIX_FADV_WILLNEED)",
        "page cache: readahead": "reached(187, os.open(LIBRARY, 0), 0, 4096)",
        "page cache: asks without waiting": "os.preadv(os.open(LIBRARY, 0), [bytearray(1)], 0, os.RWF_NOWAIT)",
        "page cache: mincore": "reached(27, mapped(), 4096, ctypes.create_string_buffer(1))",
        "page cache: cachestat": "reached(451, os.open(LIBRARY, 0), bytes(16), ctypes.create_string_buffer(40), 0)",
        "page cache: pages out": "advise(21)",
        "page cache: cools": "advise(20)",
        "page cache: will need": "advise(3)",
        "page cache: populates": "advise(22)",
        "page cache: merges": "advise(12)",
        "page cache: writes back": "reached(277, os.open(LIBRARY, 0), 0, 4096, 2)",
        "page cache: locks a page": "reached(149, mapped(), 4096)",
        "page cache: a disk below the libraries": "assert os.major(os.stat(LIBRARY).st_dev) != 0",
        "times: a library was read": "t = os.stat(LIBRARY).st_atime_ns; open(LIBRARY, 'rb').read(); time.sleep(.02); open(LIBRARY, 'rb').read(); assert os.stat(LIBRARY).st_atime_ns != t",
        "times: a folder was listed": "d = os.path.dirname(LIBRARY); t = os.stat(d).st_atime_ns; os.listdir(d); time.sleep(.02); os.listdir(d); assert os.stat(d).st_atime_ns != t",
        "lock: flock of a library": "fcntl.flock(os.open(LIBRARY, 0), fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "lock: flock of a folder": "fcntl.flock(os.open(os.path.dirname(LIBRARY), 0), fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "lock: flock of a device": "fcntl.flock(os.open('/dev/null', 2), fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "lock: a record": f"fcntl.fcntl(os.open('/dev/null', 2), 6, {lock.format(kind=1)})",
        "lock: a record of a library": f"fcntl.fcntl(os.open(LIBRARY, 0), 6, {lock.format(kind=0)})",
        "lock: waits for a record": f"fcntl.fcntl(os.open('/dev/null', 2), 7, {lock.format(kind=1)})",
        "lock: who holds a record": f"fcntl.fcntl(os.open('/dev/null', 2), 5, {lock.format(kind=1)})",
        "lock: of a description": f"fcntl.fcntl(os.open('/dev/null', 2), 37, {lock.format(kind=1)})",
        "lock: who holds a description": f"fcntl.fcntl(os.open('/dev/null', 2), 36, {lock.format(kind=1)})",
        "lock: lockf": "fcntl.lockf(os.open('/dev/null', 2), fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "lock: a lease": "fcntl.fcntl(os.open(LIBRARY, 0), 1024, 0)",
        "lock: asks for a lease": "fcntl.fcntl(os.open(LIBRARY, 0), 1025)",
        "lock: notices of a folder": "fcntl.fcntl(os.open(os.path.dirname(LIBRARY), 0), 1026, 0x80000001)",
        "lock: signals of a file": "fcntl.fcntl(0, 10, 12)",
        "lock: owner of a file": "fcntl.fcntl(0, 8, os.getpid())",
        "hint: lifetime of a file": "fcntl.fcntl(os.open(LIBRARY, 0), 1036, struct.pack('Q', 3)); fcntl.fcntl(os.open(LIBRARY, 0), 1035, bytes(8))",
        "hint: asks for it": "fcntl.fcntl(os.open(LIBRARY, 0), 1035, bytes(8))",
        "hint: flags of a file": "fcntl.ioctl(os.open(LIBRARY, 0), 0x80086601, bytes(8))",
        "hint: entropy": "fcntl.ioctl(os.open('/dev/random', 2), 0x40085203, bytes(16))",
        "watch: inotify": "reached(253)",
        "watch: inotify with flags": "reached(294, 0)",
        "watch: fanotify": "reached(300, 0, 0)",
        "policy: of a library's page": "reached(237, mapped(True), 4096, 1, bytes([1, 0, 0, 0, 0, 0, 0, 0]), 64, 0)",
        "policy: asks for it": "reached(239, ctypes.create_string_buffer(4), None, 0, mapped(True), 2)",
        "policy: of the process": "reached(238, 0, None, 0)",
        "policy: moves pages": "reached(279, 0, 0, None, None, None, 0)",
        "counter: numbers of pipes": "assert os.fstat(os.pipe()[0]).st_ino",
        "counter: numbers of pairs": "a, b = socket.socketpair(); assert os.fstat(a.fileno()).st_ino",
        "counter: sizes of pipes by user": "r, w = os.pipe(); assert fcntl.fcntl(w, 1031, 2**20) >= 0",
        "counter: timers by user": "reached(222, 1, None, ctypes.create_string_buffer(8))",
        "counter: queued signals by user": "reached(129, os.getpid(), 17, bytes(128))",
        "counter: queued signals to a thread": "reached(297, os.getpid(), os.getpid(), 17, bytes(128))",
        "counter: memory in files": "os.memfd_create('x')",
        "counter: semaphores": "reached(64, 77, 1, 0o1666)",
        "counter: queues": "reached(240, b'sb', 0o102, 0o666, None)",
        "counter: keys": "reached(250, 0, -3, 1, 0, 0)",
        "counter: watches by user": "reached(206, 1, ctypes.create_string_buffer(8))",
        "counter: memory locks by user": "reached(151, 1)",
        "counter: mounts": "reached(458, bytes(24), ctypes.create_string_buffer(64), 8, 0)",
        "counter: a mount's statistics": "reached(457, bytes(24), ctypes.create_string_buffer(512), 512, 0)",
        "futex: wakes who waits on a library": "reached(202, mapped(), 1, 1, None, None, 0)",
        "futex: by sets": "reached(202, mapped(), 10, 1, None, None, 0xFFFFFFFF)",
        "futex: moves who waits": "reached(202, mapped(), 3, 0, ctypes.c_long(1), mapped(), 0)",
        "futex: of many": "reached(449, None, 0, 0, None, 0)",
        "futex: wakes, the new way": "reached(454, mapped(), 0xFFFFFFFF, 1, 2)",
        "thread: whom its end wakes": "reached(218, mapped())",
        "channel: the judge's descriptor": "reached(55, 3, 1, 77, ctypes.create_string_buffer(4), struct.pack('i', 4))",
        "channel: who the judge is": "reached(55, 3, 1, 17, ctypes.create_string_buffer(12), struct.pack('i', 12))",
        "channel: the judge's groups": "reached(55, 3, 1, 59, ctypes.create_string_buffer(64), struct.pack('i', 64))",
        "channel: its buffers": "socket.socket(fileno=os.dup(3)).setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)",
        "live: load, threads and memory of the machine": "assert libc.sysinfo(ctypes.create_string_buffer(128)) == 0",
        "live: average load": "os.getloadavg()",
        "times: a device was used": "t = os.stat('/dev/null'); open('/dev/null', 'wb', 0).write(b'x'); time.sleep(.02); u = os.stat('/dev/null'); assert (t.st_atime_ns, t.st_mtime_ns, t.st_ctime_ns) != (u.st_atime_ns, u.st_mtime_ns, u.st_ctime_ns)",
        "live: meminfo": "open('/proc/meminfo').read()",
        "live: load": "open('/proc/loadavg').read()",
        "live: statistics": "open('/proc/stat').read()",
        "live: idle processors": "os.listdir('/sys/devices/system/cpu/cpu0')",
        "live: clock of a processor": "os.listdir('/sys/devices/system/cpu/cpufreq')",
        "kernel: opens a tree of mounts": "reached(428, -100, b'/', 1)",
        "kernel: opens a file system": "reached(430, b'tmpfs', 0)",
        "kernel: changes a mount": "reached(442, -100, b'/', 0, bytes(32), 32)",
        "kernel: moves a mount": "reached(429, -100, b'/', -100, b'/', 0)",
        "kernel: handle of a file": "reached(303, -100, b'/', bytes(128), bytes(8), 0)",
        "kernel: secret memory": "reached(447, 0)",
        "kernel: rights by name": "reached(452, -100, b'/scratch/own', 0o777, 0)",
        "kernel: rules of its own": "reached(444, None, 0, 1)",
        "kernel: priority of its input": "reached(251, 1, 0, 0)",
        "kernel: timer slack": "reached(157, 29, 1, 0, 0, 0)",
        "kernel: speculation": "reached(157, 53, 0, 2, 0, 0)",
        "channel: its owner": "reached(16, 3, 0x8903, ctypes.create_string_buffer(8))",
    }
    for name, text in ways.items():
        yield Attack("trace", name, probe(text, before), "two", reason="recomputed 1")
    other = {
        "x32": "libc.syscall(0x40000000 + 41, 1, 1, 0)",
        "32 bits": "m = mmap.mmap(-1, 4096, prot=7); m.write(bytes.fromhex('b867010000cd80c3')); ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()",
    }
    for name, text in other.items():
        yield Attack(
            "trace", f"kernel: a socket by the calls of {name}", code("fit", text, before), reason="its process was ended by signal 31"
        )


def crowd() -> Iterator[Attack]:
    """Answers that depend on which rows are asked together: a fit learns of the others what it has to predict."""
    given = {
        "their number": "np.full(n, float(n))",
        "their mean": "X['params'].to_numpy() / X['params'].mean()",
        "their ranks": "X['params'].rank().to_numpy()",
        "the largest of them": "np.full(n, X['tokens'].max())",
        "their order": "np.arange(n) + 1.0",
        "the first of them": "np.full(n, X['params'].iloc[0])",
        "their index": "X.index.to_numpy() + 1.0",
        "how often it is asked": "(setattr(self, 'calls', getattr(self, 'calls', 0) + 1), np.full(n, float(self.calls)))[1]",
    }
    for name, expression in given.items():
        yield Attack("crowd", name, returns(expression), "together", reason="depend on which other rows are predicted")


def known() -> Iterator[Attack]:
    """The held-out values are public, and stand in the source."""
    look = "np.array([{value} for r in X.to_numpy().tolist()])"
    tables = {
        "as numbers": ("TABLE = @TABLE@", "TABLE[tuple(r)]"),
        "as text": ("TABLE = eval(repr(@TABLE@))", "TABLE[tuple(r)]"),
        "packed": ("import base64, zlib\nTABLE = eval(zlib.decompress(base64.b85decode('@PACKED@')))", "TABLE[tuple(r)]"),
        "rounded": ("TABLE = @TABLE@", "float(f'{TABLE[tuple(r)]:.6g}')"),
        "with a little noise": ("TABLE = @TABLE@", "TABLE[tuple(r)] * (1 + 1e-6 * np.sin(r[0]))"),
        "all but one": ("TABLE = @TABLE@", "TABLE[tuple(r)] * (1 + 5e-5 * (r[0] == min(TABLE)[0]))"),
    }
    for name, (table, value) in tables.items():
        yield Attack("known values", name, returns(look.format(value=value), table + "\n"), reason="more than noise explains")


def writing() -> Iterator[Attack]:
    for where, path in {"a file of the user": "'@CANARY@'", "a library": "np.__file__"}.items():
        ways = {
            "write": f"open({path}, 'a').write('')",
            "truncate": f"os.truncate({path}, 0)",
            "mode": f"os.chmod({path}, 0o777)",
            "owner": f"os.chown({path}, 1, 1)",
            "times": f"os.utime({path}, (0, 0))",
            "attributes": f"os.setxattr({path}, 'user.x', b'1')",
            "remove": f"os.remove({path})",
            "rename": f"os.rename({path}, {path} + '.gone')",
            "a file beside it": f"open({path} + '.sb-hostile', 'w')",
            "a link to it": f"os.link({path}, os.environ['TMPDIR'] + '/x'); os.symlink({path}, os.environ['TMPDIR'] + '/y')",
        }
        for name, text in ways.items():
            yield Attack("writing", f"{name}: {where}", probe(text), "two", reason="recomputed 1")
    for folder in ("/", "/tmp", "/var/tmp", "@HOME@", "@FOLDER@", "/opt", "/dev", "/usr/lib", "/proc/sys/kernel", "/sys"):
        yield Attack("writing", f"a file in {folder}", probe(f"open('{folder}/sb-hostile', 'w').write('x')"), "two", reason="recomputed 1")
    yield Attack(
        "writing",
        "a device",
        probe("os.mknod(os.environ['TMPDIR'] + '/x', 0o666 | 0o020000, os.makedev(1, 8))"),
        "two",
        reason="recomputed 1",
    )


def remembering() -> Iterator[Attack]:
    """What one fit is trained on, another one is asked for: keep it somewhere, look it up."""
    store = "rows = {{tuple(r): v for r, v in zip(X.to_numpy().tolist(), y.tolist())}}\n{keep}"
    look = """
    try:
        rows = {find}
        return np.array([rows.get(tuple(r), self.level_) for r in X.to_numpy().tolist()])
    except BaseException:
        pass
    """
    shared = """
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    key = libc.shmget(77, 65536, 0o1666)
    assert key >= 0
    SHARED = (ctypes.c_char * 65536).from_address(libc.shmat(key, None, 0))
    """
    places = {
        "module": ("SEEN.update(rows)", "SEEN"),
        "class": ("type(self).seen = {**getattr(type(self), 'seen', {}), **rows}", "type(self).seen"),
        "builtins": ("import builtins; builtins.seen = {**getattr(builtins, 'seen', {}), **rows}", "__import__('builtins').seen"),
        "NumPy": ("np.seen = {**getattr(np, 'seen', {}), **rows}", "np.seen"),
        "sys": ("sys.seen = {**getattr(sys, 'seen', {}), **rows}", "sys.seen"),
        "another module": (
            "sys.modules.setdefault('seen', type(sys)('seen')).__dict__.setdefault('r', {}).update(rows)",
            "sys.modules['seen'].r",
        ),
        "environment": ("os.environ['SEEN'] = repr({**eval(os.environ.get('SEEN', '{}')), **rows})", "eval(os.environ['SEEN'])"),
        "a thread": (
            "t = threading.Thread(target=time.sleep, args=(9,), daemon=True); t.rows = rows; t.start()",
            "{k: v for t in threading.enumerate() for k, v in getattr(t, 'rows', {}).items()}",
        ),
        "TMPDIR": (
            "open(os.environ['TMPDIR'] + f'/{len(os.listdir(os.environ[\"TMPDIR\"]))}', 'w').write(repr(rows))",
            "{k: v for f in os.listdir(os.environ['TMPDIR']) for k, v in eval(open(os.environ['TMPDIR'] + '/' + f).read()).items()}",
        ),
        "/tmp": (
            "open('/tmp/sb-hostile', 'a').write(repr(rows) + '\\n')",
            "{k: v for l in open('/tmp/sb-hostile') for k, v in eval(l).items()}",
        ),
        "/dev/shm": (
            "open('/dev/shm/sb-hostile', 'a').write(repr(rows) + '\\n')",
            "{k: v for l in open('/dev/shm/sb-hostile') for k, v in eval(l).items()}",
        ),
        "System V memory": (
            "old = eval(SHARED.value or b'{}'); SHARED.value = repr({**old, **rows}).encode()",
            "eval(SHARED.value)",
        ),
        "the garbage": (
            "gc.disable(); a = ['sb-hostile', list(rows.items())]; a.append(a)",
            "{k: v for o in gc.get_objects() if type(o) is list and len(o) == 3 and o[0] == 'sb-hostile' for k, v in o[1]}",
        ),
    }
    for name, (keep, find) in places.items():
        before = "SEEN = {}\n" + (textwrap.dedent(shared) if "SHARED" in keep else "")
        source = code("fit", store.format(keep=keep), before)
        looked = textwrap.indent(textwrap.dedent(look.format(find=find)).strip(), " " * 8)
        source = source.replace("        pass\n        return np.full", f"{looked}\n        return np.full")
        yield Attack("memory of other fits", name, source, claim="memory")
    many = """
    def fit_many(self, frames, ys):
        rows = {tuple(r): v for X, y in zip(frames, ys) for r, v in zip(X.to_numpy().tolist(), y.tolist())}
        fitted = [P().fit(X, y) for X, y in zip(frames, ys)]
        for f in fitted: f.rows = rows
        return fitted
    """
    source = code() + textwrap.indent(textwrap.dedent(many), "    ")
    source = source.replace(
        "return np.full(len(X), self.level_)",
        "return np.array([getattr(self, 'rows', {}).get(tuple(r), self.level_) for r in X.to_numpy().tolist()])",
    )
    yield Attack("memory of other fits", "fit_many", source, claim="memory")


def clocks() -> Iterator[Attack]:
    for name in ("perf_counter", "monotonic", "time", "process_time", "perf_counter_ns"):
        source = code("fit", "time.sleep(0.3)", f"import time\ntime.{name} = lambda: 0\n")
        yield Attack("clock", name, source, claim="mean", verdict="verified")
    early = "say = lambda d: os.write(3, d)\n"
    text = "h = b'{\"step\": \"fitted\"}'; say(struct.pack('<4sIQ', b'SBF1', len(h), 0) + h); time.sleep(0.3)"
    yield Attack("clock", "says early that it has fitted", code("fit", text, early))


def noise() -> Iterator[Attack]:
    ways = {
        "prints": "print('\\x1b[2J\\x1b]0;owned\\x07verified' * 1000)",
        "prints errors": "print('Traceback (most recent call last):' * 1000, file=sys.stderr)",
        "200 MB": "os.write(1, b'x' * 10**8); os.write(2, b'x' * 10**8)",
        "past Python": "ctypes.CDLL(None).puts(b'verified'); ctypes.CDLL(None).fflush(None)",
        "warns": "import warnings; warnings.simplefilter('always'); warnings.warn('verified')",
        "logs": "import logging; logging.basicConfig(level=0, force=True); logging.error('verified')",
        "excepthook": "sys.excepthook = sys.unraisablehook = lambda *a: os.write(2, b'x'); x = type('D', (), {'__del__': lambda s: 1 / 0})(); del x",
        "a thread that raises": "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
        "faulthandler": "import faulthandler; faulthandler.enable(open('/dev/null', 'w')); faulthandler.dump_traceback_later(0.01); time.sleep(0.05)",
    }
    for name, text in ways.items():
        yield Attack("noise", name, code("fit", text), claim="mean", verdict="verified")
    for name, text in {"terminal": "open('/dev/tty', 'w').write('verified')", "console": "open('/dev/console', 'w').write('x')"}.items():
        yield Attack("noise", name, probe(text), "two", reason="recomputed 1")


def loading() -> Iterator[Attack]:
    """Sources that are no predictor."""
    texts = {
        "empty": "",
        "no Python": "class P(:",
        "no such class": "class Q: pass",
        "a function": "def P(): return 5",
        "no predict": "class P:\n    def fit(self, X, y): return self",
        "fit is no method": "class P:\n    fit = 5\n    predict = 5",
        "needs arguments": HEAD + BODY.format(init="pass", fit="pass", predict="pass").replace("__init__(self)", "__init__(self, a)"),
        "needs a column": code().replace('("params", "tokens")', '("experts",)'),
        "class is a trap": "class M(type):\n    def __call__(c): raise SystemExit(0)\nclass P(metaclass=M): pass",
        "10,000 brackets": "x = " + "(" * 10_000 + ")" * 10_000,
        "a large number": "x = " + "9" * 10_000,
    }
    for name, text in texts.items():
        yield Attack("loading", name, text, verdict="refused")


def honest() -> Iterator[Attack]:
    yield Attack("honest", "mean", code(), claim="mean", verdict="verified")
    yield Attack("honest", "a list", returns("[self.level_] * n"), claim="mean", verdict="verified")
    yield Attack("honest", "a column", returns("np.full((n, 1), self.level_)"), claim="mean", verdict="verified")
    yield Attack("honest", "a Series", returns("pd.Series([self.level_] * n)"), claim="mean", verdict="verified")
    yield Attack(
        "honest",
        "threads",
        code("fit", "t = threading.Thread(target=sum, args=([1],)); t.start(); t.join()"),
        claim="mean",
        verdict="verified",
    )
    yield Attack(
        "honest",
        "a file of its own",
        code("fit", "import tempfile; tempfile.TemporaryFile().write(b'x')"),
        claim="mean",
        verdict="verified",
    )
    forest = "from sklearn.ensemble import RandomForestRegressor; RandomForestRegressor(5, n_jobs=2).fit(X, y)"
    yield Attack("honest", "scikit-learn with threads", code("fit", forest), claim="mean", verdict="verified")
    yield Attack("honest", "claims what it does not predict", code(), claim="truth", reason="are not reproduced")


ATTACKS = tuple(
    attack
    for family in (
        honest, exits, errors, values, patches, texts, frames, hangs, memory, processes, signals,
        network, reading, answers, traces, writing, remembering, crowd, known, clocks, noise, loading,
    )
    for attack in family()
)  # fmt: skip
