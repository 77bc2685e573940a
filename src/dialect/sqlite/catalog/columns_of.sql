-- Columns of one view or virtual table.
-- Asked one by one: a view whose table is gone, or a virtual table whose module is not at hand, is an error.
SELECT ?1, col.name, col.type, col."notnull", col.dflt_value, col.pk, col.hidden
FROM pragma_table_xinfo(?1, 'main') AS col
WHERE col.hidden <> 1
ORDER BY col.cid
