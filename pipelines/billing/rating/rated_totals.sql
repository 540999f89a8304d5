-- Totals per session: the exact sum, rounded once to four decimals; NULL where not known. `has_element` is false where no
-- element of the tariff matched anything: then nothing says that the session is free.
SELECT
    session_id,
    session_no,
    to_four(half_up_fast(net, CAST(3600000000000 AS HUGEINT))) AS total_excl_vat,
    to_four(half_up(gross, CAST(1800000000000000000 AS HUGEINT))) AS total_incl_vat,
    has_element
FROM rated_sums
JOIN rating_sessions USING (session_no)
