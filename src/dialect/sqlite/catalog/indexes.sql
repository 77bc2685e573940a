-- Indexes of all tables, one row for each part that is sorted by (key), with the text that made them.
-- origin: c for CREATE INDEX, u for a unique constraint, pk for a primary key. cid: -1 for the rowid, -2 for an expression.
SELECT stored.name, list.name, list."unique", list.origin, list.partial, part.cid, part.name, part."desc", part.coll,
       made.sql
FROM main.sqlite_schema AS stored
JOIN pragma_index_list(stored.name, 'main') AS list
JOIN pragma_index_xinfo(list.name, 'main') AS part
LEFT JOIN main.sqlite_schema AS made ON made.type = 'index' AND made.name = list.name
WHERE stored.type = 'table' AND stored.rootpage > 0 AND part.key = 1
ORDER BY stored.name, list.name, part.seqno
