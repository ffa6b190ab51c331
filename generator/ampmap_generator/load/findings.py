"""Problems of a spec with their places, and their output as text, JSON, GitHub annotations or SARIF."""

from __future__ import annotations

import enum
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from .code_frame import code_frame, printable, split_lines

RULES_PAGE = "rules/"
"""Page of the site that explains every rule, each under an anchor of its id."""


class Severity(enum.Enum):
    """How bad a finding is: only an error makes the spec unusable."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a spec file.

    `file` is the path as shown to the user, e.g. `spec/agent_modes/bolt-main.yaml`; `line` and
    `column` are 1-based; `column` and `length` count characters of that one line.
    """

    file: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; `location` is None where no file is to blame."""

    rule: str
    severity: Severity
    message: str
    location: Location | None = None
    hint: str | None = None


@dataclass(frozen=True)
class SpecRule:
    """A rule of the spec: its id, and the explanation that its page shows.

    A *dated* one compares with the present day, so it finds nothing where none is given.
    """

    id: str
    severity: Severity
    explanation: str
    dated: bool = False

    def broken(self, location: Location | None, message: str, hint: str | None = None) -> Finding:
        """A finding of this rule."""
        return Finding(self.id, self.severity, message, location, hint)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sorted by file, line, column and rule, without repetitions; findings about no file come first."""
    return sorted(dict.fromkeys(findings), key=_place)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any finding makes the spec unusable."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def _place(finding: Finding) -> tuple[str, int, int, str, str]:
    where = finding.location or Location("", 0, 0)
    return where.file, where.line, where.column, finding.rule, finding.message


def summary(findings: Sequence[Finding], *, files: int, seconds: float, suppressed: int = 0) -> str:
    """One line: `2 errors, 1 warning in 41 files (0.11 s), 3 suppressed`."""
    counts = Counter(finding.severity for finding in findings)
    parts = [_plural(counts[severity], severity.value) for severity in Severity if counts[severity]]
    more = f", {suppressed} suppressed" if suppressed else ""
    return f"{', '.join(parts) or 'no findings'} in {_plural(files, 'file')} ({seconds:.2f} s){more}"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


# --- formats


@dataclass(frozen=True)
class Report:
    """All that a format may show.

    `sources` maps each file that was read, as shown, to its text; `seconds` is the time that
    loading and checking took; `site` is the published site's address with its closing slash, or
    empty for links relative to it; `suppressed` are findings that are accepted, each with the
    reason; `rules` are all rules by id, for formats that explain them.
    """

    findings: Sequence[Finding]
    sources: Mapping[str, str]
    seconds: float = 0.0
    site: str = ""
    suppressed: Sequence[tuple[Finding, str]] = ()
    rules: Mapping[str, SpecRule] = field(default_factory=dict)

    def help_url(self, rule: str) -> str:
        """Where the rule is explained."""
        return f"{self.site}{RULES_PAGE}#{rule}"


def render_text(report: Report) -> str:
    """Findings with their code frames, and the summary line."""
    lines_of: dict[str, list[str]] = {}
    blocks = []
    for finding in in_order(report.findings):
        where, message = finding.location, printable(finding.message)
        head = f"{finding.severity.value}[{finding.rule}]"
        if where is None:
            block = [head, f"  {message}"]
        else:
            if where.file not in lines_of:
                lines_of[where.file] = split_lines(report.sources.get(where.file, ""))
            lines = lines_of[where.file]
            line = lines[where.line - 1] if where.line <= len(lines) else ""
            block = [f"{head} {where}", *code_frame(line, where.line, where.column, where.length, message)]
        if finding.hint:
            block.append(f"  {printable(finding.hint)}")
        block.append(f"  docs: {report.help_url(finding.rule)}")
        blocks.append("\n".join(block))
    blocks.append(
        summary(report.findings, files=len(report.sources), seconds=report.seconds, suppressed=len(report.suppressed))
    )
    return "\n\n".join(blocks) + "\n"


def render_json(report: Report) -> str:
    """One object, the same for the same spec: no time in it."""
    findings = in_order(report.findings)
    counts = Counter(finding.severity for finding in findings)
    value = {
        "schema_version": 1,
        "files": len(report.sources),
        "counts": {severity.value: counts[severity] for severity in Severity},
        "findings": [_json_finding(finding, report) for finding in findings],
        "suppressed": [
            {**_json_finding(finding, report), "reason": reason} for finding, reason in _in_order_of_place(report)
        ],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _json_finding(finding: Finding, report: Report) -> dict[str, object]:
    where = finding.location
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "hint": finding.hint,
        "location": None
        if where is None
        else {"file": where.file, "line": where.line, "column": where.column, "length": where.length},
        "docs": report.help_url(finding.rule),
    }


def _in_order_of_place(report: Report) -> list[tuple[Finding, str]]:
    return sorted(report.suppressed, key=lambda found: _place(found[0]))


_GITHUB_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render_github(report: Report) -> str:
    """Workflow commands, which GitHub shows as annotations beside the lines."""
    commands = []
    for finding in in_order(report.findings):
        properties: dict[str, object] = {}
        if (where := finding.location) is not None:
            properties = {"file": where.file, "line": where.line, "col": where.column}
            properties["endColumn"] = where.column + where.length
        properties["title"] = finding.rule
        fields = ",".join(f"{name}={_escape_for_github(str(value), ':,')}" for name, value in properties.items())
        text = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
        commands.append(f"::{_GITHUB_COMMANDS[finding.severity]} {fields}::{_escape_for_github(text)}\n")
    return "".join(commands)


def _escape_for_github(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:  # the per cent sign first: the others bring new ones
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def render_sarif(report: Report) -> str:
    """SARIF 2.1.0, for code scanning tools: every rule that was broken with its text, and suppressions as such."""
    found = [(finding, "") for finding in in_order(report.findings)] + _in_order_of_place(report)
    names = sorted({finding.rule for finding, _ in found})
    run = {
        "tool": {"driver": {"name": "ampmap", "rules": [_sarif_rule(name, report) for name in names]}},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(finding, names.index(finding.rule), reason) for finding, reason in found],
    }
    value = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _sarif_rule(name: str, report: Report) -> dict[str, object]:
    rule: dict[str, object] = {"id": name}
    if (known := report.rules.get(name)) is not None:
        first, _, _ = known.explanation.partition("\n\n")
        rule["shortDescription"] = {"text": " ".join(first.split())}
        rule["fullDescription"] = {"text": known.explanation}
        rule["help"] = {"text": known.explanation, "markdown": known.explanation}
        rule["defaultConfiguration"] = {"level": known.severity.value}
    if report.site:  # a relative address is no valid helpUri
        rule["helpUri"] = report.help_url(name)
    return rule


def _sarif_result(finding: Finding, index: int, reason: str) -> dict[str, object]:
    text = f"{finding.message}; {finding.hint}" if finding.hint else finding.message
    result: dict[str, object] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity.value,
        "message": {"text": text},
    }
    if (where := finding.location) is not None:
        region = {"startLine": where.line, "startColumn": where.column, "endColumn": where.column + where.length}
        place = {"artifactLocation": {"uri": quote(where.file)}, "region": region}
        result["locations"] = [{"physicalLocation": place}]
    if reason:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return result


RENDERERS: Mapping[str, Callable[[Report], str]] = {
    "text": render_text,
    "json": render_json,
    "github": render_github,
    "sarif": render_sarif,
}
"""The values of `--format`."""
