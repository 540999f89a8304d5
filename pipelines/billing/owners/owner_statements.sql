-- Statements of the touched months. Share, rent and VAT are each rounded half-up once. Revenue is that of session lines
-- in the agreement's currency, of sessions that start on its days; what a plan takes back from its customer is the
-- operator's affair and lessens nothing.
WITH spans AS (
    SELECT
        agreement.* EXCLUDE (valid_from, valid_to, note),
        time_zone,
        minor_unit,
        span.month,
        span.first_day,
        span.end_day,
        span.days,
        span.days_of_month
    FROM agreement_months AS span
    JOIN registry_owner_contracts AS agreement ON agreement.owner_contract_id = span.agreement_id
    JOIN agreements USING (agreement_id)
    JOIN owner_touched ON owner_touched.owner_contract_id = span.agreement_id AND owner_touched.month = span.month
    JOIN currencies USING (currency)
),
revenues AS (
    SELECT
        spans.owner_contract_id,
        spans.month,
        sum(lines.amount_excl_vat) AS revenue,
        count(DISTINCT lines.session_id) AS sessions,
        sum(lines.energy_wh) AS energy_wh
    FROM spans
    JOIN all_invoice_draft_lines AS lines
        ON lines.site_id = spans.site_id
        AND lines.kind = 'session'
        AND CAST(timezone(spans.time_zone, lines.started_at) AS DATE) >= spans.first_day
        AND CAST(timezone(spans.time_zone, lines.started_at) AS DATE) < spans.end_day
    JOIN all_invoice_drafts AS drafts ON drafts.invoice_id = lines.invoice_id AND drafts.currency = spans.currency
    GROUP BY ALL
),
shares AS (
    SELECT
        spans.*,
        CAST(coalesce(revenue, 0) AS DECIMAL(18, 4)) AS revenue_excl_vat,
        coalesce(sessions, 0) AS sessions,
        CAST(coalesce(energy_wh, 0) AS DECIMAL(18, 6)) AS energy_wh,
        in_money(
            half_up(
                -- Ten-thousandths of the currency × ten-thousandths of a per cent: 10⁻¹⁰ of the currency.
                CAST(revenue_excl_vat * 10000 AS HUGEINT)
                * CAST(CAST(revenue_share_percent AS DECIMAL(38, 4)) * 10000 AS HUGEINT),
                CAST(10 ** (10 - minor_unit) AS HUGEINT)
            ),
            minor_unit
        ) AS share,
        prorated(rent_per_month, days, days_of_month, minor_unit) AS rent,
        CAST(share + rent AS DECIMAL(18, 4)) AS total_excl_vat
    FROM spans
    LEFT JOIN revenues USING (owner_contract_id, month)
)
SELECT
    owner_contract_id,
    owner_id,
    site_id,
    month,
    currency,
    revenue_excl_vat,
    revenue_share_percent AS share_percent,
    share,
    rent,
    rent_per_month,
    days AS rent_days,
    days_of_month,
    total_excl_vat,
    vat_percent,
    in_money(
        half_up(
            CAST(total_excl_vat * 10000 AS HUGEINT)
            * CAST(CAST(coalesce(vat_percent, 0) AS DECIMAL(38, 4)) * 10000 AS HUGEINT),
            CAST(10 ** (10 - minor_unit) AS HUGEINT)
        ),
        minor_unit
    ) AS vat,
    CAST(total_excl_vat + vat AS DECIMAL(18, 4)) AS total_incl_vat,
    sessions,
    energy_wh
FROM shares
