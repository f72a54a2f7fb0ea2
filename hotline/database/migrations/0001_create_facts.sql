-- What we stand by, and how far the ledger has come with each journal. Written by the ledger alone.

CREATE TABLE fact (
    position bigint PRIMARY KEY,
    writer   text NOT NULL,
    epoch    integer NOT NULL,
    seq      bigint NOT NULL,
    fact_id  text NOT NULL UNIQUE,
    contact  text,
    kind     text NOT NULL,
    version  integer NOT NULL,
    at       timestamptz NOT NULL,
    body     jsonb NOT NULL
);

CREATE INDEX fact_by_contact ON fact (contact, position) WHERE contact IS NOT NULL;
CREATE INDEX fact_by_kind ON fact (kind, position);
CREATE INDEX fact_by_time ON fact USING brin (at);

COMMENT ON TABLE fact IS 'Every fact once, in the order in which the ledger wrote it.';
COMMENT ON COLUMN fact.position IS 'Without gaps; a reader who has seen all up to N misses nothing up to N.';
COMMENT ON COLUMN fact.fact_id IS 'The same fact written twice by its writer counts once: the first.';
COMMENT ON COLUMN fact.at IS 'When it happened.';
COMMENT ON COLUMN fact.version IS 'Of the body; older bodies are read up before they are written here.';

CREATE TABLE fact_refused (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    writer    text NOT NULL,
    epoch     integer NOT NULL,
    seq       bigint NOT NULL,
    fact_id   text NOT NULL,
    kind      text NOT NULL,
    version   integer NOT NULL,
    at        timestamptz NOT NULL,
    body      jsonb NOT NULL,
    why       text NOT NULL,
    UNIQUE (writer, epoch, seq)
);

COMMENT ON TABLE fact_refused IS 'Facts that cannot be read, kept aside so that they hold up no other.';

CREATE TABLE journal_offset (
    writer text PRIMARY KEY,
    file   integer NOT NULL,
    bytes  bigint NOT NULL,
    epoch  integer NOT NULL,
    seq    bigint NOT NULL
);

COMMENT ON TABLE journal_offset IS 'Up to where each journal is in fact; moved in the transaction of its facts.';

CREATE TABLE identity (
    caller   text PRIMARY KEY,
    number   text NOT NULL,
    name     text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at  timestamptz NOT NULL
);

COMMENT ON TABLE identity IS 'Who a caller reference stands for. Facts hold the reference; a person is erased here.';
