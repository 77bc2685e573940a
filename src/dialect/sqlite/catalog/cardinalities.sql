-- Rows of each table and the leading column of each of its indexes, with the numbers that the last ANALYZE left: rows, then
-- rows for each value of the first column (fileformat2.html, section 2.6.2).
SELECT s.tbl, i.name, s.stat
FROM main.sqlite_stat1 s JOIN pragma_index_info(s.idx) i ON i.seqno = 0
WHERE s.stat IS NOT NULL AND i.name IS NOT NULL
ORDER BY s.tbl, s.idx
