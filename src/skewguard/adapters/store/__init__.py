"""Where records are kept: SQLite in the user's data folder, or PostgreSQL by URL. Append-only.

What may enter: SQL, migrations, locks and transactions. What may not: the meaning of a record's body.
"""
