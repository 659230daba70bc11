"""mattebox: background replacement for video and stills, without a green screen."""

__all__: list[str] = []
