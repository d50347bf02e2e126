"""Key files: private from the first moment, never overwritten, damage noticed."""

import os
import stat
from pathlib import Path

import pytest

from jinku.crypto.errors import (
    KeyFileExistsError,
    KeyFileExposedError,
    KeyFileUnreadableError,
    KeyFormatError,
)
from jinku.crypto.keyfile import (
    KEY_FILE_BYTES_MAX,
    create_key_file,
    decode_private_key,
    encode_private_key,
    load_key_file,
)
from jinku.crypto.signer import Ed25519Signer, MlDsa44Signer, Signer

PETER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"


def test_the_published_go_key_loads_and_signs_as_published() -> None:
    signer = decode_private_key(PETER)
    assert encode_private_key(signer) == PETER
    assert signer.name == "PeterNeumann"


@pytest.mark.parametrize("signer", [Ed25519Signer.generate("a"), MlDsa44Signer.generate("金库.example")])
def test_a_key_survives_its_file(tmp_path: Path, signer: Signer) -> None:
    path = tmp_path / "key"
    create_key_file(path, signer)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = load_key_file(path)
    assert (loaded.name, loaded.algorithm, loaded.seed) == (signer.name, signer.algorithm, signer.seed)


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        create_key_file(tmp_path / "open", Ed25519Signer.generate("a"))
        os.umask(0o777)
        create_key_file(tmp_path / "shut", Ed25519Signer.generate("a"))
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "shut").stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    create_key_file(path, Ed25519Signer.generate("first"))
    with pytest.raises(KeyFileExistsError):
        create_key_file(path, Ed25519Signer.generate("second"))
    assert load_key_file(path).name == "first"


def test_a_dangling_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileExistsError):
        create_key_file(tmp_path / "key", Ed25519Signer.generate("a"))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o777])
def test_an_exposed_key_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    create_key_file(path, Ed25519Signer.generate("a"))
    path.chmod(mode)
    with pytest.raises(KeyFileExposedError) as caught:
        load_key_file(path)
    assert f"{mode:04o}" in str(caught.value)


def test_no_regular_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileExposedError):
        load_key_file(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(KeyFileExposedError):
        load_key_file(tmp_path / "pipe")


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileUnreadableError, match="no-such-key"):
        load_key_file(tmp_path / "no-such-key")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"hello", b"x" * (KEY_FILE_BYTES_MAX + 1)])
def test_other_content_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(KeyFormatError):
        load_key_file(path)


def test_every_changed_character_is_refused_and_the_secret_never_shown() -> None:
    secret = PETER.rsplit("+", 1)[1]
    for at, character in enumerate(PETER):
        with pytest.raises(KeyFormatError) as caught:
            decode_private_key(PETER[:at] + chr(ord(character) + 1) + PETER[at + 1 :])
        assert secret[8:30] not in str(caught.value)
