"""Settings under a name: the shipped ones, and the user's own as TOML files. Any thread."""

from __future__ import annotations

from pathlib import Path

from mattebox.apps.studio.uploads import harmless_stem
from mattebox.errors import SettingsError, SinkError
from mattebox.settings import Settings, load, presets_folder, resolve, to_toml


class Presets:
    """The presets of one user.

    Args:
        own: the folder of the user's; made when it is needed.
    """

    def __init__(self, own: Path) -> None:
        self._own = own

    def names(self) -> dict[str, bool]:
        """Every name, and whether it is the user's own; those come first, and hide shipped ones."""
        own = {path.stem: True for path in sorted(self._own.glob("*.toml"))}
        shipped = {path.stem: False for path in sorted(presets_folder().glob("*.toml"))}
        return own | {name: False for name in shipped if name not in own}

    def load(self, name: str) -> Settings:
        """The settings of that name.

        Raises:
            SettingsError: there are none, or they cannot work.
        """
        if name not in (names := self.names()):
            raise SettingsError(f"there is no preset {name!r}.", f"Present: {', '.join(names)}.")
        folder = self._own if names[name] else presets_folder()
        path = folder / f"{name}.toml"
        return resolve(load(path), origin=path.name)

    def save(self, name: str, settings: Settings) -> str:
        """Keep settings; the name under which they are kept, which replaces one of the same.

        Raises:
            SettingsError: nothing of the name can be used.
            SinkError: it cannot be written.
        """
        stem = harmless_stem(name, "")
        if not stem:
            raise SettingsError(f"{name!r} is no name for a preset.", "Use letters and digits.")
        path = self._own / f"{stem}.toml"
        partial = self._own / f".{stem}.partial"
        try:
            self._own.mkdir(parents=True, exist_ok=True)
            partial.write_text(to_toml(settings), "utf-8")
            partial.replace(path)
        except OSError as error:
            raise SinkError(
                f"cannot write {path}: {error.strerror}.", "Check its folder's permissions."
            ) from error
        return stem

    def remove(self, name: str) -> None:
        """Delete one of the user's own; any other name does nothing."""
        if self.names().get(name):
            (self._own / f"{name}.toml").unlink(missing_ok=True)
