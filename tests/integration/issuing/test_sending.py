"""Issued documents go to a real mail server; every attempt is kept."""

from __future__ import annotations

import email
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.policy import default
from itertools import count
from pathlib import Path

import pytest

from pipelines.billing.issuing.sending import send_documents, unsent
from tests.integration.issuing.issuing_world import IssuingWorld, issuing_world
from tests.mail_server import Mailbox, started
from warehouse.errors import SettingsError
from warehouse.settings import Settings


@pytest.fixture
def world(tmp_path: Path) -> Iterator[IssuingWorld]:
    with issuing_world(tmp_path) as world:
        world.people("C1").basic()
        world.session()
        world.run()
        world.issue()
        yield world


def clock() -> Iterator[datetime]:
    return (datetime(2019, 6, 3, 10, tzinfo=UTC) + timedelta(seconds=n) for n in count())


def test_a_document_is_sent_once_and_refusals_are_kept(world: IssuingWorld, tmp_path: Path) -> None:
    box, moments = Mailbox(), clock()
    controller = started(box)
    try:
        settings = Settings(home=tmp_path, mail_host="127.0.0.1", mail_port=controller.port, mail_encryption="none")
        box.answers["ada@example.org"] = "550 5.1.1 no such mailbox"
        [refused] = send_documents(world.engine, settings, unsent(world.engine), clock=lambda: next(moments))
        assert (refused.outcome, "550" in refused.detail) == ("refused", True)
        box.answers.clear()
        [accepted] = send_documents(world.engine, settings, unsent(world.engine), clock=lambda: next(moments))
        assert accepted.outcome == "accepted"
        assert unsent(world.engine) == []
        assert unsent(world.engine, again=True) == ["KWH2019-000001"]
    finally:
        controller.stop()
    [envelope] = box.taken
    message = email.message_from_bytes(envelope.content or b"", policy=default)
    assert [part.get_filename() for part in message.iter_attachments()] == ["KWH2019-000001.pdf", "KWH2019-000001.xml"]
    assert world.rows("SELECT document_id, outcome, recipient FROM billing.deliveries ORDER BY sent_at") == [
        ("KWH2019-000001", "refused", "ada@example.org"),
        ("KWH2019-000001", "accepted", "ada@example.org"),
    ]


def test_without_a_mail_server_the_message_names_the_setting(world: IssuingWorld, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="KWHOUSE_MAIL_HOST"):
        send_documents(world.engine, Settings(home=tmp_path), ["KWH2019-000001"], clock=lambda: next(clock()))
