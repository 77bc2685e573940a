-- How many more connections there is room for: on the server without its reserves, for the role, and in the database.
-- Other roles' backends hide their type; those count as clients.
SELECT greatest(0, least(
    pg_catalog.current_setting('max_connections')::pg_catalog.int4
        - pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4
        - coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::pg_catalog.int4
        - used.on_server,
    CASE WHEN r.rolconnlimit >= 0 AND NOT r.rolsuper THEN r.rolconnlimit - used.by_role END,
    CASE WHEN d.datconnlimit >= 0 AND NOT r.rolsuper THEN d.datconnlimit - used.on_database END
)) AS free
FROM (
    SELECT
        count(*) AS on_server,
        count(*) FILTER (WHERE a.usesysid = me.oid) AS by_role,
        count(*) FILTER (WHERE a.datid = here.oid) AS on_database
    FROM pg_catalog.pg_stat_activity a
    CROSS JOIN (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user) me
    CROSS JOIN (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) here
    WHERE a.datid IS NOT NULL AND coalesce(a.backend_type, 'client backend') = 'client backend'
) used
CROSS JOIN pg_catalog.pg_roles r
CROSS JOIN pg_catalog.pg_database d
WHERE r.rolname = session_user AND d.datname = pg_catalog.current_database()
