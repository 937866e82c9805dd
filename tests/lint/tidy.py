"""clang-tidy over compile_commands.json, two at a time; a file that passed is not looked at again
until what the compiler reads of it changes."""

import concurrent.futures
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys

from files import read


def program():
    return shutil.which("clang-tidy-14") or shutil.which("clang-tidy")


def key_of(row, rules):
    """What the compiler sees, and the source itself: a NOLINT is a comment."""
    words = shlex.split(row["command"])
    words[0] = "gcc"
    words.remove("-c")
    seen = subprocess.run(words + ["-E", "-P"], check=False, capture_output=True).stdout
    digest = hashlib.sha256(rules.encode())
    digest.update(row["command"].encode())
    digest.update(seen)
    digest.update(read(row["file"]).encode())
    return digest.hexdigest()


def check(row, rules, cache):
    marker = os.path.join(cache, key_of(row, rules))
    if os.path.exists(marker):
        return None
    done = subprocess.run(
        [program(), "--quiet", "-p", ".", row["file"]], check=False, capture_output=True,
        text=True)
    if done.returncode == 0 and not done.stdout.strip():
        with open(marker, "w", encoding="utf-8"):
            return None
    return done.stdout + (done.stderr if not done.stdout.strip() else "")


def main():
    cache = sys.argv[1]
    os.makedirs(cache, exist_ok=True)
    rules = read(".clang-tidy")
    rows = json.loads(read("compile_commands.json"))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        findings = [f for f in pool.map(lambda row: check(row, rules, cache), rows) if f]
    here = os.getcwd() + "/"
    for finding in findings:
        print(finding.replace(here, ""), end="")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
