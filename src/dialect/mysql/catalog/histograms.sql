-- The histograms that somebody has had made of whole numbers, in MySQL 8.0 and newer (manual, "The INFORMATION_SCHEMA
-- COLUMN_STATISTICS Table").
SELECT SCHEMA_NAME, TABLE_NAME, COLUMN_NAME, HISTOGRAM
FROM information_schema.COLUMN_STATISTICS
WHERE JSON_UNQUOTE(JSON_EXTRACT(HISTOGRAM, '$."data-type"')) = 'int' AND SCHEMA_NAME IN ('')
