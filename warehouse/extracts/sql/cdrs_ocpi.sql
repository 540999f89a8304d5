SELECT
    c.issued_cdr_id,
    c.kind,
    c.cdr_id,
    c.session_id,
    c.country_code,
    c.party_id,
    c.site_id,
    x.name AS site_name,
    x.address,
    x.country_code AS site_country,
    x.latitude,
    x.longitude,
    c.station_id,
    s.connector_id,
    k.standard,
    k.power_type,
    c.contract_id,
    c.tariff_id,
    t.elements,
    c.currency,
    c.started_at,
    c.ended_at,
    c.energy_wh,
    c.charging_seconds,
    c.parking_seconds,
    abs(c.total_excl_vat) AS total_excl_vat,
    abs(c.total_incl_vat) AS total_incl_vat,
    c.issued_at
FROM billing.issued_cdrs AS c
LEFT JOIN registry.sites AS x ON x.site_id = c.site_id
LEFT JOIN core.sessions AS s ON s.session_id = c.session_id
LEFT JOIN registry.tariffs AS t ON t.tariff_id = c.tariff_id AND t.version = c.tariff_version
LEFT JOIN registry.connectors AS k
    ON k.station_id = c.station_id
    AND k.evse_id = s.evse_id
    AND k.connector_id = s.connector_id
    AND c.started_at >= k.in_service_from
    AND c.started_at < coalesce(k.in_service_to, 'infinity')
WHERE c.local_date >= $date_from
  AND c.local_date < $date_to
  AND ($sites IS NULL OR list_contains($sites, c.site_id))
  AND ($operator IS NULL OR x.operator_id = $operator)
ORDER BY c.issued_at, c.issued_cdr_id
