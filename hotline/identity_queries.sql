-- Who caller references stand for: asked only for those who may know it.

-- name: numbers_of
SELECT caller, number FROM identity WHERE caller = ANY($1);
