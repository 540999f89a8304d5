-- One CDR per priced session. Its id is made of who charged when, of energy and times, and of the price with its lines:
-- the same CDR is found again, and what says another of these is another one. Where it was (site, station, operator), its
-- local date, the session's grade and what a person decided are not in it: they may change and leave the id as it is.
WITH said AS (
    SELECT
        session_id,
        md5(string_agg(
            concat_ws(
                '|', dimension, coalesce(CAST(element_no AS VARCHAR), '-'), quantity, price,
                coalesce(CAST(amount_excl_vat AS VARCHAR), '-'), coalesce(CAST(amount_incl_vat AS VARCHAR), '-'),
                coalesce(CAST(vat_percent AS VARCHAR), '-')
            ),
            ';' ORDER BY line_no
        )) AS lines
    FROM billed_lines
    GROUP BY session_id
)
SELECT
    md5(concat_ws(
        '|', session_id, tariff_id, tariff_version, currency, coalesce(contract_id, '-'), coalesce(id_token, '-'),
        epoch_us(started_at), epoch_us(ended_at), energy_wh, coalesce(CAST(charging_seconds AS VARCHAR), '-'),
        coalesce(CAST(idle_seconds AS VARCHAR), '-'), coalesce(said.lines, '-'),
        coalesce(CAST(total_excl_vat AS VARCHAR), '-'), coalesce(CAST(total_incl_vat AS VARCHAR), '-')
    )) AS cdr_id,
    session_id,
    country_code,
    party_id,
    site_id,
    station_id,
    contract_id,
    id_token,
    tariff_id,
    tariff_version,
    currency,
    started_at,
    ended_at,
    local_date,
    energy_wh,
    charging_seconds,
    idle_seconds AS parking_seconds,
    total_excl_vat,
    total_incl_vat,
    grade,
    decision
FROM billing_candidates
JOIN billed_totals USING (session_id)
LEFT JOIN said USING (session_id)
WHERE reason IS NULL AND has_element
