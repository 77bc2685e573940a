-- Every table and view of a database: its kind, engine, comment, and the engine's estimates of rows and bytes.
-- A condition on TABLE_SCHEMA that is an equality spares MySQL 5.6 and MariaDB from opening all other databases.
SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, DATA_LENGTH, INDEX_LENGTH, CREATE_OPTIONS,
  TABLE_COMMENT
FROM information_schema.TABLES
WHERE TABLE_SCHEMA = DATABASE()
