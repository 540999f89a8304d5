SELECT grade, count(*) AS sessions, (sum(energy_wh) / 1000)::DOUBLE AS energy_kwh
FROM core.sessions
GROUP BY grade
ORDER BY CASE grade WHEN 'ok' THEN 1 WHEN 'suspect' THEN 2 ELSE 3 END
