"""Who asks, and what they may do: tokens, refusals by rule, and the reviews that tell a user about them."""

from typing import Any, NamedTuple


class Rule(NamedTuple):
    """One thing that a user may not do. `None` is every one of its kind."""

    verb: str | None
    resource: str
    namespace: str | None
    user: str | None


class Rights:
    """Everything is allowed that no rule refuses; resources with subresource: `pods/log`. `known`: whoever asks is known."""

    def __init__(self) -> None:
        self.users = {"admin-token": "admin"}
        self.certain = True
        self.known = True
        self._refused: list[Rule] = []
        self._allowed: list[Rule] = []

    def deny(self, verb: str | None, resource: str, namespace: str | None = None, user: str | None = None) -> None:
        """Refuse from now on: `deny("list", "pods")`, `deny(None, "secrets", "prod")`."""
        self._refused.append(Rule(verb, resource, namespace, user))

    def allow_only(self, verb: str | None, resource: str, namespace: str | None = None) -> None:
        """Refuse from now on what is not allowed this way."""
        self._allowed.append(Rule(verb, resource, namespace, None))

    def may(self, user: str, verb: str, resource: str, namespace: str | None) -> bool:
        if self._allowed and not any(_covers(rule, user, verb, resource, namespace) for rule in self._allowed):
            return False
        return not any(_covers(rule, user, verb, resource, namespace) for rule in self._refused)

    def review(self, user: str, content: dict[str, Any]) -> dict[str, Any]:
        """The answer to a SelfSubjectAccessReview, SelfSubjectRulesReview or SelfSubjectReview."""
        match content.get("kind"):
            case "SelfSubjectAccessReview":
                asked = (content.get("spec") or {}).get("resourceAttributes") or {}
                below = f"/{asked['subresource']}" if asked.get("subresource") else ""
                resource = f"{asked.get('resource', '')}{below}"
                allowed = self.may(user, asked.get("verb", ""), resource, asked.get("namespace") or None)
                return {**content, "status": {"allowed": allowed, "reason": "" if allowed else "no rule allows it"}}
            case "SelfSubjectRulesReview":
                rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
                return {
                    **content,
                    "status": {"resourceRules": rules, "nonResourceRules": [], "incomplete": not self.certain},
                }
            case _:
                return {**content, "status": {"userInfo": {"username": user, "groups": ["system:authenticated"]}}}


def _covers(rule: Rule, user: str, verb: str, resource: str, namespace: str | None) -> bool:
    """Whether a rule speaks of this request. A rule for one namespace says nothing of a question about all of them."""
    return (
        rule.verb in (None, verb)
        and rule.resource in ("*", resource)
        and rule.namespace in (None, namespace)
        and rule.user in (None, user)
    )
