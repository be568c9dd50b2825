"""The scenes of a root place at hand, so that a new one is held against them without reading them again.

Knows the registry and catalogues. Knows no rights. One at a time writes into the scenes of a root place: what is
checked against all of them is saved before the next is checked.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from unisono.scene.checking.catalogue import Catalogue
from unisono.scene.document import Scene, load_scene
from unisono.store.registry import Registry, SceneRow

__all__ = ["Book", "Books"]

PAGE = 5_000
#: Documents read at once while a book is brought up to date: others are answered in between.
READ_AT_ONCE = 200
#: Root places whose scenes are kept at hand.
MAX_BOOKS = 64
#: A book that nothing was read into, or that has to be looked through again.
UNREAD = -1


class Book:
    """The scenes of one root place. ``versions``: which of each is in the catalogue (its number and when it was saved:
    a scene that was removed may come again); ``changes``: as of `Registry.scene_changes`."""

    def __init__(self) -> None:
        self.scenes = Catalogue()
        self.versions: dict[str, tuple[int, int]] = {}
        self.changes = UNREAD
        self.lock = asyncio.Lock()

    def put(self, scene: Scene, row: SceneRow) -> None:
        """A version is in force, or about to be."""
        self.scenes.put(scene)
        self.versions[row.id] = (row.version, row.at)

    def remove(self, id: str) -> None:
        self.scenes.remove(id)
        self.versions.pop(id, None)

    def saved(self, changes: int | None) -> None:
        """What was put in and taken out was saved, as this change; another one before it, and all is looked through."""
        self.changes = changes if changes == self.changes + 1 else UNREAD

    def doubt(self) -> None:
        """What was put in may not have been saved."""
        self.changes = UNREAD


class Books:
    """The books of all root places that scenes were saved for lately."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._books: OrderedDict[str, Book] = OrderedDict()

    @asynccontextmanager
    async def writing(self, root: str) -> AsyncIterator[Book]:
        """The book of a root place, up to date; nobody else writes inside the block."""
        book = self._book(root)
        async with book.lock:
            await self._bring_up(root, book)
            try:
                yield book
            except BaseException:
                book.doubt()
                raise

    def note(self, changes: Mapping[str, int], root: str, gone: Iterable[str]) -> None:
        """Scenes of a root place were removed."""
        book = self._books.get(root)
        if book is not None and not book.lock.locked():
            for id in gone:
                book.remove(id)
            book.saved(changes.get(root))

    def _book(self, root: str) -> Book:
        book = self._books.setdefault(root, Book())
        self._books.move_to_end(root)
        if len(self._books) > MAX_BOOKS:
            idle = next((each for each, kept in self._books.items() if each != root and not kept.lock.locked()), None)
            if idle is not None:
                del self._books[idle]
        return book

    async def _bring_up(self, root: str, book: Book) -> None:
        """Read what was saved by others since: ten thousand scenes take seconds, so none is read twice."""
        changes = await self._registry.scene_changes(root)
        if book.changes == changes:
            return
        now = await self._versions(root)
        for id in book.versions.keys() - now.keys():
            book.remove(id)
        wanted = [id for id, version in now.items() if book.versions.get(id) != version]
        for start in range(0, len(wanted), READ_AT_ONCE):
            documents = await self._registry.newest_documents(wanted[start : start + READ_AT_ONCE])
            for id, document in documents.items():
                book.scenes.put(load_scene(document))
                book.versions[id] = now[id]
        book.changes = changes

    async def _versions(self, root: str) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        after: str | None = None
        while rows := await self._registry.find_scenes(places=[root], after=after, limit=PAGE):
            found.update((row.id, (row.version, row.at)) for row in rows)
            after = rows[-1].id
        return found
