-- The labels of all enumerations, in their order.
-- They are few, and are joined to their columns by the program.
SELECT e.enumtypid, e.enumlabel
FROM pg_catalog.pg_enum e
ORDER BY e.enumtypid, e.enumsortorder
