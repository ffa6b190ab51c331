"""The configuration that changes while the proxy runs: a file is read anew when its text is another one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..target.amp_config import AmpBlock, BlockMapping, parsed
from .config import AmpUpstream, ProxyConfig


def file_text(file: Path) -> str:
    """What a configuration file says now. Raises OSError or UnicodeDecodeError while it is being put in place."""
    return file.read_text(encoding="utf-8")


def reloaded(current: ProxyConfig, text: str) -> ProxyConfig:
    """The configuration with what a new file says; the current one where the file is broken."""
    try:
        return with_block(current, parsed(text))
    except ValueError:
        return current


def with_block(config: ProxyConfig, block: AmpBlock) -> ProxyConfig:
    """A configuration with the options of a block in place of its own."""
    by_client = {key: entry.upstream_api_key for entry in block.upstream_api_keys for key in entry.api_keys}
    return replace(
        config,
        amp=AmpUpstream(block.upstream_url, block.upstream_api_key or None, by_client) if block.upstream_url else None,
        mappings=tuple(rule for rule in block.model_mappings if _valid(rule)),
        force_mappings=block.force_model_mappings,
        restrict_management_to_localhost=block.restrict_management_to_localhost,
    )


class LiveConfig:
    """The current configuration of the proxy. Each request reads it once, so that a call keeps its configuration."""

    def __init__(
        self,
        config: ProxyConfig,
        file: Path | None,
        read: Callable[[Path], str],
        reload: Callable[[ProxyConfig, str], ProxyConfig],
    ) -> None:
        self._config = config
        self._file = file
        self._read = read
        self._reload = reload
        self._text = ""

    def now(self) -> ProxyConfig:
        """The configuration for a request that comes now."""
        if self._file is not None:
            with contextlib.suppress(OSError, UnicodeDecodeError):  # it is being put in place
                text = self._read(self._file)
                if text != self._text:
                    self._text = text
                    self._config = self._reload(self._config, text)
        return self._config


def _valid(rule: BlockMapping) -> bool:
    try:
        re.compile(rule.from_)
    except re.error:
        return not rule.regex
    return True
