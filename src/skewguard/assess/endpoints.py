"""An engine behind a URL, of which no manifest is known: what it says of itself is all there is."""

from skewguard.assess import cases, observed
from skewguard.assess.cases import Setting, Version
from skewguard.assess.given import Given
from skewguard.assess.sharing import Vectors
from skewguard.judge.checks.interface import Case, Party
from skewguard.knowledge.engines.interface import Recognition
from skewguard.knowledge.project import Project
from skewguard.language.facts import UNSEEN, Gap, Origin, Subject
from skewguard.language.running import ENDPOINT, Answers, Live, Replica
from skewguard.language.workloads import Container, Inventory, Looked, PodTemplate, Refused, Workload

KIND = ENDPOINT
"""How the subject of a URL is called, which no kind of Kubernetes is."""
_NEEDED = "the workload itself (`skewguard verify kind/name`)"
_SAYS = {
    "vllm": f"{_NEEDED}, its log, or its /server_info (VLLM_SERVER_DEV_MODE=1, not meant for production)",
}
"""What else shows the arguments of an engine that keeps them to itself (vLLM `entrypoints/serve`)."""
_UNSEEN = Refused("what scales it and what leads to it", "a URL does not show it", "")


def case(url: str, answers: Answers, project: Project, given: Given | None = None) -> Case:
    """The case of a server that answers at a URL. Nothing of it is derived: nobody sees the arguments it was started with."""
    origin = Origin("endpoint", url)
    name = url.partition("://")[2].rstrip("/")
    hidden = Gap(
        "*",
        "the server's arguments are not to be seen from outside",
        rule=UNSEEN,
        inputs=(f"arguments@{url}",),
        would_need=_SAYS.get(answers.engine or "", _NEEDED),
    )
    container = Container(name="server", origin=origin, gaps=(hidden,))
    subject = Subject(KIND, name)
    workload = Workload(subject, PodTemplate(origin, (container,)), origin)
    version = (
        Version(answers.engine or "", answers.version, "the engine says so itself", answers.version_origin)
        if answers.version
        else None
    )
    around = Setting(project, version, given or Given())
    found = Recognition(answers.engine, f"{url} answers as it does")
    inventory = Inventory(workloads=(workload,), looked=Looked((_UNSEEN,), (_UNSEEN,)))
    made = cases.laid_out(workload, container, inventory, around, found, Vectors())
    for setting in ("hardware.gpu_class", "hardware.gpu_count", "hardware.gpu_memory"):
        reason = "a URL does not show which machine answers"
        made.sheet.add(Gap(setting, reason, UNSEEN, (f"workload@{url}",), _NEEDED))
    replica = Replica(subject, url, workload.template, "", origin, phase="Running", ready=True)
    made.phase, made.live = (
        "live",
        Live(subject, (workload,), origin, chain=(subject,), replicas=(replica,), desired=None),
    )
    made.replicas = ()
    own = _copy(made)
    observed.put(own, replica, (answers,))
    own.wished, own.replicas = made, (replica,)
    made.parties = (Party(own, (replica,), (answers,), current=None),)
    return made


def _copy(made: Case) -> Case:
    from msgspec import structs

    return structs.replace(made, sheet=made.sheet.copied())
