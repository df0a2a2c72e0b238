#!/usr/bin/env python3
"""Makes canonical.json: values and their canonical form, as securesystemslib writes it.

    pip install securesystemslib==1.6.0
    python3 tests/data/make_canonical.py > tests/data/canonical.json

`received` is the JSON text of a `signed` object, `canonical` the text that is signed.
"""

import json

from securesystemslib.formats import encode_canonical

PEM = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"

CASES = {
    "an empty object": "{}",
    "empty values": '{"a":[],"b":{},"c":"","":null}',
    "members out of order": '{"b":1,"a":2,"c":{"z":[{"y":1,"x":2}],"A":true}}',
    "indented": json.dumps({"_type": "timestamp", "meta": {"snapshot.json": {"version": 1}}, "version": 7}, indent=1),
    "whitespace of every kind": '{ "a"\t:\r\n[ 1 ,\n2 ] ,"b":\n{ } }',
    "literals": '{"a":true,"b":false,"c":null}',
    "integers": '{"a":0,"b":-1,"c":-9223372036854775808,"d":18446744073709551615,"e":9007199254740993}',
    "an integer of twenty digits past u64": '{"a":99999999999999999999}',
    "a PEM key keeps its newlines": json.dumps({"public": PEM}),
    "every control character": json.dumps({"c": "".join(map(chr, range(0x20))) + "\x7f"}),
    "quotes and backslashes": r'{"a":"\"\\\\\"","b":"\u0022\u005c\u005C"}',
    "escapes that are not needed": r'{"a":"\/\b\f\n\r\t","b":"\u0041\u00e9\u20AC\uD83D\uDE00"}',
    "names with escapes": r'{"\u0062":1,"a\"":2,"a#":3,"a\\":4,"a]":5,"\n":6,"a":7}',
    "quote sorts before number sign": r'{"#":1,"\"":2,"!":3}',
    "names by code points, not by UTF-16 units": '{"\U0001f600":1,"\uffff":2,"\ue000":3,"\u00e9":4,"z":5}',
    "astral names in escapes": r'{"\ud83d\ude00":1,"\uffff":2}',
    "no Unicode normalisation": '{"e\u0301":"e\u0301","\u00e9":"\u00e9","\u212b":"\u00c5"}',
    "a name that another begins with": '{"ab":1,"a":2,"":3,"abc":4}',
    "names of digits are text": '{"10":1,"9":2,"1":3}',
    "not escaped for HTML or JavaScript": '{"a":"</script>&\u2028\u2029"}',
    "nested out of order": '{"b":{"d":1,"c":[{"f":{"h":1,"g":2},"e":0}]},"a":[[],[{}]]}',
}

cases = [
    {"name": name, "received": received, "canonical": encode_canonical(json.loads(received))}
    for name, received in CASES.items()
]
print(json.dumps(cases, indent=1))
