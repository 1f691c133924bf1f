"""Fleet: does what operators have decided fit these settings?"""

from collections.abc import Iterator

from agents.fleet.switches import Switches, load
from penchant.operations.doctor.findings import ERROR, INFO, Finding
from penchant.settings.root import Settings
from penchant.worker.instance import REMEDY
from storage.instances import Holder, RedisInstances
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from streams.errors import SettingInvalid


async def examine(settings: Settings) -> list[Finding]:
    """The switches in force, as a worker with these settings would take them."""
    redis = settings.redis.connect(connections=1)
    try:
        store = redis, Keys(settings.redis.namespace), settings.redis.timeout_s
        fleet, name = await RedisFleet(*store).read(), settings.kafka.instance_id
        holder = await RedisInstances(*store, settings.kafka.group).look(name) if name is not None else None
    finally:
        await redis.aclose()
    return [*judge(load(fleet.switches), settings), *(judge_name(name, holder) if name and holder else ())]


def judge_name(name: str, holder: Holder) -> Iterator[Finding]:
    """kafka.instance_id is one worker's alone."""
    if holder.worker is not None and holder.refused is not None:
        found = f"the worker {holder.worker} has kafka.instance_id {name}, and {holder.refused} was refused it lately"
        yield Finding("fleet", ERROR, found, REMEDY)
    elif holder.worker is not None:
        yield Finding("fleet", INFO, f"the worker {holder.worker} has kafka.instance_id {name}")


def judge(switches: Switches, settings: Settings) -> Iterator[Finding]:
    """A prompt version that is pinned for all must be one of these settings'."""
    version = switches.word("prompt_version")
    if version is None:
        yield Finding("prompts", INFO, f"prompts are made by {settings.prompt.version}")
        return
    by = switches.set_by("prompt_version")
    try:
        settings.prompts.template(version)
    except SettingInvalid:
        found = f"{version} is pinned {by}, and these settings have no such prompt: workers go on with their own"
        yield Finding("prompts", ERROR, found, "add it to prompt.folder, or penchant control clear prompt-version")
    else:
        yield Finding("prompts", INFO, f"{version} is pinned {by}")
