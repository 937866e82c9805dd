"""The proto dialect that protobuf-c 1.4.1 and our JSON can carry."""

import re
import sys

from files import Findings, listed, read

BANNED = [
    (re.compile(r"^\s*optional\s"), "no optional: use a oneof with one member"),
    (re.compile(r"\bmap\s*<"), "no map: use a repeated message"),
    (re.compile(r"\bjson_name\b"), "no json_name: the JSON name follows from the name"),
    (re.compile(r"^\s*extensions?\b|^\s*extend\b"), "no extensions"),
    (re.compile(r"^\s*group\b"), "no groups"),
    (re.compile(r"^\s*import\s+public\b"), "no public imports"),
    (re.compile(r"\bfloat\b"), "no float: double, or an integer with a unit"),
]
IMPORT = re.compile(r'^\s*import\s+"([^"]+)"')
BLOCK = re.compile(r"^\s*(message|enum|oneof|service)\s+(\w+)\s*\{")
FIELD = re.compile(r"^\s*(?:repeated\s+)?([\w.]+)\s+\w+\s*=\s*\d+")


def scan(path, found, uses):
    """Reports what is banned, and notes in uses which message holds which."""
    stack = []
    text = re.sub(r"//[^\n]*", "", read(path))
    for n, line in enumerate(text.split("\n"), 1):
        for pattern, why in BANNED:
            if pattern.search(line):
                found.add(path, n, why)
        m = IMPORT.match(line)
        if m and not m.group(1).startswith("yuncang/") and \
                m.group(1) != "google/protobuf/timestamp.proto":
            found.add(path, n, f"may not import {m.group(1)}")
        block = BLOCK.match(line)
        if block:
            stack.append({"kind": block.group(1), "name": block.group(2), "line": n, "members": 0})
        elif "{" in line:
            stack.append({"kind": "other", "name": "", "line": n, "members": 0})
        if stack:
            note_field(line, path, n, stack, uses)
        for _ in range(line.count("}")):
            done = stack.pop()
            if done["kind"] == "oneof" and done["members"] != 1:
                found.add(path, done["line"],
                          f"oneof {done['name']} has {done['members']} members, not one")


def note_field(line, path, n, stack, uses):
    m = FIELD.match(line)
    if not m or stack[-1]["kind"] not in ("message", "oneof"):
        return
    stack[-1]["members"] += 1
    holder = [s["name"] for s in stack if s["kind"] == "message"][-1]
    uses.setdefault(holder, []).append((m.group(1).split(".")[-1], path, n))


def check_recursion(uses, found):
    for start in sorted(uses):
        seen, left = set(), [start]
        while left:
            for name, path, n in uses.get(left.pop(), []):
                if name == start:
                    found.add(path, n, f"message {start} holds itself")
                elif name not in seen:
                    seen.add(name)
                    left.append(name)


def main():
    found = Findings()
    uses = {}
    for path in listed("proto/*.proto"):
        scan(path, found, uses)
    check_recursion(uses, found)
    return found.exit_status()


if __name__ == "__main__":
    sys.exit(main())
