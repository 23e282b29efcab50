-- What the servers on one database let each other know. Hints that live for a minute: a crash of the database may empty
-- both tables, and every server tells anew.
CREATE UNLOGGED TABLE servers (
    name text PRIMARY KEY,
    called_at timestamptz NOT NULL
);

-- The last that each server has heard of each driver. Times are the database's own. Rewritten all the time.
CREATE UNLOGGED TABLE driver_signs (
    server text NOT NULL,
    driver_id bigint NOT NULL,
    written_at timestamptz NOT NULL,
    availability text NOT NULL CHECK (availability IN ('unsaid', 'online', 'offline')),
    seen_at timestamptz,
    -- When his newest socket there was opened.
    opened_at timestamptz,
    fix_at timestamptz,
    recorded_at timestamptz,
    latitude double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    accuracy double precision,
    heading double precision,
    speed double precision,
    battery_level int,
    PRIMARY KEY (server, driver_id),
    CHECK ((fix_at IS NULL) = (latitude IS NULL) AND (latitude IS NULL) = (longitude IS NULL))
) WITH (fillfactor = 50);
