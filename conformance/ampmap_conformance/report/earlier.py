"""Reports of earlier kits, as this kit writes them. Pure."""

from __future__ import annotations

import json
from typing import Any

from .causes import after_effects, causes_of
from .model import SCHEMA_VERSION, Report


def upgraded(data: dict[str, Any]) -> Report:
    """The report in the data of one of schema version 1, which had no causes.

    Raises pydantic.ValidationError for data that are not a report.
    """
    read = Report.model_validate_json(json.dumps({**data, "schema_version": SCHEMA_VERSION}))
    observed = any(exchange.upstream for result in read.results for exchange in result.exchanges)
    causes = causes_of(read.results, read.rules, observed=observed)
    return read.model_copy(update={"causes": causes, "notices": (*read.notices, *after_effects(causes))})
