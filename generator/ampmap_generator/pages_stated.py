"""Which files state what a page shows, where layers lie over the spec."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .pages_text import code


def restated(pages: Mapping[str, str], stated: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """`pages` in which the name of each file of the spec, as code, is the names of the files that state it.

    `stated` is `Spec.stated`; a file that a layer removed keeps its name.
    """
    names = {code(name): ", ".join(map(code, files)) for name, files in stated.items() if files}
    if not names:
        return dict(pages)
    any_name = re.compile("|".join(map(re.escape, names)))
    return {path: any_name.sub(lambda found: names[found[0]], text) for path, text in pages.items()}
