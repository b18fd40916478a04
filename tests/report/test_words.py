"""What would decide, in words: no key, no hash, and nothing that is known already."""

import pytest

from skewguard.language.results import SubjectLine
from skewguard.report import words
from tests.report.reports import CHAT


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("value@ARGS(script:97bdfd1a)", "the script that starts it: what $ARGS becomes"),
        ("value@LEN(ConfigMap prod/a key len)", "the value of $LEN (ConfigMap prod/a key len)"),
        ("value@LEN(variable:97bdfd1a)", "the value of $LEN"),
        ("starts@64c04a1a", "the script that starts it: which start happens, and with which words"),
        ("object@EPLBConfig(e8f05bec)", "the running server, which fills in EPLBConfig at the start"),
        ("env@ConfigMap prod/a", "the environment: what ConfigMap prod/a holds"),
        ("gpu@node/gpu-1", "the GPU of node gpu-1 (its labels would say)"),
        ("gpu@node of chat-0", "the node of pod chat-0"),
        ("gpu@device/Odd GPU", "the class of the devices that call themselves Odd GPU"),
        ("route-default@Ingress/prod/chat", "what the controller behind Ingress/prod/chat does by default"),
        ("workload@http://localhost:8000", "the workload behind http://localhost:8000"),
    ],
)
def test_key_is_told_in_words(key: str, said: str) -> None:
    """What a reader can look at."""
    assert said == words.needed([key])


def test_known_gpu_is_not_asked_for() -> None:
    """Scheduling names the class; the checkpoint alone is missing."""
    assert "the config.json of m@main" == words.needed(["config.json@m@main", "gpu@class/H100-80GB-SXM"])


def test_engine_without_grammar_is_headed_so() -> None:
    """A version that nobody can know is not the point there."""
    assert "tgi, arguments not understood" == words.engine(SubjectLine(CHAT, "tgi", "the image", understood=False))
    assert "vllm of unknown version" == words.engine(SubjectLine(CHAT, "vllm", "the image"))
