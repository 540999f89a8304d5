"""Start the dashboard: Streamlit on the address of the settings, nothing fetched from or sent to anywhere else."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from warehouse.errors import KwhouseError, SettingsError
from warehouse.settings import Settings

APP = Path(__file__).parent / "app.py"
SECRETS = "dashboard-secrets.toml"


def main(settings: Settings) -> int:
    """Serve the pages until SIGTERM or SIGINT; gives the exit status.

    Raises `SettingsError` where the port is taken, or where others could open the pages without signing in.
    """
    from streamlit import config
    from streamlit.web import bootstrap

    from dashboards.access import require_sign_in_if_open, sign_in_configured

    port = _free_port(settings)
    options = _options(settings, port)
    # Streamlit looks for its config beside the entry script only once it knows it.
    config._main_script_path = str(APP)
    bootstrap.load_config_options(options)
    require_sign_in_if_open(settings.dashboard_host)
    _hand_over(settings)
    threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
    host = f"[{settings.dashboard_host}]" if ":" in settings.dashboard_host else settings.dashboard_host
    sys.stdout.write(f"Dashboard: http://{host}:{port}\n")
    sys.stdout.flush()
    if not sign_in_configured():
        sys.stderr.write("No sign-in: open to everybody on this machine, who may see all, and to nobody else.\n")
    bootstrap.run(str(APP), False, [], options)
    return 0


def _free_port(settings: Settings) -> int:
    """The port of the settings (0: one that is free). Raises `SettingsError` where another program has it."""
    family = socket.AF_INET6 if ":" in settings.dashboard_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.dashboard_host, settings.dashboard_port))
        except OSError as error:
            place = f"{settings.dashboard_host}:{settings.dashboard_port}"
            raise SettingsError(
                f"The dashboard cannot listen on {place}: {error.strerror}. "
                "Stop the program that has the port (perhaps another dashboard), or set KWHOUSE_DASHBOARD_PORT."
            ) from error
        return int(probe.getsockname()[1])


def _options(settings: Settings, port: int) -> dict[str, object]:
    """Streamlit's options that follow from the settings; the rest stands in `.streamlit/config.toml`."""
    return {
        "server_address": settings.dashboard_host,
        "server_port": port,
        "server_headless": True,
        "browser_gatherUsageStats": False,
        "logger_hideWelcomeMessage": True,
        "secrets_files": [
            str(Path.home() / ".streamlit" / "secrets.toml"),
            str(Path.cwd() / ".streamlit" / "secrets.toml"),
            str(settings.home / SECRETS),
        ],
    }


def _hand_over(settings: Settings) -> None:
    # The pages read the settings themselves, as under a bare `streamlit run`: what was set here must reach them.
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if value is not None:
            told = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            os.environ[f"KWHOUSE_{name.upper()}"] = told


def _warm_up() -> None:
    """Do in the background what the first visitor would wait two seconds for: imports, catalog, heads of files."""
    import plotly.graph_objects as go
    from streamlit import runtime

    go.Figure(go.Bar(x=[1], y=[1])).to_json()
    while not runtime.exists():  # the pages' caches belong to it
        time.sleep(0.05)

    from dashboards import data
    from warehouse.readers import network

    with suppress(KwhouseError):  # a page will say it better
        network.extent(data.whole_lake())
        network.sites(data.whole_lake())
