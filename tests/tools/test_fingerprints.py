"""Which functions behind the rules are no longer what they were."""

from tests.tools.trees import source
from tools.engine_tables import fingerprints
from tools.engine_tables.fingerprints import Noted
from tools.engine_tables.refreshing import ENGINES, RULES

BEFORE = '''
    class Config:
        def limit(self):
            """What it is."""
            # why it is so
            return max(self.length, 2048)

    class Other:
        def limit(self):
            return 1

    def tier(memory):
        return 1024 if memory >= 70 else 256
'''


def _fingerprint(text: str, function: str) -> str | None:
    return fingerprints.fingerprint(source("1", {"x/config.py": text}), "x", function)[0]


def test_comments_docstrings_and_layout_do_not_count() -> None:
    """Only what the function does."""
    after = (
        BEFORE.replace("What it is.", "Something else.")
        .replace("# why it is so", "# x")
        .replace(", 2048", ",\n                       2048")
    )

    assert _fingerprint(after, "Config.limit") == _fingerprint(BEFORE, "Config.limit")


def test_another_body_counts_and_another_place_does_not() -> None:
    """A function that moved is the same function."""
    moved = source("2", {"x/new/place.py": BEFORE})

    assert _fingerprint(BEFORE.replace("2048", "4096"), "Config.limit") != _fingerprint(BEFORE, "Config.limit")
    assert fingerprints.fingerprint(moved, "x", "tier") == (_fingerprint(BEFORE, "tier"), ("x/new/place.py:12",))


def test_method_is_told_from_one_of_the_same_name_elsewhere() -> None:
    """Named by its class."""
    assert _fingerprint(BEFORE, "Config.limit") != _fingerprint(BEFORE, "Other.limit")
    assert _fingerprint(BEFORE, "Nothing.limit") is None


def test_report_names_what_to_read_again() -> None:
    """Changed, gone and new functions, with the rules that rest on them; unchanged ones say nothing."""
    now = source("2.0", {"x/config.py": BEFORE.replace("256", "512")})
    noted = [
        Noted("tier", ("batch size",), "1.0", _fingerprint(BEFORE, "tier")),
        Noted("Config.limit", ("length",), "1.0", _fingerprint(BEFORE, "Config.limit")),
        Noted("gone", ("old rule",), "1.0", "0" * 12),
    ]

    assert list(fingerprints.changed(now, "x", noted)) == [
        "  tier has another body since 1.0 (x/config.py:12): read it again for batch size",
        "  gone is gone since 1.0: read it again for old rule",
    ]


def test_reading_again_notes_the_release_of_the_named_functions_alone() -> None:
    """The others stay as they were noted."""
    noted = [Noted("tier", ("a",), "1.0", "0"), Noted("Config.limit", ("b",), "1.0", "0")]
    after = fingerprints.read_again(source("2.0", {"x/config.py": BEFORE}), "x", noted, ["tier"])

    assert [(row.function, row.read, row.fingerprint) for row in after] == [
        ("tier", "2.0", _fingerprint(BEFORE, "tier")),
        ("Config.limit", "1.0", "0"),
    ]


def test_file_beside_the_rules_is_as_the_tool_writes_it() -> None:
    """One function on a line, each known to exist when it was read."""
    noted = fingerprints.parse(RULES.read_bytes())

    assert set(noted) == set(ENGINES)
    assert fingerprints.text(noted) == RULES.read_text("utf-8")
    assert all(row.fingerprint and row.rules for rows in noted.values() for row in rows)
