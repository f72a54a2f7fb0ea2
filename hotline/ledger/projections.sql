-- What follows from the facts at positions above $1 and up to $2, table by table. Each query may be run for a
-- range of any length, in the order of this file; positions are taken once each. A fact about something that
-- is not there changes nothing, and what is there already stays: as in acd.core.fold, the first counts.

-- name: contacts_started
INSERT INTO contact (contact, started_at, number, trunk, direct, caller)
SELECT DISTINCT ON (contact)
    contact, at, body->>'number', body->>'trunk', (body->>'direct')::boolean, body->>'caller'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'ContactStarted'
ORDER BY contact, position
ON CONFLICT (contact) DO NOTHING;

-- name: contacts_ended
UPDATE contact SET
    ended_at = fact.at,
    stage = body->>'stage',
    outcome = body->>'outcome',
    hung_up_by = body->>'hung_up_by',
    cause = (body->>'cause')::integer,
    reason = body->>'reason',
    satisfaction = (body->>'satisfaction')::smallint,
    survey_asked = (body->>'survey_asked')::boolean
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'ContactEnded'
    AND contact.contact = fact.contact AND contact.ended_at IS NULL;

-- name: entries_queued
INSERT INTO queue_entry (contact, entry, queue, needs, priority, language, queued_at, wait_since, settings_version)
SELECT DISTINCT ON (contact, (body->>'entry')::integer)
    contact,
    (body->>'entry')::integer,
    body->>'queue',
    body->>'needs',
    (body->>'priority')::integer,
    body->>'language',
    at,
    to_timestamp((body->>'wait_since_ms')::numeric / 1000),
    (body->>'settings_version')::integer
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallQueued'
ORDER BY contact, (body->>'entry')::integer, position
ON CONFLICT (contact, entry) DO NOTHING;

-- name: entries_left
UPDATE queue_entry SET
    left_at = fact.at,
    how = body->>'how',
    went_to = body->>'to',
    wait_ms = (body->>'wait_ms')::integer
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallLeftQueue'
    AND queue_entry.contact = fact.contact AND queue_entry.entry = (body->>'entry')::integer
    AND queue_entry.how IS NULL;

-- name: offers_made
INSERT INTO offer (offer, contact, entry, agent, phone, queue, offered_at)
SELECT DISTINCT ON (body->>'offer')
    body->>'offer', contact, (body->>'entry')::integer, body->>'agent', body->>'phone', body->>'queue', at
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallOffered'
ORDER BY body->>'offer', position
ON CONFLICT (offer) DO NOTHING;

-- name: offers_rang
UPDATE offer SET rang_at = fact.at
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'OfferRang'
    AND offer.offer = body->>'offer' AND offer.rang_at IS NULL;

-- name: offers_answered
UPDATE offer SET
    answered_at = fact.at,
    wait_ms = (body->>'wait_ms')::integer,
    target_ms = (body->>'target_ms')::integer,
    ring_ms = (body->>'ring_ms')::integer
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallAnswered'
    AND offer.offer = body->>'offer' AND offer.answered_at IS NULL;

-- name: offers_ended
UPDATE offer SET ended_at = fact.at, cause = body->>'cause', ring_ms = (body->>'ring_ms')::integer
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'OfferEnded'
    AND offer.offer = body->>'offer' AND offer.ended_at IS NULL;

-- name: segments_connected
INSERT INTO segment (segment, contact, agent, queue, recording, connected_at)
SELECT DISTINCT ON (body->>'segment')
    body->>'segment', contact, body->>'agent', body->>'queue', body->>'recording', at
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallConnected'
ORDER BY body->>'segment', position
ON CONFLICT (segment) DO NOTHING;

-- name: segments_ended
UPDATE segment SET
    ended_at = fact.at,
    talk_ms = (body->>'talk_ms')::integer,
    hold_ms = (body->>'hold_ms')::integer,
    hung_up_by = body->>'hung_up_by',
    cause = (body->>'cause')::integer
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'SegmentEnded'
    AND segment.segment = body->>'segment' AND segment.ended_at IS NULL;

-- name: recordings_kept
-- The newest counts: a recording may be finished again after a crash.
INSERT INTO recording (segment, contact, path, length_ms, sha256, bytes, kept_at)
SELECT DISTINCT ON (body->>'segment')
    body->>'segment',
    coalesce(contact, body->>'contact'),
    body->>'path',
    (body->>'length_ms')::integer,
    body->>'sha256',
    (body->>'bytes')::bigint,
    at
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'RecordingKept'
ORDER BY body->>'segment', position DESC
ON CONFLICT (segment) DO UPDATE SET
    contact = excluded.contact,
    path = excluded.path,
    length_ms = excluded.length_ms,
    sha256 = excluded.sha256,
    bytes = excluded.bytes,
    kept_at = excluded.kept_at;

-- name: media_measured
-- A caller who never reached an agent has no segment: the contact stands for it, else all of them were one row.
INSERT INTO media (
    segment, side, contact, codec,
    rx_packets, tx_packets, rx_loss, tx_loss, rx_jitter_ms, tx_jitter_ms, rtt_ms
)
SELECT DISTINCT ON (coalesce(nullif(body->>'segment', ''), contact), body->>'side')
    coalesce(nullif(body->>'segment', ''), contact),
    body->>'side',
    contact,
    body->>'codec',
    (body->>'rx_packets')::bigint,
    (body->>'tx_packets')::bigint,
    (body->>'rx_loss')::bigint,
    (body->>'tx_loss')::bigint,
    (body->>'rx_jitter_ms')::double precision,
    (body->>'tx_jitter_ms')::double precision,
    (body->>'rtt_ms')::double precision
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'MediaMeasured'
ORDER BY coalesce(nullif(body->>'segment', ''), contact), body->>'side', position
ON CONFLICT (segment, side) DO NOTHING;

-- name: media_silent
INSERT INTO media_silence (position, segment, side, contact, at, silent_ms)
SELECT position, body->>'segment', body->>'side', contact, at, (body->>'silent_ms')::integer
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'MediaSilent';

-- name: agent_states
INSERT INTO agent_state (position, agent, at, state, reason, intent, intent_reason, phone, contact, queue)
SELECT
    position,
    body->>'agent',
    at,
    body->>'state',
    body->>'reason',
    body->>'intent',
    coalesce(body->>'intent_reason', ''),
    body->>'phone',
    body->>'contact',
    body->>'queue'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'AgentStateChanged';

-- name: supervisor_acts
INSERT INTO supervisor_act (position, at, by_whom, via, deed, agent, contact, queue, detail, refused)
SELECT
    position,
    at,
    body->>'by',
    body->>'via',
    body->>'deed',
    body->>'agent',
    body->>'contact',
    body->>'queue',
    body->>'detail',
    body->>'refused'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'SupervisorActed';

-- name: voice_messages
INSERT INTO voice_message (position, contact, at, number, language, path, length_ms, sha256, bytes)
SELECT
    position,
    coalesce(contact, body->>'contact'),
    at,
    body->>'number',
    body->>'language',
    body->>'path',
    (body->>'length_ms')::integer,
    body->>'sha256',
    (body->>'bytes')::bigint
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'MessageLeft';
