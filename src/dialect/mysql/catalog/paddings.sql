-- For every collation whether it ignores trailing spaces, in MySQL 8.0 and newer.
-- Older servers and MariaDB do not tell; there the collation's name does.
SELECT COLLATION_NAME, PAD_ATTRIBUTE
FROM information_schema.COLLATIONS
