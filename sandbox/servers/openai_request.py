"""Requests of OpenAI's API as the simulated server takes them: `/v1/chat/completions` and `/v1/completions`; pure."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

MOST_CHOICES = 128
MOST_LIKELIEST = 20

Length = Annotated[int, Field(ge=1)]


class Words(BaseModel):
    """Something that a client says; what a simulated model has no use for is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Part(Words):
    """A part of a message: text is all that the simulated model reads."""

    type: Literal["text"]
    text: str


class ImagePart(Words):
    """An image of a message, which the simulated model does not see."""

    type: Literal["image_url"]
    image_url: Mapping[str, str]

    @property
    def text(self) -> str:
        """None."""
        return ""


class Message(Words):
    """A message of a chat. Those that call tools have no content."""

    role: str
    content: str | tuple[Part | ImagePart, ...] | None = None

    @property
    def text(self) -> str:
        """What it says."""
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        return "".join(part.text for part in self.content)


class StreamOptions(Words):
    """What a stream has beside the answer."""

    include_usage: bool = False


class Prompt(NamedTuple):
    """`text` is what the GPU computes, and `question` its end, which the model answers."""

    text: str
    question: str


class Asked(Words):
    """What both ways of asking have in common. Without `max_tokens` an answer is as long as it is; with `ignore_eos` it
    is as long as `max_tokens`, and no shorter than `min_tokens`."""

    model: str | None = None
    n: Annotated[int, Field(ge=1, le=MOST_CHOICES)] = 1
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: Length | None = None
    max_completion_tokens: Length | None = None
    min_tokens: Annotated[int, Field(ge=0)] = 0
    ignore_eos: bool = False
    stop: str | tuple[str, ...] | None = None

    @property
    def longest(self) -> int | None:
        """The longest answer, in tokens."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def shortest(self) -> int:
        """The shortest answer, in tokens."""
        return self.longest or self.min_tokens if self.ignore_eos else self.min_tokens

    @property
    def stop_words(self) -> Sequence[str]:
        """Where an answer ends."""
        return (self.stop,) if isinstance(self.stop, str) else self.stop or ()

    @property
    def usage(self) -> bool:
        """Whether a stream ends with its tokens."""
        return self.stream_options is not None and self.stream_options.include_usage


class ChatAsked(Asked):
    """`POST /v1/chat/completions`."""

    messages: Annotated[tuple[Message, ...], Field(min_length=1)]
    logprobs: bool | None = False
    top_logprobs: Annotated[int, Field(ge=0, le=MOST_LIKELIEST)] | None = None

    @property
    def prompts(self) -> Sequence[Prompt]:
        """One, of all that was said."""
        return (Prompt("\n".join(message.text for message in self.messages), self.messages[-1].text),)

    @property
    def likeliest(self) -> int | None:
        """Of how many tokens in each place the log-probabilities are wanted; None for those of no token at all."""
        return (self.top_logprobs or 0) if self.logprobs else None


class TextAsked(Asked):
    """`POST /v1/completions`."""

    prompt: str | Annotated[tuple[str, ...], Field(min_length=1)]
    logprobs: Annotated[int, Field(ge=0, le=MOST_LIKELIEST)] | None = None

    @property
    def prompts(self) -> Sequence[Prompt]:
        """Each is answered."""
        return [Prompt(text, text) for text in ((self.prompt,) if isinstance(self.prompt, str) else self.prompt)]

    @property
    def likeliest(self) -> int | None:
        """As in a chat."""
        return self.logprobs
