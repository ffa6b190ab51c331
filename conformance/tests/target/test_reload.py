"""A configuration that is changed while its target runs, and a target that stops to look at its file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ampmap_conformance.errors import ReloadLostError
from ampmap_conformance.target.amp_config import AmpBlock, parsed
from ampmap_conformance.target.file import Reload
from ampmap_conformance.target.reload import IN_PLACE, RENAME, CommandHook, Reloading

URL, OTHER = "http://one.example", "http://two.example"


@dataclass
class FileWatched:
    """A target that watches its file and not the folder: behind a new file with the old name it sees no change."""

    ways: tuple[str, ...] = (RENAME, IN_PLACE)
    usual: str = IN_PLACE
    blind: bool = False
    url: str = URL
    put_by: list[str] = field(default_factory=list)

    def put(self, text: str, way: str) -> None:
        self.put_by.append(way)
        self.blind = self.blind or way == RENAME
        if not self.blind:
            self.url = parsed(text).upstream_url

    def restore(self) -> None: ...


@dataclass
class Look:
    """Sees which URL a target goes by."""

    target: FileWatched
    before: str = ""

    def begin(self) -> None:
        self.before = self.target.url

    def shows(self) -> bool:
        return self.target.url == OTHER

    def is_restored(self) -> bool:
        return self.target.url == self.before


def test_a_target_that_stops_to_look_is_told_once_and_by_the_way_of_writing() -> None:
    target = FileWatched()
    reloading = Reloading(target, AmpBlock(upstream_url=URL), seconds=0.0)
    look = Look(target)
    with reloading.changed(look, upstream_url=OTHER) as noticed:
        assert noticed
    assert (target.url, set(target.put_by)) == (URL, {IN_PLACE})
    with reloading.changed(look, way=RENAME, upstream_url=OTHER) as noticed:
        assert not noticed
    assert "`rename`" in reloading.lost
    with pytest.raises(ReloadLostError, match="`rename`"), reloading.changed(look, upstream_url=OTHER):
        pass
    with pytest.raises(ReloadLostError), reloading.broken("{", look):
        pass


def test_a_command_that_can_write_in_place_does_so_where_the_way_does_not_matter() -> None:
    asking, other = (
        CommandHook(Reload.model_validate({"command": words}), Path())
        for words in (["write", "{file}", "{way}"], ["write", "{file}"])
    )
    assert (asking.usual, other.usual) == (IN_PLACE, RENAME)
