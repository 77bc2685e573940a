-- What ANALYZE has left of columns, of tables that the role may read: shares in millionths, lists with spaces between. Whether
-- few rows have changed since. Values of whole numbers only. The columns that are wanted take the place of the last line.
SELECT
    s.schemaname,
    s.tablename,
    s.attname,
    c.reltuples::pg_catalog.int8 AS table_rows,
    CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * c.reltuples ELSE s.n_distinct END::pg_catalog.int8 AS distinct_values,
    (s.null_frac * 1000000)::pg_catalog.int8 AS null_share,
    coalesce(v.common, '') AS common,
    coalesce(v.shares, '') AS shares,
    coalesce(v.bounds, '') AS bounds,
    pg_catalog.pg_stat_get_mod_since_analyze(c.oid) * 10 <= c.reltuples AS fresh
FROM pg_catalog.pg_stats s
JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
LEFT JOIN LATERAL (
    SELECT
        array_to_string(s.most_common_vals::pg_catalog.text::pg_catalog.text[], ' ') AS common,
        array_to_string(
            ARRAY(SELECT (f * 1000000)::pg_catalog.int8 FROM unnest(s.most_common_freqs) WITH ORDINALITY u (f, o) ORDER BY o),
            ' '
        ) AS shares,
        array_to_string(s.histogram_bounds::pg_catalog.text::pg_catalog.text[], ' ') AS bounds
) v ON a.atttypid IN (
    'pg_catalog.int2'::pg_catalog.regtype, 'pg_catalog.int4'::pg_catalog.regtype, 'pg_catalog.int8'::pg_catalog.regtype
)
WHERE c.reltuples > 0
  AND s.inherited = (c.relkind = 'p')
  AND (s.schemaname, s.tablename, s.attname) IN (('', '', ''))
