"""The stream's formula network, also for the programs that stand on the stream."""

from tests.apps.stream.conftest import manifest, session

__all__ = ["manifest", "session"]
