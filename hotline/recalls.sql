-- Recalls that nobody has settled, the next deadline first.
SELECT due.contact,
       due.body ->> 'queue' AS queue,
       (due.body ->> 'left_ms')::bigint AS left_ms,
       (due.body ->> 'deadline_ms')::bigint AS deadline_ms,
       coalesce(identity.number, '') AS number
FROM fact AS due
LEFT JOIN identity ON identity.caller = due.body ->> 'caller'
WHERE due.kind = 'RecallDue'
  AND NOT EXISTS (SELECT FROM fact AS settled WHERE settled.kind = 'RecallSettled' AND settled.contact = due.contact)
ORDER BY deadline_ms, due.contact;
