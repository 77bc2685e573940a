-- The expressions of all stored columns of a database that are computed from others.
SELECT TABLE_SCHEMA, TABLE_NAME, GENERATION_EXPRESSION
FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = DATABASE() AND GENERATION_EXPRESSION <> ''
  AND (EXTRA LIKE '%STORED%' OR EXTRA LIKE '%PERSISTENT%')
