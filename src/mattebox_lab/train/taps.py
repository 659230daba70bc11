"""What goes into the stages of a network and comes out of them, as it runs."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any

from torch import Tensor, nn

STAGES = (
    *(f"stage{number}" for number in range(1, 7)),
    *(f"stage{number}d" for number in range(5, 0, -1)),
)
SIDES = tuple(f"side{number}" for number in range(1, 7))


class Taps:
    """Keeps the newest input and output of named modules.

    Args:
        network: a ``U2Net``.
        names: of its modules.

    Attributes:
        inputs, outputs: by name, of the newest pass; they hold the graph, so ``clear`` them.
    """

    def __init__(self, network: nn.Module, names: Iterable[str]) -> None:
        self.inputs: dict[str, Tensor] = {}
        self.outputs: dict[str, Tensor] = {}
        self._hooks = [
            network.get_submodule(name).register_forward_hook(self._keeper(name)) for name in names
        ]

    def _keeper(self, name: str) -> Any:  # noqa: ANN401
        def keep(module: nn.Module, arguments: tuple[Tensor, ...], result: Tensor) -> None:
            self.inputs[name], self.outputs[name] = arguments[0], result

        return keep

    def clear(self) -> None:
        """Let go of what was kept."""
        self.inputs.clear()
        self.outputs.clear()

    def __enter__(self) -> Taps:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()
        for hook in self._hooks:
            hook.remove()
