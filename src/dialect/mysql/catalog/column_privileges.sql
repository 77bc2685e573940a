-- Every table with a privilege on one of its columns, of the current role or of another that it may know of.
SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME
FROM information_schema.COLUMN_PRIVILEGES
