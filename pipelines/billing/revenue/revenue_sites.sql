-- Sites with a currency and a time zone that is known.
SELECT site_id, currency, time_zone
FROM registry_sites
SEMI JOIN (SELECT name AS time_zone FROM pg_timezone_names()) USING (time_zone)
