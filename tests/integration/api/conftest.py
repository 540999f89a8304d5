"""`kwhouse api` as a process over a warehouse of two sites, and keys for who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from tests.api_harness import Api, running_api
from tests.integration import priced_warehouse
from warehouse.people.keys import Grant, make_key
from warehouse.people.roles import Role
from warehouse.registry.changes import Author
from warehouse.settings import Settings
from warehouse.state import open_state, table

ME = Author("me", "test")


@dataclass
class Client:
    """Requests with one key."""

    url: str
    key: str | None

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> requests.Response:
        headers = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        headers |= more.pop("headers", {})
        return requests.request(method, self.url + path, json=json, headers=headers, timeout=30, **more)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    found = priced_warehouse.build(tmp_path_factory.mktemp("api") / "home")
    engine = open_state(found)
    with engine.begin() as connection:
        stations = [{"station_id": f"{name}-1", "site_id": name} for name in ("pune", "oslo")]
        connection.execute(sa.insert(table("registry", "stations")), stations)
    engine.dispose()
    return found


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[sa.Engine]:
    opened = open_state(settings)
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def served(settings: Settings) -> Iterator[Api]:
    with running_api(settings.home) as api:
        yield api


@pytest.fixture(scope="module")
def client(served: Api, engine: sa.Engine) -> Callable[..., Client]:
    """A client whose key has these roles (and sites); without roles: no key."""

    def made(*roles: Role, **more: Any) -> Client:
        key = make_key(engine, " and ".join(roles), Grant(roles, **more), ME) if roles else None
        return Client(served.url, key)

    return made


@pytest.fixture(scope="module")
def admin(client: Callable[..., Client]) -> Client:
    return client(Role.ADMIN)
