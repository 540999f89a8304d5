"""Who may see the pages: everybody on this machine; from elsewhere only who signs in and has a role."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.formats import plain
from warehouse.errors import SettingsError
from warehouse.people.roles import NotAllowed, Principal, Role
from warehouse.settings import Settings, is_loopback, load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

ANYBODY_HERE: Final = Principal("Everybody on this machine", frozenset({Role.ADMIN}))


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
    # Asking for a key where no secrets file exists is an error of Streamlit's; the probe is not.
    return bool(st.secrets.load_if_toml_exists()) and "auth" in st.secrets


def require_sign_in_if_open(host: str | None) -> None:
    """Raise `SignInMissing` where `host` (None: every address) is open to others and nobody would have to sign in."""
    if not is_loopback(host or "0.0.0.0") and not sign_in_configured():  # noqa: S104
        raise SignInMissing(host or "every address")


def visitor() -> Principal:
    """Who looks at the page: who is signed in, or, where nobody can sign in, everybody on this machine.

    Asked anew at each run and for each question to the warehouse. Raises `NoRole`, `SignInMissing`, and `SettingsError`
    for somebody who is not signed in, or not any more.
    """
    if not sign_in_configured():
        require_sign_in_if_open(st.get_option("server.address"))
        return ANYBODY_HERE
    claims = _claims()
    if claims is None:
        raise SettingsError("Sign in to see the charging network.")
    settings = load_settings()
    return _principal(str(settings.home), claims, settings)


def admit() -> Principal:
    """Let the visitor on to the page and give who they are, or show the sign-in, or why not, and stop the run."""
    if sign_in_configured() and _claims() is None:
        st.title("kwhouse")
        st.write("Sign in to see the charging network.")
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
        st.stop()
    try:
        who = visitor()
    except (SettingsError, NotAllowed) as refusal:
        st.title("kwhouse")
        st.error(str(refusal), icon=":material/lock:")
        if sign_in_configured():
            _sign_out()
        st.stop()
    with st.sidebar:
        if who is ANYBODY_HERE:
            st.caption("No sign-in: open to everybody on this machine, who may see all, and to nobody else.")
        else:
            roles = ", ".join(sorted(role.replace("_", " ") for role in who.roles))
            st.caption(f"Signed in as {plain(who.name)}, {roles}")
            _sign_out()
    return who


def _sign_out() -> None:
    st.button("Sign out", icon=":material/logout:", on_click=st.logout)


def _claims() -> Mapping[str, object] | None:
    """What the provider says of who is signed in; None for nobody, or where it is too long ago."""
    from warehouse.people.claims import is_fresh

    claims = st.user.to_dict()
    return claims if claims.get("is_logged_in") and is_fresh(claims, datetime.now(UTC)) else None


# An agreement with an owner of sites that begins or ends is seen after that time.
@st.cache_data(ttl=60, max_entries=256, show_spinner=False)
def _principal(home: str, claims: Mapping[str, object], _settings: Settings) -> Principal:  # noqa: ARG001
    from warehouse.people.claims import ClaimNames, principal_of_claims
    from warehouse.state import opened

    names = ClaimNames(_settings.oidc_roles_claim, _settings.oidc_sites_claim, _settings.oidc_owner_claim)
    with opened(_settings) as engine:
        return principal_of_claims(engine, claims, names, datetime.now(UTC))
