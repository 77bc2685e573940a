-- What every foreign key that leads from or to a database does when its parent row is deleted or its key changes.
-- MariaDB hides these rows, and only these, from a role that may do nothing but SELECT.
SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, DELETE_RULE, UPDATE_RULE
FROM information_schema.REFERENTIAL_CONSTRAINTS
WHERE CONSTRAINT_SCHEMA = DATABASE() OR UNIQUE_CONSTRAINT_SCHEMA = DATABASE()
