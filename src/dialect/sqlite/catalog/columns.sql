-- Columns of all tables that store rows themselves (those have a root page).
-- hidden: 0 for ordinary columns, 2 for virtual and 3 for stored generated columns.
SELECT stored.name, col.name, col.type, col."notnull", col.dflt_value, col.pk, col.hidden
FROM main.sqlite_schema AS stored
JOIN pragma_table_xinfo(stored.name, 'main') AS col
WHERE stored.type = 'table' AND stored.rootpage > 0
ORDER BY stored.name, col.cid
