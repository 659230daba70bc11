"""Changes while a session runs: what a new settings tree means for what is running.

Everything that takes time or may fail is prepared on the thread that asks, and only then is
anything exchanged: what cannot be had leaves all as it was, and the data path waits for nothing.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mattebox.assemble.layers import (
    chosen_backdrop,
    open_backdrop,
    open_layer,
    overlay_picture,
)
from mattebox.assemble.mattes import Matting, open_matting
from mattebox.channel import Overflow
from mattebox.errors import SettingsError
from mattebox.files import is_picture, is_there
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.live.beside import Beside
from mattebox.live.exchange import ExchangeableLayer, Glimpse, MattingStage, following
from mattebox.live.presenter import Presenter
from mattebox.live.session import OfferingSink
from mattebox.live.supervisor import Patience, Supervisor
from mattebox.pipeline import Output, Pipeline, Plan
from mattebox.settings import Settings, differing

if TYPE_CHECKING:
    from mattebox.backdrops.switch import SwitchBackdrop
    from mattebox.colour import Planes
    from mattebox.matting.framing import Follower
    from mattebox.matting.late import Past
    from mattebox.ports import Backdrop, Layer, Source

# Two frames: one being matted, one waiting. A third would only be older.
_CAPACITY = 1
_FIRST_WAIT_S = 0.1

_MATTING = {"model", "temporal", "subject", "refine", "chroma", "threshold"}
_BEHIND = {
    f"backdrop.{key}" for key in ("source", "fit", "anchor", "start_s", "crossfade_s", "blur_px")
}
_LAYER = {"layer", "foreground", "backdrop", "framing", "overlay"}
_PATIENCE = {f"live.{key}" for key in ("lost_after_s", "reopen_after_s", "longest_wait_s")}
_AT_ONCE = {f"live.{key}" for key in ("placeholder", "mirror", "frozen_after_s", "fade_s")}
_APPLIED = {"quality", "camera", *_MATTING, *_LAYER, *_PATIENCE, *_AT_ONCE}


@dataclass(frozen=True, slots=True)
class _Life:
    """What can be exchanged in one life of the source."""

    layer: ExchangeableLayer
    behind: SwitchBackdrop
    format: VideoFormat


class Steering:
    """Builds the data path of each life of the source, and changes the one that runs.

    Args:
        settings: to begin with.
        presenter: shows the pictures and the placeholder.

    Attributes:
        settings: in effect.
    """

    def __init__(self, settings: Settings, presenter: Presenter) -> None:
        self.settings = settings
        self._presenter = presenter
        # It holds what is built here: held in turn, a session that is over would wait for the
        # collector of cycles, with its network and its pictures.
        self._supervisor: Callable[[], Supervisor | None] = lambda: None
        # Held while a data path is built and while a change is made: either sees the other whole.
        self._changing = threading.Lock()
        self._matting: Matting | None = None
        self._stage: MattingStage | None = None
        self._past: Past | None = None
        self._life: _Life | None = None
        self._follower: Follower | None = None

    @property
    def glimpse(self) -> Glimpse | None:
        """What was made last, and None before the first picture of a life. Any thread."""
        life = self._life
        return None if life is None else life.layer.glimpse

    @property
    def answers(self) -> int | None:
        """How often the network has answered in this life; None where every picture waits for it.

        Any thread.
        """
        matting, past = self._matting, self._past
        is_late = matting is not None and matting.late_stage is not None
        return past.answers if is_late and past is not None else None

    def steer(self, supervisor: Supervisor) -> None:
        """Make changes of the source's settings known to its supervisor."""
        self._supervisor = weakref.ref(supervisor)

    def is_mirrored(self) -> bool:
        """Whether left and right change places, now."""
        return self.settings.live.mirror

    def build(self, source: Source) -> Pipeline:
        """See ``Supervisor``; the network is loaded with the first."""
        from mattebox.matting.late import Past

        with self._changing, ExitStack() as undo:
            undo.callback(source.close)
            if self._matting is None:
                self._matting = open_matting(self.settings)
            beside = Beside("network")
            self._past = Past(beside.submit)
            self._stage = self._matting.stage_after(self._past)
            self._life = self._begin(source.format)
            undo.pop_all()
        plan = Plan(
            capacity=_CAPACITY,
            at_most=1,
            overflow=Overflow.DROP_OLDEST,
            stop_timeout_s=self.settings.live.reopen_after_s,
        )
        output = Output(self._life.layer, OfferingSink(self._presenter))
        return Pipeline(source, partial(self._matte, beside), [output], plan=plan)

    def change(self, settings: Settings) -> list[str]:
        """Put other settings into effect. Any thread; returns when all is prepared and handed over.

        Returns:
            The keys that only the next start applies.

        Raises:
            MatteboxError: something cannot be had; all stays as it was.
        """
        with self._changing:
            refuse_transparency(settings)
            changed = differing(self.settings, settings)
            with ExitStack() as undo:
                steps = self._prepared(changed, settings, undo)
                undo.pop_all()
            # The mirror and the patience are read from here.
            self.settings = settings
            for step in steps:
                step()
        return sorted(key for key in changed if not _is_of({key}, _APPLIED))

    def _prepared(
        self, changed: set[str], settings: Settings, undo: ExitStack
    ) -> list[Callable[[], None]]:
        """What is to be done once all of it is known to go well."""
        steps: list[Callable[[], None]] = []
        if "live.placeholder" in changed:
            planes = placeholder(settings, self._presenter.format)
            steps.append(lambda: self._presenter.replace_placeholder(planes))
        if _is_of(changed, _MATTING) or "live.mirror" in changed:
            steps.append(self._prepared_matting(settings))
        if _BEHIND & changed:
            steps.append(self._prepared_backdrop(settings, undo))
        if _is_of(changed - _BEHIND, _LAYER) or _matches_tones(settings, changed):
            steps += self._prepared_layer(settings, undo)
        if _is_of(changed, {"camera"}):
            steps.append(self._reopen)
        if "live.frozen_after_s" in changed:
            steps.append(lambda: self._presenter.stand(settings.live.frozen_after_s))
        if _PATIENCE & changed:
            steps.append(self._wait_otherwise)
        return steps

    def _prepared_matting(self, settings: Settings) -> Callable[[], None]:
        known = None if self._matting is None else self._matting.network
        matting = open_matting(settings, known)
        if matting.network is not None and matting.network is not known:
            _warm_up(matting, settings, self._presenter.format)
        turns = settings.live.mirror is not self.settings.live.mirror

        def exchange() -> None:
            self._matting = matting
            if self._past is not None:
                if turns:
                    self._past.expect_turn()
                self._stage = matting.stage_after(self._past)

        return exchange

    def _prepared_backdrop(self, settings: Settings, undo: ExitStack) -> Callable[[], None]:
        backdrop = chosen_backdrop(settings)
        if self._life is None:
            try_out(backdrop, self._presenter.format)
            return _nothing
        undo.callback(backdrop.close)
        backdrop.open(self._life.format)
        behind = self._life.behind
        return lambda: behind.switch(backdrop, fade_s=settings.live.fade_s)

    def _prepared_layer(self, settings: Settings, undo: ExitStack) -> list[Callable[[], None]]:
        life = self._life
        if life is None:
            overlay_picture(settings)  # see whether it can be had, for later
            return []
        layer = self._layer_over(life.behind, settings)
        undo.callback(layer.close)
        made = layer.open(life.format)
        if made.plane_shapes != self._presenter.format.plane_shapes:
            raise SettingsError(
                f"cannot change to the layer {settings.layer} while pictures are shown: it makes "
                f"{made} and {self._presenter.format} is shown.",
                "Stop, and start with it.",
            )
        return [lambda: life.layer.exchange(layer)]

    def _begin(self, format: VideoFormat) -> _Life:
        from mattebox.backdrops.switch import SwitchBackdrop

        behind = SwitchBackdrop(chosen_backdrop(self.settings))
        layer = ExchangeableLayer(self._layer_over(behind, self.settings), behind)
        return _Life(layer, behind, format)

    def _layer_over(self, behind: Backdrop, settings: Settings) -> Layer:
        from mattebox.backdrops.switch import LentBackdrop
        from mattebox.matting.framing import Follower

        # One for the whole session: another layer or another life goes on from where it is.
        self._follower = self._follower or Follower()
        lent = LentBackdrop(behind)
        return open_layer(settings, transparent=False, backdrop=lent, follower=self._follower)

    def _matte(self, beside: Beside, batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        try:
            yield from following(batches, self._current_stage)
        finally:
            beside.close()
            if (past := self._past) is not None and past.is_of(beside.submit):
                past.forget()  # there are pictures of the room in it

    def _current_stage(self) -> MattingStage:
        assert self._stage is not None, "a data path has been built"
        return self._stage

    def _reopen(self) -> None:
        if (supervisor := self._supervisor()) is not None:
            supervisor.restart()

    def _wait_otherwise(self) -> None:
        if (supervisor := self._supervisor()) is not None:
            supervisor.patience = patience(self.settings)


def _warm_up(matting: Matting, settings: Settings, format: VideoFormat) -> None:
    """Let the first picture of a new network take no longer than the others."""
    import torch

    from mattebox.matting.prepare import small_size

    assert matting.network is not None, "there is something to warm up"
    height, width = small_size(format, settings.model.size)
    matting.network.segmenter.saliency(torch.zeros(1, 3, height, width, dtype=torch.uint8))


def refuse_transparency(settings: Settings) -> None:
    """Refuse what would have to be seen through, where nothing can be.

    Raises:
        SettingsError: always then.
    """
    if settings.backdrop.source == "transparent" or settings.layer == "cutout":
        raise SettingsError(
            "a live picture cannot be transparent: virtual cameras and windows have no alpha.",
            "Take a colour that the subject does not have, such as -b lime, and key it out there.",
        )


def try_out(backdrop: Backdrop, format: VideoFormat) -> None:
    """See whether it can be had, for later."""
    try:
        backdrop.open(format)
    finally:
        backdrop.close()


def _nothing() -> None:
    """There is nothing to exchange."""


def _is_of(keys: set[str], sections: set[str]) -> bool:
    """Whether one of the dotted keys is one of these, or lies in one of these sections."""
    return any(key in sections or key.partition(".")[0] in sections for key in keys)


def _matches_tones(settings: Settings, changed: set[str]) -> bool:
    """Whether the layer depends on which backdrop there is: before blur there is no tone match."""
    backdrop = settings.backdrop
    is_matched = bool(backdrop.match_brightness or backdrop.match_colour)
    return is_matched and "backdrop.source" in changed


def placeholder(settings: Settings, format: VideoFormat) -> Planes:
    """The planes of the placeholder that the settings name.

    Raises:
        SettingsError: it is neither a colour nor a picture.
        SourceError: the picture cannot be read.
    """
    import numpy as np
    import torch

    opaque = format.with_pixels(format.pixels.without_alpha())
    name = settings.live.placeholder
    if is_there(name) and not is_picture(Path(name)):
        raise SettingsError(f"the placeholder {name} is no picture.", "Give a colour or an image.")
    backdrop = open_backdrop(name, settings)
    backdrop.open(opaque)
    planes = tuple(np.zeros(shape, opaque.pixels.dtype) for shape in opaque.plane_shapes)
    nobody = Matte(Frame(planes, opaque, 0), torch.zeros(opaque.height, opaque.width))
    shown = backdrop.render(nobody)
    backdrop.close()
    return shown


def patience(settings: Settings) -> Patience:
    """How long is waited for what."""
    live = settings.live
    return Patience(
        lost_after_s=live.lost_after_s,
        hung_after_s=live.reopen_after_s,
        first_wait_s=min(_FIRST_WAIT_S, live.longest_wait_s),
        longest_wait_s=live.longest_wait_s,
    )
