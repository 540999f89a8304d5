"""Settings: `KWHOUSE_*` variables first, then `kwhouse.toml` in the working folder, then the defaults below.

Everything a process writes lies under `KWHOUSE_HOME` (default `./data`) unless the catalog or the data are
moved away with `KWHOUSE_CATALOG` and `KWHOUSE_DATA_PATH`.
"""

from __future__ import annotations

import ipaddress
import re
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

# What kwhouse keeps in the data folder; everything else there is the user's.
OWN_FOLDERS = ("journal", "lake", "landing", "dagster", "replay", "tmp")
OWN_FILE = re.compile(r".*\.(lock|sqlite(-\w+)?)")  # state.sqlite, catalog.sqlite-wal, refresh.lock


class Settings(BaseSettings):
    """All settings of all rooms. Times carry their unit in the name."""

    model_config = SettingsConfigDict(env_prefix="KWHOUSE_", toml_file="kwhouse.toml", extra="forbid", frozen=True)

    home: Path = Field(Path("data"), description="the data folder")
    catalog: str | None = Field(None, description="postgres:… for the DuckLake catalog; default: home/catalog.sqlite")
    data_path: str | None = Field(None, description="s3://… for the lake's files; default: home/lake/")

    collect_host: str = Field("127.0.0.1", description="where the OCPP endpoint listens")
    collect_port: int = Field(9000, description="OCPP endpoint; 0 picks a free port")
    collect_certificate: Path | None = Field(
        None, description="certificate (chain, PEM) of the OCPP endpoint, for wss://; default: no TLS"
    )
    collect_key: Path | None = Field(None, description="its private key (PEM), where it is not in the same file")
    collect_client_ca: Path | None = Field(
        None, description="authority (PEM) that signs the certificates stations show (security profile 3)"
    )
    least_security_profile: int = Field(
        0, ge=0, le=3, description="OCPP security profile that every station must fulfil at least"
    )
    metrics_port: int = Field(9001, description="GET /health and /metrics; 0 picks a free port")
    collector_id: str | None = Field(
        None,
        description="this collector's name; default: made once, kept in its journal",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",  # it becomes part of file names
    )
    allow_replay: bool = Field(False, description="let loopback connections drive the collector's clock")
    unknown_tokens: Literal["refuse", "let_in"] = Field(
        "refuse", description="whether a token that the registry does not know may charge"
    )
    heartbeat_seconds: int = Field(300, description="heartbeat interval told to stations")
    landing_rows: int = Field(500_000, description="journal entries that trigger a landing")
    landing_seconds: float = Field(60.0, description="age of the oldest journal entry that triggers a landing")
    max_frame_bytes: int = Field(1_048_576, description="longer frames close the connection (1009)")

    bill_suspect: bool = Field(False, description="put sessions graded suspect on invoices; then `refresh --full`")

    mail_host: str | None = Field(None, description="mail server that documents go out by; default: none is sent")
    mail_port: int = Field(587, description="its port: 587 with STARTTLS, 465 with TLS from the start")
    mail_encryption: Literal["tls", "starttls", "starttls_if_offered", "none"] = Field(
        "starttls", description="how the connection is encrypted; a password is never sent in the open"
    )
    mail_username: str = Field("", description="account on the mail server; empty: it wants none")
    mail_password: SecretStr = Field(SecretStr(""), description="its password")
    mail_ca_file: Path | None = Field(None, description="who signed the server's certificate; default: the system's")

    api_host: str = Field("127.0.0.1", description="where the HTTP API listens")
    api_port: int = Field(9080, description="HTTP API; 0 picks a free port")
    api_url: str | None = Field(
        None,
        description="where the dashboard finds the HTTP API; default: api_host and api_port on this machine",
        pattern=r"^https?://[^/\s]+(/[^\s?#]*)?$",
    )
    api_key: SecretStr | None = Field(
        None, description="API key that the dashboard acts with; `kwhouse up` makes one for as long as it runs"
    )

    command_key: SecretStr | None = Field(
        None, description="API key whose roles, scopes and sites decide what commands may do; without it all of it"
    )

    public_url: str | None = Field(
        None,
        description="address under which customers reach the HTTP API, such as https://pay.example.com, for links to "
        "payment pages and for the codes on stations; default: its own",
        pattern=r"^https?://[^/\s]+(/[^\s?#]*)?$",
    )

    trusted_proxies: str = Field(
        "127.0.0.1,::1",
        description="proxies before the HTTP API whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses "
        "and networks such as 10.0.0.0/8, with commas between",
    )

    stripe_key: SecretStr | None = Field(None, description="Stripe's secret or restricted key; without it: no cards")
    stripe_publishable_key: str | None = Field(None, description="Stripe's publishable key, for the payment page")
    stripe_webhook_secret: SecretStr | None = Field(None, description="signing secret of Stripe's webhook endpoint")
    stripe_api_base: str = Field("https://api.stripe.com", description="where Stripe's API is")
    preauthorise: dict[str, Decimal] = Field(
        {}, description='held for a session without contract, by currency: {"EUR": "60", "INR": "2000"}'
    )

    payee_name: str | None = Field(None, description="account holder, for payments without a card")
    payee_iban: str | None = Field(None, description="account for bank transfers")
    payee_bic: str | None = Field(None, description="its bank, where payers need it")
    payee_upi: str | None = Field(None, description="UPI address (name@bank) for payments in INR")

    signed_policy: Literal["ignore", "prefer", "require_where_signed"] = Field(
        "prefer",
        description="what signed meter values mean for bills. ignore: nothing; prefer: a session is billed by them "
        "where they hold and are complete, else by its other evidence; require_where_signed: a session with signed "
        "values, or on an EVSE with a registered meter key, is billed by them or not at all. Then `refresh --full`",
    )

    accounts: Path | None = Field(None, description="YAML file of the accounts that journal and DATEV post to")
    extract_to: str | None = Field(None, description="folder or s3://… for scheduled extracts; default: none are made")
    extract_names: str = Field(
        "sessions,cdrs,invoices,invoice_lines,vat_summary,journal",
        description="which extracts are made on schedule, with commas between",
    )
    extract_format: Literal["csv", "xlsx", "parquet", "json"] = Field(
        "csv", description="how scheduled extracts are written, where the extract can be"
    )

    dashboard_host: str = Field("127.0.0.1", description="where the dashboard listens")
    dashboard_port: int = Field(8501, description="dashboard")
    oidc_roles_claim: str = Field(
        "roles", description="claim of the dashboard's sign-in that names roles; dots lead into objects"
    )
    oidc_sites_claim: str = Field("sites", description="claim that names the only sites somebody sees")
    oidc_owner_claim: str = Field("owner_id", description="claim that names whose sites a site owner sees")
    dagster_port: int = Field(3000, description="Dagster's own pages")

    duckdb_memory: str = Field("4GB", description="memory limit of one DuckDB process; the rest spills to disk")
    duckdb_threads: int | None = Field(None, description="threads of one DuckDB process; default: all cores")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        # DuckLake stores registered paths as given: an absolute home keeps them right from any working folder.
        return home.expanduser().resolve()

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: str) -> str:
        # What is no address would be compared as a name, and never fit.
        return ",".join(str(_network(one.strip())) for one in proxies.split(",") if one.strip())

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (pydantic-settings names them)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @cached_property
    def journal(self) -> Path:
        """The collector's journal (SQLite)."""
        return self.home / "journal" / "journal.sqlite"

    @cached_property
    def landing(self) -> Path:
        """Folder of Parquet files that the collector has finished and the pipeline has yet to register."""
        return self.home / "landing"

    @cached_property
    def set_aside(self) -> Path:
        """Folder of landed files that could not be read; the rest went on without them."""
        return self.home / "landing" / "unreadable"

    @cached_property
    def state_url(self) -> str:
        """SQLAlchemy address of the state database."""
        if self.catalog and self.catalog.startswith("postgres:"):
            from psycopg.conninfo import conninfo_to_dict
            from sqlalchemy import URL

            # libpq's words go into the query part: it may be a socket folder, a service or several hosts.
            words = {
                name: str(value) for name, value in conninfo_to_dict(self.catalog.removeprefix("postgres:")).items()
            }
            password = words.pop("password", None)
            url = URL.create("postgresql+psycopg", words.pop("user", None), password, query=words)
            return url.render_as_string(hide_password=False)
        return f"sqlite:///{self.home / 'state.sqlite'}"

    @cached_property
    def dagster_home(self) -> Path:
        """DAGSTER_HOME: run history and schedules' state."""
        return self.home / "dagster"

    def keeps(self, path: Path) -> bool:
        """True when `path` is, or would be, a file that kwhouse itself keeps in the data folder."""
        # The last part is not followed: a link is replaced, not what it points to.
        place = path.parent.resolve() / path.name
        if not place.is_relative_to(self.home):
            return False
        first, *within = place.relative_to(self.home).parts or (".",)
        return first in OWN_FOLDERS or (not within and OWN_FILE.fullmatch(first) is not None)


def is_loopback(host: str) -> bool:
    """True when `host` can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no address and no network: {error}") from error


def load_settings(**overrides: object) -> Settings:
    """Read the settings once, at a program's entry; pass them on from there.

    Raises `SettingsError` naming the variable and what it must be.
    """
    from pydantic import ValidationError

    from warehouse.errors import SettingsError

    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [f"KWHOUSE_{'_'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in error.errors()]
        raise SettingsError("Settings cannot be used: " + "; ".join(lines)) from None
