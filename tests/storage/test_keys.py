"""Key names are a promise to others, and to Redis Cluster."""

import pytest
from redis.crc import key_slot

from storage.keys import Keys
from streams.errors import SettingInvalid


def test_keys_are_as_documented() -> None:
    """docs/redis-contract.md has them."""
    keys = Keys()
    assert keys.intent("ada") == "penchant:{ada}:intent"
    assert keys.context("ada") == "penchant:{ada}:context"
    assert keys.answers("ada") == "penchant:{ada}:answers"
    assert keys.erasure("ada") == "penchant:{ada}:erasure"
    assert keys.owed(12) == "penchant:owed:{12}"
    assert (keys.control, keys.nonce) == ("penchant:control", "penchant:nonce")
    assert keys.worker("w-1") == "penchant:worker:w-1"
    assert keys.instance("shop", "w-0") == "penchant:instance:shop:w-0"
    assert (keys.lineage, keys.ends(3)) == ("penchant:lineage", "penchant:lineage:3:ends")


@pytest.mark.parametrize("namespace", ["penchant", "shop.eu:staging"])
@pytest.mark.parametrize("shopper", ["ada", "a:b", "李雷", " "])
def test_a_shoppers_keys_share_a_slot(namespace: str, shopper: str) -> None:
    """One script may write them on a cluster too, whatever the namespace."""
    keys = Keys(namespace)
    named = [keys.intent(shopper), keys.context(shopper), keys.erasure(shopper), keys.answers(shopper)]
    assert {key_slot(key.encode()) for key in named} == {key_slot(shopper.encode())}


@pytest.mark.parametrize("namespace", ["", "a{b", "a}b", "with space", "x" * 65, "line\n"])
def test_a_namespace_that_would_break_keys_is_refused(namespace: str) -> None:
    """A brace in the namespace would put all shoppers into one slot."""
    with pytest.raises(SettingInvalid):
        Keys(namespace)
