"""A session's story as text for a terminal: Markdown would say the same, and nobody reads it there."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from warehouse.story.telling import Frame, Story
from warehouse.story.words import ROLES, SOURCES, STATES, of_flag

WIDTH = 110
# A long session has hundreds of readings that say the same: the first and the last ones show how they run.
_READINGS_SHOWN = 3
_PAYLOAD_SHOWN = 150
Row = dict[str, Any]


def in_words(story: Story, *, all_frames: bool = False) -> str:
    """The whole story. `all_frames`: every frame with its whole payload, not only the telling ones shortened."""
    parts = (
        _head(story),
        _section("What is odd", _odd(story)),
        _section("Decisions", _decisions(story)),
        _section("Money", _money(story)),
        _section("Where it came from", _frames(story, all_frames)),
    )
    return "\n\n".join(part for part in parts if part)


def changes_in_words(rows: Sequence[Row]) -> str:
    """The changes of a session, one a line."""
    lines = ["snapshot  made at (UTC)       state         grade       energy, kWh  flags"]
    for row in rows:
        moment = f"{row['snapshot_time']:%Y-%m-%d %H:%M:%S}"
        if not row["there"]:
            lines.append(f"{row['snapshot_id']:>8}  {moment}  gone")
            continue
        energy = "–" if row["energy_wh"] is None else kwh(row["energy_wh"])
        flags = ", ".join(row["flags"])
        lines.append(
            f"{row['snapshot_id']:>8}  {moment}  {row['state']:<13} {row['grade']:<11} {energy:>11}  {flags}".rstrip()
        )
    return "\n".join(lines)


def kwh(wh: Decimal) -> str:
    """Exact: `12.345678` from 12345.678 Wh, at least three decimals."""
    text = format(wh.scaleb(-3).normalize(), "f")
    whole, _, fraction = text.partition(".")
    return f"{int(whole):,}.{fraction.ljust(3, '0')}"


def clock_sentence(session: Row) -> str | None:
    """What was done about the station's clock; None where it was right."""
    offset = session["clock_offset_seconds"]
    if not offset:
        return None
    hours, rest = divmod(abs(offset), 3600)
    size = f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"
    return (
        f"The station's clock was {size} {'ahead' if offset > 0 else 'behind'}: begin and end are corrected by it; "
        "the frames below bear its own times."
    )


def energy_sentence(session: Row) -> str:
    """The energy with its source and registers."""
    if session["energy_wh"] is None:
        return "Energy is not known: there is no evidence."
    source = SOURCES.get(session["energy_source"] or "", "no evidence that is kept")
    text = f"{kwh(session['energy_wh'])} kWh, from {source}"
    begin, end = session["begin_register_wh"], session["end_register_wh"]
    if begin is not None and end is not None:
        text += f": {kwh(begin)} kWh at the begin, {kwh(end)} kWh at the end"
    return text + "."


def lapsed_sentence(row: Row) -> str:
    """Why a release no longer stands."""
    then, now = row["energy_kwh"], row["energy_now_kwh"]
    if then != now:
        told = "none" if now is None else f"{now:,.3f} kWh"
        return f"Released at {then:,.3f} kWh; later data made it {told}: it needs a new look."
    return f"Released when it was graded {row['grade']}; later data made it {row['grade_now']}: it needs a new look."


def _head(story: Story) -> str:
    session = story.session
    connector = "" if session["connector_id"] is None else f" connector {session['connector_id']}"
    transaction = (
        "no transaction id" if session["transaction_id"] is None else f"transaction {session['transaction_id']}"
    )
    zone = session["time_zone"]
    end = session["ended_at"]
    lines = [
        f"Session {session['session_id']}: graded {session['grade']}{_effect(story)}",
        f"  Where   {session['site']}, {session['station_id']}{connector}, {transaction}",
        f"  When    {_local(session['started_at'], zone)} to {_local(end, zone) if end else 'now'} ({zone}), "
        f"{STATES.get(session['state'], session['state'])}"
        + (f", {session['stop_reason']}" if session["stop_reason"] else ""),
        f"  Who     token {session['id_token'] or 'not told'} (a pseudonym)",
        *_wrapped(f"  Energy  {energy_sentence(session)}", "          "),
    ]
    if session["charging_seconds"] is not None:
        idle = session["idle_seconds"]
        lines.append(
            f"  Time    {_hours(session['charging_seconds'])} charging"
            + (f", {_hours(idle)} plugged in without energy flowing" if idle is not None else "")
        )
    if clock := clock_sentence(session):
        lines += _wrapped(f"  Clock   {clock}", "          ")
    if session["external_session_id"]:
        lines.append(f"  Source  {session['external_session_id']} in the system or file it came from")
    lines.append(f"  As of   snapshot {story.snapshot}, {session['origin']}")
    return "\n".join(map(_printable, lines))


