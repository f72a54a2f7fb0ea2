-- What `hotline explain` reads: facts of acd, and the settings of their time. Nothing is written.

-- name: of_contact
SELECT position, kind, (extract(epoch FROM at) * 1000)::bigint AS at_ms, body
FROM fact WHERE contact = $1 AND writer = 'acd' ORDER BY position;

-- name: last_position
SELECT coalesce(max(position), 0) FROM fact;

-- name: first_since
-- The first position of a day, at most the one given; `at` says nothing of positions, but is never hours late.
SELECT coalesce(min(position), $2) FROM fact WHERE at >= $1 AND position <= $2;

-- name: states_before
-- What each agent did before a position: the last of their changes of state.
SELECT f.position, f.kind, (extract(epoch FROM f.at) * 1000)::bigint AS at_ms, f.body
FROM unnest($2::text[]) AS asked (agent)
CROSS JOIN LATERAL (
    SELECT s.position FROM agent_state s
    WHERE s.agent = asked.agent AND s.position < $1
    ORDER BY s.at DESC, s.position DESC LIMIT 1
) AS last
JOIN fact f USING (position);

-- name: offers_before
-- Each agent's last offer before a position.
SELECT f.position, f.kind, (extract(epoch FROM f.at) * 1000)::bigint AS at_ms, f.body
FROM unnest($2::text[]) AS asked (agent)
CROSS JOIN LATERAL (
    SELECT g.position FROM offer o JOIN fact g ON g.fact_id = o.offer || '/CallOffered'
    WHERE o.agent = asked.agent AND g.position < $1
    ORDER BY o.offered_at DESC, g.position DESC LIMIT 1
) AS last
JOIN fact f USING (position);

-- name: between
SELECT position, kind, (extract(epoch FROM at) * 1000)::bigint AS at_ms, body
FROM fact WHERE position > $1 AND position <= $2 AND writer = 'acd' ORDER BY position;

-- name: named_versions
-- The versions of the settings that facts between two positions name, whosever they are.
SELECT DISTINCT coalesce(body->'proof'->>'settings_version', body->>'settings_version')::integer AS version
FROM fact
WHERE position BETWEEN $1 AND $2 AND writer = 'acd' AND kind IN ('CallQueued', 'CallOffered')
    AND coalesce(body->'proof'->>'settings_version', body->>'settings_version') IS NOT NULL;

-- name: settings
SELECT version, document FROM settings_version WHERE version = ANY($1::integer[]) ORDER BY version;
