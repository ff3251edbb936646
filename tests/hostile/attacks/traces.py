"""What one fit could leave for another one: in the kernel, in files, in its process."""

import textwrap
from collections.abc import Iterator

from attacks.attack import Attack, code, probes


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
    yield from probes("trace", ways, before)
    other = {
        "x32": "libc.syscall(0x40000000 + 41, 1, 1, 0)",
        "32 bits": "m = mmap.mmap(-1, 4096, prot=7); m.write(bytes.fromhex('b867010000cd80c3')); ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()",
    }
    for name, text in other.items():
        yield Attack(
            "trace", f"kernel: a socket by the calls of {name}", code("fit", text, before), reason="its process was ended by signal 31"
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
