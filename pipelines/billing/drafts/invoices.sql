-- Invoices from their lines: VAT per rate on the sum of the lines, rounded once per rate. Without a contract the supply is
-- within the seller's state: in India its tax is two halves, CGST and SGST, each rounded by itself, as on the document.
-- Who bills: the contract's operator; without a contract, that of the site. `taxes`: of how many the VAT is made.
WITH payers AS (
    SELECT contract_id, operator_id, tax_category, false AS is_ad_hoc FROM registry_contracts
    UNION ALL
    SELECT DISTINCT contract_id, operator_id, CAST(NULL AS VARCHAR) AS tax_category, true AS is_ad_hoc
    FROM session_lines
    JOIN registry_sites USING (site_id)
    WHERE is_ad_hoc
),
sellers AS (
    SELECT
        contract_id,
        operator_id,
        coalesce(payers.tax_category, registry_operators.tax_category) AS tax_category,
        CASE WHEN is_ad_hoc AND registry_operators.country_code = 'IN' THEN 2 ELSE 1 END AS taxes
    FROM payers
    LEFT JOIN registry_operators USING (operator_id)
),
rates AS (
    SELECT
        invoice_id,
        contract_id,
        month,
        currency,
        vat_percent,
        sum(energy_wh) AS energy_wh,
        sum(amount_excl_vat) AS amount
    FROM made_invoice_lines
    GROUP BY ALL
),
taxed AS (
    SELECT
        rates.*,
        operator_id,
        tax_category,
        CAST(
            CAST(
                half_up(
                    -- Ten-thousandths of the currency × ten-thousandths of a per cent: 10⁻¹⁰ of the currency.
                    CAST(CAST(amount AS DECIMAL(38, 4)) * 10000 AS HUGEINT)
                    * CAST(CAST(vat_percent AS DECIMAL(38, 4)) * 10000 AS HUGEINT),
                    taxes * CAST(10 ** (10 - minor_unit) AS HUGEINT)
                ) * taxes * CAST(10 ** (4 - minor_unit) AS HUGEINT)
                AS DECIMAL(38, 0)
            ) * 0.0001
            AS DECIMAL(18, 4)
        ) AS vat
    FROM rates
    JOIN currencies USING (currency)
    JOIN sellers USING (contract_id)
),
-- What the lines say, without their numbers.
said AS (
    SELECT
        invoice_id,
        md5(string_agg(
            concat_ws(
                '|', kind, coalesce(cdr_id, '-'), coalesce(subscription_id, '-'), coalesce(cost_centre, '-'),
                coalesce(CAST(vat_percent AS VARCHAR), '-'), amount_excl_vat
            ),
            ';' ORDER BY line_no
        )) AS lines_hash
    FROM made_invoice_lines
    GROUP BY invoice_id
),
sessions AS (
    SELECT invoice_id, count(DISTINCT session_id) AS sessions FROM made_invoice_lines GROUP BY invoice_id
)
SELECT
    invoice_id,
    taxed.contract_id,
    taxed.operator_id,
    taxed.month,
    taxed.currency,
    any_value(sessions.sessions) AS sessions,
    CAST(sum(energy_wh) AS DECIMAL(18, 6)) AS energy_wh,
    CAST(sum(amount) AS DECIMAL(18, 4)) AS total_excl_vat,
    -- One rate that is not known makes the VAT of the whole unknown.
    CASE WHEN count(vat) = count(*) THEN CAST(sum(vat) AS DECIMAL(18, 4)) END AS total_vat,
    total_excl_vat + total_vat AS total_incl_vat,
    'half_up_per_line' AS rounding,
    taxed.tax_category,
    -- Why there is no VAT is said by the document too: another reason at the same 0 % is another document.
    CASE
        WHEN taxed.tax_category IS NULL THEN said.lines_hash
        ELSE md5(concat_ws('|', said.lines_hash, taxed.tax_category))
    END AS lines_hash
FROM taxed
JOIN sessions USING (invoice_id)
JOIN said USING (invoice_id)
GROUP BY ALL
