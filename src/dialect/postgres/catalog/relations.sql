-- Tables, partitions, foreign tables and views of every namespace that is not the system's, with their size, their row
-- security and whether the current role may read them. Extensions' own tables only where a foreign key needs them.
SELECT
    c.oid,
    n.nspname,
    c.relname,
    c.relkind,
    c.relispartition,
    c.reltuples::pg_catalog.int8 AS estimated_rows,
    c.relpages AS pages,
    -- ANALYZE writes -1 for a partitioned table, which has no pages of its own.
    greatest(c.relpages, 0)::pg_catalog.int8 + coalesce(toast.relpages, 0) AS pages_with_toast,
    CASE
        WHEN NOT c.relrowsecurity THEN 'off'
        WHEN pg_catalog.row_security_active(c.oid) THEN 'applies'
        ELSE 'bypassed'
    END AS row_security,
    coalesce(
        pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        AND (
            pg_catalog.has_table_privilege(c.oid, 'SELECT')
            OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
        ),
        false
    ) AS readable,
    d.description
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class toast ON toast.oid = c.reltoastrelid
LEFT JOIN pg_catalog.pg_description d
    ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
  AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema'
  AND (
    NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend e
        WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.deptype = 'e'
    )
    OR EXISTS (
        SELECT FROM pg_catalog.pg_constraint f
        WHERE f.contype = 'f' AND f.confrelid = c.oid AND f.conrelid <> c.oid
    )
  )
ORDER BY c.oid
