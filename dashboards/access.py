"""Who may see the pages: everybody on this machine; from elsewhere only who signs in."""

from __future__ import annotations

from warehouse.errors import SettingsError
from warehouse.settings import is_loopback


class SignInMissing(SettingsError):
    """The dashboard would be open to others without anybody signing in."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"The dashboard would listen on {host}, which other machines can reach, and no sign-in is configured. "
            "Either set KWHOUSE_DASHBOARD_HOST=127.0.0.1, or put an [auth] section (redirect_uri, cookie_secret, "
            "client_id, client_secret, server_metadata_url of your OpenID Connect provider) into "
            "dashboard-secrets.toml in the data folder."
        )
        self.host = host


def sign_in_configured() -> bool:
    """True where the secrets hold an [auth] section for `st.login`."""
    import streamlit as st

    # Asking for a key where no secrets file exists is an error of Streamlit's; the probe is not.
    return bool(st.secrets.load_if_toml_exists()) and "auth" in st.secrets


def require_sign_in_if_open(host: str | None) -> None:
    """Raise `SignInMissing` where `host` (None: every address) is open to others and nobody would have to sign in."""
    if not is_loopback(host or "0.0.0.0") and not sign_in_configured():  # noqa: S104
        raise SignInMissing(host or "every address")


def admit() -> None:
    """Let the visitor on to the page, or show the sign-in and stop the run. Refuses an open address without sign-in."""
    import streamlit as st

    if sign_in_configured():
        if not st.user.get("is_logged_in", False):
            st.title("kwhouse")
            st.write("Sign in to see the charging network.")
            st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
            st.stop()
        with st.sidebar:
            st.caption(f"Signed in as {st.user.get('name') or st.user.get('email') or 'you'}")
            st.button("Sign out", icon=":material/logout:", on_click=st.logout)
        return
    try:
        require_sign_in_if_open(st.get_option("server.address"))
    except SignInMissing as refusal:
        st.error(str(refusal), icon=":material/lock:")
        st.stop()
