"""Real git servers on loopback: ``git http-backend`` behind Python's web server, and ``git daemon``."""

import contextlib
import http.server
import os
import shutil
import socket
import subprocess
import threading
import time


class _Bridge(http.server.BaseHTTPRequestHandler):
    """Hands a request to git http-backend, as a web server does by CGI."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        self._answer(b"")

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(body)

    def _answer(self, body):
        if self.server.refusal is not None:
            self.send_response(self.server.refusal)
            self.send_header("Content-Length", "0")
            if self.server.refusal == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="hub"')
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        environment = {
            **self.server.environment,
            "GIT_PROJECT_ROOT": self.server.root,
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": "ana",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        ended = subprocess.run([self.server.git, "http-backend"], input=body, capture_output=True, env=environment)
        head, _, content = ended.stdout.partition(b"\r\n\r\n")
        fields = dict(line.decode().split(": ", 1) for line in head.split(b"\r\n") if line)
        self.send_response(int(fields.pop("Status", "200 OK").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextlib.contextmanager
def http_server(hub):
    """Serve the remote over http; gives (url, server). ``server.refusal`` is a status to answer everything with."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Bridge)
    server.root, server.refusal, server.daemon_threads = str(hub.folder), None, True
    # As they are now, whatever a test does to its own PATH.
    server.environment, server.git = dict(os.environ), shutil.which("git")
    hub.git("config", "http.receivepack", "true")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{hub.path.name}", server
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def git_daemon(hub):
    """Serve the remote over git's own protocol; gives the url."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", "--export-all", "--enable=receive-pack"]
    command += ["--reuseaddr", f"--base-path={hub.folder}", str(hub.folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as daemon:
        try:
            until = time.monotonic() + 10
            while time.monotonic() < until:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.02)
            yield f"git://127.0.0.1:{port}/{hub.path.name}"
        finally:
            daemon.terminate()
