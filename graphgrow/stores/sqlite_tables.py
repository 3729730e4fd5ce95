"""The tables of a SQLite store, as migrations: a file of format N has had the first N of them."""

APPLICATION_ID = 0x67677277  # "ggrw": tells our files from any other SQLite database
# One statement sees one state of the file, also while another connection makes its tables.
STATE = """
    SELECT (SELECT count(*) FROM sqlite_master), application_id, user_version
    FROM pragma_application_id, pragma_user_version
"""
# Whether any event says what type a concept has.
TYPED = """
    SELECT 1 FROM event, json_each(iif(json_valid(payload), payload, '{}'), '$.delta.concepts') AS concept
    WHERE json_extract(concept.value, '$.type') <> '' LIMIT 1
"""
_OURS = "('event', 'concept', 'alias', 'relation', 'lease', 'cache', 'seal', 'identity')"
# What runs by itself when a table is written or read, or stands in the place of one of ours; somebody's own view or
# virtual table is harmless. Only a virtual table has 0 as its root page.
STRANGE = f"""
    WITH ours AS (
        SELECT * FROM sqlite_master WHERE type IN ('table', 'view') AND name COLLATE NOCASE IN
            {_OURS}
    )
    SELECT type, name FROM sqlite_master WHERE type = 'trigger'
    UNION ALL SELECT 'view', name FROM ours WHERE type = 'view'
    UNION ALL SELECT 'virtual table', name FROM ours WHERE type = 'table' AND coalesce(rootpage, 0) = 0
    UNION ALL SELECT 'generated column', ours.name || '.' || col.name FROM ours, pragma_table_xinfo(ours.name) AS col
        WHERE ours.type = 'table' AND ours.rootpage > 0 AND col.hidden > 1
"""  # noqa: S608  # our words
# What keeps rows out of a table of ours.
UNIQUE = f"""
    SELECT one.name FROM sqlite_master AS tab, pragma_index_list(tab.name) AS one
    WHERE tab.type = 'table' AND one."unique" AND tab.name COLLATE NOCASE IN
        {_OURS}
"""  # noqa: S608  # our words
CACHE, DIGESTS, TYPES = 2, 4, 5  # the formats that first had them

MIGRATIONS = (
    """
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, at TEXT NOT NULL, payload TEXT NOT NULL
    ) STRICT;
    CREATE TABLE concept (
        key TEXT PRIMARY KEY, name TEXT NOT NULL, first_seq INTEGER NOT NULL REFERENCES event(seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE alias (
        key TEXT NOT NULL REFERENCES concept(key), spelling TEXT NOT NULL, PRIMARY KEY (key, spelling)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE relation (
        source TEXT NOT NULL REFERENCES concept(key), predicate TEXT NOT NULL,
        target TEXT NOT NULL REFERENCES concept(key), support INTEGER NOT NULL,
        first_seq INTEGER NOT NULL REFERENCES event(seq), last_seq INTEGER NOT NULL REFERENCES event(seq),
        PRIMARY KEY (source, predicate, target)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX relation_target ON relation(target);
    CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE cache (
        kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, key)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE event ADD COLUMN decides INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX event_decides ON event(seq) WHERE decides;
    """,
    """
    ALTER TABLE event ADD COLUMN digest TEXT;
    CREATE TABLE seal (since INTEGER NOT NULL, seq INTEGER NOT NULL, digest TEXT NOT NULL) STRICT;
    CREATE TABLE identity (id TEXT NOT NULL) STRICT;
    INSERT INTO identity VALUES (hex(randomblob(16)));
    ALTER TABLE lease ADD COLUMN seconds REAL;
    """,
    """
    ALTER TABLE concept ADD COLUMN type TEXT NOT NULL DEFAULT '';
    """,
    # Nothing looks relations up by their targets, and writing the index took as long as writing the table.
    """
    DROP INDEX IF EXISTS relation_target;
    """,
)
