-- Settings: every version ever imported, the newest current.

-- name: lock
-- One import at a time, from reading the number to replacing the snapshot; freed when the connection closes.
SELECT pg_advisory_lock(hashtext('hotline settings'));

-- name: insert
INSERT INTO settings_version (version, author, comment, document)
VALUES ($1, $2, $3, $4::jsonb);

-- name: newest_number
SELECT coalesce(max(version), 0) FROM settings_version;

-- name: newest
SELECT version, document FROM settings_version ORDER BY version DESC LIMIT 1;

-- name: one
SELECT version, document FROM settings_version WHERE version = $1;

-- name: history
SELECT version, at, author, comment FROM settings_version ORDER BY version DESC LIMIT $1;
