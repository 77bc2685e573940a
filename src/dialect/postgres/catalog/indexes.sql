-- All indexes with the numbers of their columns, where 0 stands for an expression, and the expressions themselves; the
-- constraint that an index belongs to, and whether it is whole: a concurrent build that failed leaves a broken one.
SELECT
    i.indrelid,
    c.relname,
    i.indkey::pg_catalog.text AS columns,
    i.indnkeyatts,
    i.indoption::pg_catalog.text AS options,
    CASE
        WHEN i.indexprs IS NOT NULL THEN (
            SELECT pg_catalog.json_agg(pg_catalog.pg_get_indexdef(i.indexrelid, part.at, false) ORDER BY part.at)
            FROM pg_catalog.generate_series(1, i.indnkeyatts::pg_catalog.int4) AS part (at)
        )
    END AS expressions,
    -- An exclusion constraint (WITHOUT OVERLAPS, EXCLUDE) compares by other operators than equality.
    i.indisunique AND NOT i.indisexclusion AS is_unique,
    m.amname,
    pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
    i.indisvalid AND i.indisready AND i.indislive AS valid,
    false -- since 15: i.indnullsnotdistinct
    AS nulls_not_distinct,
    k.conname,
    greatest(c.relpages, 0) AS pages
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_am m ON m.oid = c.relam
LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY i.indrelid, c.relname
