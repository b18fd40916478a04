"""`python -m skewguard`."""

from skewguard.cli import main

main()
