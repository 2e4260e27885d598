"""An HTTP and an FTP server for tests, on this machine, with the faults that real ones have."""

from __future__ import annotations

import contextlib
import http.server
import socketserver
import threading
from collections.abc import Iterator


class HttpFiles(http.server.ThreadingHTTPServer):
    """Serves `files` (path to bytes), as `etag`; breaks off after `cut` bytes of a body if set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _HttpHandler)
        self.files: dict[str, bytes] = {}
        self.ranges = True
        self.etag: str | None = '"v1"'
        self.cut: int | None = None
        self.headers: dict[str, str] = {}  # to send instead of our own
        self.moved: dict[str, str] = {}  # old path to new path
        self.asked: list[tuple[str, str | None]] = []  # path and Range of each request

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


class _HttpHandler(http.server.BaseHTTPRequestHandler):
    server: HttpFiles

    def do_GET(self) -> None:
        server, wanted = self.server, self.headers["Range"]
        server.asked.append((self.path, wanted))
        path = self.path.lstrip("/")
        if path in server.moved:
            self.send_response(301)
            self.send_header("Location", server.url(server.moved[path]))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = server.files.get(path)
        if content is None:
            self.send_error(404)
            return
        start = self._start(wanted)
        if start and start >= len(content):
            self.send_error(416)
            return
        headers = {"Content-Length": str(len(content) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if server.etag:
            headers["ETag"] = server.etag
        self.send_response(206 if start else 200)
        for name, value in (headers | server.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[start:][: server.cut])

    def _start(self, wanted: str | None) -> int:
        same = self.headers["If-Range"] in (None, self.server.etag)
        if wanted is None or not self.server.ranges or not same:
            return 0
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def log_message(self, *_: object) -> None:
        pass


class FtpFiles(socketserver.ThreadingTCPServer):
    """Serves `files` (path to bytes) to whoever asks, in passive mode; `cut` as above."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _FtpHandler)
        self.files: dict[str, bytes] = {}
        self.cut: int | None = None
        self.asked: list[str] = []

    def url(self, name: str) -> str:
        return f"ftp://127.0.0.1:{self.server_address[1]}/{name}"


class _FtpHandler(socketserver.StreamRequestHandler):
    server: FtpFiles

    def handle(self) -> None:
        self.start = 0
        self.say("220 ready")
        for line in self.rfile:
            command, _, rest = line.decode().strip().partition(" ")
            self.server.asked.append(f"{command} {rest}".strip())
            if command == "QUIT":
                self.say("221 bye")
                return
            getattr(self, command.lower())(rest)

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def user(self, _: str) -> None:
        self.say("230 welcome")

    def type(self, _: str) -> None:
        self.say("200 binary")

    def size(self, path: str) -> None:
        content = self.server.files.get(path.lstrip("/"))
        self.say("550 no such file" if content is None else f"213 {len(content)}")

    def pasv(self, _: str) -> None:
        self.listener = socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        port = self.listener.server_address[1]
        self.say(f"227 passive (127,0,0,1,{port // 256},{port % 256})")

    def rest(self, start: str) -> None:
        self.start = int(start)
        self.say("350 go on")

    def retr(self, path: str) -> None:
        content = self.server.files[path.lstrip("/")][self.start :][: self.server.cut]
        with self.listener.socket as listening:
            channel, _ = listening.accept()
        with channel:
            self.say("150 here it comes")
            channel.sendall(content)
        self.say("226 done")


@contextlib.contextmanager
def running(server: HttpFiles | FtpFiles) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
