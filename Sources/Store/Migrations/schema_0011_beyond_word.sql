-- For a pickup of food of which somebody had said when it would be ready: how long after that it was.
ALTER TABLE presence_events ADD COLUMN beyond_word_ms bigint CHECK (beyond_word_ms >= 0);
