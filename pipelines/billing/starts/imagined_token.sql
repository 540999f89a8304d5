-- The token of the imagined session: of a contract, or of none.
SELECT
    tokens.* EXCLUDE (id_token, contract_id, valid_from),
    'imagined' AS id_token,
    CAST($contract_id AS VARCHAR) AS contract_id,
    CAST('2000-01-01T00:00:00Z' AS TIMESTAMPTZ) AS valid_from
FROM (SELECT 1) AS one
LEFT JOIN registry.tokens AS tokens ON false
