"""What the code gives back: how it ends, its errors, its values, its messages, patches of what checks them."""

from collections.abc import Iterator

from attacks.attack import BODY, HEAD, Attack, code, returns


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
        "messages.send": "import scalingbench.benchmark.evaluation.wall.messages as f; f.send = lambda *a, **k: None",
        "messages.send twice": "import scalingbench.benchmark.evaluation.wall.messages as f; s = f.send; f.send = lambda *a, **k: (s(*a, **k), s(*a, **k))",
        "outcome.predictions": "import scalingbench.benchmark.evaluation.outcome as o; o.predictions = lambda g, n: o.Predicted('ok', '', np.full(n, np.nan))",
        "outcome status": "import scalingbench.benchmark.evaluation.outcome as o; o.predictions = lambda g, n: o.Predicted('verified', 'x', np.zeros(n))",
        "FoldResult": "import scalingbench.benchmark.evaluation.results as r; r.FoldResult.__init__ = lambda *a, **k: os._exit(0)",
        "builtins.len": "import builtins; builtins.len = lambda x: 10**9",
        "builtins.float": "import builtins; builtins.float = lambda x: 2.0",
        "struct.Struct": "import struct; struct.Struct.pack = None",
        "sys.modules emptied": "sys.modules.clear()",
    }
    for name, text in lies.items():
        hung = name in ("messages.send", "sys.modules emptied")
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
