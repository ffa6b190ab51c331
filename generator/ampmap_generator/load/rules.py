"""The rules that need no facts to compare: what a spec file must be, and what a suppression must be."""

from __future__ import annotations

from .findings import Severity, SpecRule


def _error(name: str, explanation: str) -> SpecRule:
    return SpecRule(name, Severity.ERROR, explanation)


# --- files and folders

NO_SPEC = _error("no-spec", "The folder given as the spec exists and holds at least one YAML file.")
UNREADABLE_FILE = _error("unreadable-file", "Every spec file is a regular file that can be opened and read.")
SYMLINK = _error("symlink", "The spec holds no symbolic links: each fact stands in one place.")
FILE_TOO_LARGE = _error(
    "file-too-large", "A spec file has at most 1 MiB. Split a larger collection into several files."
)
UNKNOWN_FOLDER = _error("unknown-folder", "Each folder of the spec is one of the folder table; there are no others.")
UNKNOWN_FILE = _error(
    "unknown-file",
    "A spec file stands in the folder of its kind and ends in `.yaml`. Below `platforms/<platform>/` the file's name"
    " is that of a kind of platform fact. Files called `README.md` and hidden files are left alone.",
)
FILE_NAME = _error(
    "file-name",
    "A file's or platform's name is (part of) an id. It has lower-case letters, digits, `.` and `-`, and begins with"
    " a letter or digit, so that it is the same on every file system and in every URL.",
)

# --- text and YAML

NOT_UTF8 = _error("not-utf8", "A spec file is UTF-8 text.")
CONTROL_CHARACTER = _error(
    "control-character",
    "A spec file holds only printable characters and line feeds; others are written as an escape in double quotes.",
)
TAB = _error(
    "tab", "A spec file holds no tab. Indent by two spaces; write `\\t` in double quotes where a value needs one."
)
SYNTAX = _error("syntax", "A spec file is one valid YAML document.")
DUPLICATE_KEY = _error(
    "duplicate-key", "No key occurs twice in one mapping. YAML would silently keep one of the values."
)
ANCHOR = _error("anchor", "Anchors, aliases and merge keys are not used: each value is written where it is read.")
TAG = _error("tag", "Explicit tags such as `!!str` are not used; put text that looks like a number in quotes.")
TOO_MANY_VALUES = _error(
    "too-many-values",
    "A spec file holds at most 20,000 keys and values, so that reading it takes a bounded time. Split a larger"
    " collection into several files.",
)
TOO_DEEP = _error("too-deep", "A spec file nests at most 64 levels deep.")
NUMBER_RANGE = _error(
    "number-range",
    "A number fits in 64 bits and is finite, so that every reader of the compiled JSON sees the same one.",
)
COMPLEX_KEY = _error("complex-key", "A key is plain or quoted text, never a list or a mapping.")

# --- shapes

NOT_A_MAPPING = _error(
    "not-a-mapping", "A spec file, and each entry of a collection file, is a mapping that is not empty."
)
INJECTED_FIELD = _error(
    "injected-field", "`id`, and a field that the file's name gives, are not written in the file: the path is the id."
)
UNKNOWN_FIELD = _error("unknown-field", "A mapping has only the fields of its shape.")
MISSING_FIELD = _error("missing-field", "A mapping has every field that its shape requires.")
WRONG_TYPE = _error(
    "wrong-type",
    "A value has the type of its field. Nothing is converted: `yes`, `on` and `012` are text in YAML 1.2, and text that"
    " looks like a number, such as a version, needs quotes.",
)
WRONG_VALUE = _error("wrong-value", "A field with a fixed list of values has one of them.")
ID_FORM = _error(
    "id-form",
    "An id in a collection file has letters, digits and `_ . : / @ + -`, begins with a letter, digit or `_`, and has no"
    " empty, `.` or `..` part between slashes.",
)
DUPLICATE_ID = _error("duplicate-id", "Two files of one kind do not define the same id.")

# --- editions and layers

REMOVES_NOTHING = _error(
    "removes-nothing",
    "In a layer, `null` removes what lies below it, so there is something below it. A misspelt name would remove"
    " nothing and say nothing. To state that a value is known to be none, write `$null`.",
)
EDITION_BASE = _error(
    "edition-base",
    "One edition has no base: it is the spec itself, and has no folder. Every other one names the edition that it is"
    " laid over, and a folder in `editions/` has the file of its edition beside it.",
)
EDITION_CYCLE = _error("edition-cycle", "No edition is laid, over however many others, over itself.")
EDITION_DEPTH = _error(
    "edition-depth",
    "An edition is laid over the base, or over one that is laid over the base, so that a reader finds every fact in at"
    " most three files.",
)

# --- suppressions

SUPPRESSION_UNUSED = _error(
    "suppression-unused", "A suppression meets a finding: one that meets none is removed, so that the list stays true."
)
SUPPRESSION_EXPIRED = SpecRule(
    "suppression-expired",
    Severity.ERROR,
    "A suppression ends on the day that it names: from then on somebody has to look again. Only `ampmap validate` looks"
    " at the day, and compares with the one that `--today` names.",
    dated=True,
)
SUPPRESSION_INVALID = _error(
    "suppression-invalid",
    "A suppression names a rule whose findings are warnings or notes, the path of a fact or field as `ampmap explain`"
    " takes it, and a day.",
)

LOADER_RULES = tuple(value for value in globals().values() if isinstance(value, SpecRule))
