-- More of what follows from the facts, by the rules of projections.sql: agents' work beside conversations, and
-- what befell callers on the way.

-- name: segments_joined
UPDATE segment SET how = body->>'how'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallConnected'
    AND segment.segment = body->>'segment' AND coalesce(body->>'how', '') <> '';

-- name: outgoing_started
INSERT INTO outgoing_call (segment, contact, agent, phone, callee, trunk, prefix, emergency, started_at)
SELECT DISTINCT ON (body->>'segment')
    body->>'segment',
    body->>'contact',
    body->>'agent',
    body->>'phone',
    body->>'callee',
    body->>'trunk',
    body->>'prefix',
    (body->>'emergency')::boolean,
    at
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'OutgoingStarted'
ORDER BY body->>'segment', position
ON CONFLICT (segment) DO NOTHING;

-- name: outgoing_answered
UPDATE outgoing_call SET answered_at = fact.at, recording = body->>'recording'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'OutgoingAnswered'
    AND outgoing_call.segment = body->>'segment' AND outgoing_call.answered_at IS NULL;

-- name: outgoing_ended
UPDATE outgoing_call SET
    ended_at = fact.at,
    how = body->>'how',
    talk_ms = (body->>'talk_ms')::integer,
    cause = (body->>'cause')::integer
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'OutgoingEnded'
    AND outgoing_call.segment = body->>'segment' AND outgoing_call.ended_at IS NULL;

-- name: outgoing_refused
INSERT INTO outgoing_refusal (position, at, agent, phone, why, prefix)
SELECT position, at, body->>'agent', body->>'phone', body->>'why', body->>'prefix'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'OutgoingRefused';

-- name: dispositions_given
-- The newest counts: an agent may correct the code.
INSERT INTO disposition (segment, contact, agent, queue, at, code)
SELECT DISTINCT ON (body->>'segment')
    body->>'segment', body->>'contact', body->>'agent', body->>'queue', at, body->>'code'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'DispositionGiven'
ORDER BY body->>'segment', position DESC
ON CONFLICT (segment) DO UPDATE SET at = excluded.at, code = excluded.code;

-- name: dispositions_missed
INSERT INTO disposition (segment, contact, agent, queue, at)
SELECT DISTINCT ON (body->>'segment')
    body->>'segment', body->>'contact', body->>'agent', body->>'queue', at
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'DispositionMissed'
ORDER BY body->>'segment', position
ON CONFLICT (segment) DO NOTHING;

-- name: help_asked
INSERT INTO help (position, agent, contact, queue, asked_at)
SELECT position, body->>'agent', body->>'contact', body->>'queue', at
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'HelpAsked';

-- name: help_ended
-- An end is of the agent's open request before it; of several ends the first counts.
UPDATE help SET
    ended_at = ending.at,
    by_whom = ending.body->>'by',
    waited_ms = (ending.body->>'waited_ms')::integer
FROM (
    SELECT DISTINCT ON (asked.position) asked.position AS asked_position, fact.at, fact.body
    FROM help AS asked
    JOIN fact ON fact.body->>'agent' = asked.agent AND fact.position > asked.position
    WHERE fact.position > $1 AND fact.position <= $2 AND fact.kind = 'HelpEnded' AND asked.ended_at IS NULL
    ORDER BY asked.position, fact.position
) AS ending
WHERE help.position = ending.asked_position;

-- name: waits_promised
INSERT INTO wait_promise (position, contact, entry, queue, at, low_at, high_at, agents, place, reason)
SELECT
    position,
    body->>'contact',
    (body->>'entry')::integer,
    body->>'queue',
    at,
    to_timestamp((body->>'low_ms')::numeric / 1000),
    to_timestamp((body->>'high_ms')::numeric / 1000),
    (body->>'agents')::integer,
    (body->>'position')::integer,
    body->>'reason'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'WaitPromised';

-- name: entries_widened
INSERT INTO entry_step (contact, entry, step, at, needs)
SELECT DISTINCT ON (body->>'contact', (body->>'entry')::integer, (body->>'step')::integer)
    body->>'contact', (body->>'entry')::integer, (body->>'step')::integer, at, body->>'needs'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallWidened'
ORDER BY body->>'contact', (body->>'entry')::integer, (body->>'step')::integer, position
ON CONFLICT (contact, entry, step) DO NOTHING;

-- name: callers_sent_on
INSERT INTO overflow (position, contact, entry, queue, at, reason, went_to)
SELECT
    position,
    body->>'contact',
    (body->>'entry')::integer,
    body->>'queue',
    at,
    body->>'reason',
    body->>'to'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallOverflowed';

-- name: calls_picked_up
INSERT INTO pickup (position, contact, queue, agent, whose, at)
SELECT position, body->>'contact', body->>'queue', body->>'agent', body->>'whose', at
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallPickedUp';

-- name: callers_verified
INSERT INTO verification (position, contact, segment, agent, at, verified)
SELECT position, body->>'contact', body->>'segment', body->>'agent', at, (body->>'verified')::boolean
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallerVerified';

-- name: recalls_due
INSERT INTO recall (contact, caller, queue, left_at, deadline)
SELECT DISTINCT ON (body->>'contact')
    body->>'contact',
    body->>'caller',
    body->>'queue',
    to_timestamp((body->>'left_ms')::numeric / 1000),
    to_timestamp((body->>'deadline_ms')::numeric / 1000)
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'RecallDue'
ORDER BY body->>'contact', position
ON CONFLICT (contact) DO NOTHING;

-- name: recalls_settled
UPDATE recall SET settled_at = fact.at, how = body->>'how', by_whom = body->>'by'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'RecallSettled'
    AND recall.contact = body->>'contact' AND recall.settled_at IS NULL;

-- name: queues_closed_and_opened
INSERT INTO queue_door (position, queue, at, open)
SELECT position, body->>'queue', at, kind = 'QueueOpened'
FROM fact
WHERE position > $1 AND position <= $2 AND kind IN ('QueueClosed', 'QueueOpened');

-- name: logins_refused
INSERT INTO login_refusal (position, at, agent, phone, attempts)
SELECT position, at, body->>'agent', body->>'phone', (body->>'attempts')::integer
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'LoginRefused';

-- name: callbacks_asked
INSERT INTO callback (contact, caller, number, queue, language, asked_at, place_since, expires_at)
SELECT DISTINCT ON (body->>'contact')
    body->>'contact',
    body->>'caller',
    body->>'number',
    body->>'queue',
    body->>'language',
    at,
    to_timestamp((body->>'place_since_ms')::numeric / 1000),
    to_timestamp((body->>'expires_ms')::numeric / 1000)
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallbackAsked'
ORDER BY body->>'contact', position
ON CONFLICT (contact) DO NOTHING;

-- name: callbacks_tried
INSERT INTO callback_attempt (position, contact, line, agent, at, how)
SELECT position, body->>'contact', body->>'line', body->>'agent', at, body->>'how'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallbackTried';

-- name: callbacks_settled
UPDATE callback SET settled_at = fact.at, how = body->>'how', by_whom = body->>'by'
FROM fact
WHERE position > $1 AND position <= $2 AND kind = 'CallbackSettled'
    AND callback.contact = body->>'contact' AND callback.settled_at IS NULL;
