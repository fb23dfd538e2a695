"""A third program that decides the statements of a Monster Walk certificate: dividing, printing and comparing text.

usage: proof-certificate-check.py CERTIFICATE; exit 0 when every statement holds, 3 otherwise. Standard library only.
"""

import json
import sys
from decimal import Decimal, getcontext
from functools import cache
from itertools import combinations
from math import gcd, isqrt, prod

ORDER = 2**46 * 3**20 * 5**9 * 7**6 * 11**2 * 13**3 * 17 * 19 * 23 * 29 * 31 * 41 * 47 * 59 * 71
TEXT = str(ORDER)
getcontext().prec = 60


class World:
    def __init__(self, powers):
        self.exponents = {power["prime"]: power["exponent"] for power in powers}
        self.primes = [power["prime"] for power in powers]
        if prod(p**e for p, e in self.exponents.items()) != ORDER or sorted(self.primes) != self.primes:
            raise ValueError("the powers are not those of the order")
        self.removals = {}
        for size in range(1, len(self.primes) + 1):
            for chosen in combinations(self.primes, size):
                self.removals[chosen] = str(self.quotient(chosen))

    def quotient(self, removed):
        if len(set(removed)) != len(removed) or any(p not in self.exponents for p in removed):
            raise ValueError("not a set of primes of the order")
        return ORDER // prod(p ** self.exponents[p] for p in removed)

    @cache
    def beginning(self, digits, limit=None):
        return [s for s, text in self.removals.items() if text.startswith(digits) and len(s) <= (limit or len(self.primes))]

    @cache
    def longest(self, position, limit):
        rest = TEXT[position:]
        return max(common(text, rest) for s, text in self.removals.items() if len(s) <= limit)


def common(a, b):
    length = 0
    while length < min(len(a), len(b)) and a[length] == b[length]:
        length += 1
    return length


def digits_of(value, base):
    places = []
    while value:
        value, digit = divmod(value, base)
        places.append(digit)
    return places[::-1]


def is_prime(n):
    return n > 1 and all(n % d for d in range(2, isqrt(n) + 1))


def walk(world, claim):
    position = 0
    for group in claim["groups"]:
        length = world.longest(position, claim["limit"])
        digits = TEXT[position : position + length]
        if length == 0 or group["position"] != position or group["digits"] != digits:
            return False
        best = min(world.beginning(digits, claim["limit"]), key=lambda s: (len(s), s))
        if list(best) != group["removed"]:
            return False
        position += length
    at_end = position == len(TEXT)
    stop = TEXT[position : position + 1]
    return claim["covered"] == position and claim["stop"] == stop and (at_end or not world.longest(position, claim["limit"]))


def kept(world, removed, base):
    return common(digits_of(ORDER, base), digits_of(world.quotient(removed), base))


def most_by_size(world):
    best = [0] * len(world.primes)
    for removed, text in world.removals.items():
        best[len(removed) - 1] = max(best[len(removed) - 1], common(text, TEXT))
    return best


def matches(world, claim):
    found = [s for s in world.beginning(claim["digits"]) if claim.get("size") in (None, len(s))]
    return len(found) == claim["count"] and ("example" not in claim or tuple(claim["example"]) in found)


def chance(world, claim):
    found = sum(len(world.beginning(run)) for run in claim["runs"])
    share = sum((1 + 1 / Decimal(run)).log10() for run in claim["runs"])
    expected = 100 * len(world.removals) * share
    return found == claim["matches"] and abs(expected - claim["expectedHundredths"]) <= Decimal("0.5")


def period(world, claim):
    samples = 1
    for prime in world.primes:
        own = claim["sampleRateHz"] // gcd(claim["sampleRateHz"], prime * claim["fundamentalHz"])
        samples = samples * own // gcd(samples, own)
    return samples == claim["samples"]


