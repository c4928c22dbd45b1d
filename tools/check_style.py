#!/usr/bin/env python3
"""What clang-format and clang-tidy do not see: lengths, banned calls, headers without a purpose.

Usage: check_style.py FILE...   prints FILE:LINE: what is wrong, and exits 1 if anything is.
"""
import re
import sys

COLUMNS = 100
FILE_LINES = 600
# A wait that is no condition, a shell in between, a write that knows no end.
BANNED = {
    r"\b(usleep|nanosleep|sleep)\s*\(": "sleeps in place of a condition",
    r"\bsystem\s*\(": "runs a shell",
    r"\b(strcpy|strcat|sprintf|gets)\s*\(": "writes without a bound",
    r"\bstd::this_thread::sleep_for\b": "sleeps in place of a condition",
}
# Programs whose very subject is what they do, and texts about them.
SUBJECTS = re.compile(r"^tests/|^fixtures/specimens/")


def without_comments(line):
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    return line.split("//")[0]


def check(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    if len(lines) > FILE_LINES:
        yield len(lines), f"the file has more than {FILE_LINES} lines"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            yield number, f"longer than {COLUMNS} columns"
        if SUBJECTS.search(path):
            continue
        for pattern, reason in BANNED.items():
            if re.search(pattern, without_comments(line)):
                yield number, reason
    if path.endswith(".h"):
        if "#pragma once" not in lines[:3]:
            yield 1, "no #pragma once at the top"
        if not any(line.startswith("//") for line in lines[:4]):
            yield 1, "the header does not open with what it is for"


def main():
    failed = False
    for path in sys.argv[1:]:
        for number, message in check(path):
            print(f"{path}:{number}: {message}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
