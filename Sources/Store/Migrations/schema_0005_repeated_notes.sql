-- Words of an answer that a repetition under the same key hears again.
ALTER TABLE idempotency_keys ADD COLUMN notes text[] NOT NULL DEFAULT '{}';
