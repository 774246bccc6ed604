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

# Tables are joined by hashes of identifiers, a fraction of the work that text is: among ten million, the chance that two share one
# is three in a million. The hash of null is no null, so where an identifier may be missing it is looked at first.
NARROW = """
CREATE OR REPLACE TEMP MACRO key(identifier) AS CASE WHEN identifier IS NOT NULL THEN hash(identifier) END;
CREATE OR REPLACE TEMP TABLE all_crimes AS
SELECT hash(force) AS force, key(crime_id) AS crime, CASE WHEN offence_code IS NOT NULL THEN coalesce(n, -1) END::SMALLINT AS offence,
       occurred_on, reported_on, recorded_on,
       coalesce({domestic_abuse}, false) AS domestic, coalesce({record_class} = 'cancelled', false) AS cancelled,
       coalesce({record_class} = 'non_crime_incident', false) AS incident,
       coalesce({outcome_code} IN ('1', '2', '3'), false) AS charged
FROM all_records LEFT JOIN offence_numbers ON code = offence_code;
CREATE OR REPLACE TEMP TABLE all_events AS
SELECT hash(event_key) AS event, hash(force) AS force, hash(unit_id) AS unit,
       CASE WHEN offence_code IS NOT NULL THEN coalesce(n, -1) END::SMALLINT AS offence,
       occurred_on, reported_on, key(suspect_key) AS suspect, key(victim_key) AS victim, key(crime_id) AS crime,
       coalesce({event_class} = 'non_crime', false) AS incident, {event_domestic_abuse} AS domestic
FROM all_truth_events LEFT JOIN offence_numbers ON code = offence_code
WHERE crime_id IS NOT NULL OR (suspect_key IS NOT NULL AND reported_on > $h);
CREATE OR REPLACE TEMP TABLE all_people AS
SELECT hash(person_id) AS record, hash(force) AS force, date_of_birth AS born FROM persons WHERE person_id IS NOT NULL;
"""

