"""The secret scan finds each kind of leak, and none in honest text."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.secret_scan import leaks_in, scan

pytestmark = pytest.mark.fast

# Put together here, so that the scan of this file finds nothing.
LEAKS = {
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "AWS access key": "AKIA" + "ABCDEFGHIJKLMNOP",
    "Stripe key": "sk_live_" + "0123456789abcdef",
    "GitHub token": "ghp_" + "a" * 36,
    "Slack token": "xoxb-" + "1234567890-abc",
    "API key": "kwh_" + "0" * 12 + "_" + "a" * 64,
    "password in an address": "postgres" + "://kwhouse:hunter2@db/kwhouse",
    "secret written out": "api_key" + ' = "a1b2c3d4e5f6g7h8"',
    "package registry's address": "--index" + "-url https://example.org/simple",
    "path of a machine": "see /home" + "/ada/kwhouse",
    "private address": "http://192.168" + ".1.7:8080/",
}


@pytest.mark.parametrize("kind", LEAKS)
def test_each_kind_is_found(kind: str) -> None:
    (leak,) = leaks_in("a.txt", f"honest\n{LEAKS[kind]}\n")
    assert str(leak) == f"a.txt:2: {kind}"
    assert list(leaks_in("a.txt", f"{LEAKS[kind]}  # secret-scan: allow")) == []


@pytest.mark.parametrize(
    "text",
    [
        "ws://HOST:9000/ocpp/<station_id>",
        "postgres://user:***@host/db",
        "https://docs.example.org/a:b@c",
        "password = os.environ['PGPASSWORD']",
        "token: 0123",
        "data/home/lake/",
        "http://127.0.0.1:8501",
        "sqlite:////tmp/x",
    ],
)
def test_honest_text_passes(text: str) -> None:
    assert list(leaks_in("a.txt", text)) == []


def test_only_text_that_git_tracks_or_would_track_is_scanned(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("ignored.txt\n")
    (tmp_path / "ignored.txt").write_text(LEAKS["AWS access key"])
    (tmp_path / "picture.png").write_bytes(b"\0" + LEAKS["AWS access key"].encode())
    (tmp_path / "new.txt").write_text(LEAKS["AWS access key"])
    assert [str(leak) for leak in scan(tmp_path)] == ["new.txt:1: AWS access key"]
