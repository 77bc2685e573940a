-- Every column of a database: its type, nullability, default, and what the current role may do with it.
-- Columns on which the role has no privilege are left out by the server.
SELECT TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME, COLUMN_DEFAULT, IS_NULLABLE, DATA_TYPE, COLUMN_TYPE,
  CHARACTER_MAXIMUM_LENGTH, NUMERIC_SCALE, CHARACTER_SET_NAME, COLLATION_NAME, EXTRA, COLUMN_COMMENT, PRIVILEGES
FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = DATABASE()
