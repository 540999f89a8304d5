"""Whatever stations and central systems send: it is kept, it lands, and the pipeline's stages take it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ingest.access.gate import Access
from ingest.access.known import Known, Place, Token
from ingest.clock import LiveClock
from ingest.dialogue import Dialogue
from ingest.journal import Journal
from ingest.landing import Lander
from ingest.metrics import Tally
from ingest.ocpp.frames import Frame, read
from ingest.proxy.transcript import Transcript
from ingest.record import Record
from tests.hostile import VERSIONS, corpus, mutated
from tests.pipeline import bring_up_to_date, one
from tests.property.test_any_bytes_are_kept import FRAME, damaged
from tests.registered import register_stations
from warehouse.settings import Settings, load_settings
from warehouse.store import open_lake


class Directory:
    def load(self) -> Known:
        return Known({"CP-1": Place("depot", "UTC")}, {"good": Token(), "1": Token()})


async def keep(settings: Settings, texts: Sequence[bytes], sent: list[bytes]) -> None:
    """Say `texts`, shared out over the versions, to a collector, and to a proxy in both directions; land it all."""
    journal = Journal(settings.journal, "hostile")
    lander = Lander(journal, settings.journal, settings.landing, 1_000_000, 3600)
    access, tally = Access(Directory()), Tally()
    await access.refresh()
    for number, version in enumerate(VERSIONS):
        dialogue = Dialogue("CP-1", version, LiveClock(), journal, access, tally, 300, sent.append)
        dialogue.record.open(None)
        record = Record("CP-2", version, LiveClock(), journal, tally)
        record.open(None)
        transcript = Transcript(record)
        for text in texts[number :: len(VERSIONS)]:
            dialogue.receive(text)
            transcript.take("in", text)
            transcript.take("out", text)
        dialogue.record.close(1000, "")
        record.close(1000, "")
    await lander.land()
    assert journal.failure is None
    assert "internal_error" not in tally.rejected
    await journal.close()


def check(home: Path, texts: Sequence[bytes]) -> None:
    settings = load_settings(home=home)
    settings.journal.parent.mkdir(parents=True)
    register_stations(settings, {"CP-1": "site", "CP-2": "site"})
    sent: list[bytes] = []
    asyncio.run(keep(settings, texts, sent))
    with open_lake(settings) as lake:
        bring_up_to_date(lake)
        heard = one(lake, "SELECT count(*) FROM raw.messages WHERE station_id = 'CP-2' OR direction = 'in'")
        rejected = one(lake, "SELECT count(*) FROM raw.rejected")
        assert heard + rejected == 3 * len(texts)
        assert one(lake, "SELECT count(*) FROM raw.messages WHERE direction = 'out' AND station_id = 'CP-1'") == len(
            sent
        )
        kept: set[Any] = set(lake.con.execute("SELECT payload FROM raw.messages").fetchall())
        kept |= set(lake.con.execute("SELECT text FROM raw.rejected").fetchall())
        for number, text in enumerate(texts):
            whole, found = read(text, VERSIONS[number % len(VERSIONS)])
            assert (found.payload_text if isinstance(found, Frame) else whole,) in kept


def holds_nul(text: bytes) -> bool:
    return b"\\u0000" in text


def test_the_collection_lands_and_is_refined(tmp_path: Path) -> None:
    check(tmp_path, [text for text in corpus() if not holds_nul(text)])


def test_a_nul_lands_and_is_refined(tmp_path: Path) -> None:
    check(tmp_path, [text for text in corpus() if holds_nul(text)])


# Each example is a batch that goes all the way; to make a failing one smaller would take too long.
@settings(max_examples=4, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(mutated() | mutated() | FRAME | damaged(), min_size=60, max_size=200))
def test_mutated_frames_land_and_are_refined(texts: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder), [text for text in texts if not holds_nul(text)])
