"""Which contracts a check is held to: those named, those found, and what is said of everything else."""

from pathlib import Path

import pytest

from tests.cli.running import BAD, BROKEN, CONTRACT, GOOD, KEPT, NO_ENGINE, WARNED, Run, write

OTHER = KEPT.replace("{name: chat}", "{name: other}", 1).replace("name: chat}]", "name: other}]")
"""A contract for a workload that no manifest here holds."""


def told(run: Run, *words: str) -> list[str]:
    """The input problems of a check, as `file: message`."""
    errors = run("check", *words, "-o", "json").document["errors"]
    return [f"{error['file']}: {error['message']}" for error in errors]


@pytest.fixture(autouse=True)
def manifest() -> None:
    """A manifest with nothing wrong."""
    write("x.yaml", GOOD)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("empty", "empty holds no contract"),
        ("empty/", "empty/ holds no contract"),
        ("values", "values holds no contract"),
        ("values/*.yaml", "values/*.yaml holds no contract"),
        ("values/a.yaml", "is no contract: it has no kind"),
        ("x.yaml", "is no contract: its kind is Deployment"),
        ("void.yaml", "holds no document, so it is no contract"),
        (".skewguard/config.yaml", "is no contract: it has no kind"),
        (".skewguard", ".skewguard holds no contract"),
        ("gone.yaml", "gone.yaml does not exist"),
        ("gone/", "gone/ does not exist"),
        ("z*.yaml", "z*.yaml matches no file"),
    ],
)
def test_path_that_gives_no_contract_is_an_error(run: Run, path: str, said: str) -> None:
    """Whoever names one means to be held to it: exit code 2, what is wrong, and the manifests are still checked."""
    Path("empty").mkdir()
    write("values/a.yaml", "replicas: 1\n")
    write("void.yaml", "# nothing\n")
    write(".skewguard/config.yaml", "fail_on: error\n")
    done = run("check", "x.yaml", "--contract", path)
    assert (2, True, True) == (done.code, said in done.out, "1 engine, 0 under contract" in " ".join(done.out.split()))


@pytest.mark.parametrize("path", ["empty", "x.yaml", "gone.yaml", "broken.yaml"])
def test_path_without_a_contract_does_not_hide_beside_one(run: Run, path: str) -> None:
    """Each path answers for itself, and the contract beside it is judged."""
    Path("empty").mkdir()
    write("broken.yaml", "kind: ServingContract\nspec: [")
    words = ("check", "x.yaml", "--contract", write("c.yaml", KEPT), "--contract", path)
    done = run(*words)
    assert (2, True) == (done.code, "1 engine, 1 under contract" in " ".join(done.out.split()))
    assert 2 == run(*words[:2], *words[4:], *words[2:4]).code


def test_contract_may_be_called_config(run: Run) -> None:
    """Only `.skewguard/config.yaml` is the project's configuration."""
    write("a/config.yaml", BROKEN)
    assert [1, 1] == [run("check", "x.yaml", "--contract", path).code for path in ("a/config.yaml", "a")]
    write(".skewguard/prod/config.yaml", BROKEN)
    assert 1 == run("check", "x.yaml").code


def test_configuration_of_the_project_is_no_contract(run: Run) -> None:
    """It lies among the contracts, and is passed over without a word."""
    write(".skewguard/config.yaml", "fail_on: error\n")
    write(".skewguard/chat.yaml", KEPT)
    for words in ((), ("--contract", ".skewguard"), ("--contract", ".skewguard/*.yaml")):
        done = run("check", "x.yaml", *words)
        assert (0, False) == (done.code, "config.yaml" in done.out)


def test_every_bad_contract_is_told_at_once(run: Run) -> None:
    """None hides another, nor the contract that is sound."""
    write("c/a.yaml", BROKEN.replace("max_model_len", "max_modl_len"))
    write("c/b.yaml", "kind: ServingContract\nspec: [")
    write("c/c.yaml", b"\x00")
    write("c/d.yaml", CONTRACT.replace("name: chat}", "name: d}", 1) + "  limit: {max_model_len: 1}\n")
    write("c/e.yaml", KEPT.replace("name: chat}", "name: e}", 1))
    found = told(run, "x.yaml", "--contract", "c")
    assert ["c/a.yaml", "c/b.yaml", "c/c.yaml", "c/d.yaml"] == sorted(each.partition(":")[0] for each in found)
    assert 1 == run("check", "x.yaml", "--contract", "c", "-o", "json").document["summary"]["under_contract"]


