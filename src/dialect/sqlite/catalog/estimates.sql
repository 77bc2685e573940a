-- Rows of each table as the last ANALYZE counted them: the first number of stat (fileformat2.html, section 2.6.2).
SELECT tbl, MAX(CAST(stat AS INTEGER)) FROM main.sqlite_stat1 WHERE stat IS NOT NULL GROUP BY tbl ORDER BY tbl
