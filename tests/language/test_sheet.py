"""The sheet: which of several facts decides."""

from skewguard.language.facts import Arm, Choice, Fact, Gap, Origin, Subject, same
from skewguard.language.sheet import Sheet

SUBJECT = Subject("Deployment", "chat")
HERE = Origin("file", "x.yaml")


def sheet(derived: object = None) -> Sheet:
    """A sheet whose rules give one value for every setting."""
    fact = Fact("s", derived, "derived", Origin("default", "default of the engine"))
    return Sheet(SUBJECT, derive=lambda _name: fact if derived is not None else None)


def declared(value: object) -> Fact:
    """A value somebody wrote."""
    return Fact("s", value, "declared", HERE)


def observed(value: object) -> Fact:
    """A value the process shows."""
    return Fact("s", value, "observed", HERE)


def effective(of: Sheet) -> object:
    """The value that decides."""
    value = of.effective("s")
    return value.value if isinstance(value, Fact) else value


def test_declared_value_stands_before_the_default() -> None:
    """What somebody wrote hides what the engine would have taken."""
    one = sheet(derived=1)
    one.add(declared(2))

    assert 2 == effective(one)


def test_observed_value_decides_over_the_declared_one() -> None:
    """What runs is what counts."""
    one = sheet()
    one.add(declared(2))
    one.add(observed(3))

    assert 3 == effective(one)


def test_auto_gives_way_to_a_concrete_value() -> None:
    """`auto` observed does not hide what is declared."""
    one = sheet()
    one.add(declared("bfloat16"))
    one.add(observed("auto"))

    assert "bfloat16" == effective(one)


def test_auto_written_out_is_left_to_the_rules() -> None:
    """`--dtype auto` says no more than nothing at all: the engine's own value, choice or gap decides."""
    one = sheet(derived="bfloat16")
    one.add(declared("auto"))

    assert "bfloat16" == effective(one)


def test_gap_hides_the_default_but_not_an_observation() -> None:
    """An argument nobody can know is a gap, until the process is asked."""
    one = sheet(derived=1)
    gap = Gap("s", "shell variable", rule="argument")
    one.add(gap)
    before = one.effective("s")
    one.add(observed(4))

    assert (gap, 4) == (before, effective(one))


def test_setting_nobody_has_is_a_gap_named_absent() -> None:
    """An engine without such a setting gives no value and no zero."""
    value = sheet().effective("s")

    assert isinstance(value, Gap)
    assert "absent" == value.rule


def test_same_choice_with_the_same_unknown_is_equal() -> None:
    """Two manifests that leave a value to the same unseen GPU do not differ; to two unseen GPUs nobody can tell."""
    arms = (Arm("big", 1024), Arm("small", 256))
    a, b = Choice("s", "tier", ("gpu@1",), arms), Choice("s", "tier", ("gpu@2",), arms)

    assert (True, None) == (same(a, a), same(a, b))


def test_value_outside_all_arms_differs() -> None:
    """A fact that no arm can give is a difference, one that some arm gives is undecided."""
    choice = Choice("s", "tier", ("gpu@1",), (Arm("big", 1024), Arm("small", 256)))

    assert (False, None) == (same(declared(7), choice), same(declared(256), choice))
