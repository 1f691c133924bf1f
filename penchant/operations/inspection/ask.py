"""Ask: what the model says to a shopper's prompt now, and what grounding leaves of it."""

import asyncio
from dataclasses import dataclass, replace

from clients.calls import Call
from penchant.settings.root import Settings
from penchant.worker.model_side import model_client, pools
from prompts.answer import PARROTED, parse
from prompts.grounding import ground
from prompts.render import Prompt, PromptRenderer
from prompts.rules import rules
from streams.errors import AnswerRefused
from streams.records.intents import Findings
from streams.sessions.session import Session


@dataclass(frozen=True, slots=True)
class Asked:
    """The raw answer, what grounding removed by kind, and what was left; `refused` when it is no answer at all,
    `parroted` when it repeats an example of the prompt. `by_rules` is what the rules say of the same session. The
    last three are the server's own figures, None where it does not tell."""

    endpoint: str
    model: str
    text: str
    removed: tuple[str, ...] = ()
    findings: Findings | None = None
    refused: str = ""
    parroted: bool = False
    by_rules: Findings | None = None
    cached_tokens: int | None = None
    kv_hit_rate: float | None = None
    router_queue: int | None = None


async def ask(settings: Settings, shopper: str, session: Session, prompt: Prompt) -> Asked:
    """Call the first server of the first pool, as background work. Raises ModelUnavailable, ModelOverloaded,
    DeadlinePassed or ContractMismatch."""
    client = model_client(pools(settings)[0].endpoints[0], settings.redis.namespace)
    try:
        completion = await client.complete(_call(settings, shopper, prompt))
    finally:
        await client.close()
    prompts = settings.prompts
    renderer = PromptRenderer(prompts.named(prompt.version) or settings.prompt.version, prompts, settings.prompt)
    view = renderer.view(session)
    by_rules = rules(view, prompts.vocabulary)
    asked = Asked(
        completion.endpoint, completion.model, completion.text, by_rules=by_rules,
        cached_tokens=completion.cached_tokens, kv_hit_rate=completion.kv_hit_rate,
        router_queue=completion.router_queue,
    )  # fmt: skip
    try:
        answer = parse(completion.text, renderer.template.examples, foresees=renderer.template.foresees)
    except AnswerRefused as error:
        return replace(asked, refused=str(error), parroted=error.reason == PARROTED)
    grounded = ground(answer, view, by_rules, prompts.vocabulary)
    return replace(asked, removed=grounded.removed, findings=grounded.findings)


def _call(settings: Settings, shopper: str, prompt: Prompt) -> Call:
    sampling = settings.sampling
    return Call(
        id=f"inspect-{shopper}",
        prompt=prompt.text,
        deadline_s=asyncio.get_running_loop().time() + settings.calls.deadline_s,
        max_tokens=min(sampling.max_tokens, prompt.max_tokens),
        shopper=shopper,
        traffic_class="batch",
        temperature=sampling.temperature,
        seed=sampling.seed,
        stop=prompt.stop,
        json_schema=prompt.json_schema,
        prompt_version=prompt.version,
    )
