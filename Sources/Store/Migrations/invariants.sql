-- Questions that must have no answer. Each returns a name and the id of what breaks the promise; all rows together are
-- read by tests after every run, and may be read in production at any time, for they change nothing.

SELECT 'two_holders_now' AS promise, order_id AS id FROM holds WHERE upper_inf(held) GROUP BY order_id HAVING count(*) > 1
UNION ALL
SELECT 'two_holders_at_some_time', a.order_id FROM holds a JOIN holds b
    ON a.order_id = b.order_id AND a.id < b.id AND a.held && b.held
UNION ALL
SELECT 'slot_used_twice', driver_id FROM holds WHERE upper_inf(held) GROUP BY driver_id, slot HAVING count(*) > 1
UNION ALL
SELECT 'engine_beyond_capacity', h.driver_id FROM holds h JOIN drivers d ON d.id = h.driver_id
    WHERE upper_inf(h.held) GROUP BY h.driver_id, d.capacity
    HAVING count(*) > d.capacity AND bool_and(h.source = 'engine' AND h.capacity = d.capacity)
UNION ALL
SELECT 'batch_of_two_drivers', h.batch_id FROM holds h JOIN batches b ON b.id = h.batch_id WHERE h.driver_id <> b.driver_id
UNION ALL
SELECT 'batch_not_whole', b.id FROM batches b WHERE EXISTS (
    SELECT 1 FROM unnest(b.order_ids) o WHERE NOT EXISTS (SELECT 1 FROM holds h WHERE h.batch_id = b.id AND h.order_id = o))
UNION ALL
SELECT 'held_without_hold', o.id FROM orders o WHERE o.state IN ('ASSIGNED', 'ACCEPTED', 'PICKED_UP', 'IN_TRANSIT')
    AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.id = o.hold_id AND h.order_id = o.id AND upper_inf(h.held))
UNION ALL
SELECT 'hold_without_held_order', h.order_id FROM holds h JOIN orders o ON o.id = h.order_id
    WHERE upper_inf(h.held) AND o.state NOT IN ('ASSIGNED', 'ACCEPTED', 'PICKED_UP', 'IN_TRANSIT')
UNION ALL
SELECT 'hold_of_another_order', o.id FROM orders o JOIN holds h ON h.id = o.hold_id WHERE h.order_id <> o.id
UNION ALL
SELECT 'delivered_not_paid', o.id FROM orders o
    WHERE o.state = 'DELIVERED' AND NOT EXISTS (SELECT 1 FROM earnings e WHERE e.order_id = o.id)
UNION ALL
SELECT 'paid_not_ended', e.order_id FROM earnings e JOIN orders o ON o.id = e.order_id
    WHERE o.state NOT IN ('DELIVERED', 'CANCELLED')
UNION ALL
SELECT 'paid_to_another', e.order_id FROM earnings e JOIN orders o ON o.id = e.order_id WHERE e.hold_id <> o.hold_id
UNION ALL
SELECT 'gap_in_events', driver_id FROM driver_events GROUP BY driver_id HAVING count(*) <> max(seq) OR min(seq) <> 1
UNION ALL
SELECT 'events_beyond_counter', d.id FROM drivers d
    WHERE d.event_seq <> COALESCE((SELECT max(seq) FROM driver_events e WHERE e.driver_id = d.id), 0)
UNION ALL
-- Every hold was told to its driver, in the transaction that made it.
SELECT 'hold_never_told', h.order_id FROM holds h WHERE NOT EXISTS (
    SELECT 1 FROM driver_events e
    WHERE e.driver_id = h.driver_id AND e.order_id = h.order_id AND e.kind = 'orderAssigned' AND e.created_at = h.assigned_at)
