CREATE TABLE skewguard_versions (
    version INTEGER PRIMARY KEY NOT NULL, at TEXT NOT NULL, tool TEXT NOT NULL);
CREATE TABLE skewguard_records (
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL, type TEXT NOT NULL, schema TEXT NOT NULL, at TEXT NOT NULL,
    actor TEXT NOT NULL, tool TEXT NOT NULL, subject TEXT, subject_kind TEXT, subject_name TEXT,
    inputs_digest TEXT, body TEXT NOT NULL);
CREATE INDEX skewguard_records_by_type ON skewguard_records (type, id);
CREATE INDEX skewguard_records_by_subject ON skewguard_records (subject_name, subject_kind, type, id);
CREATE INDEX skewguard_records_by_digest ON skewguard_records (inputs_digest, type, id);
CREATE FUNCTION skewguard_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'records are only ever added' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER skewguard_records_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON skewguard_records
        FOR EACH STATEMENT EXECUTE FUNCTION skewguard_refuse();
INSERT INTO skewguard_versions VALUES (1, '2024-12-04T00:00:00.000+00:00', 'skewguard 0.1.0');
INSERT INTO skewguard_records (id, type, schema, at, actor, tool, subject, subject_kind, subject_name, inputs_digest, body) VALUES
('01JE8GRV000000000000000001', 'baseline', 'skewguard.dev/baseline/v1', '2024-12-04T00:00:00.000+00:00', 'ann@laptop', 'skewguard 0.1.0', '{"kind":"Deployment","name":"chat","namespace":"prod"}', 'Deployment', 'chat', 'inp1:00ff', '{"valid":true,"text":"Grüße"}'),
('01JE8GRV000000000000000002', 'validation', 'skewguard.dev/validation/v1', '2024-12-04T00:00:01.000+00:00', 'ci', 'skewguard 0.1.0', NULL, NULL, NULL, NULL, '{}');
