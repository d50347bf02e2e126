"""Tile paths and bundles against the examples of C2SP tlog-tiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jinku.log.bundle import ENTRY_BYTES_MAX, decode_bundle, encode_bundle
from jinku.log.edge import RightEdge
from jinku.log.errors import EntryTooLongError, TileMissingError
from jinku.log.tiles import ENTRIES, Tile, index_path, parse_tile_path, tile_path


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(5, 1_234_067, 255), "tile/5/x001/x234/067.p/255"),
        (Tile(63, 999, 1), "tile/63/999.p/1"),
        (Tile(ENTRIES, 1000), "tile/entries/x001/000"),
        (Tile(ENTRIES, 7, 112), "tile/entries/007.p/112"),
    ],
)
def test_paths_as_published(tile: Tile, path: str) -> None:
    assert tile_path(tile) == path
    assert parse_tile_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/0/x000/001",
        "tile/0/123/456",
        "tile/0/x123/x456",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/000\n",
        "/tile/0/000",
        "tile/0//000",
        "tile/0/../0/000",
        "tile/0/٠٠٠",
        "tile/entries/../../secret",
    ],
)
def test_other_spellings_are_no_tiles(path: str) -> None:
    assert parse_tile_path(path) is None


@given(level=st.integers(-1, 63), index=st.integers(0, 2**55), width=st.integers(1, 256))
def test_every_tile_has_one_path(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_tile_path(tile_path(tile)) == tile


def test_the_example_tree_of_70000() -> None:
    edge = RightEdge()
    full = [tile for tile, _ in edge.extend([bytes(32)] * 70_000)]
    assert sum(tile.level == 0 for tile in full) == 273
    assert sum(tile.level == 1 for tile in full) == 1
    assert [tile for tile, _ in edge.partial_tiles()] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]


def test_the_example_tree_of_256() -> None:
    edge = RightEdge()
    assert [tile for tile, _ in edge.extend([bytes(32)] * 256)] == [Tile(0, 0)]
    assert [tile for tile, _ in edge.partial_tiles()] == [Tile(1, 0, 1)]


def test_index_path() -> None:
    assert index_path(1_234_067) == "x001/x234/067"


@given(entries=st.lists(st.binary(max_size=300), max_size=256))
def test_bundles_round_trip(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries)) == entries


def test_bundle_bytes() -> None:
    assert encode_bundle([b"ab", b"cd"]) == b"\0\2ab\0\2cd"
    assert encode_bundle([b"", b"x" * 258]) == b"\0\0\1\2" + b"x" * 258
    assert encode_bundle([b"", b""]) == b"\0\0\0\0"
    assert encode_bundle([b"x" * ENTRY_BYTES_MAX])[:2] == b"\xff\xff"


def test_an_entry_that_does_not_fit() -> None:
    with pytest.raises(EntryTooLongError):
        encode_bundle([b"short", b"x" * (ENTRY_BYTES_MAX + 1)])


@given(entries=st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=5), data=st.data())
def test_a_cut_bundle_is_noticed(entries: list[bytes], data: st.DataObject) -> None:
    bundle = encode_bundle(entries)
    cut = bundle[: data.draw(st.integers(0, len(bundle) - 1))]
    try:
        assert decode_bundle(cut) == entries[: len(decode_bundle(cut))]
    except TileMissingError as error:
        assert "cut short" in str(error)  # noqa: PT017
