"""Which rules of a route a request for an answer can take.

Health checks, metrics and lists of models have rules of their own on many routes, with limits that no generation ever
meets. A path counts as such only where engines and their routers are known to answer nothing else under it; a prefix
of a team's own may lead anywhere, and so may a path that the rule rewrites.
Source: the route tables of vLLM (entrypoints/openai/api_server.py) and SGLang (srt/entrypoints/http_server.py).
"""

import re
from collections.abc import Iterator

from skewguard.language.trees import Node

_ASIDE = frozenset((
    "health", "healthz", "healthcheck", "health_generate", "livez", "live", "liveness", "ready", "readyz", "readiness", "ping",
    "metrics", "version", "docs", "redoc", "openapi.json", "favicon.ico", "robots.txt", "tokenize", "detokenize",
    "v1/models", "v1/model", "get_model_info", "model_info", "get_server_info", "server_info", "get_load", "load",
    "start_profile", "stop_profile", "flush_cache", "tokenizer_info", "is_sleeping",
    "v2/health", "v1/health", "-/healthy", "-/ready", ".well-known",
))  # fmt: skip
"""Paths under which no engine generates, embeds, scores or ranks anything."""
_READING_METHODS = ("GET", "HEAD", "OPTIONS")


def answers(path: str | None, *, method: str | None = None) -> bool:
    """Whether a request for an answer can have this path, or begin with it; None is every path."""
    if method in _READING_METHODS:
        return False
    plain = re.fullmatch(r"\^?/?([\w./-]+?)(?:\(?/?(?:\.\*|\$|\|)+\)?[?$]*|/[?*]?\$?)*", (path or "").strip())
    words = plain[1].rstrip("/").split("/") if plain is not None else []
    return not any("/".join(words[: length + 1]) in _ASIDE for length in range(min(len(words), 2)))


def ingress_path(path: Node, annotations: Node) -> bool:
    """Whether a path of an Ingress, or an OpenShift Route's, is one for answers."""
    rewritten = any(
        "rewrite" in key or key.endswith("/app-root") or "actions." in key for key, _ in annotations.items()
    )
    return rewritten or answers(path.get("path").text())


def gateway_rule(rule: Node) -> bool:
    """Whether a rule of the Gateway API is one for answers: one of its matches is enough."""
    if any(each.get("urlRewrite", "path") or each.get("extensionRef") for each in rule.get("filters").elements()):
        return True
    matches = list(rule.get("matches").elements())
    return not matches or any(
        answers(match.get("path", "value").text(), method=match.get("method").text()) for match in matches
    )


def istio_rule(rule: Node) -> bool:
    """Whether an `http` rule of a VirtualService is one for answers."""
    matches = list(rule.get("match").elements())
    return (
        bool(rule.get("rewrite"))
        or not matches
        or any(answers(_text_of(match.get("uri")), method=match.get("method", "exact").text()) for match in matches)
    )


def contour_rule(rule: Node) -> bool:
    """Whether a route of an HTTPProxy is one for answers: all of its conditions hold together."""
    return bool(rule.get("pathRewritePolicy")) or all(
        answers(_text_of(condition)) for condition in rule.get("conditions").elements()
    )


def traefik_rule(rule: Node) -> bool:
    """Whether a route of an IngressRoute is one for answers; a middleware may rewrite the path."""
    match = rule.get("match").text() or ""
    if rule.get("middlewares").elements() or "||" in match or "!" in match:
        return True
    return all(any(answers(path) for path in paths) for paths in _quoted(match, "Path|PathPrefix")) and all(
        any(method not in _READING_METHODS for method in methods) for methods in _quoted(match, "Method")
    )


def _text_of(match: Node) -> str | None:
    """What a match compares with; None where it says nothing of the path."""
    return next((text for name in ("exact", "prefix", "regex") if (text := match.get(name).text()) is not None), None)


def _quoted(match: str, functions: str) -> Iterator[list[str]]:
    for arguments in re.findall(rf"\b(?:{functions})\(([^)]*)\)", match):
        yield re.findall(r"[`\"']([^`\"']*)[`\"']", arguments)
