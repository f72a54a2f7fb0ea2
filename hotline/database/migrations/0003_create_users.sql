-- People who sign in to the pages. Agents at their phones are not here: they have a number and a PIN.

CREATE TABLE web_user (
    name                text PRIMARY KEY CHECK (name ~ '^[^[:cntrl:][:space:]]{1,64}$'),
    role                text NOT NULL CHECK (role IN ('admin', 'supervisor', 'reviewer', 'manager', 'display')),
    password_hash       text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    disabled            boolean NOT NULL DEFAULT false,
    created_at          timestamptz NOT NULL DEFAULT now(),
    password_changed_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE web_user IS 'Users of the pages; the password is kept as an argon2id hash only.';
COMMENT ON COLUMN web_user.disabled IS 'May no longer sign in; open sessions end within ten seconds.';
