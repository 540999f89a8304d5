"""Runs the application with uvicorn, on this machine only unless the settings say otherwise."""

from __future__ import annotations

import logging
import socket

import uvicorn
from fastapi import FastAPI

from warehouse.errors import SettingsError
from warehouse.settings import Settings, is_loopback

log = logging.getLogger(__name__)


def serve(settings: Settings, app: FastAPI) -> int:
    """Serve until SIGTERM or SIGINT; gives the exit status. Raises `SettingsError` where the port cannot be opened."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    listening = _listening(settings)
    host, port = listening.getsockname()[:2]
    if not is_loopback(settings.api_host):
        log.warning("The API listens on %s without TLS. Put a proxy with TLS before it.", host)
    log.info("API: http://%s:%s", f"[{host}]" if ":" in host else host, port)
    # No access log: addresses of payment pages are secrets of their payers.
    config = uvicorn.Config(
        app,
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=10,
        limit_concurrency=200,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    server = uvicorn.Server(config)
    try:
        server.run(sockets=[listening])
    finally:
        listening.close()
    return 0 if server.started else 1


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((settings.api_host, settings.api_port))
        opened.listen(128)  # from the line that tells the address on, nobody is turned away
    except OSError as error:
        opened.close()
        place = f"{settings.api_host}:{settings.api_port}"
        raise SettingsError(
            f"The API cannot listen on {place}: {error.strerror}. "
            "Stop the program that has the port (perhaps another `kwhouse api`), or set KWHOUSE_API_PORT."
        ) from error
    return opened
