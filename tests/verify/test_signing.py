"""Signatures where `cryptography` is not installed: by the program `openssl`, or said plainly not to be checked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.verify.kit import LOG_KEY, day_of, write_log

import jinku.verify
from jinku.verify import signing
from jinku.verify.errors import NotChecked
from jinku.verify.signing import deferring, ed25519_holds, ml_dsa_44_holds

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = KEY.public_key().public_bytes_raw()
ORDER = 2**252 + 27742317777372353535851937790883648493
SOURCE = Path(jinku.verify.__file__).parent.parent.parent


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without `cryptography`."""
    monkeypatch.setattr(signing, "HAS_CRYPTOGRAPHY", False)
    signing._openssl.cache_clear()


def command(path: str, log: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The verifier by a Python with nothing installed, and programs from `path` alone."""
    program = f"import sys; sys.path.insert(0, {str(SOURCE)!r})\n"
    program += "from jinku.verify.command import main\nsys.exit(main())"
    start = [sys.executable, "-I", "-S", "-c", program, "log", str(log), "--key", LOG_KEY.vkey, *more]
    return subprocess.run(
        start, capture_output=True, text=True, check=False, env={"PATH": path}, timeout=60, cwd=log.parent
    )


@pytest.mark.usefixtures("bare")
def test_openssl_comes_to_the_same_word_as_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    good = KEY.sign(b"m")
    raised = good[:32] + (int.from_bytes(good[32:], "little") + ORDER).to_bytes(32, "little")
    cases = [
        (PUBLIC, b"m", good),
        (PUBLIC, b"n", good),
        (bytes([PUBLIC[0] ^ 1]) + PUBLIC[1:], b"m", good),
        (PUBLIC, b"m", bytes([good[0] ^ 1]) + good[1:]),
        (PUBLIC, b"m", raised),
        (PUBLIC, b"m", good[:63]),
    ]
    found = [ed25519_holds(*one, "k") for one in cases]
    monkeypatch.setattr(signing, "HAS_CRYPTOGRAPHY", True)
    assert found == [ed25519_holds(*one, "k") for one in cases]
    assert found == [True, False, False, False, False, False]


@pytest.mark.usefixtures("bare")
def test_what_cannot_be_checked_is_an_error_unless_it_is_deferred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(NotChecked, match=r"by log\.example"):
        ed25519_holds(PUBLIC, b"m", KEY.sign(b"m"), "log.example")
    with pytest.raises(NotChecked):
        ml_dsa_44_holds(bytes(1312), b"m", bytes(2420), "log.example")
    with deferring() as left:
        assert ed25519_holds(PUBLIC, b"m", KEY.sign(b"m"), "log.example")
        assert ed25519_holds(PUBLIC, b"m", KEY.sign(b"m"), "log.example")  # the same: asked for once
        assert ml_dsa_44_holds(bytes(1312), b"m", bytes(2420), "other.example")
    assert [one.name for one in left.values()] == ["log.example", "other.example"]
    with pytest.raises(NotChecked):
        ed25519_holds(PUBLIC, b"m", KEY.sign(b"m"), "log.example")


@pytest.mark.usefixtures("bare")
def test_a_program_that_cannot_or_that_lies_in_the_folder_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "openssl"
    program.write_text("#!/bin/sh\nexit 1\n")  # too old: it knows no -rawin
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotChecked):
        ed25519_holds(PUBLIC, b"m", KEY.sign(b"m"), "k")
    program.write_text("#!/bin/sh\nexit 0\n")  # one that says yes to everything, put beside what is checked
    monkeypatch.chdir(tmp_path)
    signing._openssl.cache_clear()
    with pytest.raises(NotChecked):
        ed25519_holds(PUBLIC, b"m", bytes(64), "k")


def test_a_bare_machine_with_openssl_verifies_a_log(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", day_of(0).leaves)
    done = command(os.defpath, log)
    assert done.returncode == 0, done.stdout + done.stderr
    checkpoint = log / "checkpoint"
    text = checkpoint.read_text()
    at = text.rindex(" ") + 30
    checkpoint.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])
    assert command(os.defpath, log).returncode == 1


def test_a_bare_machine_without_openssl_says_what_it_did_not_check(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", day_of(0).leaves)
    done = command(os.devnull, log)
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"SIGNATURE NOT CHECKED: by {LOG_KEY.name}" in done.stdout
    assert "\nVERIFIED" not in done.stdout
    assert "签名未经核验" in done.stdout
    plain = json.loads(command(os.devnull, log, "--json").stdout)
    assert (plain["ok"], plain["code"]) == (False, "signature_not_checked")
    [left] = plain["not_checked"]
    typed = subprocess.run(
        left["command"], shell=True, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert "Signature Verified Successfully" in typed.stdout
    (log / "tile/entries/000").unlink(missing_ok=True)
    for path in (log / "tile/entries").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert command(os.devnull, log).returncode == 1  # all else is checked
