-- Every part of every index of a database. Primary keys and unique constraints are indexes and nothing else here.
-- MySQL 8.0.13 has expressions and invisible indexes, MariaDB 10.6 ignored ones; the comments select what it knows.
SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, NON_UNIQUE, COLUMN_NAME, COLLATION, SUB_PART, INDEX_TYPE,
  INDEX_COMMENT
  /*!80013 , IS_VISIBLE, EXPRESSION */ /*M!100600 , IF(IGNORED = 'YES', 'NO', 'YES'), NULL */
FROM information_schema.STATISTICS
WHERE TABLE_SCHEMA = DATABASE()
