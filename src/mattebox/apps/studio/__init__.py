"""The local web page that steers a live session: ``mattebox studio``, with the extra ``studio``.

NiceGUI is imported by ``server``, ``page`` and what draws; whatever decides something (``guard``,
``director``, ``gallery``, ``presets``, ``fields``, ``file_job``) knows nothing of it.
"""
