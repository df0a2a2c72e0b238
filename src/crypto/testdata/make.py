#!/usr/bin/env python3
"""Makes vectors.json: `python3 make.py > vectors.json`, byte for byte the same each time.

Only the standard library is used. Keys, nonces and salts are derived from fixed labels, so the keys are public
knowledge and the arithmetic need not be constant in time. Nothing here may ever sign anything real.
"""

import base64
import json
from hashlib import sha256, sha384, sha512
import hashlib

MESSAGE = b"tufgate"


def stream(label, length):
    """`length` bytes that depend on `label` alone."""
    return hashlib.shake_256(b"tufgate vectors: " + label.encode()).digest(length)


def number(label, length):
    return int.from_bytes(stream(label, length), "big")


# --- DER and PEM -----------------------------------------------------------------------------------------------------


def tlv(tag, *values):
    value = b"".join(values)
    if len(value) < 0x80:
        length = bytes([len(value)])
    else:
        size = (len(value).bit_length() + 7) // 8
        length = bytes([0x80 | size]) + len(value).to_bytes(size, "big")
    return bytes([tag]) + length + value


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def spki(algorithm, key):
    body = base64.b64encode(tlv(0x30, tlv(0x30, algorithm), tlv(0x03, b"\0", key))).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


# --- Ed25519 ---------------------------------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def ed_add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P


def ed_mul(k, point):
    result = (0, 1)
    while k:
        if k & 1:
            result = ed_add(result, point)
        point, k = ed_add(point, point), k >> 1
    return result


