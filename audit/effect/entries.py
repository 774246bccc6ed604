"""SQL that turns a dataset's tables into rows: every crime or incident that counts for somebody, or would once something is
repaired. Private to the effect; ``reading.py`` runs it. It reads rows of every class (``all_records`` and so on, see
``audit/engines/engine.py``), as an instrument may count incidents, and cancelled crimes are repaired.

One row for each crime (or event that was not recorded) and identity it counts, or could count, for.
  kind 0: a recorded link to a suspect · 1: a crime whose event has a suspect and that has no link · 2: an event to be added.
  record: null where the link leads to no person record of the crime's force; person: null where the event has no suspect.
  audience 0: for every instrument · 1: only for those that count non-crime incidents · 2: only for those that do not.
  lost (of kind 2): 0 never recorded · 1 in a reporting gap · 2 its crime is cancelled · 3 written down as an incident.
A cancelled row counts for nobody. Where its event is of class crime, the event is to be added; where it is not, the row was
rightly cancelled and the event counts for nobody either. A crime that was written down as a non-crime incident is not there
for an instrument that counts crimes only; for one that counts incidents it is an incident until it is repaired to its crime.
"""

NO_DAY = -(2**31)

VIEWS = """
CREATE OR REPLACE TEMP VIEW all_crimes AS
SELECT force, crime_id, offence_code, occurred_on, reported_on, recorded_on,
       coalesce({domestic_abuse}, false) AS domestic, coalesce({record_class} = 'cancelled', false) AS cancelled,
       coalesce({record_class} = 'non_crime_incident', false) AS incident,
       coalesce({outcome_code} IN ('1', '2', '3'), false) AS charged
FROM all_records;
CREATE OR REPLACE TEMP VIEW all_events AS
SELECT event_key, force, unit_id, offence_code, occurred_on, reported_on, suspect_key, victim_key, crime_id,
       coalesce({event_class} = 'non_crime', false) AS incident, {event_domestic_abuse} AS domestic
FROM all_truth_events;
"""

