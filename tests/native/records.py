"""Records for two readers that must agree: good ones, and whatever may come instead of them."""

from random import Random

GOOD = {
    "event_id": [
        '"e1"',
        '"0f8fad5b-d9cb-469f-a165-70867728950e"',
        '"caf\u00e9-1"',
        '"order 7/3"',
        '"\\u0065\\ud83d\\ude00"',
    ],
    "shopper_id": ['"s1"', '"shopper-0000007"', '"k\u00e4ufer"', '"crm|42"', '"\\u0073 1"'],
    "action": ['"view"', '"search"', '"purchase"', '"cart_add"', '"wishlist_add"', '"vi\\u0065w"'],
    "time_ms": ["1700000000000", "946684800000", "4102444800000", "1699999999999"],
    "items": [
        "[]",
        '[{"id":"p1"}]',
        '[{"id":"p1","title":"Kettle","price":9.5,"quantity":2}]',
        '[ {"id":"p1"} , {"id":"p2","category":"home/kitchen","brand":"Brewster","currency":"EUR"} ]',
        '[{"id":"p3","title":"call +49 170 1234567","unknown":[{}]}]',
    ],
    "query": ["null", '"quiet kettle"', '"someone@example.org"', '" "', '""', '"undefined"'],
    "session_id": ["null", '"4c2c7e0a-session"', '""'],
    "order_id": ["null", '"o-1"', '"null"', '""'],
    "consent": [
        "null",
        "{}",
        '{"personalisation":true}',
        '{"advertising":false,"personalisation":null,"more":1}',
        '{"tcf":"CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA"}',
        '{"tcf":"","personalisation":false}',
    ],
    "minor": ["null", "false"],
}
"""Values of each field, as JSON, that an event may have."""

HOSTILE = [
    '""', '" "', '"\\u0000"', '"a\\u0007b"', '"{x}"', '"\\ud800"', '"\\udc00\\ud800"', '"\\x"', '"\u2028"', '"\ufeff"',
    '"\u200bundefined"', '"undefined"', '"(NULL)"', '"0000"', '"null|null"', '"\ufffd"', '"someone@example.org"',
    '"DE89370400440532013000"', '"+4917012345678"', '"192.168.1.7"', '"' + "x" * 128 + '"', '"' + "y" * 129 + '"',
    '"' + "\u00e9" * 128 + '"', '"' + "z" * 1_000 + '"', '"' + "\u20ac" * 1_000 + '"', '"' + "z" * 1_001 + '"',
    "null", "true", "false", '"true"', "0", "-0", "-1", "01", "1.", ".5", "+1", "1e3", "1e999", "-1e999", "1.5",
    "1700000000000.0", "17e11", "1700000000", '"1700000000000"', "946684799999", "4102444800001", "9" * 40, "1" * 400,
    "9223372036854775808", "NaN", "Infinity", "-Infinity", "nul", "[]", "{}", "[", "}", "[1]", '[{"id":"p1"},1]',
    '[{"id":""}]', '[{"id":" "}]', '[{"id":"p1","id":"p2"}]', '[{"id":"p1","price":-1}]', '[{"id":"p1","price":1e400}]',
    '[{"id":"p1","price":4111111111111111}]', '[{"id":"p1","quantity":1.5}]', '[{"id":"p1","currency":"EURO"}]',
    '[{"title":"no id"}]', '[{"id":"p1","title":"\\ud800"}]', '[{"id":7}]', "[" + '{"id":"p"},' * 200 + '{"id":"p"}]',
    "[" + '{"id":"p"},' * 199 + '{"id":"p"}]', "[" * 200 + "]" * 200, '{"a":' * 290 + "1" + "}" * 290,
    "[" * 5_000 + "]" * 5_000, "[true,false]", '["e","s","view",1]', '{"personalisation":"yes"}',
    '{"personalisation":true,"personalisation":false}', '{"tcf":7}', '{"tcf":"\\ud800"}', '{"advertising":1}',
    '{"tcf":"not one"}', '{"tcf":null}',
]  # fmt: skip
"""Values, or what stands in their place, that hardly any field may have."""

OTHERS = ("email", "EVENT_ID", "event_id ", "\\u0065vent_id", "event\\u005fid", "\\ud800", "", "a\\u0000", "items.0")
SPACES = ("", "", "", " ", "\n", "\t\r\n", "\x0c", "\u00a0")
BYTES = (b"\xff", b"\x00", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b'"', b"\\", b"{", b"}", b"[", b",")


def value_of(random: Random) -> bytes:
    """The value of a record: good, or with something in it that is not."""
    names = [name for name in GOOD if name in {"event_id", "shopper_id", "action", "time_ms"} or random.random() < 0.5]
    bad = random.choice((0.0, 0.0, 0.05, 0.2))
    fields = [(name, random.choice(HOSTILE if random.random() < bad else GOOD[name])) for name in names]
    while random.random() < bad + 0.1:
        name = random.choice((*OTHERS, *GOOD)) if random.random() < bad else "other"
        fields.insert(random.randrange(len(fields) + 1), (name, random.choice((*HOSTILE, *GOOD["items"]))))
    if random.random() < bad:
        fields.pop(random.randrange(len(fields)))
    random.shuffle(fields)
    space = random.choice(SPACES) if random.random() < bad + 0.1 else ""
    text = "{" + ",".join(f'{space}"{name}"{space}:{space}{value}' for name, value in fields) + "}" + space
    value = text.encode("utf-8", "surrogatepass")
    while random.random() < bad:
        value = _bitten(value, random)
    return value


def _bitten(value: bytes, random: Random) -> bytes:
    """With some bytes put in, taken out, changed or written twice, or a list around it."""
    begin, end = sorted((random.randrange(len(value) + 1), random.randrange(len(value) + 1)))
    near = min(end, begin + random.randrange(4))
    return random.choice(
        (
            value[:begin] + random.choice(BYTES) + value[begin:],
            value[:begin] + value[near:],
            value[:begin] + bytes([random.randrange(256)]) + value[near:],
            value[:end] + value[begin:],
            b"[" + value + b"]",
            value + random.choice((b"\x00", b",", b"{}", b" ")),
        )
    )