def ed_encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def ed_point(y):
    """A point with this y, or None."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (x if x % 2 == 0 else P - x, y) if x * x % P == square else None


BASE = ed_point(4 * pow(5, -1, P) % P)


def order_eight():
    y = 2
    while True:
        point = ed_point(y)
        torsion = ed_mul(L, point) if point else (0, 1)
        if ed_mul(4, torsion) != (0, 1):
            return torsion
        y += 1


def challenge(r, a, message):
    return int.from_bytes(sha512(r + a + message).digest(), "little") % L


def ed25519(keys, vectors):
    secret, nonce = number("ed25519 secret", 32) % L, number("ed25519 nonce", 32) % L
    torsion = order_eight()
    honest, mixed = ed_mul(secret, BASE), ed_add(ed_mul(secret, BASE), torsion)
    commitment = ed_mul(nonce, BASE)
    keys["ed25519"], keys["ed25519_mixed_order"] = ed_encode(honest).hex(), ed_encode(mixed).hex()

    def add(name, key, r, nonce, message=MESSAGE, extra=0):
        a = bytes.fromhex(keys[key])
        s = (nonce + challenge(r, a, message) * secret) % L + extra
        vectors[name] = {"key": key, "message": message.decode(), "signature": (r + s.to_bytes(32, "little")).hex()}

    r = ed_encode(commitment)
    add("ed25519", "ed25519", r, nonce)
    add("ed25519_s_plus_l", "ed25519", r, nonce, extra=L)
    add("ed25519_mixed_order_r", "ed25519", ed_encode(ed_add(commitment, torsion)), nonce)
    add("ed25519_identity_r", "ed25519", (1).to_bytes(32, "little"), 0)
    add("ed25519_non_canonical_r", "ed25519", (P + 1).to_bytes(32, "little"), 0)
    # With a key of mixed order the equation with the cofactor holds always, the one without where 8 divides the hash.
    a = ed_encode(mixed)
    tries = [b"tufgate %d" % i for i in range(200)]
    add("ed25519_mixed_order_a", "ed25519_mixed_order", r, nonce, next(m for m in tries if challenge(r, a, m) % 8))
    lucky = next(m for m in tries if challenge(r, a, m) % 8 == 0)
    add("ed25519_mixed_order_a_vanishing", "ed25519_mixed_order", r, nonce, lucky)


# --- ECDSA -----------------------------------------------------------------------------------------------------------


class Curve:
    """y^2 = x^3 - 3x + b over the integers modulo p, with a base point of order n."""

    def __init__(self, oid, p, n, x, y):
        self.oid, self.p, self.n, self.base, self.size = bytes.fromhex(oid), p, n, (x, y), (p.bit_length() + 7) // 8

    def add(self, a, b):
        if a is None or b is None:
            return a or b
        if a[0] == b[0] and (a[1] + b[1]) % self.p == 0:
            return None
        if a == b:
            slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, self.p)
        else:
            slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, self.p)
        x = (slope * slope - a[0] - b[0]) % self.p
        return x, (slope * (a[0] - x) - a[1]) % self.p

    def mul(self, k):
        result, point = None, self.base
        while k:
            if k & 1:
                result = self.add(result, point)
            point, k = self.add(point, point), k >> 1
        return result

    def public(self, secret):
        x, y = self.mul(secret)
        return b"\4" + x.to_bytes(self.size, "big") + y.to_bytes(self.size, "big")

    def sign(self, secret, hash_, label):
        """(r, s) with the highest bit of r set and s in the lower half."""
        e = int.from_bytes(hash_(MESSAGE).digest()[: self.size], "big")
        for attempt in range(100):
            k = number(f"{label} nonce {attempt}", self.size + 8) % self.n
            r = self.mul(k)[0] % self.n
            s = (e + r * secret) * pow(k, -1, self.n) % self.n
            if r >> (8 * self.size - 1):
                return r, min(s, self.n - s)
        raise AssertionError("no such nonce")


P256 = Curve(
    "06072a8648ce3d020106082a8648ce3d030107",
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
P384 = Curve(
    "06072a8648ce3d020106052b81040022",
    2**384 - 2**128 - 2**96 + 2**32 - 1,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
    0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
)


def ecdsa(keys, vectors):
    for name, curve, right, wrong in [("p256", P256, sha256, sha384), ("p384", P384, sha384, sha256)]:
        secret = number(f"{name} secret", curve.size + 8) % curve.n
        point = curve.public(secret)
        keys[name], keys[f"{name}_hex"] = spki(curve.oid, point), point.hex()

        def add(vector, r, s):
            signature = tlv(0x30, integer(r), integer(s)).hex()
            vectors[vector] = {"key": name, "message": MESSAGE.decode(), "signature": signature}

        r, s = curve.sign(secret, right, name)
        add(name, r, s)
        add(f"{name}_high_s", r, curve.n - s)
        add(f"{name}_{wrong().name}", *curve.sign(secret, wrong, f"{name} {wrong().name}"))


# --- RSA -------------------------------------------------------------------------------------------------------------


def is_prime(n, label):
    if any(n % small == 0 for small in range(3, 2000, 2)):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for i in range(20):
        x = pow(2 + number(f"{label} witness {i}", 32), odd, n)
        if x not in (1, n - 1) and not any((x := x * x % n) == n - 1 for _ in range(twos - 1)):
            return False
    return True


def prime(label, bits):
    """A prime whose two highest bits are set."""
    candidate = number(label, bits // 8) | 3 << (bits - 2) | 1
    while candidate % 65537 == 1 or not is_prime(candidate, label):
        candidate += 2
    return candidate


def mgf1(seed, length, hash_):
    blocks = (hash_(seed + i.to_bytes(4, "big")).digest() for i in range(length))
    out = b""
    while len(out) < length:
        out += next(blocks)
    return out[:length]


def pss(bits, hash_, salt_length, mgf_hash):
    """EMSA-PSS-ENCODE, RFC 8017 §9.1.1, for a modulus whose length in bits is a multiple of 8."""
    size, salt = bits // 8, stream(f"salt {salt_length}", salt_length)
    digest = hash_(bytes(8) + hash_(MESSAGE).digest() + salt).digest()
    block = bytes(size - salt_length - len(digest) - 2) + b"\1" + salt
    mask = mgf1(digest, len(block), mgf_hash)
    masked = bytearray(a ^ b for a, b in zip(block, mask))
    masked[0] &= 0x7F
    return bytes(masked) + digest + b"\xbc"


OIDS = {"sha256": "608648016503040201", "sha384": "608648016503040202", "sha512": "608648016503040203"}


def pkcs1v15(bits, hash_):
    """EMSA-PKCS1-v1_5-ENCODE, RFC 8017 §9.2."""
    algorithm = tlv(0x30, tlv(0x06, bytes.fromhex(OIDS[hash_().name])), b"\5\0")
    info = tlv(0x30, algorithm, tlv(0x04, hash_(MESSAGE).digest()))
    return b"\0\1" + b"\xff" * (bits // 8 - len(info) - 3) + b"\0" + info


def rsa(keys, vectors):
    for bits in (2048, 1024):
        key, e = f"rsa{bits}", 65537
        p, q = prime(f"{key} p", bits // 2), prime(f"{key} q", bits // 2)
        n, d = p * q, pow(e, -1, (p - 1) * (q - 1))
        public = tlv(0x30, integer(n), integer(e))
        keys[key] = spki(bytes.fromhex("06092a864886f70d0101010500"), public)

        def add(name, encoded):
            signature = pow(int.from_bytes(encoded, "big"), d, n).to_bytes(bits // 8, "big").hex()
            vectors[f"{key}_{name}"] = {"key": key, "message": MESSAGE.decode(), "signature": signature}

        add("pss_sha256", pss(bits, sha256, 32, sha256))
        add("pkcs1v15_sha256", pkcs1v15(bits, sha256))
        if bits == 2048:
            for hash_ in (sha384, sha512):
                add(f"pss_{hash_().name}", pss(bits, hash_, hash_().digest_size, hash_))
                add(f"pkcs1v15_{hash_().name}", pkcs1v15(bits, hash_))
            for salt_length in (0, 20, 31, 33, 222):
                add(f"pss_sha256_salt_{salt_length}", pss(bits, sha256, salt_length, sha256))
            add("pss_sha256_mgf1_sha1", pss(bits, sha256, 32, hashlib.sha1))
            add("pss_sha256_mgf1_sha512", pss(bits, sha256, 32, sha512))


def main():
    keys, vectors = {}, {}
    for kind in (ed25519, ecdsa, rsa):
        kind(keys, vectors)
    print(json.dumps({"keys": keys, "vectors": vectors}, indent=1))


main()
