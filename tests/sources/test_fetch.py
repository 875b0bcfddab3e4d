from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from analysis.core.errors import DataError
from analysis.sources.fetch import fetch

CONTENT = bytes(range(256)) * 2000


class Server(ThreadingHTTPServer):
    """Serves /data with ranges; cuts the line after `cut` bytes while `cut` is set."""

    cut: int | None = None
    asked: list[str | None]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        if self.path != "/data":
            self.send_error(404)
            return
        wanted = self.headers.get("Range")
        ours = "python-requests" in self.headers.get("User-Agent", "")
        if ours and "gzip" in self.headers.get("Accept-Encoding", ""):
            self.send_error(406)  # compressed, it would not be as long as it says
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if body:
            self.server.asked.append(wanted)
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.send_header("ETag", '"v1"')
        self.end_headers()
        if body:
            end = self.server.cut if self.server.cut is not None else len(CONTENT)
            self.wfile.write(CONTENT[start:end])
            self.wfile.flush()
            if self.server.cut is not None:
                self.connection.close()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def sources(project: Path, server: Server) -> Path:
    """The project's list of sources, holding one that the local server publishes."""
    (project / ".dvc").mkdir()
    (project / ".dvc" / "config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    path = project / "data" / "raw" / "sources.yaml"
    write(path, server, "/data")
    return path


def write(path: Path, server: Server, page: str) -> None:
    address = f"http://127.0.0.1:{server.server_address[1]}{page}"
    path.write_text(yaml.safe_dump({"essai": {"adresse": address, "vers": "{dataset}/decp/essai.bin"}}))


def test_a_source_is_brought_registered_and_not_asked_for_again(sources: Path, server: Server) -> None:
    [path] = fetch("mien")
    assert path == sources.parent / "mien" / "decp" / "essai.bin"
    assert path.read_bytes() == CONTENT
    registered = yaml.safe_load(path.with_name("essai.bin.dvc").read_text())
    assert registered["deps"][0]["path"].endswith("/data") and registered["outs"][0]["size"] == len(CONTENT)
    asked = len(server.asked)
    fetch("mien")
    assert len(server.asked) == asked


def test_a_cut_line_says_so_and_the_next_call_takes_up_where_it_broke(sources: Path, server: Server) -> None:
    server.cut = 100_000
    with pytest.raises(DataError, match="reprend"):
        fetch("mien")
    assert not (sources.parent / "mien" / "decp" / "essai.bin").exists()
    server.cut = None
    [path] = fetch("mien")
    assert path.read_bytes() == CONTENT
    resumed = [int(asked[6:-1]) for asked in server.asked if asked]
    assert resumed and 0 < resumed[0] <= 100_000


def test_offline_is_one_sentence(sources: Path, server: Server) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError) as caught:
        fetch("mien")
    assert "hors ligne" in str(caught.value) and "\n" not in str(caught.value)


def test_an_address_that_moved_is_one_sentence(sources: Path, server: Server) -> None:
    write(sources, server, "/ailleurs")
    with pytest.raises(DataError, match="erreur 404 ; adresse à vérifier"):
        fetch("mien")


def test_an_unknown_source_names_those_there_are(sources: Path) -> None:
    with pytest.raises(DataError, match="« epci » inconnue ; attendu : essai"):
        fetch("mien", ["epci"])
