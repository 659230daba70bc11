"""What one running page has: the session's director, the preview, galleries, presets, file jobs.

Made once by ``server`` and handed to routes and pages; nothing here is global.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

from mattebox.apps.studio.director import Director
from mattebox.apps.studio.file_job import FileJob
from mattebox.apps.studio.gallery import Gallery
from mattebox.apps.studio.presets import Presets
from mattebox.apps.studio.preview import Preview


@dataclass(frozen=True, slots=True)
class Folders:
    """Where things are kept.

    Attributes:
        backdrops: the user's own, re-encoded.
        presets: the user's own, as TOML.
        work: uploads that are being received, and results of file jobs; emptied at the end.
        recordings: where recordings go that are named without a folder.
    """

    backdrops: Path
    presets: Path
    work: Path
    recordings: Path


def own_folders(work: Path) -> Folders:
    """The folders of this system's user; ``work`` is the caller's, who removes it."""
    data = Path(platformdirs.user_data_dir("mattebox", appauthor=False))
    config = Path(platformdirs.user_config_dir("mattebox", appauthor=False))
    videos = Path(platformdirs.user_videos_dir())
    return Folders(data / "backdrops", config / "presets", work, videos / "mattebox")


class Rooms:
    """The parts, made for some folders.

    Args:
        folders: where things are kept.
        director: what is steered.
    """

    def __init__(self, folders: Folders, director: Director) -> None:
        self.folders = folders
        self.director = director
        self.preview = Preview(self.director.glimpse)
        self.director.when_over(self.preview.forget)
        self.gallery = Gallery(folders.backdrops)
        self.presets = Presets(folders.presets)
        # What keeps pace with a camera on a CPU is less than a file deserves.
        is_fast = director.own_settings.quality == "fast"
        self.file_job = FileJob(folders.work / "files", "balanced" if is_fast else None)
        # Light, dark, or as the system says (None); the same for all who look.
        self.is_dark: bool | None = None

    def close(self) -> None:
        """Stop what runs.

        Raises:
            PipelineError: the session did not stop in time.
        """
        self.gallery.close()
        self.file_job.cancel()
        self.director.close()