ENTRIES = """
CREATE OR REPLACE TEMP TABLE links AS
SELECT DISTINCT crime_id, person_id FROM all_involvements WHERE role = 'suspect' AND person_id IS NOT NULL;
CREATE OR REPLACE TEMP TABLE set_aside AS
SELECT crime_id, bool_and(cancelled) AS cancelled FROM all_crimes
WHERE (cancelled OR incident)
AND crime_id NOT IN (SELECT crime_id FROM all_crimes WHERE NOT cancelled AND NOT incident AND crime_id IS NOT NULL)
GROUP BY crime_id;
CREATE OR REPLACE TEMP TABLE linked_crimes AS
SELECT c.force, c.crime_id, l.person_id, c.offence_code, c.reported_on, c.occurred_on, c.recorded_on, c.incident, c.domestic, c.charged,
       e.event_key, e.suspect_key, e.victim_key, e.offence_code AS true_code, e.reported_on AS true_reported_on,
       e.occurred_on AS true_occurred_on, coalesce(e.incident, c.incident) AS true_incident, coalesce(e.domestic, c.domestic) AS true_domestic
FROM (FROM all_crimes WHERE NOT cancelled) c LEFT JOIN links l USING (crime_id) LEFT JOIN all_events e USING (crime_id)
WHERE (l.person_id IS NOT NULL OR e.suspect_key IS NOT NULL)
AND greatest(c.reported_on, c.occurred_on, c.recorded_on, e.reported_on, e.occurred_on) > $h;
CREATE OR REPLACE TEMP TABLE missed AS
SELECT e.*, CASE WHEN s.crime_id IS NULL THEN 0 WHEN s.cancelled THEN 2 ELSE 3 END AS lost
FROM all_events e LEFT JOIN set_aside s USING (crime_id)
WHERE e.reported_on > $h AND e.suspect_key IS NOT NULL AND (
    CASE WHEN s.crime_id IS NOT NULL THEN NOT e.incident
    ELSE e.crime_id IS NULL OR e.crime_id NOT IN (SELECT crime_id FROM all_crimes WHERE crime_id IS NOT NULL) END
);
CREATE OR REPLACE TEMP TABLE first_record AS
SELECT person_key, force, min(person_id) AS person_id
FROM truth_identities JOIN persons USING (person_id)
WHERE person_key IN (SELECT suspect_key FROM missed UNION SELECT suspect_key FROM linked_crimes WHERE person_id IS NULL)
GROUP BY ALL;
CREATE OR REPLACE TEMP TABLE first_owner AS
SELECT person_id, min(person_key) AS person_key FROM truth_identities
WHERE person_id IN (SELECT person_id FROM linked_crimes WHERE event_key IS NULL) GROUP BY person_id;
CREATE OR REPLACE TEMP TABLE entries AS
SELECT 0 AS kind, c.force, c.crime_id AS item, r.person_id AS record,
       CASE WHEN c.event_key IS NULL THEN coalesce(o.person_key, c.person_id) ELSE c.suspect_key END AS person,
       c.event_key IS NOT NULL AS of_event, c.offence_code, coalesce(c.true_code, c.offence_code) AS true_code,
       coalesce(c.reported_on, c.recorded_on) AS reported,
       coalesce(c.occurred_on, c.reported_on, c.recorded_on) AS occurred,
       CASE WHEN c.event_key IS NULL THEN coalesce(c.reported_on, c.recorded_on) ELSE c.true_reported_on END AS true_reported,
       CASE WHEN c.event_key IS NULL THEN coalesce(c.occurred_on, c.reported_on, c.recorded_on)
            WHEN c.true_reported_on IS NOT NULL THEN c.true_occurred_on END AS true_occurred,
       c.recorded_on AS recorded, 0 AS lost, c.incident, c.true_incident, c.domestic, c.true_domestic, c.charged,
       c.victim_key, CASE WHEN c.incident THEN 1 ELSE 0 END AS audience
FROM linked_crimes c
LEFT JOIN persons r ON r.person_id = c.person_id AND r.force = c.force
LEFT JOIN first_owner o ON o.person_id = c.person_id
WHERE c.person_id IS NOT NULL
UNION ALL
SELECT 1, c.force, c.crime_id, coalesce(f.person_id, c.suspect_key), c.suspect_key, true, c.offence_code, c.true_code,
       coalesce(c.reported_on, c.recorded_on), coalesce(c.occurred_on, c.reported_on, c.recorded_on),
       c.true_reported_on, CASE WHEN c.true_reported_on IS NOT NULL THEN c.true_occurred_on END, c.recorded_on, 0,
       c.incident, c.true_incident, c.domestic, c.true_domestic, c.charged, c.victim_key, CASE WHEN c.incident THEN 1 ELSE 0 END
FROM linked_crimes c LEFT JOIN first_record f ON f.person_key = c.suspect_key AND f.force = c.force
WHERE c.person_id IS NULL
UNION ALL
SELECT 2, e.force, e.event_key, coalesce(f.person_id, e.suspect_key), e.suspect_key, true, e.offence_code, e.offence_code,
       e.reported_on, e.occurred_on, e.reported_on, e.occurred_on, e.reported_on,
       CASE WHEN e.lost = 0 AND EXISTS (
           SELECT 1 FROM known_gaps g WHERE g.unit_id = e.unit_id AND (g.offence_group IS NULL OR g.offence_group = n.offence_group)
           AND e.reported_on >= g.first_month AND e.reported_on < g.last_month + INTERVAL 1 MONTH
       ) THEN 1 ELSE e.lost END,
       e.incident, e.incident, coalesce(e.domestic, false), coalesce(e.domestic, false), false, e.victim_key,
       CASE WHEN e.lost = 3 THEN 2 WHEN e.incident THEN 1 ELSE 0 END
FROM missed e
LEFT JOIN first_record f ON f.person_key = e.suspect_key AND f.force = e.force
LEFT JOIN offence_numbers n ON n.code = e.offence_code;
CREATE OR REPLACE TEMP TABLE owned AS
SELECT person_id, person_key FROM truth_identities WHERE person_id IN (SELECT record FROM entries);
"""

