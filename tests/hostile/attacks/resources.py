"""Time, memory, processes, signals, clocks and noise."""

from collections.abc import Iterator

from attacks.attack import Attack, code, probe, probes

_LIBC = "libc = ctypes.CDLL(None, use_errno=True)\ndef ok(r):\n    assert r >= 0, r\n"


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
    yield from probes("process", ways, _LIBC)


def signals() -> Iterator[Attack]:
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
    yield from probes("signal", ways, _LIBC)


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
