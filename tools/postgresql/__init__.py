"""A real PostgreSQL for tests: the programs of a package that is installed, run as an unprivileged user on an own folder.

`scripts/postgresql.sh` installs the package where that is possible.
"""
