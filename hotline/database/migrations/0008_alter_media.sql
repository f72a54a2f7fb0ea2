-- Callers who never reached an agent were all one row so far; `hotline ledger rebuild` gives each a row.

COMMENT ON COLUMN media.segment IS 'The contact''s name where the leg belongs to no segment: a caller who never reached an agent.';