@pytest.mark.parametrize("words", [(), ("--contract", ".skewguard")])
def test_other_documents_of_a_folder_are_noted(run: Run, words: tuple[str, ...]) -> None:
    """A contract that lost its kind must not vanish without a word."""
    write(".skewguard/chat.yaml", KEPT)
    write(".skewguard/lost.yaml", "spec: {}\n")
    for number in range(4):
        write(f".skewguard/m{number}.yaml", NO_ENGINE)
    done = run("check", "x.yaml", *words)
    said = " ".join(done.out.split())
    assert (0, True) == (done.code, ".skewguard/lost.yaml:1 is no contract: it has no kind" in said)
    assert "and 2 more in .skewguard" in said


def test_other_documents_of_a_contract_file_are_noted(run: Run) -> None:
    """One file may hold the contract and the object it is about."""
    done = run("check", "x.yaml", "--contract", write("c.yaml", f"{KEPT}---\n{NO_ENGINE}"))
    assert (0, True) == (done.code, "c.yaml:9 is no contract: its kind is Pod" in done.out)


def test_mistyped_kind_in_a_folder_is_an_error(run: Run) -> None:
    """It is no other document, it is the contract."""
    write(".skewguard/chat.yaml", KEPT.replace("ServingContract", "ServingContrct").replace("skewguard.dev", "skew"))
    done = run("check", "x.yaml")
    assert (2, True) == (done.code, "did you mean kind: ServingContract?" in done.out)


@pytest.mark.parametrize("make", [lambda: write(".skewguard", KEPT), lambda: Path(".skewguard").symlink_to("gone")])
def test_folder_of_contracts_that_is_none_is_an_error(run: Run, make: object) -> None:
    """A file, or a broken link, where the folder should be hides every contract."""
    make()  # type: ignore[operator]
    done = run("check", "x.yaml")
    assert (2, True) == (done.code, "is no folder, so no contract can be read" in " ".join(done.out.split()))


def test_file_reached_twice_is_one_contract(run: Run) -> None:
    """Named, in a folder and by a glob, in any order."""
    write("k/c.yaml", KEPT)
    paths = ("k", "k/c.yaml", "./k/c.yaml", "k/*.yaml")
    words = [word for path in (*paths, *reversed(paths)) for word in ("--contract", path)]
    assert 0 == run("check", "x.yaml", *words).code


def test_contract_on_standard_input(run: Run) -> None:
    """`-` is a contract's path too, but not a manifest's as well."""
    assert 1 == run("check", "x.yaml", "--contract", "-", stdin=BROKEN).code
    assert 2 == run("check", "x.yaml", "--contract", "-", stdin="").code
    done = run("check", "-", "--contract", "-", stdin=BROKEN)
    assert (2, True) == (done.code, "can be read once" in done.err)


def test_contract_among_the_manifests_is_said_to_be_unused(run: Run) -> None:
    """It was forgotten to name it; named as well, it is used."""
    write("k/x.yaml", GOOD)
    write("k/c.yaml", BROKEN)
    done = run("check", "k")
    assert (0, True) == (done.code, "k/c.yaml holds a contract, which is not used" in done.out)
    done = run("check", "k", "--contract", "k/c.yaml")
    assert (1, False) == (done.code, "not used" in done.out)


def test_failure_goes_before_a_bad_contract(run: Run) -> None:
    """1 before 2, and both are told."""
    done = run("check", write("y.yaml", BAD), "--contract", "gone.yaml")
    assert (1, True) == (done.code, "gone.yaml does not exist" in done.out)


def severities(run: Run, *words: str) -> list[str]:
    """The severities of what is said about contracts that bind nothing."""
    found = run("check", "x.yaml", *words, "-o", "json").document["findings"]
    return [item["severity"] for item in found if item["check"] == "contract.no-target"]


def test_contract_of_a_named_folder_need_not_bind(run: Run) -> None:
    """The folder of a whole repository is named for one manifest: an error only where the file was named, or nothing binds."""
    write("c/a.yaml", KEPT)
    write("c/b.yaml", OTHER)
    assert ["warning"] == severities(run, "--contract", "c")
    assert ["error"] == severities(run, "--contract", "c/a.yaml", "--contract", "c/b.yaml")
    assert ["warning"] == severities(run, "--contract", "c/*.yaml")
    Path("c/a.yaml").unlink()
    assert ["error"] == severities(run, "--contract", "c")


def test_project_may_ignore_what_is_said_of_contracts(run: Run) -> None:
    """One manifest of a large repository is checked at a time, and warnings fail there."""
    write(".skewguard/chat.yaml", KEPT)
    write(".skewguard/other.yaml", OTHER)
    assert 1 == run("check", "x.yaml", "--fail-on", "warning").code
    write(".skewguard/config.yaml", "ignore: [{check: contract.no-target, reason: one at a time}]\n")
    assert 0 == run("check", "x.yaml", "--fail-on", "warning").code


