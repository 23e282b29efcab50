-- Who was at one place, newest first.
CREATE INDEX presence_places ON presence_events (kind, spot_id, id);
