-- What the ledger reads and writes; its projections stand in projections.sql and
-- work_projections.sql.

-- name: lock
-- One ledger per database, for as long as its connection lives.
SELECT pg_try_advisory_lock(1751348332, 1);

-- name: offsets
SELECT writer, file, bytes, epoch, seq FROM journal_offset;

-- name: last_position
SELECT coalesce(max(position), 0) FROM fact;

-- name: known
-- Which of these facts are written already.
SELECT fact_id FROM fact WHERE fact_id = ANY($1);

-- name: set_offset
INSERT INTO journal_offset (writer, file, bytes, epoch, seq)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (writer) DO UPDATE SET
    file = excluded.file, bytes = excluded.bytes, epoch = excluded.epoch, seq = excluded.seq;

-- name: identify
-- The newest name and number hold; an empty name does not replace a known one.
INSERT INTO identity (caller, number, name, first_at, last_at)
VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (caller) DO UPDATE SET
    number = excluded.number,
    name = CASE WHEN excluded.name = '' THEN identity.name ELSE excluded.name END,
    last_at = greatest(identity.last_at, excluded.last_at);

-- name: refuse
INSERT INTO fact_refused (writer, epoch, seq, fact_id, kind, version, at, body, why)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (writer, epoch, seq) DO NOTHING;

-- name: notify
SELECT pg_notify('fact', $1);

-- name: facts_between
SELECT position, kind, (extract(epoch FROM at) * 1000)::bigint AS at_ms, body
FROM fact WHERE position > $1 AND position <= $2 ORDER BY position;

-- name: fold_state
SELECT position, state FROM fold_state;

-- name: set_fold_state
INSERT INTO fold_state (position, state) VALUES ($1, $2)
ON CONFLICT (single) DO UPDATE SET position = excluded.position, state = excluded.state;

-- name: quarters
SELECT q.began_at, q.queue AS name, q.totals
FROM quarter_total q JOIN unnest($1::timestamptz[], $2::text[]) AS asked (began_at, queue) USING (began_at, queue);

-- name: set_quarter
INSERT INTO quarter_total (began_at, queue, totals) VALUES ($1, $2, $3)
ON CONFLICT (began_at, queue) DO UPDATE SET totals = excluded.totals;

-- name: agent_quarters
SELECT q.began_at, q.agent AS name, q.totals
FROM agent_quarter_total q JOIN unnest($1::timestamptz[], $2::text[]) AS asked (began_at, agent) USING (began_at, agent);

-- name: set_agent_quarter
INSERT INTO agent_quarter_total (began_at, agent, totals) VALUES ($1, $2, $3)
ON CONFLICT (began_at, agent) DO UPDATE SET totals = excluded.totals;

-- name: hold_facts
-- No new facts while projections are rebuilt; readers are not held up.
LOCK TABLE fact IN SHARE ROW EXCLUSIVE MODE;

-- name: empty_projections
-- Not TRUNCATE: that would hold up those who read.
DELETE FROM contact;
DELETE FROM queue_entry;
DELETE FROM offer;
DELETE FROM segment;
DELETE FROM recording;
DELETE FROM media;
DELETE FROM media_silence;
DELETE FROM agent_state;
DELETE FROM supervisor_act;
DELETE FROM voice_message;
DELETE FROM outgoing_call;
DELETE FROM outgoing_refusal;
DELETE FROM disposition;
DELETE FROM help;
DELETE FROM wait_promise;
DELETE FROM entry_step;
DELETE FROM overflow;
DELETE FROM pickup;
DELETE FROM verification;
DELETE FROM recall;
DELETE FROM queue_door;
DELETE FROM callback;
DELETE FROM callback_attempt;
DELETE FROM login_refusal;
DELETE FROM quarter_total;
DELETE FROM agent_quarter_total;
DELETE FROM fold_state;
