"""The native part with the client of NATS brokers, which is the package ``turnwire-nats``. A process loads one native part, so that this
one takes the place of ``turnwire._core``, before anything imports that.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

VERSION = "0.1.0"
"""The version of this package."""


def take(core: ModuleType) -> None:
    """Takes the native part of the extra."""
    if core.__version__ != VERSION:
        raise ImportError(
            f"turnwire {VERSION} cannot use turnwire-nats {core.__version__}, which has another version: "
            f'pip install "turnwire[nats]=={VERSION}", or uninstall turnwire-nats'
        )
    sys.modules["turnwire._core"] = core
