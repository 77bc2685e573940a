-- Foreign keys as they were declared, with the numbers of their columns and whether their triggers are at work. Left out
-- are those that partitions inherit, and those that the server adds where the parent is partitioned.
WITH RECURSIVE idle AS (
    -- D: disabled; R: fires on replicas only. One partition's trigger speaks for the whole tree.
    SELECT t.tgconstraint AS constraint_oid
    FROM pg_catalog.pg_trigger t
    WHERE t.tgconstraint <> 0 AND t.tgisinternal AND t.tgenabled IN ('D', 'R')
    UNION
    SELECT k.conparentid
    FROM idle
    JOIN pg_catalog.pg_constraint k ON k.oid = idle.constraint_oid
    WHERE k.conparentid <> 0
)
SELECT
    k.conrelid,
    k.conname,
    pg_catalog.array_to_string(k.conkey, ' ') AS columns,
    k.confrelid,
    n.nspname AS parent_namespace,
    p.relname AS parent,
    pg_catalog.array_to_string(k.confkey, ' ') AS parent_columns,
    k.confdeltype,
    k.confupdtype,
    k.confmatchtype,
    k.condeferrable,
    k.condeferred,
    k.convalidated,
    NOT EXISTS (SELECT FROM idle WHERE idle.constraint_oid = k.oid) AS triggers_fire,
    '' -- since 15: coalesce(pg_catalog.array_to_string(k.confdelsetcols, ' '), '')
    AS set_columns,
    true -- since 18: k.conenforced
    AS enforced,
    false -- since 18: k.conperiod
    AS period
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0
ORDER BY k.conrelid, k.conname
