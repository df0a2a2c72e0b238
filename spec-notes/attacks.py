#!/usr/bin/env python3
"""Writes the last column of spec-notes/attacks.md: the tests whose names carry the entry's number, or why there is none.

    spec-notes/attacks.py           rewrites the column and the totals
    spec-notes/attacks.py --check   changes nothing; exits with 1 if they are out of date

A test counts by its name: `fn a029_small_order_ed25519_key_is_refused` is about entry 29, `fn a227_a244_…` about two.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "spec-notes" / "attacks.md"
SOURCES = ("src", "tests", "crates")
SHOWN = 3

# Why an entry without a test has none. "open" where nothing is said.
REASONS = {
    68: "later: release, which must compare the root it ships",
    87: "later: gate",
    109: "n/a: nothing reads a time from the network; decision 0011",
    160: "later: gate",
    166: "later: gate",
    168: "later: several mirrors of one repository",
    178: "later: gate",
    248: "n/a: cannot be seen offline; decision 0010 says so",
    260: "n/a: no range is ever asked for; decision 0008",
    264: "n/a: `.ci/deny` asks the advisories",
    271: "n/a: maps of repositories are not read; a client has one repository",
    272: "n/a: maps of repositories are not read",
    273: "n/a: maps of repositories are not read; addresses and roots are local configuration",
    274: "n/a: maps of repositories are not read; a store belongs to one repository, see 242",
    276: "n/a: not part of TUF 1.0.34, not supported",
    277: "see 5, 7 and 9; decision 0002",
    278: "see 201",
    279: "see 153 to 156",
    281: "see 17",
    282: "none is read or written; `spec-notes/pouf.md` is the POUF",
    283: "n/a: out of scope",
    286: "n/a: no client can be made without a pinned root, and expiry is strict unless a caller says for how long it is not",
    287: "later: python",
    289: "n/a: verified types have no public member and no method that changes them",
    291: "n/a: in the hands of who runs a repository",
    292: "later: release",
}

ROW = re.compile(r"\| (\d+) \| ([\w-]+) \| (.+?) \| .* \|")
TOTALS = re.compile(r"<!-- totals -->(?:\n[^\n|#].*)*")


def tests_by_number():
    found = defaultdict(set)
    for folder in SOURCES:
        files = (file for pattern in ("*.rs", "*.py") for file in (ROOT / folder).rglob(pattern))
        for file in files:
            pattern = r"\b(?:fn\s+|def\s+test_)(((?:a\d{3}_)+)\w+)"
            for name, numbers in re.findall(pattern, file.read_text(encoding="utf-8")):
                for number in re.findall(r"\d{3}", numbers):
                    found[int(number)].add((name, file.relative_to(ROOT).as_posix()))
    return found


def coverage(number, tests):
    if not tests:
        return REASONS.get(number, "open")
    names = sorted({name for name, _ in tests})
    files = sorted({file for _, file in tests})
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"`{name}`" for name in names[:SHOWN]) + f"{more} in " + ", ".join(f"`{file}`" for file in files)


def rewritten(text):
    found = tests_by_number()
    counts = defaultdict(int)
    numbers = []

    def row(match):
        number = int(match[1])
        numbers.append(number)
        cell = coverage(number, found.get(number))
        counts["tested" if number in found else re.split(r"\W", cell)[0]] += 1
        return f"| {number} | {match[2]} | {match[3]} | {cell} |"

    text = "\n".join(ROW.sub(row, line) for line in text.split("\n"))
    if numbers != list(range(1, len(numbers) + 1)):
        sys.exit("the numbers in attacks.md are not 1, 2, 3, …")
    unknown = sorted(number for number in found if number > len(numbers) or number == 0)
    if unknown:
        sys.exit(f"tests carry numbers that attacks.md does not have: {unknown}")
    names = {"n": "not applicable", "see": "answered by another entry"}
    totals = ", ".join(f"{count} {names.get(kind, kind)}" for kind, count in sorted(counts.items(), key=lambda c: -c[1]))
    return TOTALS.sub(f"<!-- totals -->\nOf {len(numbers)}: {totals}.", text)


def main():
    old = TABLE.read_text(encoding="utf-8")
    new = rewritten(old)
    if sys.argv[1:] == ["--check"]:
        if old != new:
            print("spec-notes/attacks.md is out of date: run spec-notes/attacks.py", file=sys.stderr)
            return 1
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        TABLE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
