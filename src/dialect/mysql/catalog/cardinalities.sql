-- How many values the leading column of each index of a database has, and how many rows its table, as the engine estimates
-- both. Null counts as a value.
SELECT s.TABLE_SCHEMA, s.TABLE_NAME, s.COLUMN_NAME, MAX(s.CARDINALITY), MAX(t.TABLE_ROWS)
FROM information_schema.STATISTICS s
JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = s.TABLE_SCHEMA AND t.TABLE_NAME = s.TABLE_NAME
WHERE s.SEQ_IN_INDEX = 1 AND s.SUB_PART IS NULL AND s.COLUMN_NAME IS NOT NULL AND s.CARDINALITY IS NOT NULL
  AND s.TABLE_SCHEMA IN ('') AND t.TABLE_SCHEMA IN ('')
GROUP BY s.TABLE_SCHEMA, s.TABLE_NAME, s.COLUMN_NAME
