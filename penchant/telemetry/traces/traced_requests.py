"""Traced requests: the trace of each match and intent that is asked for by HTTP, and of the calls for it.

The trace of whoever asks goes on: a header `traceparent` decides whether it is sampled.
"""

from contextvars import ContextVar

from clients.calls import Call, Completion, ModelClient
from penchant.telemetry.traces.call_trace import CallTrace
from penchant.telemetry.traces.record_contexts import carrier_of
from penchant.telemetry.traces.traces import Traces
from penchant.telemetry.traces.tracing import App, Message, Receive, Send

TRACED = frozenset({"/v1/match", "/v1/intent"})
_answered: ContextVar[CallTrace | None] = ContextVar("answered", default=None)


class TracedRequests:
    """Stands before an application: each request for a traced path is a span of a server."""

    def __init__(self, app: App, traces: Traces) -> None:
        self._app, self._traces = app, traces

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve it; 500 and more, and an exception, are failures."""
        if scope["type"] != "http" or scope["path"] not in TRACED:
            await self._app(scope, receive, send)
            return
        method, path, status = scope["method"], scope["path"], 500
        attributes = {"http.request.method": method, "http.route": path}
        carrier = carrier_of([(name.decode("latin-1"), value) for name, value in scope["headers"]])
        trace = self._traces.requested(f"{method} {path}", carrier, attributes)

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        token = _answered.set(trace)
        try:
            await self._app(scope, receive, noted)
        finally:
            _answered.reset(token)
            trace.note({"http.response.status_code": status})
            trace.end(self._traces.slow_s, str(status) if status >= 500 else "")


class TracedClient:
    """A ModelClient whose calls stand in the trace of the request that they are for."""

    def __init__(self, client: ModelClient) -> None:
        self._client, self.probe, self.close = client, client.probe, client.close

    async def complete(self, call: Call) -> Completion:
        """As the client does."""
        trace = _answered.get()
        return await (self._client.complete if trace is None else trace.completing(self._client.complete))(call)
