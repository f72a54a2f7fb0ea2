-- What follows from the facts: can be emptied and rebuilt at any time (`hotline ledger rebuild`).

CREATE TABLE contact (
    contact      text PRIMARY KEY,
    started_at   timestamptz NOT NULL,
    number       text NOT NULL,
    trunk        text NOT NULL,
    direct       boolean NOT NULL,
    caller       text NOT NULL,
    ended_at     timestamptz,
    stage        text,
    outcome      text,
    hung_up_by   text,
    cause        integer,
    reason       text,
    satisfaction smallint,
    survey_asked boolean
);
CREATE INDEX contact_by_start ON contact (started_at);
CREATE INDEX contact_by_caller ON contact (caller, started_at);
COMMENT ON TABLE contact IS 'One caller''s visit; what concerns its end is null while it is open.';

CREATE TABLE queue_entry (
    contact          text NOT NULL,
    entry            integer NOT NULL,
    queue            text NOT NULL,
    needs            text NOT NULL,
    priority         integer NOT NULL,
    language         text NOT NULL,
    queued_at        timestamptz NOT NULL,
    wait_since       timestamptz NOT NULL,
    settings_version integer NOT NULL,
    left_at          timestamptz,
    how              text,
    went_to          text,
    wait_ms          integer,
    PRIMARY KEY (contact, entry)
);
CREATE INDEX queue_entry_by_time ON queue_entry (queued_at);
COMMENT ON TABLE queue_entry IS 'One request for an agent; a second queueing is a second entry.';
COMMENT ON COLUMN queue_entry.how IS 'answered, abandoned, out, lost; null while it is open.';

CREATE TABLE offer (
    offer       text PRIMARY KEY,
    contact     text NOT NULL,
    entry       integer NOT NULL,
    agent       text NOT NULL,
    phone       text NOT NULL,
    queue       text NOT NULL,
    offered_at  timestamptz NOT NULL,
    rang_at     timestamptz,
    answered_at timestamptz,
    wait_ms     integer,
    target_ms   integer,
    ended_at    timestamptz,
    cause       text,
    ring_ms     integer
);
CREATE INDEX offer_by_contact ON offer (contact);
CREATE INDEX offer_by_agent ON offer (agent, offered_at);
COMMENT ON TABLE offer IS 'One agent''s phone asked to ring; cause says why it ended without a conversation.';

CREATE TABLE segment (
    segment      text PRIMARY KEY,
    contact      text NOT NULL,
    agent        text NOT NULL,
    queue        text NOT NULL,
    recording    text NOT NULL,
    connected_at timestamptz NOT NULL,
    ended_at     timestamptz,
    talk_ms      integer,
    hold_ms      integer,
    hung_up_by   text,
    cause        integer
);
CREATE INDEX segment_by_contact ON segment (contact);
CREATE INDEX segment_by_agent ON segment (agent, connected_at);
COMMENT ON TABLE segment IS 'One agent''s part of a contact; its name is the offer''s.';

CREATE TABLE recording (
    segment   text PRIMARY KEY,
    contact   text NOT NULL,
    path      text NOT NULL,
    length_ms integer NOT NULL,
    sha256    text NOT NULL,
    bytes     bigint NOT NULL,
    kept_at   timestamptz NOT NULL
);
CREATE INDEX recording_by_contact ON recording (contact);

CREATE TABLE media (
    segment      text NOT NULL,
    side         text NOT NULL,
    contact      text NOT NULL,
    codec        text NOT NULL,
    rx_packets   bigint NOT NULL,
    tx_packets   bigint NOT NULL,
    rx_loss      bigint NOT NULL,
    tx_loss      bigint NOT NULL,
    rx_jitter_ms double precision NOT NULL,
    tx_jitter_ms double precision NOT NULL,
    rtt_ms       double precision NOT NULL,
    PRIMARY KEY (segment, side)
);
COMMENT ON TABLE media IS 'What RTP and RTCP said of a leg at its end.';

CREATE TABLE media_silence (
    position  bigint PRIMARY KEY,
    segment   text NOT NULL,
    side      text NOT NULL,
    contact   text NOT NULL,
    at        timestamptz NOT NULL,
    silent_ms integer NOT NULL
);
COMMENT ON TABLE media_silence IS 'Legs without audio while bridged: one-way calls.';

CREATE TABLE agent_state (
    position      bigint PRIMARY KEY,
    agent         text NOT NULL,
    at            timestamptz NOT NULL,
    state         text NOT NULL,
    reason        text NOT NULL,
    intent        text NOT NULL,
    intent_reason text NOT NULL,
    phone         text NOT NULL,
    contact       text NOT NULL,
    queue         text NOT NULL
);
CREATE INDEX agent_state_by_agent ON agent_state (agent, at);
COMMENT ON TABLE agent_state IS 'Each change; a state lasts until the agent''s next row.';

CREATE TABLE voice_message (
    position  bigint PRIMARY KEY,
    contact   text NOT NULL,
    at        timestamptz NOT NULL,
    number    text NOT NULL,
    language  text NOT NULL,
    path      text NOT NULL,
    length_ms integer NOT NULL,
    sha256    text NOT NULL,
    bytes     bigint NOT NULL
);
CREATE INDEX voice_message_by_contact ON voice_message (contact);

CREATE TABLE quarter_total (
    began_at timestamptz NOT NULL,
    queue    text NOT NULL,
    totals   jsonb NOT NULL,
    PRIMARY KEY (began_at, queue)
);
COMMENT ON TABLE quarter_total IS 'acd.core.totals.Totals of 15 minutes; queue '''' is the whole house.';

CREATE TABLE agent_quarter_total (
    began_at timestamptz NOT NULL,
    agent    text NOT NULL,
    totals   jsonb NOT NULL,
    PRIMARY KEY (began_at, agent)
);
COMMENT ON TABLE agent_quarter_total IS 'acd.core.totals.AgentTotals of 15 minutes.';

CREATE TABLE fold_state (
    single   boolean PRIMARY KEY DEFAULT true CHECK (single),
    position bigint NOT NULL,
    state    jsonb NOT NULL
);
COMMENT ON TABLE fold_state IS 'What was open (acd.core.fold.Fold) after the fact at position.';
