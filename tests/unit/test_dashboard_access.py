"""The dashboard refuses to stand open to others."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import streamlit as st
from streamlit import config

from dashboards import run
from dashboards.access import SignInMissing, require_sign_in_if_open
from warehouse.errors import SettingsError
from warehouse.settings import Settings

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_needs_no_sign_in(host: str) -> None:
    require_sign_in_if_open(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "charging.example", None])
def test_open_address_without_sign_in_is_refused_with_the_mend(host: str | None) -> None:
    with pytest.raises(SignInMissing, match=r"KWHOUSE_DASHBOARD_HOST=127.0.0.1.*dashboard-secrets.toml"):
        require_sign_in_if_open(host)


def test_a_port_that_is_taken_is_named_with_the_mend(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"127\.0\.0\.1:{taken}.*KWHOUSE_DASHBOARD_PORT"):
            run.main(Settings(home=tmp_path, dashboard_port=taken))


def test_starting_on_an_open_address_is_refused(tmp_path: Path) -> None:
    options = {key: option.value for key, option in config.get_config_options().items()}
    try:
        with pytest.raises(SignInMissing):
            run.main(Settings(home=tmp_path, dashboard_host="0.0.0.0", dashboard_port=0))
    finally:
        for key in ("server.address", "secrets.files"):
            config.set_option(key, options[key])


def test_open_address_with_sign_in_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / run.SECRETS).write_text('[auth]\nclient_id = "x"\n')
    before = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(tmp_path / run.SECRETS)])
    st.secrets._reset()
    try:
        require_sign_in_if_open("0.0.0.0")
    finally:
        config.set_option("secrets.files", before)
        st.secrets._reset()
