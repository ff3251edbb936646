"""What lies outside: the network, files to read and to write, the held-out values of this project."""

from collections.abc import Iterator

from attacks.attack import Attack, probe, probes


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
    yield from probes("network", ways)


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
    yield from probes("reading", ways)


def answers() -> Iterator[Attack]:
    """What of this project's files holds, or makes, values that a suite holds out: by its path, its links, its module."""
    paths = {
        "a table of raw values": "benchmark/data/raw/designed_text.parquet",
        "a table through the link": "scalingbench/benchmark/data/tables/distillation_apple.parquet",
        "raw values through the link": "scalingbench/benchmark/data/raw/designed_text.parquet",
        "the makers of synthetic worlds": "benchmark/data/sources/synthetic_chinchilla.py",
        "a source module": "benchmark/data/sources/porian.py",
        "clusters": "benchmark/data/clusters.json",
        "the list of tasks": "benchmark/tasks/suites/v3.yaml",
        "statements of tasks": "benchmark/tasks/suites/v3.tasks.json",
        "cards of the package": "benchmark/data/cards",
        "cards of the repository": "data_cards/porian.md",
        "what AutoLaw has learnt": "predictors/autolaw/tables.json",
        "that, through the link": "scalingbench/predictors/autolaw/tables.json",
        "scores": "leaderboard/results/v3/scores.parquet",
        "predictions of others": "leaderboard/results/v3/kaplan.parquet",
        "tests": "tests",
        "tools": "perf",
        "history": ".git",
    }
    yield from probes("answers", {name: f"os.stat('@ROOT@/{path}')" for name, path in paths.items()})
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
        "every folder": "assert [d for d, _, files in os.walk('/') for f in files if f.endswith(('.parquet', '.arrow', '.feather')) or f == 'v3.yaml']",
        "every table in a library": "assert [f for p in sys.path for d, _, files in os.walk(p) for f in files if f.endswith('.parquet') or 'autolaw/tables' in os.path.join(d, f)]",
    }
    yield from probes("answers", near)
    modules = {
        "loads a task": "import scalingbench as sb; sb.load_task('porian/loss_val/constant-lr-frontier')",
        "loads a suite": "import scalingbench as sb; sb.load_suite('v3').tasks",
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
    yield from probes("answers", modules)


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
        yield from probes("writing", {f"{name}: {where}": text for name, text in ways.items()})
    for folder in ("/", "/tmp", "/var/tmp", "@HOME@", "@FOLDER@", "/opt", "/dev", "/usr/lib", "/proc/sys/kernel", "/sys"):
        yield Attack("writing", f"a file in {folder}", probe(f"open('{folder}/sb-hostile', 'w').write('x')"), "two", reason="recomputed 1")
    yield Attack(
        "writing",
        "a device",
        probe("os.mknod(os.environ['TMPDIR'] + '/x', 0o666 | 0o020000, os.makedev(1, 8))"),
        "two",
        reason="recomputed 1",
    )
