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
-- Offers that may have a raw recording which was not kept at the moment of the backup.
SELECT offer FROM offer WHERE NOT EXISTS (SELECT 1 FROM recording WHERE segment = offer);

-- name: has_facts
SELECT to_regclass('fact') IS NOT NULL;
