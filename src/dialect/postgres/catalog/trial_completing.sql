-- Statements that add to some tables, made anew in another database, the constraints that their rows need not hold to:
-- foreign keys, and what was never validated. $TABLES is an array of their oids.
WITH wanted AS (SELECT unnest($TABLES) AS oid)
SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid))
FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
WHERE (k.contype = 'f' AND k.confrelid IN (SELECT oid FROM wanted)) OR (k.contype IN ('c', 'n') AND NOT k.convalidated)
ORDER BY k.contype, 1
