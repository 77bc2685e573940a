-- Tables that were truncated or rewritten since the snapshot of this transaction: what they held then is out of its sight.
-- The catalogue is read as it was then, and the function tells the file as it is now. 0 is for tables of the system.
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm')
  AND c.relfilenode <> 0
  AND c.relfilenode <> pg_catalog.pg_relation_filenode(c.oid)
  AND n.nspname !~ '^pg_'
