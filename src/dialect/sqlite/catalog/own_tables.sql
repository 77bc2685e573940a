-- SQLite's own tables that have rows about tables, which go when the table goes: the counters of AUTOINCREMENT
-- (autoinc.html) and what ANALYZE has counted (fileformat2.html, section 2.6).
SELECT name
FROM main.sqlite_schema
WHERE type = 'table' AND name IN ('sqlite_sequence', 'sqlite_stat1', 'sqlite_stat4')
ORDER BY name
