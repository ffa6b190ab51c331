"""Where facts are written down: the files of the spec on the site, and the link from each fact to its line. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from ...load.spec import Spec
from ..addresses import anchor
from ..markdown import code, link

MARK: Final = "edit:"
"""Before the name of a fact, in the address of a link that `resolve_edit_marks` resolves."""

FILES_PAGE: Final = "spec-files.md"
"""The page that lists the files of the spec, by folder."""

EDIT: Final = "edit this fact"
SEE: Final = "where it is stated"
"""What the link is called where the file can only be read."""

_MARKED = re.compile(r"( · )?\[[^\]]*\]\(" + MARK + r"([^)\s]+)\)")


@dataclass(frozen=True)
class SpecFiles:
    """The files of the spec, and where in them each fact stands.

    `lines` has per fact, by its name in the reference (`providers/groq`), its file and line. `texts` are the files'
    contents by their path in the repository. `edit_url`, where there is one, comes before that path in the address at
    which a file can be edited; without it links lead to the copies that the site carries.
    """

    lines: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    edit_url: str = ""

    def address(self, file: str, here: str, line: int | None = None) -> str | None:
        """The address of a file for a link on page `here`; None where the site does not have it."""
        at = f"#L{line}" if line and self.edit_url else ""
        if file not in self.texts:
            return None
        if self.edit_url:
            return f"{self.edit_url}{quote(file)}{at}"
        return posixpath.relpath(file, posixpath.dirname(here) or ".")


def spec_files(spec: Spec, edition: str | None = None) -> SpecFiles:
    """The files of a spec in all its editions; the lines are those of `edition`, by default the spec's own."""
    shown = spec.of(edition) if edition else spec
    lines: dict[str, tuple[str, int]] = {}
    for kind, facts in shown.facts.items():
        for key, fact in facts.items():
            lines[f"{kind}/{key}"] = (fact.location.file, fact.location.line)
    for platform, kinds in shown.platforms.items():
        for kind, facts in kinds.items():
            for key, fact in facts.items():
                lines[f"platforms/{platform}/{kind}/{key}"] = (fact.location.file, fact.location.line)
    texts = {name: text for each in spec.editions for name, text in spec.of(each).texts.items()}
    return SpecFiles(lines, {**texts, **shown.texts})


def edit_mark(name: str) -> str:
    """A link to where a fact is stated, to be resolved by `resolve_edit_marks`; `name` as in `SpecFiles.lines`."""
    return f"[{EDIT}]({MARK}{name})"


def resolve_edit_marks(text: str, here: str, files: SpecFiles) -> str:
    """The text of page `here` with its links to facts' lines; a link to what has no known place is left out."""

    def resolved(found: re.Match[str]) -> str:
        before, name = found.groups(default="")
        file, line = files.lines.get(name, ("", 0))
        address = files.address(file, here, line)
        if address is None:
            return ""
        label = EDIT if files.edit_url else SEE
        return f'{before}[{label}]({address} "{file}, line {line}")'

    return _MARKED.sub(resolved, text)


def file_links(names: Iterable[str], here: str, files: SpecFiles) -> str:
    """Files and folders of the spec for the foot of page `here`: each file as a link, where the site has it."""
    return ", ".join(_file_link(name, here, files) for name in names)


def _file_link(name: str, here: str, files: SpecFiles) -> str:
    if address := files.address(name, here):
        return f"[{code(name)}]({address})"
    if not any(file.startswith(name) for file in files.texts):
        return code(name)
    folder = name.rstrip("/")
    has_own = any(posixpath.dirname(file) == folder for file in files.texts)
    return link(code(name), f"{FILES_PAGE}#{anchor(folder)}" if has_own else FILES_PAGE, here)


def name_stating_files(pages: Mapping[str, str], stated: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """`pages` in which the name of each file of the spec, as code, is the names of the files that state it.

    `stated` is `Spec.stated`; a file that a layer removed keeps its name.
    """
    names = {code(name): ", ".join(map(code, files)) for name, files in stated.items() if files}
    if not names:
        return dict(pages)
    # One pattern that any of them fits: one that lists them all would be tried name by name.
    begin = posixpath.commonprefix([name.removesuffix("`") for name in names])
    like_a_name = re.compile(f"{re.escape(begin)}[^`\n]*`")
    return {path: like_a_name.sub(lambda found: names.get(found[0], found[0]), text) for path, text in pages.items()}
