-- Agents' work beside conversations, and what befell callers on the way; projections like those of 0002.

ALTER TABLE segment ADD COLUMN how text NOT NULL DEFAULT '';
COMMENT ON COLUMN segment.how IS 'joined: by an attended transfer or as a third party; empty: by an offer.';

CREATE TABLE outgoing_call (
    segment     text PRIMARY KEY,
    contact     text NOT NULL,
    agent       text NOT NULL,
    phone       text NOT NULL,
    callee      text NOT NULL,
    trunk       text NOT NULL,
    prefix      text NOT NULL,
    emergency   boolean NOT NULL,
    started_at  timestamptz NOT NULL,
    answered_at timestamptz,
    recording   text,
    ended_at    timestamptz,
    how         text,
    talk_ms     integer,
    cause       integer
);
CREATE INDEX outgoing_call_by_agent ON outgoing_call (agent, started_at);
CREATE INDEX outgoing_call_by_contact ON outgoing_call (contact) WHERE contact <> '';
COMMENT ON TABLE outgoing_call IS 'Outside numbers that agents dialled; callee is a reference as in identity.';
COMMENT ON COLUMN outgoing_call.how IS 'answered, no_answer, busy, failed, lost; null while it is open.';

CREATE TABLE outgoing_refusal (
    position bigint PRIMARY KEY,
    at       timestamptz NOT NULL,
    agent    text NOT NULL,
    phone    text NOT NULL,
    why      text NOT NULL,
    prefix   text NOT NULL
);
COMMENT ON TABLE outgoing_refusal IS 'Outside numbers that were not dialled, and why.';

CREATE TABLE disposition (
    segment text PRIMARY KEY,
    contact text NOT NULL,
    agent   text NOT NULL,
    queue   text NOT NULL,
    at      timestamptz NOT NULL,
    code    text
);
CREATE INDEX disposition_by_contact ON disposition (contact);
CREATE INDEX disposition_by_time ON disposition (at);
COMMENT ON TABLE disposition IS 'What a conversation was about, as the agent said last; code is null where it is required and missing.';

CREATE TABLE help (
    position  bigint PRIMARY KEY,
    agent     text NOT NULL,
    contact   text NOT NULL,
    queue     text NOT NULL,
    asked_at  timestamptz NOT NULL,
    ended_at  timestamptz,
    by_whom   text,
    waited_ms integer
);
CREATE INDEX help_by_agent ON help (agent, asked_at);
COMMENT ON TABLE help IS 'Hands raised; by_whom: agent (lowered it), log_out, or the number of who came.';

CREATE TABLE wait_promise (
    position bigint PRIMARY KEY,
    contact  text NOT NULL,
    entry    integer NOT NULL,
    queue    text NOT NULL,
    at       timestamptz NOT NULL,
    low_at   timestamptz NOT NULL,
    high_at  timestamptz NOT NULL,
    agents   integer NOT NULL,
    place    integer NOT NULL,
    reason   text NOT NULL
);
CREATE INDEX wait_promise_by_contact ON wait_promise (contact, entry);
COMMENT ON TABLE wait_promise IS 'What waiting callers were told: between when and when an agent answers (P50 to P80).';

CREATE TABLE entry_step (
    contact text NOT NULL,
    entry   integer NOT NULL,
    step    integer NOT NULL,
    at      timestamptz NOT NULL,
    needs   text NOT NULL,
    PRIMARY KEY (contact, entry, step)
);
COMMENT ON TABLE entry_step IS 'How the needs of a waiting caller widened.';

CREATE TABLE overflow (
    position bigint PRIMARY KEY,
    contact  text NOT NULL,
    entry    integer NOT NULL,
    queue    text NOT NULL,
    at       timestamptz NOT NULL,
    reason   text NOT NULL,
    went_to  text NOT NULL
);
CREATE INDEX overflow_by_time ON overflow (at);
COMMENT ON TABLE overflow IS 'Callers whom the queue''s limits sent elsewhere, at the entry or while they waited.';

CREATE TABLE pickup (
    position bigint PRIMARY KEY,
    contact  text NOT NULL,
    queue    text NOT NULL,
    agent    text NOT NULL,
    whose    text NOT NULL,
    at       timestamptz NOT NULL
);
COMMENT ON TABLE pickup IS 'Ringing calls that a colleague took to the own phone.';

CREATE TABLE verification (
    position bigint PRIMARY KEY,
    contact  text NOT NULL,
    segment  text NOT NULL,
    agent    text NOT NULL,
    at       timestamptz NOT NULL,
    verified boolean NOT NULL
);
CREATE INDEX verification_by_contact ON verification (contact);
COMMENT ON TABLE verification IS 'Callers who entered digits at an agent''s wish; the digits are kept nowhere.';

CREATE TABLE recall (
    contact    text PRIMARY KEY,
    caller     text NOT NULL,
    queue      text NOT NULL,
    left_at    timestamptz NOT NULL,
    deadline   timestamptz NOT NULL,
    settled_at timestamptz,
    how        text,
    by_whom    text
);
CREATE INDEX recall_open ON recall (deadline) WHERE settled_at IS NULL;
COMMENT ON TABLE recall IS 'Callers who left unserved and did not return; how is null while they are to be called.';

CREATE TABLE queue_door (
    position bigint PRIMARY KEY,
    queue    text NOT NULL,
    at       timestamptz NOT NULL,
    open     boolean NOT NULL
);
COMMENT ON TABLE queue_door IS 'When queues were closed and opened; who did it stands in supervisor_act.';

CREATE TABLE login_refusal (
    position bigint PRIMARY KEY,
    at       timestamptz NOT NULL,
    agent    text NOT NULL,
    phone    text NOT NULL,
    attempts integer NOT NULL
);
COMMENT ON TABLE login_refusal IS 'Wrong agents'' numbers or PINs at a phone.';
