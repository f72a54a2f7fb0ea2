-- Queries on the users of the pages; each begins with its name. Used by hotline/signin.py.

-- name: all_standings
-- Everyone who may sign in: a session is good while its stamp fits what stands here.
SELECT name, role, password_hash FROM web_user WHERE NOT disabled;

-- name: find_user
SELECT name, role, password_hash FROM web_user WHERE name = $1 AND NOT disabled;

-- name: count_users
SELECT count(*) FROM web_user;

-- name: lock_users
-- Two web processes that start together must not both make the first user.
LOCK TABLE web_user IN EXCLUSIVE MODE;

-- name: add_user
INSERT INTO web_user (name, role, password_hash) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING;

-- name: set_password
UPDATE web_user SET password_hash = $2, password_changed_at = now() WHERE name = $1 AND NOT disabled;

-- name: all_users
SELECT name, role, disabled, password_changed_at FROM web_user ORDER BY name;

-- name: set_disabled
UPDATE web_user SET disabled = $2 WHERE name = $1;