NUMBERED = """
CREATE OR REPLACE TEMP TABLE identifier_order AS
SELECT identifier, (row_number() OVER (ORDER BY identifier) - 1)::INT AS place FROM (
    SELECT record AS identifier FROM entries WHERE record IS NOT NULL
    UNION SELECT person FROM entries WHERE person IS NOT NULL
    UNION SELECT person_key FROM owned
);
CREATE OR REPLACE TEMP TABLE numbered AS
SELECT (row_number() OVER (ORDER BY f.n) - 1)::INT AS row, e.kind::TINYINT AS kind, f.n::SMALLINT AS force, e.force AS slug, item,
       coalesce(a.place, -1)::INT AS record, coalesce(b.place, -1)::INT AS person, u.cluster_id, e.of_event,
       CASE WHEN e.incident THEN $incident ELSE coalesce(o.n, -1) END::SMALLINT AS offence,
       CASE WHEN e.true_incident THEN $incident ELSE coalesce(t.n, -1) END::SMALLINT AS true_offence,
       e.incident <> e.true_incident AS reclassified, e.domestic, e.true_domestic, e.charged, e.victim_key, e.audience::TINYINT AS audience,
       e.reported, e.occurred, e.true_reported, e.true_occurred, e.recorded, e.lost::TINYINT AS lost
FROM entries e JOIN force_numbers f ON f.slug = e.force
LEFT JOIN identifier_order a ON a.identifier = e.record LEFT JOIN identifier_order b ON b.identifier = e.person
LEFT JOIN joined_records u ON u.person_id = e.record
LEFT JOIN offence_numbers o ON o.code = e.offence_code LEFT JOIN offence_numbers t ON t.code = e.true_code;
CREATE OR REPLACE TEMP TABLE owners AS
SELECT DISTINCT a.place AS record, b.place AS person
FROM owned t JOIN identifier_order a ON a.identifier = t.person_id
JOIN identifier_order b ON b.identifier = t.person_key
UNION SELECT DISTINCT record, record FROM numbered WHERE kind <> 0 AND record >= 0 AND record = person;
CREATE OR REPLACE TEMP TABLE reported_to AS
SELECT DISTINCT i.place AS person, f.n::SMALLINT AS force
FROM all_truth_events e JOIN identifier_order i ON i.identifier = e.suspect_key
JOIN force_numbers f ON f.slug = e.force WHERE e.reported_on > $h;
"""

# A crime counts once for an identity, however many links lead there. Nearly all have one, so only the rest is sorted.
ROWS = """
WITH several AS (SELECT item FROM numbered GROUP BY item HAVING count(*) > 1), repeated AS (
    SELECT row, row_number() OVER (PARTITION BY item, person ORDER BY row) > 1 AS again,
           row_number() OVER (PARTITION BY item, coalesce(-cluster_id, record) ORDER BY row) > 1 AS merged_again
    FROM numbered SEMI JOIN several USING (item)
)
SELECT kind, force, record, person,
       coalesce(cluster_id - 1, record + (SELECT count(*) FROM joined_records))::INT AS cluster,
       of_event, offence, true_offence, reclassified, domestic, true_domestic, charged, audience,
       {days}, lost, (hash(item) % {draws})::INT AS draw,
       NOT coalesce(again, false) AS first_of_person, NOT coalesce(merged_again, false) AS first_of_cluster
FROM numbered LEFT JOIN repeated USING (row) ORDER BY row
"""

BIRTHS = f"""
SELECT i.place, coalesce(coalesce(p.date_of_birth, t.date_of_birth) - DATE '1970-01-01', {NO_DAY})::INT AS born
FROM identifier_order i LEFT JOIN persons p ON p.person_id = i.identifier
LEFT JOIN (SELECT person_key, any_value(date_of_birth) AS date_of_birth FROM truth_people
    SEMI JOIN identifier_order ON identifier = person_key GROUP BY person_key) t
ON t.person_key = i.identifier AND p.person_id IS NULL ORDER BY place
"""

