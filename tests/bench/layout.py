"""Writes ``bindings-python/layout.ld``: the functions that a streamed chat runs in Python and in Node.

``python tests/bench/layout.py``, on x86-64 Linux with valgrind, node and an interpreter that can import the built
package's dependencies. It builds both packages without a layout, runs a chat in each under callgrind, and names the functions
that ran by patterns that stay true when hashes change. Run it again when the tests of the packages say that too little
of the layout is left.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from bisect import bisect_right
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
LAYOUT = REPO / "bindings-python/layout.ld"
MANGLING = "build.rustflags=['-Csymbol-mangling-version=v0']"
# The pace is slow enough for valgrind: each chunk is waited for.
STREAM = "/openai/packet/100/25/v1"
# The longest pattern: a shorter one matches more functions that no chat runs.
LONGEST = 120

HEAD = """\
/* The layout of the packages' code: the functions that a streamed chat runs stand together. The system maps a file in pieces of
   64 KB, so that a chat whose functions are scattered among those of turns, stores and TLS costs each program that loads
   a package megabytes of memory. Functions are found by their mangled names; one that is not found costs memory, and
   nothing else. Written by tests/bench/layout.py. */
"""

PYTHON_CHAT = """
import asyncio, sys
from turnwire import AsyncOpenAI, OpenAI

given = dict(base_url=sys.argv[1], api_key="k")
asked = dict(model="m", messages=[{"role": "user", "content": "hi"}], stream=True)
seen = [chunk.choices[0].delta.content for chunk in OpenAI(**given).chat.completions.create(**asked) if chunk.choices]

async def main():
    async for chunk in await AsyncOpenAI(**given).chat.completions.create(**asked):
        seen.append(chunk.choices)

asyncio.run(main())
assert len(seen) > 50
"""
NODE_CHAT = """
const { OpenAI } = await import(process.argv[3]);
const client = new OpenAI({ baseURL: process.argv[2], apiKey: 'k' });
let seen = 0;
for await (const _ of await client.chat.completions.create({ model: 'm', messages: [], stream: true })) seen += 1;
if (seen < 25) throw new Error(`${seen} chunks`);
"""


def build(package: str, library: str, folder: Path) -> tuple[Path, Path]:
    """The package's library without a layout, and the linker's map of its functions."""
    linked = folder / f"{package}.map"
    command = ["cargo", "--config", MANGLING, "rustc", "--profile", "dist", "-p", package, "--lib"]
    flags = ["--", f"-Clink-arg=-Wl,-Map={linked}"]
    # Valgrind counts the functions of the section `.text` alone. The interpreter has its own symbols already.
    variables = {"TURNWIRE_LAYOUT": "none", "PYO3_BUILD_EXTENSION_MODULE": "1"}
    subprocess.run(command + flags, cwd=REPO, check=True, env={**os.environ, **variables})
    return REPO / "target/dist" / library, linked


def counted(command: list[str], library: Path, folder: Path, **variables: str) -> set[int]:
    """The addresses in the library that the command executes."""
    counts = folder / "callgrind.out"
    valgrind = ["valgrind", "--tool=callgrind", "--dump-instr=yes", f"--callgrind-out-file={counts}"]
    subprocess.run([*valgrind, *command], check=True, env={**os.environ, **variables})
    objects: dict[str, str] = {}
    addresses: set[int] = set()
    is_ours, address = False, 0
    for line in counts.read_text(errors="replace").splitlines():
        if named := re.match(r"(c?)ob=(\(\d+\))(?: (.*))?", line):
            objects.setdefault(named[2], named[3])
            if not named[1]:
                is_ours = Path(objects[named[2]]).name == library.name
        elif position := re.match(r"(0x|\+|-|\*)([0-9a-f]*) ", line):
            sign, digits = position.groups()
            if sign == "0x":
                address = int(digits, 16)
            elif sign != "*":
                address += int(sign + digits)
            if is_ours:
                addresses.add(address)
    return addresses


def executed(linked: Path, addresses: set[int]) -> set[str]:
    """The sections of the functions at these addresses."""
    functions = []
    for line in linked.read_text().splitlines():
        if found := re.match(
            r"\s*([0-9a-f]+)\s+[0-9a-f]+\s+([0-9a-f]+)\s+\d+\s+\S.*:\((\.text\..*)\)$", line
        ):
            functions.append((int(found[1], 16), int(found[2], 16), found[3]))
    functions.sort()
    starts = [start for start, _, _ in functions]
    names = set()
    for address in addresses:
        start, size, name = functions[max(bisect_right(starts, address) - 1, 0)]
        if start <= address < start + size:
            names.add(name)
    return names


def pattern(section: str) -> str:
    """The section's name without what changes with each version: the hashes of crates, and numbers that depend on them."""
    head, mangled, rest = section.partition("_R")
    if not mangled:
        return section
    made = head + mangled
    while rest:
        if hashed := re.match(r"[sB][0-9A-Za-z]*_", rest):
            part, length = "*", hashed.end()
        else:
            # An identifier is read by its length, as it may look like a number.
            named = re.match(r"([1-9]\d*)_?", rest)
            length = named.end() + int(named[1]) if named else 1
            part = rest[:length]
        if len(made) + len(part) > LONGEST:
            return made.rstrip("*") + "*"
        made += "" if part == "*" and made.endswith("*") else part
        rest = rest[length:]
    return made


def write(sections: set[str]) -> None:
    patterns = sorted({pattern(section) for section in sections})
    lines = "".join(f"    *({name})\n" for name in patterns)
    LAYOUT.write_text(f"{HEAD}SECTIONS\n{{\n  .text.chat :\n  {{\n{lines}  }}\n}}\nINSERT BEFORE .text;\n")


def main() -> None:
    server = ["cargo", "run", "--profile", "bench", "-p", "turnwire-bench", "--bin", "turnwire-bench-server"]
    with (
        tempfile.TemporaryDirectory() as made,
        subprocess.Popen(server, cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as serving,
    ):
        assert serving.stdout is not None
        url = json.loads(serving.stdout.readline())["url"] + STREAM
        folder = Path(made)

        library, linked = build("turnwire-python", "lib_core.so", folder)
        package = shutil.copytree(REPO / "bindings-python/python", folder / "python", symlinks=True)
        extension = package / "turnwire/_core.abi3.so"
        extension.unlink(missing_ok=True)
        shutil.copy(library, extension)
        command = [sys.executable, "-c", PYTHON_CHAT, url]
        sections = executed(linked, counted(command, extension, folder, PYTHONPATH=str(package)))

        library, linked = build("turnwire-node", "libturnwire_node.so", folder)
        shutil.copytree(REPO / "bindings-node/dist", folder / "node/dist")
        extension = folder / "node/turnwire.linux-x64-gnu.node"
        shutil.copy(library, extension)
        program = folder / "chat.mjs"
        program.write_text(NODE_CHAT)
        command = [
            "node",
            "--jitless",
            "--single-threaded",
            str(program),
            url,
            str(folder / "node/dist/index.mjs"),
        ]
        sections |= executed(linked, counted(command, extension, folder))
        serving.terminate()
    write(sections)


if __name__ == "__main__":
    main()
