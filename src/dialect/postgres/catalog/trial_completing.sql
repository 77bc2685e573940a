-- Statements that add to some tables, made anew in another database, the constraints that their rows need not hold to:
-- foreign keys, what was never validated, and what can wait for the commit, which a row that is there already cannot be told
-- by (manual, INSERT, "conflict_target"). $TABLES is an array of their oids.
-- Rows can break a foreign key that counts as valid: triggers were off when they came. No ALTER makes that again, so the
-- catalogue is told, which only a superuser of that other database may do.
WITH wanted AS (SELECT unnest($TABLES) AS oid),
added AS (
  SELECT k.contype, k.convalidated, k.conname, format('%I.%I', n.nspname, c.relname) AS of_table,
    format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)) AS sql
  FROM wanted w JOIN pg_catalog.pg_class c ON c.oid = w.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
  WHERE (k.contype = 'f' AND k.confrelid IN (SELECT oid FROM wanted)) OR (k.contype IN ('c', 'n') AND NOT k.convalidated)
    OR (k.contype IN ('u', 'x') AND k.condeferrable)
)
SELECT CASE WHEN contype = 'f' AND convalidated THEN format(
    'DO $relaudit$ BEGIN %1$s; EXCEPTION WHEN foreign_key_violation THEN
     IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
       RAISE USING MESSAGE = %2$L;
     END IF;
     %1$s NOT VALID;
     SET LOCAL allow_system_table_mods = on;
     UPDATE pg_catalog.pg_constraint SET convalidated = true WHERE conrelid = %3$L::regclass AND conname = %4$L;
     SET LOCAL allow_system_table_mods = off; END $relaudit$',
    sql, 'rows of ' || of_table || ' break a foreign key that counts as valid, which only a superuser can make again: let one open the scratch database',
    of_table, conname)
  ELSE sql END
FROM added ORDER BY contype, sql
