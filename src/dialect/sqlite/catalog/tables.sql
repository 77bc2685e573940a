-- Tables, virtual tables and views with the text that made them.
-- SQLite's own tables (sqlite_...) and those that a virtual table keeps its data in (shadow) are left out.
SELECT list.name, list.type, list.wr, list.strict, stored.sql
FROM pragma_table_list AS list
JOIN main.sqlite_schema AS stored ON stored.name = list.name AND stored.type IN ('table', 'view')
WHERE list.schema = 'main' AND list.type <> 'shadow' AND list.name NOT LIKE 'sqlite\_%' ESCAPE '\'
ORDER BY list.name
