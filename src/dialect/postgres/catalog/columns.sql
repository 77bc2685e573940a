-- The columns of all tables and views, each with its type, what a domain stands for, its collation, default and comment.
-- A domain over a domain is followed down to the type at the bottom; any of them can forbid nulls.
WITH RECURSIVE domains AS (
    SELECT t.oid, t.typbasetype AS base, t.typtypmod AS modifier, t.typnotnull AS not_null
    FROM pg_catalog.pg_type t
    WHERE t.typtype = 'd'
    UNION ALL
    SELECT d.oid, t.typbasetype, t.typtypmod, d.not_null OR t.typnotnull
    FROM domains d
    JOIN pg_catalog.pg_type t ON t.oid = d.base
    WHERE t.typtype = 'd'
)
SELECT
    a.attrelid,
    a.attnum,
    a.attname,
    pg_catalog.format_type(a.atttypid, a.atttypmod) AS declared,
    pg_catalog.format_type(b.oid, coalesce(d.modifier, a.atttypmod)) AS base,
    b.oid AS base_type,
    CASE WHEN b.typnamespace = 'pg_catalog'::pg_catalog.regnamespace THEN 'system' ELSE 'user' END AS base_owner,
    b.typname,
    b.typtype,
    b.typcategory,
    coalesce(d.modifier, a.atttypmod) AS modifier,
    l.collname,
    ln.nspname AS collation_namespace,
    l.collisdeterministic,
    coalesce(d.not_null, false) AS domain_not_null,
    -- PostgreSQL 18 knows NOT NULL constraints that old rows need not obey (NOT VALID).
    a.attnotnull -- since 18: a.attnotnull AND (a.attrelid, a.attnum) NOT IN (SELECT v.conrelid, v.conkey[1] FROM pg_catalog.pg_constraint v WHERE v.contype = 'n' AND v.conrelid <> 0 AND NOT v.convalidated)
    AS not_null,
    a.attidentity,
    a.attgenerated,
    pg_catalog.pg_get_expr(v.adbin, v.adrelid) AS expression,
    c.description
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class r ON r.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
LEFT JOIN domains d
    ON d.oid = a.atttypid
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.oid = d.base AND t.typtype = 'd')
JOIN pg_catalog.pg_type b ON b.oid = coalesce(d.base, a.atttypid)
LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace
LEFT JOIN pg_catalog.pg_attrdef v ON v.adrelid = a.attrelid AND v.adnum = a.attnum
LEFT JOIN pg_catalog.pg_description c
    ON c.objoid = a.attrelid
    AND c.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND c.objsubid = a.attnum
WHERE a.attnum > 0
  AND NOT a.attisdropped
  AND r.relkind IN ('r', 'p', 'f', 'v', 'm')
  AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema'
ORDER BY a.attrelid, a.attnum
