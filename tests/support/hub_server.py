"""The part of the Hub's API that huggingface_hub uses to create, commit, tag and download, on loopback, in memory."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN = "hf_test"


class HubServer:
    """Data-set repositories in memory; ``fault`` makes downloads fail: 'cut' half way or 'corrupt' one byte."""

    def __init__(self) -> None:
        self.repos: dict[str, dict[str, dict[str, bytes]]] = {}  # repo -> commit -> files
        self.refs: dict[str, dict[str, str]] = {}
        self.fault = ""
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def commit(self, repo: str, files: dict[str, bytes]) -> str:
        digest = hashlib.sha1(repr(sorted((n, hashlib.sha256(b).hexdigest()) for n, b in files.items())).encode()).hexdigest()
        self.repos[repo][digest] = files
        self.refs[repo]["main"] = digest
        return digest

    def files(self, repo: str, revision: str = "main") -> dict[str, bytes] | None:
        commit = self.refs[repo].get(revision, revision)
        return self.repos[repo].get(commit)

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def _json(self, status: int, body: object, **headers: str) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._json(401, {"error": "Invalid"}, X_Error_Message="Invalid credentials in Authorization header")
        elif path == "/api/repos/create":
            asked = json.loads(body)
            repo = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            if repo not in self.hub.repos:
                self.hub.repos[repo], self.hub.refs[repo] = {}, {}
                self.hub.commit(repo, {})
            self._json(200, {"url": f"{self.hub.url}/datasets/{repo}"})
        elif path == "/api/validate-yaml":
            self._json(200, {"errors": [], "warnings": []})
        elif match := re.fullmatch(r"/api/datasets/(.+)/preupload/(.+)", path):
            files = json.loads(body)["files"]
            self._json(200, {"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]})
        elif match := re.fullmatch(r"/api/datasets/(.+)/commit/(.+)", path):
            self._commit(match[1], body)
        elif match := re.fullmatch(r"/api/datasets/(.+)/tag/(.+)", path):
            self.hub.refs[match[1]][json.loads(body)["tag"]] = unquote(match[2])
            self._json(200, {})
        else:
            self._json(404, {"error": f"no such endpoint: {path}"})

    def _commit(self, repo: str, body: bytes) -> None:
        files = dict(self.hub.files(repo) or {})
        for line in body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "deletedFile":
                files.pop(value["path"], None)
        oid = self.hub.commit(repo, files)
        self._json(200, {"commitUrl": f"{self.hub.url}/datasets/{repo}/commit/{oid}", "commitOid": oid, "success": True, "hookOutput": ""})

    def do_HEAD(self) -> None:
        self._resolve()

    def do_GET(self) -> None:
        self._resolve()

    def _resolve(self) -> None:
        path = unquote(urlsplit(self.path).path)
        match = re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if not match:
            self._json(404, {"error": "not found"})
        elif match[1] not in self.hub.repos:
            self._json(401, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
        elif (files := self.hub.files(match[1], match[2])) is None:
            self._json(404, {"error": "Invalid rev id"}, X_Error_Code="RevisionNotFound")
        elif match[3] not in files:
            self._json(404, {"error": "Entry not found"}, X_Error_Code="EntryNotFound")
        else:
            self._send(files[match[3]], self.hub.refs[match[1]].get(match[2], match[2]))

    def _send(self, data: bytes, commit: str) -> None:
        etag = hashlib.sha256(data).hexdigest()
        if self.hub.fault == "corrupt" and self.command == "GET" and len(data) > 2000:
            data = bytes([data[0] ^ 1]) + data[1:]
        self.send_response(200)
        for name, value in {"X-Repo-Commit": commit, "ETag": f'"{etag}"', "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.hub.fault == "cut" and len(data) > 2000:
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(data)
