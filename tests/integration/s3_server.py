"""A real S3 server on this machine: rclone serves a folder, whose folders are the buckets, and checks signatures."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEY, SECRET = "test-key-1", "test-secret-1"


@contextmanager
def s3_server(folder: Path) -> Iterator[dict[str, str]]:
    """The variables with which `folder` can be read; the server ends with the block."""
    rclone = Path(sysconfig.get_path("scripts")) / "rclone"
    command = [str(rclone), "serve", "s3", "--auth-key", f"{KEY},{SECRET}", "--addr", "127.0.0.1:0", "-v"]
    command += ["--config", "", "--dir-cache-time", "0"]  # tests write into the folder while it is served
    with subprocess.Popen([*command, str(folder)], stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            said = ""
            while (address := re.search(r"Starting s3 server on \[(http://[\d.:]+)/?\]", said)) is None:
                line = server.stderr.readline()
                assert line, f"rclone has ended: {said}"
                said += line
            yield {
                "AWS_ENDPOINT_URL": address[1],
                "AWS_ACCESS_KEY_ID": KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET,
            }
        finally:
            server.kill()
            server.stderr.close()
