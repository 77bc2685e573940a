-- The conditions of every CHECK constraint of a database, in MariaDB 10.2.22 and newer.
-- Those of a single column bear the column's name.
SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE
FROM information_schema.CHECK_CONSTRAINTS
WHERE CONSTRAINT_SCHEMA = DATABASE()
