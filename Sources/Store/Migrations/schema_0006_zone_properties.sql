-- What a zone's author said about it besides its name, as it came: a JSON object, for the export and the travel factor.
ALTER TABLE zones ADD COLUMN properties text NOT NULL DEFAULT '{}';
