-- Every table with a privilege on the whole of it, of the current role or of another that it may know of.
SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME
FROM information_schema.TABLE_PRIVILEGES
