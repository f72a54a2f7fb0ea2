-- Every version of the settings that ever held. PostgreSQL is their master after the first import.

CREATE TABLE settings_version (
    version  integer PRIMARY KEY CHECK (version > 0),
    at       timestamptz NOT NULL DEFAULT now(),
    author   text NOT NULL,
    comment  text NOT NULL DEFAULT '',
    document jsonb NOT NULL
);

COMMENT ON TABLE settings_version IS 'Versions only grow; the newest is current. A fact names the version it was decided by.';
COMMENT ON COLUMN settings_version.document IS 'hotline.core.settings_document: the settings as a document.';
