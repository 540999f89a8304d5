-- Sessions by what their zone is ahead of UTC: one row, or one more for each change of the clocks meanwhile.
SELECT
    session_no,
    tariff_no,
    start_us,
    end_us,
    greatest(start_us, zone_offsets.from_us) AS from_us,
    least(end_us, zone_offsets.to_us) AS to_us,
    offset_us
FROM cut_sessions
JOIN zone_offsets USING (time_zone)
WHERE zone_offsets.from_us <= greatest(start_us, end_us - 1) AND zone_offsets.to_us > start_us
