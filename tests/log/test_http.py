"""The log over HTTP: types, caching, compression, and nothing beside the log."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.log.kit import MemoryJournal, made_entries, publisher
from tests.log.served import served

from jinku.log.http import log_app

SIZE = 600


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outer = tmp_path_factory.mktemp("outer")
    (outer / "secret").write_text("secret")
    with publisher(outer / "log", MemoryJournal(made_entries(SIZE))) as opened:
        opened.publish()
    (outer / "log" / "secret").write_text("secret")
    (outer / "log" / "tile" / "0" / "999").symlink_to(outer)
    return outer / "log"


@pytest.fixture(scope="module")
def client(directory: Path) -> Iterator[httpx2.Client]:
    with served(log_app(directory)) as url, httpx2.Client(base_url=url) as opened:
        yield opened


def test_the_checkpoint_is_text_and_stays_fresh(client: httpx2.Client, directory: Path) -> None:
    answer = client.get("/checkpoint")
    assert answer.content == (directory / "checkpoint").read_bytes()
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=1"


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"])
def test_tiles_are_bytes_for_ever(client: httpx2.Client, directory: Path, path: str) -> None:
    answer = client.get(f"/{path}")
    assert answer.content == (directory / path).read_bytes()
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "immutable" in answer.headers["cache-control"]
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("path", ["tile/entries/000", "tile/entries/002.p/88"])
def test_bundles_are_compressed_for_those_who_accept_it(
    client: httpx2.Client, directory: Path, path: str
) -> None:
    content = (directory / path).read_bytes()
    for accepted in ("gzip", "br, gzip;q=0.5"):
        with client.stream("GET", f"/{path}", headers={"Accept-Encoding": accepted}) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            assert answer.headers["vary"] == "Accept-Encoding"
            assert gzip.decompress(b"".join(answer.iter_raw())) == content
    for refused in ("identity", "gzip;q=0", "br"):
        plain = client.get(f"/{path}", headers={"Accept-Encoding": refused})
        assert "content-encoding" not in plain.headers
        assert plain.content == content


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/secret",
        "/.lock",
        "/checkpoint.cosigned",
        "/tile/0/003",
        "/tile/0/002",
        "/tile/0/002.p/87",
        "/tile/0/999",
        "/tile/0/000.p",
        "/tile/0",
        "/tile/0/000/",
        "/tile/0/000/secret",
        "/tile/../secret",
        "/tile/%2e%2e/secret",
        "/tile/..%2fsecret",
        "/tile/0/..%2f..%2f..%2fsecret",
        "/tile//etc/passwd",
        "/tile/%2fetc/passwd",
        "/tile/0/000%00",
    ],
)
def test_nothing_else_is_served(client: httpx2.Client, path: str) -> None:
    answer = client.get(httpx2.URL(str(client.base_url).rstrip("/") + path))
    assert answer.status_code == 404
    assert b"secret" not in answer.content


def test_a_missing_tile_is_not_cached(client: httpx2.Client) -> None:
    assert client.get("/tile/0/003").headers["cache-control"] == "no-store"
    assert client.post("/checkpoint").status_code == 405
    assert client.head("/tile/0/000").status_code == 200
