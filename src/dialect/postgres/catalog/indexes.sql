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
    -- More than look-ups: a constraint, a foreign key that references its columns, replication, the order of the rows.
    k.oid IS NOT NULL OR i.indisreplident OR i.indisclustered
    OR EXISTS (SELECT FROM pg_catalog.pg_constraint f WHERE f.conindid = i.indexrelid)
    OR EXISTS (
        SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid AND d.deptype IN ('e', 'x')
    ) AS bound,
    -- For each part the collation and the operator class, where they are not the column's own.
    (
        SELECT pg_catalog.json_agg(
            pg_catalog.concat_ws(
                ' ',
                'COLLATE ' || CASE WHEN cn.nspname <> 'pg_catalog' THEN pg_catalog.quote_ident(cn.nspname) || '.' ELSE '' END
                    || pg_catalog.quote_ident(l.collname),
                CASE WHEN onn.nspname <> 'pg_catalog' THEN pg_catalog.quote_ident(onn.nspname) || '.' ELSE '' END
                    || pg_catalog.quote_ident(o.opcname)
            ) ORDER BY part.at
        )
        FROM pg_catalog.generate_series(0, i.indnkeyatts::pg_catalog.int4 - 1) AS part (at)
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[part.at] AND a.attnum <> 0
        LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_collation l ON l.oid = i.indcollation[part.at] AND l.oid <> a.attcollation
        LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = l.collnamespace
        LEFT JOIN pg_catalog.pg_opclass o
            ON o.oid = i.indclass[part.at]
            AND (
                NOT o.opcdefault
                -- The default of another type, of which values of this one are.
                OR EXISTS (
                    SELECT FROM pg_catalog.pg_opclass own
                    WHERE own.opcmethod = o.opcmethod AND own.opcdefault AND own.oid <> o.oid
                    AND own.opcintype = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
                )
            )
        LEFT JOIN pg_catalog.pg_namespace onn ON onn.oid = o.opcnamespace
    ) AS classes,
    pg_catalog.concat_ws(
        ' ',
        'WITH (' || (
            SELECT pg_catalog.string_agg(
                pg_catalog.quote_ident(w.option_name) || '=' || pg_catalog.quote_literal(w.option_value), ', '
            )
            FROM pg_catalog.pg_options_to_table(c.reloptions) w
        ) || ')',
        'TABLESPACE ' || pg_catalog.quote_ident(s.spcname)
    ) AS options,
    pg_catalog.obj_description(i.indexrelid, 'pg_class') AS comment,
    greatest(c.relpages, 0) AS pages
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_am m ON m.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace
LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY i.indrelid, c.relname
