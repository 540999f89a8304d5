"""What the HTTP API says of itself, and how it reads values."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from ingest.api import chores, problems, reference, v1
from ingest.api.v1 import shapes
from warehouse.contract.access import ACCESS_RULES
from warehouse.contract.registry import DRIVERS, TOKENS
from warehouse.people.roles import Permission

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[3]


def document() -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    app = FastAPI()
    app.include_router(v1.router())
    problems.install(app)
    found: dict[str, dict[str, dict[str, dict[str, object]]]] = app.openapi()
    return found


def test_the_committed_reference_page_is_current() -> None:
    assert (ROOT / "docs/reference/api.md").read_text(encoding="utf-8") == reference.page(), "run `kwhouse docs`"


def test_every_operation_takes_a_key_and_tells_problems_as_such() -> None:
    scopes = set()
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            (scheme,) = operation["security"]  # type: ignore[misc]
            scopes |= set(scheme["key"])
            answers = operation["responses"]
            assert {"401", "403", "422"} <= set(answers), (method, path)  # type: ignore[call-overload]
            for status, answer in answers.items():  # type: ignore[attr-defined]
                if status >= "4":
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
    assert scopes <= {permission.value for permission in Permission}


def test_models_have_the_columns_of_their_tables() -> None:
    assert set(shapes.told_row(TOKENS).model_fields) == set(TOKENS.column_names)
    assert set(shapes.new_row(TOKENS, {}).model_fields) == set(TOKENS.column_names)
    assert set(shapes.changed_row(TOKENS, {}).model_fields) == set(TOKENS.column_names) - {"id_token"}


def test_what_is_done_every_few_seconds_goes_on_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(chores, "LOOK_SECONDS", 0.0)
    done = asyncio.Event()
    calls: list[int] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()

        def chore() -> None:
            calls.append(len(calls))
            if len(calls) < 3:
                raise RuntimeError("away")
            loop.call_soon_threadsafe(done.set)

        async with chores.lifespan(chore)(FastAPI()):
            await done.wait()

    asyncio.run(run())
    assert len(calls) >= 3
    assert len([record for record in caplog.records if "looked after" in record.getMessage()]) == 1


@pytest.mark.parametrize("name", ["Ada", "Ada von Beispiel", "𠮷野家", "Ł", "a" * 500])
def test_names_of_people_are_taken_as_they_are(name: str) -> None:
    model = shapes.new_row(DRIVERS, {})
    assert shapes.given(model.model_validate({"driver_id": "d", "name": name}))["name"] == name
    assert re.fullmatch(shapes.TEXT, name)


@pytest.mark.parametrize("name", ["", " Ada", "Ada ", "A\nda", "A\x00", "A\u2028", "a" * 501, 7])
def test_texts_that_cannot_be_kept_are_refused(name: object) -> None:
    with pytest.raises(ValidationError):
        shapes.new_row(DRIVERS, {}).model_validate({"driver_id": "d", "name": name})


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("most_sessions", 2, 2),
        ("most_sessions", 2.0, 2),
        ("credit_limit", "20.5", "20.5"),
        ("site_ids", ["a", "b"], '["a","b"]'),
        ("valid_to", "2026-01-31T00:00:00+01:00", "2026-01-31T00:00:00+01:00"),
        ("blocked", True, True),
        ("note", None, None),
    ],
)
def test_values_are_read_exactly(field: str, value: object, kept: object) -> None:
    model = shapes.changed_row(ACCESS_RULES, {"site_ids": ".", "day_of_week": "."})
    assert shapes.given(model.model_validate({field: value})) == {field: kept}


@pytest.mark.parametrize("day", ["2026-02-30", "30.01.2026", "2026-01-30T00:00:00Z", 20260130])
def test_days_are_not_guessed(day: object) -> None:
    model = shapes.changed_row(DRIVERS, {})
    assert shapes.given(model.model_validate({"mandate_signed_on": "2026-01-30"})) == {
        "mandate_signed_on": "2026-01-30"
    }
    with pytest.raises(ValidationError):
        model.model_validate({"mandate_signed_on": day})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("most_sessions", "2"),
        ("most_sessions", 2.5),
        ("most_sessions", 2**31),
        ("most_sessions", True),
        ("credit_limit", 20.5),
        ("credit_limit", "20,5"),
        ("valid_to", "2026-01-31T00:00:00"),
        ("valid_to", 1_767_225_600),
        ("valid_from", None),
        ("blocked", "yes"),
        ("site_ids", []),
        ("site_ids", "a"),
        ("access_rule_id", "other"),
    ],
)
def test_values_are_not_guessed(field: str, value: object) -> None:
    model = shapes.changed_row(ACCESS_RULES, {"site_ids": ".", "day_of_week": "."})
    with pytest.raises(ValidationError):
        model.model_validate({field: value})
