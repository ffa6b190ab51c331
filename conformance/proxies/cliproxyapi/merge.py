"""merge.py BASE BLOCK OUT WAY: writes CLIProxyAPI's configuration BASE with the options in BLOCK as `ampcode` to OUT.

A BLOCK that does not exist leaves BASE as it is. One that is broken becomes the configuration, since a test means that.
WAY is how it is written: `in-place`, `rename` (a new file takes its name), or `symlink` (a link to a new file does).
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import yaml


def main(base: Path, block: Path, out: Path, way: str) -> None:
    """Writes the file."""
    text = base.read_text(encoding="utf-8")
    if block.is_file():
        given = block.read_text(encoding="utf-8")
        try:
            config = yaml.safe_load(text)
            config["ampcode"] |= json.loads(given)
            text = yaml.safe_dump(config, sort_keys=False)
        except ValueError:
            text = given
    if way == "in-place":
        out.write_text(text, encoding="utf-8")
        return
    number, name = tempfile.mkstemp(dir=out.parent, suffix=".yaml")
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
    if way == "symlink":
        Path(f"{name}.link").symlink_to(name)
        name = f"{name}.link"
    Path(name).replace(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
