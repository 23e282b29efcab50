-- Orders of an external pool wait for a hand until a driver gave one back: then the engine may give it to another.
ALTER TABLE orders ADD COLUMN given_back boolean NOT NULL DEFAULT false;

-- A row of an import that names no pool is kept all the same.
ALTER TABLE pool_rows ALTER COLUMN pool_id DROP NOT NULL;
