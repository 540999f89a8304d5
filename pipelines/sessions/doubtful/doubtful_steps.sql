-- When the energy of each doubtful session flowed, by whichever evidence counts.
SELECT no, from_at, to_at, energy_wh, is_implausible, true AS by_registers
FROM register_steps
ANTI JOIN curve_steps USING (no)
WHERE energy_wh > 0
UNION ALL
SELECT no, from_at, to_at, energy_wh, false, true FROM curve_steps
UNION ALL
SELECT no, from_at, to_at, energy_wh, false, false FROM substitutes WHERE energy_wh > 0