ENTRIES = """
CREATE OR REPLACE TEMP TABLE links AS
SELECT DISTINCT key(crime_id) AS crime, hash(person_id) AS record FROM all_involvements WHERE role = 'suspect' AND person_id IS NOT NULL;
CREATE OR REPLACE TEMP TABLE set_aside AS
SELECT crime, bool_and(cancelled) AS cancelled FROM all_crimes SEMI JOIN (SELECT crime FROM all_crimes WHERE cancelled OR incident) USING (crime)
GROUP BY crime HAVING bool_and(cancelled OR incident);
CREATE OR REPLACE TEMP TABLE linked_crimes AS
SELECT c.force, c.crime, l.record, c.offence, c.reported_on, c.occurred_on, c.recorded_on, c.incident, c.domestic, c.charged,
       e.event, e.suspect, e.victim, e.offence AS true_offence, e.reported_on AS true_reported_on,
       e.occurred_on AS true_occurred_on, coalesce(e.incident, c.incident) AS true_incident, coalesce(e.domestic, c.domestic) AS true_domestic
FROM (FROM all_crimes WHERE NOT cancelled) c LEFT JOIN links l USING (crime)
LEFT JOIN (FROM all_events WHERE crime IS NOT NULL) e USING (crime)
WHERE (l.record IS NOT NULL OR e.suspect IS NOT NULL)
AND greatest(c.reported_on, c.occurred_on, c.recorded_on, e.reported_on, e.occurred_on) > $h;
CREATE OR REPLACE TEMP TABLE missed AS
SELECT e.*, CASE WHEN s.crime IS NULL THEN 0 WHEN s.cancelled THEN 2 ELSE 3 END AS lost
FROM all_events e LEFT JOIN set_aside s USING (crime)
WHERE e.reported_on > $h AND e.suspect IS NOT NULL AND (
    CASE WHEN s.crime IS NOT NULL THEN NOT e.incident
    ELSE e.crime IS NULL OR e.crime NOT IN (SELECT crime FROM all_crimes WHERE crime IS NOT NULL) END
);
CREATE OR REPLACE TEMP TABLE first_record AS
SELECT hash(person_key) AS person, hash(force) AS force, hash(min(person_id)) AS record
FROM truth_identities JOIN persons USING (person_id)
WHERE hash(person_key) IN (SELECT suspect FROM missed UNION SELECT suspect FROM linked_crimes WHERE record IS NULL)
GROUP BY person_key, force;
CREATE OR REPLACE TEMP TABLE first_owner AS
SELECT hash(person_id) AS record, key(min(person_key)) AS person FROM truth_identities
WHERE hash(person_id) IN (SELECT record FROM linked_crimes WHERE event IS NULL) GROUP BY person_id;
CREATE OR REPLACE TEMP TABLE entries AS
SELECT 0 AS kind, c.force, c.crime AS item, r.record,
       CASE WHEN c.event IS NULL THEN coalesce(o.person, c.record) ELSE c.suspect END AS person,
       c.event IS NOT NULL AS of_event, c.offence, coalesce(c.true_offence, c.offence) AS true_offence,
       coalesce(c.reported_on, c.recorded_on) AS reported,
       coalesce(c.occurred_on, c.reported_on, c.recorded_on) AS occurred,
       CASE WHEN c.event IS NULL THEN coalesce(c.reported_on, c.recorded_on) ELSE c.true_reported_on END AS true_reported,
       CASE WHEN c.event IS NULL THEN coalesce(c.occurred_on, c.reported_on, c.recorded_on)
            WHEN c.true_reported_on IS NOT NULL THEN c.true_occurred_on END AS true_occurred,
       c.recorded_on AS recorded, 0 AS lost, c.incident, c.true_incident, c.domestic, c.true_domestic, c.charged,
       c.victim, CASE WHEN c.incident THEN 1 ELSE 0 END AS audience
FROM linked_crimes c
LEFT JOIN all_people r ON r.record = c.record AND r.force = c.force
LEFT JOIN first_owner o ON o.record = c.record
WHERE c.record IS NOT NULL
UNION ALL
SELECT 1, c.force, c.crime, coalesce(f.record, c.suspect), c.suspect, true, c.offence, c.true_offence,
       coalesce(c.reported_on, c.recorded_on), coalesce(c.occurred_on, c.reported_on, c.recorded_on),
       c.true_reported_on, CASE WHEN c.true_reported_on IS NOT NULL THEN c.true_occurred_on END, c.recorded_on, 0,
       c.incident, c.true_incident, c.domestic, c.true_domestic, c.charged, c.victim, CASE WHEN c.incident THEN 1 ELSE 0 END
FROM linked_crimes c LEFT JOIN first_record f ON f.person = c.suspect AND f.force = c.force
WHERE c.record IS NULL
UNION ALL
SELECT 2, e.force, e.event, coalesce(f.record, e.suspect), e.suspect, true, e.offence, e.offence,
       e.reported_on, e.occurred_on, e.reported_on, e.occurred_on, e.reported_on,
       CASE WHEN e.lost = 0 AND EXISTS (
           SELECT 1 FROM known_gaps g WHERE g.unit = e.unit AND (g.offence_group IS NULL OR g.offence_group = n.offence_group)
           AND e.reported_on >= g.first_month AND e.reported_on < g.last_month + INTERVAL 1 MONTH
       ) THEN 1 ELSE e.lost END,
       e.incident, e.incident, coalesce(e.domestic, false), coalesce(e.domestic, false), false, e.victim,
       CASE WHEN e.lost = 3 THEN 2 WHEN e.incident THEN 1 ELSE 0 END
FROM missed e
LEFT JOIN first_record f ON f.person = e.suspect AND f.force = e.force
LEFT JOIN offence_numbers n ON n.n = e.offence;
CREATE OR REPLACE TEMP TABLE owned AS
SELECT hash(person_id) AS record, hash(person_key) AS person FROM truth_identities
WHERE person_key IS NOT NULL AND hash(person_id) IN (SELECT record FROM entries);
"""

