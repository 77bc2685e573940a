-- Foreign keys of all tables, one row for each column, in the order in which they are declared.
-- SQLite numbers them from the last one declared; "to" is null where the parent's columns are left out.
SELECT stored.name, key.id, key."table", key."from", key."to", key.on_update, key.on_delete
FROM main.sqlite_schema AS stored
JOIN pragma_foreign_key_list(stored.name, 'main') AS key
WHERE stored.type = 'table' AND stored.rootpage > 0
ORDER BY stored.name, key.id DESC, key.seq
