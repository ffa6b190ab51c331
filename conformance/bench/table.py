"""The figures as data and as a table."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from bars import BARS, Figure

LIBRARIES = ("ampmap", "pydantic", "pytest", "httpx", "mkdocs-material", "datamodel-code-generator")


def machine() -> dict[str, Any]:
    """What the figures depend on beside the code: the machine, its load, and versions."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "versions": {name: found for name in LIBRARIES if (found := _version(name))},
    }


def as_data(figures: Sequence[Figure], left_out: dict[str, str]) -> dict[str, Any]:
    """The whole as JSON values; `left_out` says per measure why it was not taken."""
    return {
        "schema_version": 1,
        "machine": machine(),
        "figures": [
            {
                "name": figure.bar,
                "what": BARS[figure.bar].what,
                "against": BARS[figure.bar].against or None,
                "unit": BARS[figure.bar].unit,
                "value": figure.value,
                "ours": figure.ours,
                "theirs": figure.theirs,
                "limit": BARS[figure.bar].limit,
                "at_least": BARS[figure.bar].at_least,
                "verdict": figure.verdict.value,
                "note": figure.note,
            }
            for figure in figures
        ],
        "left_out": left_out,
    }


BEGIN, END = "<!-- bench: begin -->\n", "<!-- bench: end -->\n"
"""Around the table in a page."""


def in_page(page: str, table: str) -> str:
    """The page with this table in place of the one that it has."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}"


def as_markdown(data: dict[str, Any]) -> str:
    """The same as a table, with what it was measured on below."""
    lines = ["| What | Against | Figure | Bar | |", "| --- | --- | ---: | ---: | --- |"]
    for each in data["figures"]:
        unit = "" if each["unit"] == "x" else f" {each['unit']}" if len(each["unit"]) < 3 else ""
        what = each["what"] + ("" if unit or each["unit"] == "x" else f": {each['unit']}")
        bound = "at least" if each["at_least"] else "at most"
        told = f"{each['verdict']}{_by_how_much(each)}"
        cells = (what, each["against"] or "", f"{each['value']:.2f}{unit}", f"{bound} {each['limit']:g}{unit}", told)
        lines.append(f"| {' | '.join(cells)} |")
    lines += [""]
    lines += [f"- {each['what']}: {each['note']}." for each in data["figures"] if each["note"]]
    lines += [f"- Not measured: {name} ({reason})." for name, reason in data["left_out"].items()]
    about = data["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    lines.append(
        f"- Measured on {about['system']} with {about['cores']} cores under a load of {about['load']}, with Python "
        f"{about['python']}, {versions}."
    )
    return "\n".join(lines) + "\n"


def _by_how_much(each: dict[str, Any]) -> str:
    if each["verdict"] == "met":
        return ""
    return f" ({each['value'] / each['limit']:.2f} of the bar)"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
