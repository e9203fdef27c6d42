"""Building a compare gallery while a visitor looks on."""

from __future__ import annotations

import contextlib
import threading

from core.compare.build import build_gallery
from core.engine.progress import Progress
from core.errors import Sentence, VitrineError, sentence


class GalleryWork:
    """Building a backbone's gallery in a thread of its own, for whoever asked; what is built is everybody's.

    It goes on when nobody looks. Stopped, it keeps what was embedded, and the next one goes on from there.

    Attributes:
        progress: The latest report, None before the first.
        problem: Why it failed, None while it has not.
        finished: Whether it has ended, one way or another.
    """

    def __init__(self, backbone_id: str):
        """Start."""
        self.progress: Progress | None = None
        self.problem: Sentence | None = None
        self.finished = False
        self._stopped = threading.Event()
        threading.Thread(target=self._run, args=(backbone_id,), name="gallery", daemon=True).start()

    def stop(self) -> None:
        """End it after the pictures in hand."""
        self._stopped.set()

    def _run(self, backbone_id: str) -> None:
        try:
            with contextlib.closing(build_gallery(backbone_id)) as reports:
                for self.progress in reports:
                    if self._stopped.is_set():
                        return
        except VitrineError as error:
            self.problem = error.sentence
        except OSError as error:
            self.problem = sentence("compare.cannot-be-stored", why=error.strerror or error)
        finally:
            self.finished = True
