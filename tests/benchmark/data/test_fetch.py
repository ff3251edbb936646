import gzip
import hashlib
import http.server
import threading

import pytest

from scalingbench.benchmark.data.fetch import UpstreamFile, locate
from scalingbench.common.errors import FetchError

CONTENT = b"params,loss\n1,2\n"
SHA = hashlib.sha256(CONTENT).hexdigest()
ALTERED = hashlib.sha256(CONTENT + b"3,4\n").hexdigest()


@pytest.fixture
def server(tmp_path):
    """Serve a folder over HTTP on loopback."""
    root = tmp_path / "www"
    root.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(root))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield root, f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """Point the mirror and the cache at empty folders."""
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv("SCALINGBENCH_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("SCALINGBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path


def put(root, content=CONTENT):
    path = root / "mirror" / "folder" / "raw" / "a.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_when_the_mirror_holds_the_file_then_it_is_used(offline):
    path = put(offline)
    assert locate(UpstreamFile("folder", "a.csv", SHA)) == path


def test_when_the_mirrors_file_was_altered_then_it_is_refused(offline):
    put(offline, CONTENT + b"3,4\n")
    with pytest.raises(FetchError, match=rf"a\.csv: was altered: sha256 is {ALTERED[:12]}\.\.\., pinned is {SHA[:12]}\.\.\."):
        locate(UpstreamFile("folder", "a.csv", SHA, "http://127.0.0.1:9/a.csv"))


def test_when_the_mirror_holds_the_file_gzipped_then_its_content_is_checked(offline):
    path = put(offline)
    path.unlink()
    packed = path.with_name("a.csv.gz")
    packed.write_bytes(gzip.compress(CONTENT))
    assert locate(UpstreamFile("folder", "a.csv", SHA)) == packed
    packed.write_bytes(gzip.compress(CONTENT + b"3,4\n"))
    with pytest.raises(FetchError, match=r"a\.csv\.gz: was altered: sha256 is .*, pinned is "):
        locate(UpstreamFile("folder", "a.csv", SHA))
    packed.write_bytes(gzip.compress(CONTENT)[:-9])
    with pytest.raises(FetchError, match=r"a\.csv\.gz: is not a whole gzip file: "):
        locate(UpstreamFile("folder", "a.csv", SHA))


def test_when_a_transcription_is_not_in_the_mirror_then_the_message_says_what_to_set(offline):
    with pytest.raises(FetchError, match=r"folder/raw/a\.csv: a transcription .*SCALINGBENCH_MIRROR"):
        locate(UpstreamFile("folder", "a.csv", SHA))


def test_when_the_mirror_does_not_exist_then_it_is_named(monkeypatch):
    monkeypatch.setenv("SCALINGBENCH_MIRROR", "/no/such/place")
    with pytest.raises(FetchError, match="/no/such/place: no such folder"):
        locate(UpstreamFile("folder", "a.csv", SHA))


def test_when_downloaded_then_it_is_checked_cached_and_not_fetched_again(offline, server):
    root, url = server
    (root / "a.csv").write_bytes(CONTENT)
    file = UpstreamFile("folder", "a.csv", SHA, f"{url}/a.csv")
    path = locate(file)
    assert path.read_bytes() == CONTENT and (offline / "cache") in path.parents
    (root / "a.csv").unlink()
    assert locate(file) == path


def test_when_the_download_is_not_what_was_pinned_then_nothing_is_kept(offline, server):
    root, url = server
    (root / "a.csv").write_bytes(CONTENT + b"3,4\n")
    with pytest.raises(FetchError, match=rf"a\.csv: is not what was pinned: sha256 is {ALTERED[:12]}\.\.\., pinned is {SHA[:12]}\.\.\."):
        locate(UpstreamFile("folder", "a.csv", SHA, f"{url}/a.csv"))
    assert not [p for p in (offline / "cache").rglob("*") if p.is_file()]


def test_when_the_cached_copy_was_altered_then_it_is_fetched_again(offline, server):
    root, url = server
    (root / "a.csv").write_bytes(CONTENT)
    file = UpstreamFile("folder", "a.csv", SHA, f"{url}/a.csv")
    locate(file).write_bytes(b"altered")
    assert locate(file).read_bytes() == CONTENT


def test_when_the_host_cannot_be_reached_then_one_line_names_file_and_address(offline):
    with pytest.raises(FetchError, match=r"folder/a\.csv: cannot be downloaded from http://127\.0\.0\.1:9/a\.csv") as caught:
        locate(UpstreamFile("folder", "a.csv", SHA, "http://127.0.0.1:9/a.csv"))
    assert "\n" not in str(caught.value)