def pratt(world, c):
    n, rest = c["value"], c["value"] - 1
    for factor in c["factors"]:
        if not is_prime(factor) or rest % factor:
            return False
        while rest % factor == 0:
            rest //= factor
    powers = [pow(c["generator"], (n - 1) // factor, n) for factor in c["factors"]]
    return is_prime(n) and rest == 1 and pow(c["generator"], n - 1, n) == 1 % n and 1 not in powers


def frequencies(world, c):
    wanted = [p * c["fundamentalHz"] for p in world.primes]
    return c["frequenciesHz"] == wanted and max(wanted) < c["belowHz"]


def quietest(world, c):
    rivals = [e for p, e in world.exponents.items() if p != c["prime"]]
    own = world.exponents[c["prime"]]
    return own == c["exponent"] and c["denominator"] == own + 1 and own > max(rivals)


def product(world, c):
    return prod(power["prime"] ** power["exponent"] for power in c["powers"]) == int(c["value"]) == ORDER


def logarithm(world, c):
    power = int(c["value"]) ** 1000
    return 10 ** c["lowerThousandths"] <= power < 10 ** c["upperThousandths"]


def least_base(world, c):
    places = len(digits_of(int(c["value"]), c["base"]))
    before = c["base"] == 2 or len(digits_of(int(c["value"]), c["base"] - 1)) > c["digits"]
    return places == c["digits"] and before


def bars(world, c):
    seconds = Decimal(c["bars"] * c["beatsPerBar"] * 4 * 60) / (c["beatUnit"] * c["crotchetsPerMinute"])
    return seconds == c["seconds"]


RULES = {
    "product": product,
    "prime": pratt,
    "numeral": lambda w, c: digits_of(int(c["value"]), c["base"]) == c["digits"],
    "digit-count": lambda w, c: len(digits_of(int(c["value"]), c["base"])) == c["count"],
    "trailing-zeros": lambda w, c: (
        [d == 0 for d in reversed(digits_of(int(c["value"]), c["base"]))] + [False]
    ).index(False) == c["count"],
    "residue": lambda w, c: int(c["value"]) % c["modulus"] == c["residue"],
    "least-base": least_base,
    "shifted": lambda w, c: int(c["value"]) // c["base"] ** c["exponent"] == int(c["result"]),
    "logarithm": logarithm,
    "removal-count": lambda w, c: len(w.removals) == c["count"],
    "quotient": lambda w, c: str(w.quotient(c["removed"])) == c["value"],
    "kept-digits": lambda w, c: kept(w, c["removed"], c["base"]) == c["count"],
    "kept-by-base": lambda w, c: [kept(w, c["removed"], c["from"] + i) for i in range(len(c["counts"]))] == c["counts"],
    "matches": matches,
    "most-kept": lambda w, c: c["count"] == (len(TEXT) if c["removals"] == "all" else max(most_by_size(w))),
    "most-kept-by-size": lambda w, c: most_by_size(w) == c["counts"],
    "longest-run": lambda w, c: w.longest(c["position"], c["limit"]) == c["count"],
    "walk": walk,
    "chance": chance,
    "frequencies": frequencies,
    "highest": lambda w, c: c["prime"] == max(w.primes) and c["prime"] * c["fundamentalHz"] == c["frequencyHz"],
    "quietest": quietest,
    "period": period,
    "duration": lambda w, c: c["seconds"] * c["sampleRateHz"] == c["samples"],
    "bars": bars,
}


def main(path):
    with open(path, encoding="utf-8") as file:
        certificate = json.load(file)
    world = World(certificate["powers"])
    rejected = []
    for statement in certificate["statements"]:
        try:
            holds = RULES[statement["claim"]["kind"]](world, statement["claim"])
        except (ValueError, KeyError, TypeError, IndexError) as error:
            holds = False
            print(f"{statement['id']}: {error!r}", file=sys.stderr)
        if not holds:
            rejected.append(statement["id"])
    print(json.dumps({"statements": len(certificate["statements"]), "rejected": rejected}))
    return 3 if rejected or not certificate["statements"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
