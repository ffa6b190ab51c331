"""The rules that need no facts to compare: what a spec file must be, and what a suppression must be."""

from __future__ import annotations

from .findings import Severity, SpecRule


def _error(name: str, explanation: str) -> SpecRule:
    return SpecRule(name, Severity.ERROR, explanation)


# --- files and folders

NO_SPEC = _error("no-spec", "The folder given as the spec exists and holds at least one YAML file.")
UNREADABLE_FILE = _error("unreadable-file", "Every spec file is a regular file that can be opened and read.")
SYMLINK = _error("symlink", "The spec does not contain symbolic links: each fact is in one place.")
FILE_TOO_LARGE = _error(
    "file-too-large", "A spec file has at most 1 MiB. Split a larger collection into several files."
)
UNKNOWN_FOLDER = _error("unknown-folder", "Each folder of the spec is one of the folder table.")
UNKNOWN_FILE = _error(
    "unknown-file",
    "A spec file is in the folder of its kind and ends in `.yaml`. Below `platforms/<platform>/` the file's name"
    " is that of a kind of platform fact. Files called `README.md` and hidden files are ignored.",
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
    "A spec file contains only printable characters and line feeds; write others as an escape in double quotes.",
)
TAB = _error(
    "tab", "A spec file does not contain tabs. Indent by two spaces; write `\\t` in double quotes if a value needs one."
)
SYNTAX = _error("syntax", "A spec file is one valid YAML document.")
DUPLICATE_KEY = _error(
    "duplicate-key", "A mapping does not have duplicate keys. YAML would silently keep one of the values."
)
ANCHOR = _error("anchor", "Anchors, aliases and merge keys are not used: each value is written where it is read.")
TAG = _error("tag", "Explicit tags such as `!!str` are not used; put text that looks like a number in quotes.")
TOO_MANY_VALUES = _error(
    "too-many-values",
    "A spec file has at most 20,000 keys and values, so that the time to read it is bounded. Split a larger"
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
    "In a layer, `null` removes a key or file that must exist below the layer. Otherwise a misspelled name would"
    " silently remove nothing. To state that a field is known to have no value, write `$null`.",
)
EDITION_BASE = _error(
    "edition-base",
    "One edition has no base: it is the spec itself, and has no folder. Every other edition names the edition it is"
    " based on, and a folder in `editions/` has the file of its edition beside it.",
)
EDITION_CYCLE = _error("edition-cycle", "An edition is not based on itself, directly or indirectly.")
EDITION_DEPTH = _error(
    "edition-depth",
    "At most three editions lie over the base, each over the other, so that every fact is in at most four files.",
)

# --- suppressions

SUPPRESSION_UNUSED = _error(
    "suppression-unused",
    "A suppression matches a finding. Remove suppressions without a finding, so that the list stays up to date.",
)
SUPPRESSION_EXPIRED = SpecRule(
    "suppression-expired",
    Severity.ERROR,
    "A suppression ends on its expiry date; check the finding again then. Only `ampmap validate` checks expiry dates,"
    " relative to the date given with `--today`.",
    dated=True,
)
SUPPRESSION_INVALID = _error(
    "suppression-invalid",
    "A suppression names a rule whose findings are warnings or notes, the path of a fact or field as `ampmap explain`"
    " takes it, and a day.",
)

LOADER_RULES = tuple(value for value in globals().values() if isinstance(value, SpecRule))
