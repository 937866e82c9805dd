"""Moves the comment behind a line that is too long onto a line of its own above it.

clang-format would break the declaration instead, as int32_t, newline, the name."""

import re
import sys

from files import read

COLUMNS = 100
LONG = re.compile(r"^(\s*)(\S.*?)\s*(/\*.*\*/)\s*$")


def moved(text):
    lines, off = [], False
    for line in text.split("\n"):
        if "clang-format off" in line or "clang-format on" in line:
            off = "clang-format off" in line
        m = LONG.match(line)
        if off or not m or len(line.expandtabs(8)) <= COLUMNS or m.group(2).startswith("#") or \
                "/*" in m.group(2) or m.group(2).endswith("\\"):
            lines.append(line)
        else:
            lines += [m.group(1) + m.group(3), m.group(1) + m.group(2)]
    return "\n".join(lines)


def main():
    for path in sys.argv[1:]:
        old = read(path)
        new = moved(old)
        if new != old:
            with open(path, "w", encoding="utf-8") as f:
                f.write(new)


if __name__ == "__main__":
    main()
