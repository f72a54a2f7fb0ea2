-- Callbacks instead of waiting; projections like those of 0002.

CREATE TABLE callback (
    contact     text PRIMARY KEY,
    caller      text NOT NULL,
    number      text NOT NULL,
    queue       text NOT NULL,
    language    text NOT NULL,
    asked_at    timestamptz NOT NULL,
    place_since timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    settled_at  timestamptz,
    how         text,
    by_whom     text
);
CREATE INDEX callback_by_time ON callback (asked_at);
COMMENT ON TABLE callback IS 'Callers who asked to be called instead of waiting, by the contact in which they asked; how is null while it is open.';
COMMENT ON COLUMN callback.number IS 'The hotline number dialled; caller is a reference as in identity.';

CREATE TABLE callback_attempt (
    position bigint PRIMARY KEY,
    contact  text NOT NULL,
    line     text NOT NULL,
    agent    text NOT NULL,
    at       timestamptz NOT NULL,
    how      text NOT NULL
);
CREATE INDEX callback_attempt_by_contact ON callback_attempt (contact);
COMMENT ON TABLE callback_attempt IS 'Each time that the person was called; line is the contact that kept the place.';
