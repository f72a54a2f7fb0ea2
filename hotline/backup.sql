-- What a backup asks of its snapshot. Used by hotline/backup.py and hotline/restore.py.

-- name: moment
SELECT coalesce(max(position), 0) AS position, count(*) AS facts, now() AS at FROM fact;

-- name: offsets
SELECT writer, file, bytes, seq FROM journal_offset ORDER BY writer;

-- name: recordings
SELECT path, sha256 FROM recording ORDER BY path;

-- name: voice_messages
SELECT path, sha256 FROM voice_message ORDER BY path;

-- name: unkept
-- Which of these raw recordings ($1: segments) are part of a contact or of an agent's call to outside, and were
-- not kept at the moment of the backup; and since when. What is none of these is a talk between colleagues.
SELECT segment, min(at) AS since
FROM (
    SELECT offer AS segment, offered_at AS at FROM offer WHERE offer = ANY($1::text[])
    UNION ALL
    SELECT segment, connected_at FROM segment WHERE segment = ANY($1::text[])
    UNION ALL
    SELECT segment, started_at FROM outgoing_call WHERE segment = ANY($1::text[])
) AS known
WHERE segment NOT IN (SELECT segment FROM recording WHERE segment = ANY($1::text[]))
GROUP BY segment;

-- name: irreplaceable
-- Of the tables whose content follows from nothing else, those that are there; schema_migration tells of all.
SELECT name FROM unnest(ARRAY['fact', 'identity', 'settings_version', 'web_user', 'schema_migration']) AS name
WHERE to_regclass(name) IS NOT NULL;

-- name: migration
SELECT coalesce(max(number), 0) FROM schema_migration;
