"""Sentence: the reasons for and against a product in one sentence by a model, where it comes in time and holds."""

from collections.abc import Sequence

from clients.calls import Call, ModelClient
from prompts.saying import MAX_TOKENS, VERSION, grounded_sentence, sentence_prompt
from streams.errors import DeadlinePassed, ModelUnavailable, Refuse


async def sentence(
    client: ModelClient, shopper: str, pro: Sequence[str], con: Sequence[str], deadline_s: float
) -> tuple[str, str]:
    """The sentence, else an empty text and why there is none. `deadline_s` is absolute, on the event loop's clock.
    Never raises for a model that does not answer by then."""
    if not (pro or con):
        return "", "there are no reasons to say"
    call = Call(
        f"reasons-{shopper}", sentence_prompt(pro, con), deadline_s, MAX_TOKENS, shopper, "realtime",
        stop=("\n",), prompt_version=VERSION,
    )  # fmt: skip
    try:
        done = await client.complete(call)
    except (ModelUnavailable, DeadlinePassed, Refuse) as error:
        return "", f"the model did not answer: {error}"
    said = grounded_sentence(done.text, [*pro, *con])
    return (said, "") if said else ("", "the model said what the reasons do not")
