"""The bytes of the n-th request, put together when it is due from parts that are made once."""

import json

from skewguard.observe.loadgen.messages import Plan
from skewguard.observe.loadgen.wording import Wording

COUNTS = (
    ',"stream_options":{"include_usage":true,"continuous_usage_stats":true}',
    ',"stream_options":{"include_usage":true}',
    "",
)
"""What a stream is asked to count: its tokens in each chunk, those of the whole, nothing. Whoever refuses the one is asked the next."""


class Requests:
    """Makes requests of a plan."""

    def __init__(self, plan: Plan, model: str) -> None:
        load = plan.load
        self._wording = Wording(plan.prompts)
        self._chat = load.api == "chat"
        self._stream = load.stream
        self._exact = load.ignore_eos
        path = "chat/completions" if self._chat else "completions"
        accept = "text/event-stream" if load.stream else "application/json"
        self._head = (
            f"POST {plan.address.path}/{path} HTTP/1.1\r\n".encode()
            + plan.headers
            + f"Accept: {accept}\r\nContent-Type: application/json\r\nContent-Length: ".encode()
        )
        self._model = f'{{"model":{json.dumps(model)},'.encode()
        self._tail = b""
        self.ask(0)

    def ask(self, plainer: int) -> None:
        """How the server is asked to count tokens of a stream: one of `COUNTS`."""
        fields = ',"temperature":0'
        if self._stream:
            fields += f',"stream":true{COUNTS[plainer]}'
        self._tail = f"{fields}}}".encode()

    def request(self, number: int) -> bytes:
        """The n-th request, head and body."""
        content = self._wording.content(number)
        body = self._model + self._asked(content) + self._bound(self._wording.output_tokens(number)) + self._tail
        return b"%b%d\r\n\r\n%b" % (self._head, len(body), body)

    def _asked(self, content: bytes) -> bytes:
        if not self._chat:
            return b'"prompt":' + content
        if content.startswith(b"["):
            return b'"messages":' + content
        return b'"messages":[{"role":"user","content":%b}]' % content

    def _bound(self, tokens: int) -> bytes:
        if not tokens:
            return b',"ignore_eos":true' if self._exact else b""
        if self._exact:
            return b',"max_tokens":%d,"min_tokens":%d,"ignore_eos":true' % (tokens, tokens)
        return b',"max_tokens":%d' % tokens