UNION ALL
-- The last word about an order to a driver who does not hold it any more is never that he has it, unless it has ended or
-- he gave it back himself.
SELECT 'told_and_gone', e.order_id FROM driver_events e JOIN orders o ON o.id = e.order_id
    WHERE e.kind = 'orderAssigned'
    AND NOT EXISTS (
        SELECT 1 FROM driver_events l WHERE l.driver_id = e.driver_id AND l.order_id = e.order_id AND l.seq > e.seq)
    AND o.state NOT IN ('DELIVERED', 'CANCELLED')
    AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.order_id = e.order_id AND h.driver_id = e.driver_id AND upper_inf(h.held))
    AND NOT EXISTS (SELECT 1 FROM exclusions x WHERE x.order_id = e.order_id AND x.driver_id = e.driver_id)
UNION ALL
SELECT 'versions_without_audit', o.id FROM orders o
    WHERE o.version <> (SELECT count(*) FROM order_audit a WHERE a.order_id = o.id)
UNION ALL
-- Epochs grow with the batches: a batch of an older epoch is never committed after one of a newer.
SELECT 'older_epoch_after_newer', b.id FROM batches b JOIN LATERAL (
    SELECT min(lower(h.held)) AS at FROM holds h WHERE h.batch_id = b.id) t ON true
    WHERE b.epoch IS NOT NULL AND EXISTS (
        SELECT 1 FROM batches n JOIN holds h ON h.batch_id = n.id
        WHERE n.epoch > b.epoch GROUP BY n.id HAVING min(lower(h.held)) < t.at)
UNION ALL
SELECT 'family_with_two_live_tokens', 0 FROM refresh_tokens
    WHERE rotated_at IS NULL AND revoked_at IS NULL GROUP BY family HAVING count(*) > 1
UNION ALL
-- Whoever gave an order back, or lost it, never gets it from the engine again.
SELECT 'excluded_pair_met_again', h.order_id FROM holds h
    JOIN order_audit g ON g.order_id = h.order_id AND g.batch_id = h.batch_id AND g.from_state = 'PENDING'
    WHERE h.source = 'engine'
    AND EXISTS (SELECT 1 FROM exclusions x WHERE x.order_id = h.order_id AND x.driver_id = h.driver_id)
    AND EXISTS (
        SELECT 1 FROM order_audit r WHERE r.order_id = h.order_id AND r.version < g.version
        AND r.to_state = 'PENDING' AND r.driver_id = h.driver_id)
UNION ALL
-- What an admin has pinned, the engine neither takes nor gives.
SELECT 'pinned_order_moved_by_engine', a.order_id FROM order_audit a
    JOIN order_audit b ON b.order_id = a.order_id AND b.version = a.version - 1
    JOIN holds h ON h.order_id = a.order_id AND h.batch_id = b.batch_id
    WHERE a.asked_by = 'engine' AND a.from_state IN ('ASSIGNED', 'ACCEPTED', 'PICKED_UP', 'IN_TRANSIT')
    AND h.pinned_by IS NOT NULL
UNION ALL
SELECT 'food_moved_by_engine', order_id FROM order_audit
    WHERE asked_by = 'engine' AND from_state IN ('PICKED_UP', 'IN_TRANSIT')
UNION ALL
-- What the driver is told that a batch pays is the sum of what he is told of its orders.
SELECT 'batch_pay_does_not_add_up', min(e.order_id) FROM driver_events e
    CROSS JOIN LATERAL (SELECT e.body -> 'orderAssigned' -> '_0' AS told) t
    WHERE e.kind = 'orderAssigned' AND told -> 'batch' ? 'earnings'
    GROUP BY e.driver_id, told -> 'batch' ->> 'batchID'
    HAVING sum((told -> 'earnings' ->> 'rawValue')::bigint) <> max((told -> 'batch' -> 'earnings' ->> 'rawValue')::bigint)
UNION ALL
SELECT 'paid_another_amount', e.order_id FROM earnings e
    JOIN orders o ON o.id = e.order_id JOIN holds h ON h.id = e.hold_id
    WHERE o.state = 'DELIVERED' AND e.total_paise <> h.base_paise + h.distance_paise + h.peak_hour_paise
        + h.multi_order_paise + h.adjustment_paise