# Victims are known by half a hash of their identifier, as only the number of different ones counts: of six million, two
# share one with a probability of about one in 500,000.
VICTIMS = """
CREATE OR REPLACE TEMP TABLE victim_rows AS
SELECT row, kind, item, slug, of_event, victim_key FROM numbered WHERE {wanted};
CREATE OR REPLACE TEMP TABLE victim_links AS
SELECT DISTINCT crime_id, person_id FROM all_involvements
WHERE role = 'victim' AND person_id IS NOT NULL AND crime_id IN (SELECT item FROM victim_rows WHERE kind < 2);
CREATE OR REPLACE TEMP TABLE unlinked_victims AS
SELECT * FROM victim_rows WHERE victim_key IS NOT NULL AND (kind = 2 OR item NOT IN (SELECT crime_id FROM victim_links));
CREATE OR REPLACE TEMP TABLE first_victim AS
SELECT person_key, force, min(person_id) AS person_id FROM truth_identities JOIN persons USING (person_id)
WHERE person_key IN (SELECT victim_key FROM unlinked_victims) GROUP BY ALL;
CREATE OR REPLACE TEMP TABLE victim_owner AS
SELECT person_id, min(person_key) AS person_key FROM truth_identities WHERE person_id IN (
    SELECT l.person_id FROM victim_links l JOIN victim_rows v ON v.item = l.crime_id WHERE NOT v.of_event
) GROUP BY person_id;
CREATE OR REPLACE TEMP TABLE victim_edges AS
SELECT v.row, CASE WHEN p.person_id IS NULL THEN -1 ELSE (hash(p.person_id) >> 1)::BIGINT END AS victim,
       CASE WHEN NOT v.of_event THEN (hash(coalesce(o.person_key, l.person_id)) >> 1)::BIGINT
            WHEN v.victim_key IS NULL THEN -1 ELSE (hash(v.victim_key) >> 1)::BIGINT END AS person,
       CASE WHEN p.person_id IS NULL THEN -1 ELSE coalesce(j.cluster_id::BIGINT, (hash(p.person_id) >> 1)::BIGINT) END AS cluster,
       false AS restored -- the hash of null is no null
FROM victim_rows v JOIN victim_links l ON l.crime_id = v.item AND v.kind < 2
LEFT JOIN persons p ON p.person_id = l.person_id AND p.force = v.slug
LEFT JOIN joined_records j ON j.person_id = p.person_id LEFT JOIN victim_owner o ON o.person_id = l.person_id
UNION ALL
SELECT v.row, (hash(coalesce(f.person_id, v.victim_key)) >> 1)::BIGINT, (hash(v.victim_key) >> 1)::BIGINT,
       coalesce(j.cluster_id::BIGINT, (hash(coalesce(f.person_id, v.victim_key)) >> 1)::BIGINT), v.kind < 2
FROM unlinked_victims v LEFT JOIN first_victim f ON f.person_key = v.victim_key AND f.force = v.slug
LEFT JOIN joined_records j ON j.person_id = f.person_id;
"""

# Recorded links of crimes that are older by all that is recorded. Records that have a row are named as there; others by a number
# below 0, of which it only counts that it is the same.
OLDER = f"""
CREATE OR REPLACE TEMP TABLE older AS
SELECT (row_number() OVER (ORDER BY f.n) - 1)::INT AS row, f.n::SMALLINT AS force, c.force AS slug, c.crime_id,
       coalesce(a.place, -2 - (dense_rank() OVER (ORDER BY r.person_id) - 1))::INT AS record,
       CASE WHEN c.incident THEN $incident ELSE coalesce(o.n, -1) END::SMALLINT AS offence, c.domestic,
       coalesce(coalesce(c.reported_on, c.recorded_on) - DATE '1970-01-01', {NO_DAY})::INT AS reported,
       coalesce(coalesce(c.occurred_on, c.reported_on, c.recorded_on) - DATE '1970-01-01', {NO_DAY})::INT AS occurred,
       coalesce(r.date_of_birth - DATE '1970-01-01', {NO_DAY})::INT AS born
FROM (FROM all_crimes WHERE NOT cancelled) c JOIN links l USING (crime_id) JOIN persons r ON r.person_id = l.person_id AND r.force = c.force
JOIN force_numbers f ON f.slug = c.force LEFT JOIN offence_numbers o ON o.code = c.offence_code
LEFT JOIN identifier_order a ON a.identifier = l.person_id
WHERE greatest(c.reported_on, c.occurred_on, c.recorded_on) <= $h;
"""
OLDER_VICTIMS = """
SELECT o.row, (hash(p.person_id) >> 1)::BIGINT AS victim FROM older o JOIN all_involvements i ON i.crime_id = o.crime_id AND i.role = 'victim'
JOIN persons p ON p.person_id = i.person_id AND p.force = o.slug WHERE {wanted} ORDER BY o.row
"""
