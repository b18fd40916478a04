"""No secret passes the door, in whatever format, whether its name or only its looks give it away."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language.facts import Fact, Origin
from skewguard.language.findings import Observed
from skewguard.language.rereadings import WordChange
from skewguard.language.results import (
    ArgumentLine,
    CheckReport,
    DiffReport,
    InputProblem,
    Report,
    SettingLine,
    SettingsReport,
    SubjectSettings,
    Undecided,
)
from skewguard.report import Options, formats_for, redaction, render, verb
from tests.report.reports import CHAT, EXPLANATIONS, OPTIONS, RUN_AT, finding, summary

SECRETS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=8, max_size=30)
ODD_SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=8, max_size=30)


def place(text: str, column: int = 1) -> Origin:
    """A place in a file whose text is known."""
    return Origin("file", "x.yaml", "x.yaml", 1, column, column + len(text), text)


def checked(secret: str) -> CheckReport:
    """A check whose finding, messages and inputs repeat a secret that only its variable's name gives away."""
    found = finding(
        "pin.secret-in-clear",
        anchor="VLLM_API_KEY",
        message=f"The value {secret} stands in clear.",
        remedy=f"Move {secret} to a Secret.",
        observed=Observed(secret, "declared", place(secret, 8)),
    )
    return CheckReport(
        run_at=RUN_AT,
        findings=(found,),
        errors=(InputProblem("x.yaml", f"cannot read near {secret}", 1, 1, f"not {secret}"),),
        notes=(f"seen: {secret}",),
        summary=summary((found,), ()),
    )


def laid_out(secret: str) -> SettingsReport:
    """Settings with a secret in an argument, an environment variable and a setting."""
    key = Fact("vllm.api_key", [secret], "declared", place(secret, 8))
    return SettingsReport(
        subjects=(
            SubjectSettings(
                CHAT,
                "vllm",
                "0.11.0",
                "vllm serve",
                starts=None,
                arguments=(
                    ArgumentLine(
                        f"--api-key={secret}", "unknown", place(f"--api-key={secret}"), "--api-key", "api_key", secret
                    ),
                    ArgumentLine(secret, "unknown", place(secret, 8), message=f"{secret} is unknown."),
                ),
                settings=(SettingLine("vllm.api_key", key, authority="declared", facts=(key,)),),
            ),
        ),
        notes=(f"vllm serve --api-key {secret}",),
    )


def differing(secret: str) -> DiffReport:
    """A difference in a secret, between a manifest and a command line that holds it."""
    key = Fact("vllm.env.HF_TOKEN", secret, "declared", place(secret, 8))
    return DiffReport(
        a="deploy.yaml",
        b=f"vllm==0.11.0 -- serve m --api-key {secret}",
        undecided=(Undecided(CHAT, key.setting, None, key),),
        arguments=(
            WordChange(
                CHAT,
                "--api-key",
                "read",
                "refused",
                "error",
                f"`--api-key={secret}` is refused",
                f"remove `--api-key={secret}`",
                origin=place(f"--api-key={secret}", 9),
            ),
        ),
    )


def shown(report: Report, secret: str) -> dict[str, str]:
    """The report in every format it can be shown in, with all evidence."""
    options = Options(lines=lambda _file, _line: f"value: {secret} # {secret}", verbose=True, width=1000)
    return {name: render(report, name, options) for name in formats_for(verb(report))}


@given(SECRETS)
def test_secret_of_a_variable_appears_in_no_format(secret: str) -> None:
    """A secret known by its variable's name is in no message, value, source line or note of any format."""
    for name, text in shown(checked(f"{secret}Q7"), f"{secret}Q7").items():
        assert f"{secret}Q7" not in text, name


@given(SECRETS)
def test_secret_of_an_argument_appears_in_no_format(secret: str) -> None:
    """A secret known by its flag is in no argument, setting, fact or note of any format."""
    for name, text in shown(laid_out(f"{secret}Q7"), f"{secret}Q7").items():
        assert f"{secret}Q7" not in text, name


@given(SECRETS)
def test_secret_of_a_compared_thing_appears_in_no_format(secret: str) -> None:
    """A secret on one side of a difference is in no format."""
    for name, text in shown(differing(f"{secret}Q7"), f"{secret}Q7").items():
        assert f"{secret}Q7" not in text, name


@given(ODD_SECRETS)
def test_secret_with_odd_characters_appears_in_no_format(secret: str) -> None:
    """Quotes, backslashes and foreign letters do not carry a secret past the door."""
    for name, text in shown(checked(f"{secret}Q7"), f"{secret}Q7").items():
        assert f"{secret}Q7" not in text, name


def test_token_by_its_looks_is_masked_on_source_lines() -> None:
    """A token that no name gives away is masked for its shape, on the source line too."""
    token = "hf_" + "abcDEF0123456789" * 2
    report = checked("harmless-value")
    text = render(report, "table", Options(lines=lambda _file, _line: f"value: {token}"))
    assert token not in text


