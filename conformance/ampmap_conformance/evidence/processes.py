"""Does a piece of work for many names, in processes of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

import click

TASKS = 12
"""What a process makes before a new one takes its place: proxies leave something behind in memory."""
Made = TypeVar("Made")


def each(work: Callable[[str], Made], names: Iterable[str], per_core: int) -> Iterator[tuple[str, Made]]:
    """What `work` makes of each name, as it comes, in processes of their own."""
    every = tuple(names)
    processes = min(len(every), per_core * (os.cpu_count() or 1))
    with get_context("spawn").Pool(processes, maxtasksperchild=TASKS) as pool:
        made = pool.imap_unordered(partial(_named, work), every)
        for number, (name, one) in enumerate(made, start=1):
            click.echo(f"\r{number} of {len(every)}  {name:<50.50}", nl=False, err=True)
            yield name, one
    click.echo(err=True)


def _named(work: Callable[[str], Made], name: str) -> tuple[str, Made]:
    return name, work(name)