# A table made in order has its rows' numbers, in a third of the time that a window takes. Rows are in order of all that two of a
# crime may differ in, as the first of an identity's counts for it: every run has the same.
NUMBERED = """
CREATE OR REPLACE TEMP TABLE listed_keys AS
SELECT record AS key FROM entries WHERE record IS NOT NULL
UNION SELECT person FROM entries WHERE person IS NOT NULL
UNION SELECT person FROM owned;
CREATE OR REPLACE TEMP TABLE identifiers AS
SELECT hash(identifier) AS key, min(identifier) AS identifier, min(born) AS born FROM (
    SELECT person_id AS identifier, date_of_birth AS born FROM persons
    UNION ALL SELECT person_key, date_of_birth FROM truth_people
) WHERE identifier IS NOT NULL AND hash(identifier) IN (SELECT key FROM listed_keys) GROUP BY ALL;
CREATE OR REPLACE TEMP TABLE unnamed AS FROM listed_keys ANTI JOIN identifiers USING (key);
INSERT INTO identifiers
SELECT hash(identifier) AS key, min(identifier), NULL FROM (
    SELECT person_key AS identifier FROM truth_identities UNION ALL SELECT suspect_key FROM all_truth_events
    UNION ALL SELECT person_id FROM all_involvements
) WHERE identifier IS NOT NULL AND hash(identifier) IN (SELECT key FROM unnamed) GROUP BY ALL;
CREATE OR REPLACE TEMP TABLE identifiers_in_order AS FROM identifiers ORDER BY identifier;
CREATE OR REPLACE TEMP VIEW identifier_order AS SELECT *, rowid::INT AS place FROM identifiers_in_order;
DROP TABLE identifiers;
CREATE OR REPLACE TEMP TABLE rows_in_order AS
SELECT e.kind::TINYINT AS kind, f.n::SMALLINT AS force, e.force AS of_force, item,
       coalesce(a.place, -1)::INT AS record, coalesce(b.place, -1)::INT AS person, u.cluster_id, e.of_event,
       CASE WHEN e.incident THEN $incident ELSE coalesce(e.offence, -1) END::SMALLINT AS offence,
       CASE WHEN e.true_incident THEN $incident ELSE coalesce(e.true_offence, -1) END::SMALLINT AS true_offence,
       e.incident <> e.true_incident AS reclassified, e.domestic, e.true_domestic, e.charged, e.victim, e.audience::TINYINT AS audience,
       e.reported, e.occurred, e.true_reported, e.true_occurred, e.recorded, e.lost::TINYINT AS lost
FROM entries e JOIN force_numbers f ON f.force = e.force
LEFT JOIN identifier_order a ON a.key = e.record LEFT JOIN identifier_order b ON b.key = e.person
LEFT JOIN joined_records u ON u.record = e.record
ORDER BY f.n, item, a.place, b.place, e.kind, e.offence, e.reported, e.occurred, e.recorded, e.domestic, e.charged, e.incident,
         e.true_offence, e.true_reported, e.true_occurred, e.true_domestic, e.true_incident, e.lost, e.victim;
CREATE OR REPLACE TEMP VIEW numbered AS SELECT *, rowid::INT AS row FROM rows_in_order;
CREATE OR REPLACE TEMP TABLE owners AS
SELECT DISTINCT a.place AS record, b.place AS person
FROM owned t JOIN identifier_order a ON a.key = t.record
JOIN identifier_order b ON b.key = t.person
UNION SELECT DISTINCT record, record FROM numbered WHERE kind <> 0 AND record >= 0 AND record = person;
CREATE OR REPLACE TEMP TABLE reported_to AS
SELECT DISTINCT i.place AS person, f.n::SMALLINT AS force
FROM all_events e JOIN identifier_order i ON i.key = e.suspect
JOIN force_numbers f ON f.force = e.force WHERE e.reported_on > $h;
DROP TABLE all_events;
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
       {days}, lost, (item % {draws})::INT AS draw,
       NOT coalesce(again, false) AS first_of_person, NOT coalesce(merged_again, false) AS first_of_cluster
FROM numbered LEFT JOIN repeated USING (row) ORDER BY row
"""

BIRTHS = f"SELECT coalesce(born - DATE '1970-01-01', {NO_DAY})::INT AS born FROM identifier_order ORDER BY place"

