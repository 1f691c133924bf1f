"""Servers that speak just enough of Triton to answer a call, over gRPC and over HTTP, and keep the headers of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from aiohttp import web
from tritonclient.grpc import service_pb2, service_pb2_grpc

from tests.fakes.served_app import served

TENSORS = (("text_input", "BYTES", (-1, 1)), ("max_tokens", "INT32", (-1, 1)), ("stream", "BOOL", (-1, 1)))
OUTPUTS = (("text_output", "BYTES", (-1, -1)),)


class Servicer(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc] # it ships no types
    """One model, `ensemble`; `headers` are the metadata of each call."""

    def __init__(self) -> None:
        self.headers: list[dict[str, str]] = []

    async def ModelReady(self, _: Any, __: Any) -> Any:  # noqa: N802 # as the protocol names it
        return service_pb2.ModelReadyResponse(ready=True)

    async def ModelMetadata(self, _: Any, __: Any) -> Any:  # noqa: N802 # as the protocol names it
        def tensors(kinds: Any) -> list[Any]:
            tensor = service_pb2.ModelMetadataResponse.TensorMetadata
            return [tensor(name=name, datatype=kind, shape=shape) for name, kind, shape in kinds]

        return service_pb2.ModelMetadataResponse(name="ensemble", inputs=tensors(TENSORS), outputs=tensors(OUTPUTS))

    async def ModelStreamInfer(self, requests: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802 # as the protocol names it
        self.headers.append({name: str(value) for name, value in context.invocation_metadata()})
        async for _ in requests:
            answer = service_pb2.ModelInferResponse(model_name="ensemble", raw_output_contents=[b"\x02\0\0\0{}"])
            answer.outputs.add(name="text_output", datatype="BYTES", shape=[1, 1])
            yield service_pb2.ModelStreamInferResponse(infer_response=answer)


@asynccontextmanager
async def grpc_triton() -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """Its address, and the headers of calls."""
    server, servicer = grpc.aio.server(), Servicer()
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}", servicer.headers
    finally:
        await server.stop(None)


@asynccontextmanager
async def http_triton() -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """Its URL, and the headers of calls."""
    headers: list[dict[str, str]] = []

    def tensors(kinds: Any) -> list[dict[str, Any]]:
        return [{"name": name, "datatype": kind, "shape": shape} for name, kind, shape in kinds]

    async def answer(request: web.Request) -> web.Response:
        headers.append({name.lower(): value for name, value in request.headers.items()})
        return web.json_response({"text_output": "{}"})

    async def describe(request: web.Request) -> web.Response:
        if request.path.endswith("/config"):
            return web.json_response({"model_transaction_policy": {"decoupled": True}})
        return web.json_response({"inputs": tensors(TENSORS), "outputs": tensors(OUTPUTS)})

    app = web.Application()
    app.router.add_post("/v2/models/{name}/generate_stream", answer)
    app.router.add_get("/v2/models/{rest:.*}", describe)
    async with served(app) as url:
        yield url, headers