def test_unreadable_configuration_hides_nothing(run: Run) -> None:
    """The findings are told, and 1 goes before 2."""
    Path(".skewguard/config.yaml").mkdir(parents=True)
    done = run("check", write("y.yaml", BAD))
    assert (1, True) == (done.code, "config.yaml is a folder" in done.out)
    assert 2 == run("check", write("y.yaml", WARNED)).code
    assert 2 == run("settings", "x.yaml").code


ODD = """\
  runtime: {engine: vllm, dtype: bfloat61}
  engine_settings: {vllm.max_numseqs: 5, vllm.env.VLLM_USE_V2: "1", vllm.foo_bar: unset}
"""
"""Clauses that name what no release of vLLM has."""


def test_broken_promise_says_that_the_contract_may_be_at_fault(run: Run) -> None:
    """With the nearest name, in the message and first in the remedy; the promise is still not kept."""
    write("c.yaml", CONTRACT + ODD)
    done = run("check", "x.yaml", "--contract", "c.yaml", "-o", "json")
    found = {item["setting"]: item for item in done.document["findings"] if item["check"] == "contract.mismatch"}
    assert (1, {"runtime.dtype", "vllm.max_numseqs", "vllm.env.VLLM_USE_V2"}) == (done.code, set(found))
    dtype = found["runtime.dtype"]
    assert "(no release of vLLM lists the value bfloat61; the nearest is bfloat16), x.yaml:" in dtype["message"]
    assert dtype["remedy"].startswith(
        "correct the contract at c.yaml:6 (bfloat16?); else take runtime.dtype out of the contract: `--dtype` of this vLLM "
        "takes no such value"
    )
    assert "the nearest is limits.max_num_seqs" in found["vllm.max_numseqs"]["message"]
    assert "the nearest is `VLLM_USE_V1`" in found["vllm.env.VLLM_USE_V2"]["message"]


def test_odd_clause_that_nothing_breaks_is_a_warning_of_its_own(run: Run) -> None:
    """A promise that was meant is not made; told once, at its place in the contract, whatever it binds."""
    write("c.yaml", CONTRACT + ODD)
    write("y.yaml", GOOD.replace("name: chat", "name: other"))
    for path, settings in (("x.yaml", ["vllm.foo_bar"]),
                           ("y.yaml", ["runtime.dtype", "vllm.env.VLLM_USE_V2", "vllm.foo_bar", "vllm.max_numseqs"])):  # fmt: skip
        found = run("check", path, "--contract", "c.yaml", "-o", "json").document["findings"]
        odd = [item for item in found if item["check"] == "contract.unknown-name"]
        assert settings == sorted(item["setting"] for item in odd)
        assert {("warning", "c.yaml")} == {(item["severity"], item["observed"]["origin"]["file"]) for item in odd}


def test_variable_that_the_engine_does_not_read_is_judged_as_it_is_set(run: Run) -> None:
    """A contract may promise what other programs read; nobody says that a variable is not set where it is."""
    extra = "{name: NCCL_DEBUG, value: INFO}"
    write("x.yaml", GOOD.replace("          env:\n", f"          env:\n            - {extra}\n"))
    clause = "  engine_settings: {vllm.env.NCCL_DEBUG: %s}\n"
    codes = [
        run("check", "x.yaml", "--contract", write("c.yaml", CONTRACT + clause % promise)).code
        for promise in ("INFO", "WARN", "unset")
    ]
    assert [0, 1, 1] == codes


def test_variable_that_an_unseen_source_may_set_is_unknown(run: Run) -> None:
    """A ConfigMap that is not in the input may hold it."""
    write(
        "x.yaml",
        GOOD.replace("          env:\n", "          envFrom: [{configMapRef: {name: gone}}]\n          env:\n"),
    )
    for name in ("VLLM_LOGGING_LEVEL", "NCCL_DEBUG"):  # one that the engine reads, one that others do
        write("c.yaml", f"{CONTRACT}  engine_settings: {{vllm.env.{name}: INFO}}\n")
        done = run("check", "x.yaml", "--contract", "c.yaml")
        said = " ".join(done.out.split())
        assert (3, True) == (done.code, "gone is not in the input" in said and "may set it" in said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("runtime: {engine: vlm}", "did you mean vllm?"),
        ("autoscaling: {signal: concurency}", "did you mean concurrency?"),
        ("runtime: {version: '>=0.12,<0.11'}", "excludes every version"),
        ("engine_settings: {vlm.foo: 1}", "did you mean vllm.foo?"),
    ],
)
def test_name_of_our_own_that_is_misspelt_is_an_error(run: Run, body: str, said: str) -> None:
    """Exit code 2, with the place and the nearest name: the contract is wrong, not the manifest."""
    done = run("check", "x.yaml", "--contract", write("c.yaml", f"{CONTRACT}  {body}\n"))
    assert (2, True, True) == (done.code, "c.yaml:6:" in done.out, said in " ".join(done.out.split()))
