-- The statements that made indexes and triggers, in the order in which they were made. Indexes of keys have none.
SELECT tbl_name, sql
FROM main.sqlite_schema
WHERE type IN ('index', 'trigger') AND sql IS NOT NULL
ORDER BY rowid
