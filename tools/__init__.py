"""Tools of the people who keep this repository; no part of the wheel."""
