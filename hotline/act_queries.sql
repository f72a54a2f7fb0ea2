-- Queries on what supervisors did; used by hotline/web/act_pages.py.

-- name: newest_acts
SELECT at, by_whom, via, deed, agent, contact, queue, detail, refused
FROM supervisor_act ORDER BY position DESC LIMIT $1;
