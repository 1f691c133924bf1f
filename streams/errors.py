"""The one error tree. The middle layer says what to do, the leaves say what happened.

* PenchantError
  x Refuse: never retry; dead-letter the input and go on
    + EventRefused         a record that is no valid shopper event
    + AnswerRefused        a model answer that is no intent
    + ContextCorrupt       a stored session that cannot be read back
    + PromptTooLong        a prompt that does not fit into the model's context
    + CallTooLong          a prompt that is longer than its use case allows
    + CallRefused          a request of somebody else's that the model server takes for wrong
    + CallFailed           a call of a job at which the model servers fail always, and at no other
  x Retry: transient; wait and try again, losing nothing
    + StoreUnavailable     Redis does not answer
      - StoreForbids       Redis lets our user not do what it has to
    + ModelUnavailable     the model server does not answer, or failed
      - CallSuspect        no server answers after a call that was made alone
    + ModelOverloaded      the model server asks for less
    + BrokerUnavailable    Kafka does not answer
    + LakeUnavailable      where a lake has its files does not answer
    + DeadlinePassed       the answer would come too late
  x Drop: the work is no longer ours or no longer wanted
    + EpochEnded           the partition was revoked since
    + JobHeld              a job is paused, cancelled, or another runner's by now
      - JobExpired         its deadline has passed
  x Stop: going on would do harm; the process ends with the remedy
    + SettingInvalid       a setting has a wrong value
    + ContractMismatch     a server does not offer what we were told
      - TopicMissing       Kafka says that there is no such topic
    + LineageMismatch      the topic was re-created or re-partitioned
    + StoreCorrupt         a stored value is none that Penchant writes
    + DeadLetterLimit      too large a share of events is refused
    + PlatformLacks        this machine cannot run what was asked
"""


class PenchantError(Exception):
    """Anything that Penchant raises on purpose."""


class Refuse(PenchantError):
    """Never retry this input: dead-letter it and go on."""


class EventRefused(Refuse):
    """A record is no valid shopper event."""

    def __init__(self, reason: str, path: str = "", detail: str = "") -> None:
        self.reason, self.path, self.detail = reason, path, detail
        super().__init__(f"{reason} at {path or 'record'}: {detail}")


class AnswerRefused(Refuse):
    """A model answer is no intent."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")


class ContextCorrupt(Refuse):
    """A stored session cannot be read back: it was written by something else, or damaged."""


class CallTooLong(Refuse):
    """A prompt is longer than its use case allows."""


class CallRefused(Refuse):
    """The model server takes a request for wrong that somebody else wrote; again it would be the same."""


class CallFailed(Refuse):
    """The model servers fail at a call whenever it is made, and answer others."""


class PromptTooLong(Refuse):
    """A prompt does not fit into the model server's context. It is our mistake, and says nothing of the server."""


class Retry(PenchantError):
    """Transient: wait and try again, losing nothing."""


class StoreUnavailable(Retry):
    """Redis does not answer, or answers that it cannot serve now."""


class StoreForbids(StoreUnavailable):
    """Redis lets our user not do what it has to. A start ends with it; a worker that runs waits for the right."""


class BrokerUnavailable(Retry):
    """Kafka does not answer."""


class LakeUnavailable(Retry):
    """The folder or object store that a lake has its files in does not answer, or refuses."""


class ModelUnavailable(Retry):
    """The model server does not answer, or failed on its side."""


class ModelOverloaded(ModelUnavailable):
    """The model server asks for less; `retry_after_s` is its wish, when it said one."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class CallSuspect(ModelUnavailable):
    """Model servers answered, then a call of a job was made alone, and since then none answers. It may be chance."""


class DeadlinePassed(Retry):
    """The answer would come, or came, after the deadline. What was asked is still wanted: it is asked again."""


class Drop(PenchantError):
    """The work is no longer ours or no longer wanted: forget it quietly, and count it."""


class EpochEnded(Drop):
    """The partition was revoked since this work began."""


class JobHeld(Drop):
    """A job is paused or cancelled, another goes before it, or another runner has it by now."""


class JobExpired(JobHeld):
    """The deadline of a job has passed: nobody waits for what is not answered."""


class Stop(PenchantError):
    """Going on would do harm. The message says what is wrong, `remedy` what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        self.remedy = remedy
        super().__init__(f"{message}\n  remedy: {remedy}" if remedy else message)


class SettingInvalid(Stop):
    """A setting has a wrong value."""


class ContractMismatch(Stop):
    """A server does not offer what the settings promise."""


class TopicMissing(ContractMismatch):
    """There is no such topic. One that rights hide is no missing one: it may hold what must not be passed over."""


class LineageMismatch(Stop):
    """The event topic was re-created or re-partitioned since the contexts were written."""


class StoreCorrupt(Stop):
    """A stored value is none that Penchant writes: taking it for absent would lose what it stands for."""

    def __init__(self, key: str, detail: str) -> None:
        self.key, self.detail = key, detail
        super().__init__(
            f"{key} cannot be read: {detail}", f"look at it with redis-cli, then delete it: redis-cli DEL '{key}'"
        )


class DeadLetterLimit(Stop):
    """Too large a share of a window of events was refused."""


class PlatformLacks(Stop):
    """This machine lacks something that was asked for (exit status 2)."""
