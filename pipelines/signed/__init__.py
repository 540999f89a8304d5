"""Signed meter values: what a meter has signed, whether the signature holds, and what may be billed on it.

    ocmf            the text of a record, read (Open Charge Metering Format 1.x)
    check           the signature over the bytes as sent
    transaction     the records of one session, joined: energy, and why it may not be billed
    stage           the same over all frames: core.signed_readings, core.signed_sessions

A good signature says who measured; whether that can be billed is another question, answered apart.
"""

from __future__ import annotations
