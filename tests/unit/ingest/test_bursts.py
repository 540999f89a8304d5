"""Warnings of what comes in bursts."""

from __future__ import annotations

import logging

import pytest

from ingest.security.bursts import EVERY_SECONDS, MOST, Bursts

pytestmark = pytest.mark.fast


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return lines


def test_each_source_is_told_of_once_and_then_with_how_many_more(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    bursts = Bursts(logging.getLogger("test"), clock)
    for _ in range(500):
        bursts.tell("401", "10.0.0.1", "refused")
    bursts.tell("404", "10.0.0.1", "unknown")
    bursts.tell("401", "10.0.0.2", "refused")
    assert said(caplog) == ["10.0.0.1: refused", "10.0.0.1: unknown", "10.0.0.2: refused"]
    clock.now = EVERY_SECONDS
    bursts.tell("401", "10.0.0.1", "refused")
    bursts.tell("401", "10.0.0.2", "refused")
    assert said(caplog) == ["10.0.0.1: refused (499 more like this since the last line)", "10.0.0.2: refused"]


def test_many_addresses_are_one_line(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    bursts = Bursts(logging.getLogger("test"), clock)
    for number in range(3 * MOST):
        bursts.tell("429", f"address {number}", "refused")
    lines = said(caplog)
    assert len(lines) == MOST + 1
    assert lines[-1] == "many addresses: refused"
    clock.now = EVERY_SECONDS + 1
    bursts.tell("429", "address new", "refused")
    assert said(caplog) == ["address new: refused"]
