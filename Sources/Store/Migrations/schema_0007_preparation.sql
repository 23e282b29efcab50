-- For a pickup of food of which nobody had said when it would be ready: how long after the order's placing that was.
ALTER TABLE presence_events ADD COLUMN preparation_ms bigint CHECK (preparation_ms >= 0);
