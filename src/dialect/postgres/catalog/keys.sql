-- Primary keys and unique constraints of all tables, with the numbers of their columns.
-- The primary key of a table comes first, then the others by name.
SELECT
    k.conrelid,
    k.conname,
    k.contype = 'p' AS is_primary,
    pg_catalog.array_to_string(k.conkey, ' ') AS columns,
    k.condeferrable,
    false -- since 15: i.indnullsnotdistinct
    AS nulls_not_distinct,
    false -- since 18: k.conperiod
    AS without_overlaps
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_index i ON i.indexrelid = k.conindid
WHERE k.contype IN ('p', 'u') AND k.conrelid <> 0
ORDER BY k.conrelid, k.contype, k.conname
