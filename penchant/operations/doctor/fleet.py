"""Fleet: does what operators have decided fit these settings?"""

from collections.abc import Iterator

from agents.fleet.switches import Switches, load
from penchant.operations.doctor.findings import ERROR, INFO, Finding
from penchant.settings.root import Settings
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from streams.errors import SettingInvalid


async def examine(settings: Settings) -> list[Finding]:
    """The switches in force, as a worker with these settings would take them."""
    redis = settings.redis.connect(connections=1)
    try:
        fleet = await RedisFleet(redis, Keys(settings.redis.namespace), settings.redis.timeout_s).read()
    finally:
        await redis.aclose()
    return list(judge(load(fleet.switches), settings))


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