def test_carets_stand_under_the_masked_value() -> None:
    """Masking changes the length of a line; the carets stand under what replaced the value."""
    secret = "correct-horse-battery"  # noqa: S105  # planted to be found
    report = checked(secret)
    lines = render(report, "table", Options(lines=lambda _file, _line: f"value: {secret} # comment")).splitlines()
    number = next(i for i, line in enumerate(lines) if "^" in line)
    start, end = lines[number].index("^"), lines[number].rindex("^") + 1
    assert lines[number - 1][start:end] == "<redacted:" + lines[number - 1][start + 10 : end - 1] + ">"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (["- name: DB_PASSWORD", "  value: hunter2"], 2),
        (["- name: DB_PASSWORD", '  value: "hunter2"'], 2),
        (["- --api-key", "- hunter2"], 2),
        (["- --api-key", '- "hunter2"'], 2),
        (["- --api-key=hunter2"], 1),
        (["- --api-key hunter2"], 1),
        (["args: [serve, m, --api-key, hunter2]"], 1),
        (['args: ["serve", "m", "--api-key", "hunter2", "--seed", "0"]'], 1),
        (["exec vllm serve m --api-key", "  hunter2"], 2),
        (["exec vllm serve m --api-key \\", "  hunter2"], 2),
        (["  hf_token: hunter2"], 1),
    ],
)
def test_secret_named_beside_the_line_is_masked(source: list[str], line: int) -> None:
    """A finding about something else does not show a secret that happens to stand on its line."""
    origin = Origin("file", "x.yaml", "x.yaml", line, 3, 5)
    found = finding("a.b", observed=Observed(None, None, origin))
    report = CheckReport(run_at=RUN_AT, findings=(found,), summary=summary((found,), ()))
    text = render(report, "table", Options(lines=lambda _file, number: source[number - 1]))
    assert "hunter2" not in text
    assert "<redacted:" in text


def test_secret_that_only_its_place_shows_is_masked_everywhere() -> None:
    """A check that withholds the value still points at it; what stands there is in no line and no message."""
    named = finding(
        "a.b", anchor="DB_PASSWORD", observed=Observed(None, None, Origin("file", "x.yaml", "x.yaml", 1, 8, 15))
    )
    other = finding(
        "a.c", message="hunter2 is odd", observed=Observed(None, None, Origin("file", "x.yaml", "x.yaml", 1, 1, 6))
    )
    report = CheckReport(run_at=RUN_AT, findings=(other, named), summary=summary((named, other), ()))
    assert "hunter2" not in render(report, "table", Options(lines=lambda _file, _line: "value: hunter2"))


def test_flag_of_a_secret_is_shown() -> None:
    """Where a finding points at the flag and not at the value, the flag stays readable."""
    found = finding(
        "a.b", anchor="--api-key", observed=Observed(None, None, Origin("file", "x", "x", 1, 3, 12, "--api-key"))
    )
    report = CheckReport(run_at=RUN_AT, findings=(found,), summary=summary((found,), ()))
    assert "- --api-key\n" in render(report, "table", Options(lines=lambda _file, _line: "- --api-key"))


def test_masking_leaves_settings_with_similar_names() -> None:
    """A name that only sounds like a secret's is shown: an engineer needs it."""
    tokens = finding("x.y", anchor="MAX_NUM_BATCHED_TOKENS", observed=Observed("8192", "declared", place("8192")))
    report = CheckReport(run_at=RUN_AT, findings=(tokens,), summary=summary((tokens,), ()))
    assert '"value": "8192"' in render(report, "json")


def test_subjects_and_places_stay_when_a_key_is_named_like_them() -> None:
    """A key whose value is an everyday word hides neither file nor container."""
    found = finding("pin.secret-in-clear", anchor="API_KEY", observed=Observed("vllm", "declared", place("vllm")))
    report = CheckReport(run_at=RUN_AT, findings=(found,), summary=summary((found,), ()))
    document = msgspec.json.decode(render(report, "json"))
    assert document["findings"][0]["subject"]["container"] == "vllm"


@pytest.mark.parametrize("name", EXPLANATIONS)
def test_explanations_pass_the_door_unchanged(name: str) -> None:
    """The package's own knowledge holds no secrets, and its examples are shown as written."""
    assert redaction.behind_the_door(EXPLANATIONS[name], OPTIONS)[0] is EXPLANATIONS[name]


@pytest.mark.parametrize("form", formats_for("check"))
def test_flag_whose_value_stands_behind_it_is_still_named(form: str) -> None:
    """`--api-key KEY OTHER`: the token is the flag, and a report without it tells nobody what to edit."""
    key = Observed(["Zq1CorrectHorse", "Zq2CorrectHorse"], "declared", place("--api-key"))
    found = finding(
        "args.duplicated",
        setting="vllm.api_key",
        anchor="--api-key",
        message="`--api-key` is given again further on.",
        remedy="remove this `--api-key Zq1CorrectHorse Zq2CorrectHorse`",
        observed=key,
    )
    text = render(CheckReport(run_at=RUN_AT, findings=(found,), summary=summary((found,), ())), form, OPTIONS)
    assert "Horse" not in text
    assert "--api-key" in text.replace("‑", "-")
