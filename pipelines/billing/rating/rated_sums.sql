-- Sums per session and what the tariff's least and greatest price change. Net in halves of the lines' unit (so that a sum
-- of quotients keeps on which side of a tie it lies), gross in millionths of it. A session without a priced line is free:
-- its sum is 0 and known. One line whose VAT is not known makes the gross (or, where prices are gross, the net) unknown.
--
-- Net and gross are bounded separately. Without a bound of its own the gross follows the net by the VAT rate of the
-- greatest line, which is also the category of the difference's line; of a session without lines the tariff's first one.
WITH limits AS (
    SELECT
        tariff_no,
        first_vat_percent,
        min_before_taxes IS NOT NULL OR max_before_taxes IS NOT NULL AS has_limits,
        CAST(CAST(min_before_taxes AS DECIMAL(38, 6)) * 1000000 AS HUGEINT) * 36000000000 AS min_net,
        CAST(CAST(max_before_taxes AS DECIMAL(38, 6)) * 1000000 AS HUGEINT) * 36000000000 AS max_net,
        CAST(CAST(min_after_taxes AS DECIMAL(38, 6)) * 1000000 AS HUGEINT) * 18000000000000000 AS min_gross,
        CAST(CAST(max_after_taxes AS DECIMAL(38, 6)) * 1000000 AS HUGEINT) * 18000000000000000 AS max_gross
    FROM tariff_terms
),
sums AS (
    SELECT
        session_no,
        CASE WHEN count(*) = count(net)
            -- Rests of two rates differ from a half by more than 10⁻¹³ or not at all; 10⁻¹⁵ is what cutting them off loses.
            THEN 2 * sum(net) + CASE
                WHEN sum(net_rest) > 0 THEN (2 * sum(net_rest) + 1000) // CAST(1000000000000000000 AS HUGEINT) ELSE 0
            END END AS net,
        CASE WHEN count(*) = count(gross) THEN sum(gross) END AS gross,
        arg_max(struct_pack(rate := vat_percent), amount * 16000 - dimension_no * 1000 - element_no) AS greatest
    FROM taxed_amounts
    GROUP BY session_no
),
bounded AS (
    SELECT
        session_no,
        has_element,
        CASE WHEN sums.session_no IS NULL THEN 0 ELSE net END AS net,
        CASE WHEN sums.session_no IS NULL THEN 0 ELSE gross END AS gross,
        CASE WHEN sums.session_no IS NULL THEN first_vat_percent ELSE greatest.rate END AS limit_vat_percent,
        1000000 + CAST(CAST(limit_vat_percent AS DECIMAL(38, 4)) * 10000 AS HUGEINT) AS limit_factor,
        limits.* EXCLUDE (tariff_no, first_vat_percent)
    FROM rated_ends
    JOIN limits USING (tariff_no)
    LEFT JOIN sums USING (session_no)
),
lifted AS (
    SELECT
        *,
        CASE WHEN net < min_net THEN min_net - net WHEN net IS NOT NULL THEN 0 END AS lift_net,
        CASE
            WHEN min_gross IS NULL THEN CASE WHEN lift_net > 0 THEN lift_net * limit_factor // 2 ELSE 0 END
            WHEN gross < min_gross THEN min_gross - gross
            ELSE 0
        END AS lift_gross
    FROM bounded
),
capped AS (
    SELECT
        *,
        CASE WHEN net > max_net THEN max_net - net WHEN net IS NOT NULL THEN 0 END AS cut_net,
        CASE
            WHEN max_gross IS NULL THEN CASE WHEN cut_net < 0 THEN -(-cut_net * limit_factor // 2) ELSE 0 END
            WHEN gross > max_gross THEN max_gross - gross
            ELSE 0
        END AS cut_gross
    FROM lifted
)
SELECT
    session_no,
    has_element,
    limit_vat_percent,
    has_limits,
    lift_net,
    lift_gross,
    cut_net,
    cut_gross,
    net + lift_net + cut_net AS net,
    gross + lift_gross + cut_gross AS gross
FROM capped
