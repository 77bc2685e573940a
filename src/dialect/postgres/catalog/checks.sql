-- The conditions of the CHECK constraints of all tables, by the constraint's name.
-- The server prints them from what it has parsed.
SELECT k.conrelid, pg_catalog.pg_get_expr(k.conbin, k.conrelid) AS condition
FROM pg_catalog.pg_constraint k
WHERE k.contype = 'c' AND k.conrelid <> 0
ORDER BY k.conrelid, k.conname
