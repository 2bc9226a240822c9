"""OpenVINO, imported without the telemetry client of its model converter.

A device's program converts no models and reports nothing to anybody; the client also brings Python's HTTP modules,
which are a third of the time that the import takes. Without it the converter works as well.
"""

import sys

_CLIENT = "openvino_telemetry"

if _CLIENT not in sys.modules and "openvino" not in sys.modules:
    sys.modules[_CLIENT] = None  # type: ignore[assignment]  # so is "not installed" spelled
    try:
        import openvino  # noqa: F401
    finally:
        del sys.modules[_CLIENT]
