-- What supervisors did or tried; a projection like those of 0002.

CREATE TABLE supervisor_act (
    position bigint PRIMARY KEY,
    at       timestamptz NOT NULL,
    by_whom  text NOT NULL,
    via      text NOT NULL,
    deed     text NOT NULL,
    agent    text NOT NULL,
    contact  text NOT NULL,
    queue    text NOT NULL,
    detail   text NOT NULL,
    refused  text NOT NULL
);
CREATE INDEX supervisor_act_by_time ON supervisor_act (at);
CREATE INDEX supervisor_act_by_contact ON supervisor_act (contact) WHERE contact <> '';
COMMENT ON TABLE supervisor_act IS 'Who did what to whom, and when; agent, contact and queue are empty where nobody is meant.';
COMMENT ON COLUMN supervisor_act.by_whom IS 'An agent''s number (via phone) or a user''s name (via page).';
COMMENT ON COLUMN supervisor_act.refused IS 'Empty when it was done, else why not: a code of acd.core.supervision.';
