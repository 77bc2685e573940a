-- Settings of the server on which the meaning of the catalogue depends, and the database that is in use.
-- lower_case_table_names: only 0 tells letter case apart in table names. foreign_key_checks: 0 enforces none.
SELECT @@lower_case_table_names, @@GLOBAL.foreign_key_checks, DATABASE()
