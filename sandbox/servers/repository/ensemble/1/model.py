"""TensorRT-LLM's `ensemble` before a simulated GPU."""

import os
import sys

sys.path += [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]  # which the stub ignores

from sandbox.servers.triton_model import Reply, SimulatedModel, flag, text


class TritonPythonModel(SimulatedModel):
    """Batches, streams, and counts tokens when asked to."""

    def reply(self, request):
        return EnsembleReply(request, self.dialect)


class EnsembleReply(Reply):
    def __init__(self, request, dialect):
        super().__init__(request, dialect)
        self.count_in, self.count_out = (flag(request, f"return_num_{way}_tokens") for way in ("input", "output"))
        self.echo = (
            text(request, "text_input") if flag(request, "exclude_input_in_output", default=True) is False else ""
        )

    def texts(self, piece):
        echo, self.echo = self.echo, ""
        return [*super().texts(echo + piece), self.numbers("sequence_index", 0), self.numbers("batch_index", 0)]

    def figures(self, request):
        counts = []
        if self.count_in:
            counts.append(self.numbers("num_input_tokens", request.input_tokens))
        if self.count_out:
            counts.append(self.numbers("num_output_tokens", request.output_tokens))
        return [*counts, *super().figures(request)]
