"""The rules of the house that no C tool knows: floors, lengths, banned calls, domain's purity."""

import re
import sys

from files import Findings, bare, listed, read

FUNCTION_LINES_MAX = 70
LINES_MAX = {".c": 600, ".h": 120}

# Whom a floor may include.  store and edge do not know each other.
FLOORS = {
    "base": {"base"},
    "domain": {"base", "domain"},
    "store": {"base", "domain", "store"},
    "edge": {"base", "domain", "edge", "yuncang", "google"},
    "flow": {"base", "domain", "store", "edge", "flow", "yuncang", "google"},
    "main": {"base", "domain", "store", "edge", "flow", "yuncang", "google"},
    "simulator": {"base", "simulator", "yuncang", "google"},
}

# A library has one floor that knows it.
LIBRARIES = [
    (re.compile(r"libpq-fe\.h|libpq/"), {"store", "simulator"}),
    (re.compile(r"event2/(http|bufferevent|listener|ws)"), {"edge", "simulator"}),
    (re.compile(r"event2/"), {"store", "edge", "flow", "main", "simulator"}),
    (re.compile(r"curl/"), {"edge", "simulator"}),
    (re.compile(r"jansson"), {"edge", "simulator", "tests"}),
    (re.compile(r"openssl/"), {"base", "edge", "simulator"}),
    (re.compile(r"zlib"), {"edge", "simulator", "tests"}),
]

DOMAIN_HEADERS = {
    "assert.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdarg.h", "stdbool.h",
    "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h",
}
DOMAIN_BANNED = re.compile(
    r"\b(malloc|calloc|realloc|free|strdup|time|clock|clock_\w+|gettimeofday|rand|random|"
    r"random_bytes|uuid_v7|getenv|printf|fprintf|puts|fopen|read|write|log_\w+|metric_\w+)\s*\(")
BANNED = re.compile(
    r"\b(strcpy|strcat|strncpy|strncat|stpcpy|sprintf|vsprintf|strtok|strtok_r|atoi|atol|atoll|"
    r"atof|strtol|strtoul|strtoll|strtoull|alloca|gets|scanf|sscanf|fscanf|rand|srand|system|"
    r"popen|sleep|usleep|nanosleep)\s*\(")
# Blocking calls to the database: fine before the loop turns, and outside the service.
BLOCKING = re.compile(r"\b(PQexec\w*|PQconnectdb\w*|PQprepare)\s*\(")
BLOCKING_FINE = re.compile(r"^(simulator/|tests/|router/store/(migrate|admin)\w*\.c)")
LEFT_BEHIND = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
TYPEDEF = re.compile(r"\btypedef\s+(struct|union|enum)\b\s*(\w+\s+\w+\s*;|\w*\s*(\{|$))")
INCLUDE = re.compile(r'^\s*#\s*include\s+(<([^>]+)>|"([^"]+)")')
DEFINITION = re.compile(r"^(\w+)\(")


def floor_of(path):
    parts = path.split("/")
    if parts[0] == "simulator":
        return "simulator"
    if parts[0] == "router":
        return parts[1] if len(parts) > 2 else "main"
    if parts[:2] == ["tests", "unit"] and len(parts) > 3:
        return parts[2]
    return None


def check_includes(path, text, found):
    floor = floor_of(path)
    is_test = path.startswith("tests/")
    for n, line in enumerate(text.split("\n"), 1):
        m = INCLUDE.match(line)
        if not m or floor is None:
            continue
        system, own = m.group(2), m.group(3)
        if own:
            top = own.split("/")[0] if "/" in own else None
            if top is None and (is_test or floor == "main"):
                continue
            if top not in FLOORS[floor]:
                found.add(path, n, f"{floor} may not include {own}")
            continue
        if floor == "domain" and not is_test and system not in DOMAIN_HEADERS:
            found.add(path, n, f"domain may not include <{system}>")
        for pattern, floors in LIBRARIES:
            if pattern.match(system):
                if floor not in floors and not (is_test and "tests" in floors):
                    found.add(path, n, f"{floor} may not know <{system}>")
                break


def check_calls(path, text, found):
    rules = [(BANNED, "is banned: see CONTRIBUTING.md")]
    if floor_of(path) == "domain" and not path.startswith("tests/"):
        rules.append((DOMAIN_BANNED, "has no place in domain, which is pure"))
    if not BLOCKING_FINE.match(path):
        rules.append((BLOCKING, "blocks the loop"))
    for n, line in enumerate(bare(text).split("\n"), 1):
        for pattern, why in rules:
            for m in pattern.finditer(line):
                found.add(path, n, f"{m.group(1)}() {why}")
        if TYPEDEF.search(line):
            found.add(path, n, "no typedef'd structs, unions or enums")


def check_guard(path, text, found):
    if not path.endswith(".h") or not path.startswith(("router/", "simulator/")):
        return
    guard = re.sub(r"[/.]", "_", path).upper()
    if not text.startswith(f"#ifndef {guard}\n#define {guard}\n"):
        found.add(path, 1, f"include guard is not {guard}")


def check_lengths(path, text, found):
    lines = text.rstrip("\n").split("\n")
    most = LINES_MAX[path[-2:]]
    if len(lines) > most:
        found.add(path, most + 1, f"{len(lines)} lines, {most} are the most")
    name, start = None, 0
    for n, line in enumerate(lines, 1):
        m = DEFINITION.match(line)
        if m:
            name, start = m.group(1), n
        elif line == "}" and name:
            if n - start + 1 > FUNCTION_LINES_MAX:
                found.add(path, start, f"{name}() has {n - start + 1} lines, "
                          f"{FUNCTION_LINES_MAX} are the most")
            name = None
    for n, line in enumerate(lines, 1):
        if line != line.rstrip():
            found.add(path, n, "white space at the end of the line")


def check_left_behind(found):
    for path in listed("*.[ch]", "*.py", "*.sql", "*.proto", "*.ts", "*.js", "*.mjs", "*.md",
                       "Makefile", "etc/**", "*.sh"):
        for n, line in enumerate(read(path).split("\n"), 1):
            m = LEFT_BEHIND.search(line)
            if m:
                found.add(path, n, f"{m.group(1)} left behind")


def main():
    found = Findings()
    for path in listed("*.c", "*.h"):
        text = read(path)
        check_includes(path, text, found)
        check_calls(path, text, found)
        check_guard(path, text, found)
        check_lengths(path, text, found)
    check_left_behind(found)
    return found.exit_status()


if __name__ == "__main__":
    sys.exit(main())
