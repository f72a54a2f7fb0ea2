-- Whole tables out of and into a database.

-- name: tables
-- Tables of ours with their columns, generated ones left out.
SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'schema_migration'
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY c.relname
ORDER BY c.relname;

-- name: references
-- Which table refers to which: the other one must be filled first.
SELECT DISTINCT conrelid::regclass::text AS "from", confrelid::regclass::text AS "to"
FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conrelid <> confrelid;

-- name: sequences
SELECT sequencename::text AS name, last_value FROM pg_sequences
WHERE schemaname = 'public' AND last_value IS NOT NULL
ORDER BY sequencename;

-- name: set_sequence
SELECT setval($1::text::regclass, $2);

-- name: migration
SELECT max(number) FROM schema_migration;
