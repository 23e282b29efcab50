-- Who was where, seen from positions: a row when a driver comes, a row when the stay has ended.
CREATE TABLE presence_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    driver_id bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('zone', 'restaurant', 'pickup', 'customer')),
    -- Of the zone, the restaurant or the order. No foreign key: what was seen stays true when they go.
    spot_id bigint NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz CHECK (ended_at >= began_at),
    waited_ms bigint CHECK (waited_ms >= 0),
    CHECK (waited_ms IS NULL OR (kind = 'restaurant' AND ended_at IS NOT NULL))
);
CREATE INDEX presence_driver ON presence_events (driver_id, id);
CREATE INDEX presence_waits ON presence_events (spot_id, id) WHERE waited_ms IS NOT NULL;
