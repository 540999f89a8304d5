"""The SEPA character set (EPC217-08): basic Latin letters, digits, a few signs; everything else is transliterated."""

from __future__ import annotations

import re
import unicodedata

from text_unidecode import unidecode

ALLOWED = r"[A-Za-z0-9/\-?:().,'+ ]*"
_FORBIDDEN = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
# As German readers expect, and signs for which EPC217-08 names a conversion.
_SPECIAL = str.maketrans(
    dict(zip("äöüÄÖÜßẞ&@€", ["ae", "oe", "ue", "Ae", "Oe", "Ue", "ss", "SS", "+", "(at)", "EUR"], strict=True))
    | str.maketrans('_’‘“”"ʼ[]{};–—`´', "-''''''()(),--''")
)


def sepa_text(text: str, longest: int) -> str:
    """`text` in the SEPA set, blanks in single file, cut to `longest`; empty where nothing can be said in it.

    A slash at the ends or doubled would end the field at some banks, so it becomes one or goes.
    """
    plain = unidecode(unicodedata.normalize("NFC", text).translate(_SPECIAL))
    plain = re.sub(r"\s+", " ", _FORBIDDEN.sub(" ", plain.translate(_SPECIAL)))
    return re.sub(r"/{2,}", "/", plain).strip(" ")[:longest].strip(" /")