# Victims are known by half a hash of their identifier, as only the number of different ones counts: of six million, two
# share one with a probability of about one in 500,000.
VICTIMS = """
CREATE OR REPLACE TEMP TABLE victim_rows AS
SELECT row, kind, item, of_force, of_event, victim FROM numbered WHERE {wanted};
CREATE OR REPLACE TEMP TABLE victim_links AS
SELECT DISTINCT hash(crime_id) AS crime, hash(person_id) AS record FROM all_involvements
WHERE role = 'victim' AND person_id IS NOT NULL AND hash(crime_id) IN (SELECT item FROM victim_rows WHERE kind < 2);
CREATE OR REPLACE TEMP TABLE unlinked_victims AS
SELECT * FROM victim_rows WHERE victim IS NOT NULL AND (kind = 2 OR item NOT IN (SELECT crime FROM victim_links));
CREATE OR REPLACE TEMP TABLE first_victim AS
SELECT hash(person_key) AS person, hash(force) AS force, hash(min(person_id)) AS record FROM truth_identities JOIN persons USING (person_id)
WHERE hash(person_key) IN (SELECT victim FROM unlinked_victims) GROUP BY person_key, force;
CREATE OR REPLACE TEMP TABLE victim_owner AS
SELECT hash(person_id) AS record, key(min(person_key)) AS person FROM truth_identities WHERE hash(person_id) IN (
    SELECT l.record FROM victim_links l JOIN victim_rows v ON v.item = l.crime WHERE NOT v.of_event
) GROUP BY person_id;
CREATE OR REPLACE TEMP TABLE victim_edges AS
SELECT v.row, CASE WHEN p.record IS NULL THEN -1 ELSE (p.record >> 1)::BIGINT END AS victim,
       CASE WHEN NOT v.of_event THEN (coalesce(o.person, l.record) >> 1)::BIGINT
            WHEN v.victim IS NULL THEN -1 ELSE (v.victim >> 1)::BIGINT END AS person,
       CASE WHEN p.record IS NULL THEN -1 ELSE coalesce(j.cluster_id::BIGINT, (p.record >> 1)::BIGINT) END AS cluster,
       false AS restored
FROM victim_rows v JOIN victim_links l ON l.crime = v.item AND v.kind < 2
LEFT JOIN all_people p ON p.record = l.record AND p.force = v.of_force
LEFT JOIN joined_records j ON j.record = p.record LEFT JOIN victim_owner o ON o.record = l.record
UNION ALL
SELECT v.row, (coalesce(f.record, v.victim) >> 1)::BIGINT, (v.victim >> 1)::BIGINT,
       coalesce(j.cluster_id::BIGINT, (coalesce(f.record, v.victim) >> 1)::BIGINT), v.kind < 2
FROM unlinked_victims v LEFT JOIN first_victim f ON f.person = v.victim AND f.force = v.of_force
LEFT JOIN joined_records j ON j.record = f.record;
"""

# Recorded links of crimes that are older by all that is recorded. Records that have a row are named as there; others by a number
# below 0, of which it only counts that it is the same.
OLDER = f"""
CREATE OR REPLACE TEMP TABLE older_links AS
SELECT c.*, l.record, r.born, f.n FROM (FROM all_crimes WHERE NOT cancelled AND greatest(reported_on, occurred_on, recorded_on) <= $h) c
JOIN links l USING (crime) JOIN all_people r ON r.record = l.record AND r.force = c.force JOIN force_numbers f ON f.force = c.force;
CREATE OR REPLACE TEMP TABLE older_numbers AS
SELECT record, -2 - (row_number() OVER () - 1) AS number FROM (
    SELECT DISTINCT record FROM older_links WHERE record NOT IN (SELECT key FROM identifier_order)
);
CREATE OR REPLACE TEMP TABLE older_in_order AS
SELECT c.n::SMALLINT AS force, c.force AS of_force, c.crime,
       coalesce(a.place, b.number)::INT AS record,
       CASE WHEN c.incident THEN $incident ELSE coalesce(c.offence, -1) END::SMALLINT AS offence, c.domestic,
       coalesce(coalesce(c.reported_on, c.recorded_on) - DATE '1970-01-01', {NO_DAY})::INT AS reported,
       coalesce(coalesce(c.occurred_on, c.reported_on, c.recorded_on) - DATE '1970-01-01', {NO_DAY})::INT AS occurred,
       coalesce(c.born - DATE '1970-01-01', {NO_DAY})::INT AS born
FROM older_links c LEFT JOIN identifier_order a ON a.key = c.record LEFT JOIN older_numbers b ON b.record = c.record
ORDER BY c.n, c.crime, c.record;
CREATE OR REPLACE TEMP VIEW older AS SELECT *, rowid::INT AS row FROM older_in_order;
"""
LET_GO = (
    "all_crimes", "all_people", "links", "set_aside", "linked_crimes", "missed", "first_record", "first_owner", "entries", "owned",
    "listed_keys", "unnamed", "rows_in_order", "owners", "reported_to", "older_links", "older_numbers", "older_in_order",
    "victim_rows", "victim_links", "unlinked_victims", "first_victim", "victim_owner", "victim_edges", "joined_records",
)  # fmt: skip
"""Tables that nobody asks for once the rows are read."""
OLDER_VICTIMS = """
SELECT o.row, (p.record >> 1)::BIGINT AS victim FROM older o
JOIN (SELECT hash(crime_id) AS crime, hash(person_id) AS record FROM all_involvements WHERE role = 'victim' AND crime_id IS NOT NULL) i
ON i.crime = o.crime JOIN all_people p ON p.record = i.record AND p.force = o.of_force WHERE {wanted} ORDER BY o.row
"""
