-- Policies of dispatch. A row is never changed: a change is a new version, and the newest of a zone is in force. Version 1
-- is what the settings say.
CREATE TABLE dispatch_policies (
    version bigint GENERATED ALWAYS AS IDENTITY (START WITH 2) PRIMARY KEY,
    -- NULL is the policy of all orders.
    zone_id bigint REFERENCES zones (id),
    weights jsonb NOT NULL CHECK (jsonb_typeof(weights) = 'object'),
    note text,
    created_at timestamptz NOT NULL,
    created_by bigint NOT NULL REFERENCES admins (id)
);
CREATE INDEX dispatch_policies_zone ON dispatch_policies (zone_id, version);
CREATE FUNCTION refuse_change_of_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'policy % is kept as it is', OLD.version
        USING ERRCODE = 'TF006', CONSTRAINT = 'policy_is_final', TABLE = 'dispatch_policies';
END $$;
CREATE TRIGGER policy_is_final BEFORE UPDATE OR DELETE ON dispatch_policies FOR EACH ROW
    EXECUTE FUNCTION refuse_change_of_policy();

-- What a driver may do at which restaurant.
CREATE TABLE driver_restaurant_rules (
    driver_id bigint NOT NULL REFERENCES drivers (id),
    restaurant_id bigint NOT NULL REFERENCES restaurants (id),
    rule text NOT NULL CHECK (rule IN ('allow', 'prefer', 'forbid')),
    PRIMARY KEY (driver_id, restaurant_id)
);
CREATE INDEX driver_restaurant_rules_restaurant ON driver_restaurant_rules (restaurant_id);
-- Who changed a driver's rules, and to what. Its newest number tells every server whether to read them anew.
CREATE TABLE driver_rule_changes (
    revision bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    driver_id bigint NOT NULL REFERENCES drivers (id),
    rules jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by bigint NOT NULL REFERENCES admins (id)
);

-- What can carry an order (empty: everything), and how much its delay counts.
ALTER TABLE orders ADD COLUMN vehicle_types text[] NOT NULL DEFAULT '{}'
    CHECK (vehicle_types <@ ARRAY['bicycle', 'motorbike', 'car']);
ALTER TABLE orders ADD COLUMN delay_weight int NOT NULL DEFAULT 1000 CHECK (delay_weight BETWEEN 1 AND 50000);
