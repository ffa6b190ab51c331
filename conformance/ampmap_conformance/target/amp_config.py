"""The part of a proxy's configuration that can change while it runs: the options that CLIProxyAPI calls `ampcode`.

The kit writes it for the target's reload command, and the reference proxy reads it. As a file it is YAML.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import yaml
from pydantic import ConfigDict, Field, ValidationError, field_validator

from ..reference.types import Shape


def _kebab(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


class KebabShape(Shape):
    """A closed part of the block; in the file its names have hyphens."""

    model_config = ConfigDict(alias_generator=_kebab, populate_by_name=True)


class ClientKeys(KebabShape):
    """The Amp key of some clients."""

    upstream_api_key: str = Field(repr=False)
    api_keys: tuple[str, ...] = Field(repr=False)


class BlockMapping(KebabShape):
    """Which model serves another. Without `regex`, `from_` is a whole id; with it, it matches anywhere in the id."""

    from_: str
    to: str
    regex: bool = False


class AmpBlock(KebabShape):
    """The options that take effect without a restart."""

    upstream_url: str = ""
    """Amp's own servers; empty for none."""
    upstream_api_key: str = Field(default="", repr=False)
    """The Amp key of every client that `upstream_api_keys` does not name."""
    upstream_api_keys: tuple[ClientKeys, ...] = ()
    restrict_management_to_localhost: bool = False
    model_mappings: tuple[BlockMapping, ...] = ()
    force_model_mappings: bool = False

    @field_validator("upstream_url")
    @classmethod
    def _absolute(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("expected an absolute http or https URL")
        return url.rstrip("/")

    def text(self) -> str:
        """The block as a file: JSON, which is YAML."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"


def parsed(text: str) -> AmpBlock:
    """What `AmpBlock.text`, or any YAML of that form, says. Raises ValueError for anything else."""
    try:
        return AmpBlock.model_validate(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 - safe
    except (yaml.YAMLError, ValidationError) as error:
        raise ValueError("this is not a valid configuration") from error