def _effect(story: Story) -> str:
    if story.standing is None:
        return ""
    return ", released" if story.standing["decision"] == "release" else ", held back"


def _section(title: str, lines: Iterator[str]) -> str:
    body = "\n".join(map(_printable, lines))
    return f"{title}\n{body}" if body else ""


def _odd(story: Story) -> Iterator[str]:
    by_kind = {row["kind"]: row["evidence"] for row in story.faults}
    for flag in story.session["flags"]:
        yield from _wrapped(f"  {flag}: {of_flag(flag)}", "    ")
        if facts := _told(by_kind.pop(flag, None), story.session):
            yield from _wrapped(f"    {facts}", "    ")
    for kind, evidence in by_kind.items():
        yield from _wrapped(f"  {kind}: {_told(evidence, story.session) or of_flag(kind)}", "    ")


def _told(evidence: object, session: Row) -> str:
    """The facts of a fault that the session itself does not tell."""
    if not isinstance(evidence, dict):
        return "" if evidence is None else str(evidence)
    return ", ".join(f"{name} {_plain(fact)}" for name, fact in evidence.items() if fact and name not in session)


def _plain(fact: object) -> str:
    return f"{fact.normalize():f}" if isinstance(fact, Decimal) else str(fact)


def _decisions(story: Story) -> Iterator[str]:
    for row in story.decisions:
        stands = "" if row["in_force"] == "yes" else f" ({row['in_force']})"
        text = (
            f"{row['decided_at']:%Y-%m-%d %H:%M} UTC  {row['decision']} by {row['decided_by']}{stands}: {row['reason']}"
        )
        yield from _wrapped(f"  {text}", "    ")
    if story.lapsed is not None:
        yield from _wrapped(f"  {lapsed_sentence(story.lapsed)}", "    ")


def _money(story: Story) -> Iterator[str]:
    for cdr in story.cdrs:
        tax = "VAT not known" if cdr["total_incl_vat"] is None else f"{cdr['total_incl_vat']} with VAT"
        net = "net not known" if cdr["total_excl_vat"] is None else f"{cdr['total_excl_vat']} before VAT"
        yield f"  CDR {cdr['cdr_id']}: {net}, {tax}, in {cdr['currency']}"
        contract = f"contract {cdr['contract_id']}" if cdr["contract_id"] else "no contract"
        yield f"    by tariff {cdr['tariff_id']} version {cdr['tariff_version']}, {contract}"
    for line in story.bills:
        yield (
            f"  Invoice {line['invoice_id']} ({line['status']}), line {line['line_no']}: "
            f"{line['amount_excl_vat']} {line['currency']} before VAT"
        )
    if not story.cdrs:
        yield "  No CDR rests on it."
    elif not story.bills:
        yield "  It stands on no invoice."


def _frames(story: Story, everything: bool) -> Iterator[str]:
    for record in story.records:
        yield f"  {record['source']} ({record['kind']}), as of {record['received_at']:%Y-%m-%d %H:%M} UTC"
    shown = story.frames if everything else _telling(story.frames)
    if not story.frames and not story.records:
        yield "  No frame of it is kept."
    for frame in shown:
        if isinstance(frame, str):
            yield frame
            continue
        way = "from" if frame.direction == "in" else "to"
        apart = frame.told_at is not None and abs((frame.told_at - frame.received_at).total_seconds()) >= 1
        told = f", told as {frame.told_at:%Y-%m-%d %H:%M:%S}" if apart and frame.role != "answer" else ""
        proof = f"; proves {', '.join(frame.proves)}" if frame.proves else ""
        yield (
            f"  {frame.name}  {frame.received_at:%Y-%m-%d %H:%M:%S} UTC{told}  {way} station  "
            f"{frame.action or 'unknown'} ({ROLES.get(frame.role, frame.role)}{proof})"
        )
        short = not everything and len(frame.payload) > _PAYLOAD_SHOWN
        yield f"    {frame.payload[:_PAYLOAD_SHOWN] + ' …' if short else frame.payload}"


def _telling(frames: Sequence[Frame]) -> Iterator[Frame | str]:
    """All but the middle of a long row of readings."""
    plain = [frame for frame in frames if frame.role == "reading" and not frame.proves]
    hidden = (
        {id(frame) for frame in plain[_READINGS_SHOWN:-_READINGS_SHOWN]} if len(plain) > 2 * _READINGS_SHOWN else set()
    )
    said = False
    for frame in frames:
        if id(frame) not in hidden:
            yield frame
        elif not said:
            said = True
            yield f"  … {len(hidden):,} frames with readings between; --frames shows them all"


def _printable(line: str) -> str:
    # Stations write some of it: line ends and terminal commands are shown, not obeyed.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _local(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M:%S}"


def _hours(seconds: int) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
