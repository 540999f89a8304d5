"""Rules that stages and readers share, as macros of every connection: one place where each is written down."""

from __future__ import annotations

# Which decision on a session is in force (`release`, `hold`) or NULL where its grade decides. A hold stays. A release
# was given for an energy and a grade: when later data changed the energy or made the grade worse, that is a new doubt,
# and doubt never becomes money by itself. Energies up to 10^9 Wh compare exactly, more is never priced.
STANDING_DECISION = """
CREATE OR REPLACE MACRO memory.main.standing_decision(decision, decided_grade, decided_energy_wh, grade, energy_wh) AS
CASE
    WHEN decision = 'hold' THEN 'hold'
    WHEN decision = 'release' AND energy_wh = decided_energy_wh
        AND list_position(['ok', 'suspect', 'unbillable'], grade)
            <= list_position(['ok', 'suspect', 'unbillable'], decided_grade) THEN 'release'
END
"""

MACROS = (STANDING_DECISION,)
