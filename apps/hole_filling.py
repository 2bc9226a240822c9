"""What `--fill-holes` understands."""

from __future__ import annotations

from collections.abc import Sequence

from edge_sdk.errors import GeometryError
from edge_sdk.volume.settings import HOLE_KERNELS, HoleFilling

_WHOLE = ("stick_length", "sticks", "size")


def parse_hole_filling(texts: Sequence[str]) -> tuple[HoleFilling, ...]:
    """Kernels from words such as "stick", "stick:length=9,sticks=1" or "gaussian:size=5,stdev=0.6667,ratio=0.5".

    Each is tried on what those before it left empty; "none" alone fills nothing.

    Raises:
        GeometryError: An unknown kernel, an option that it does not have, or a value that is no number or impossible.
    """
    if [text.lower() for text in texts] == ["none"]:
        return ()
    return tuple(_kernel(text) for text in texts)


def _kernel(text: str) -> HoleFilling:
    from edge_sdk.volume.holes.filling import OPTIONS, impossible_value

    name, colon, rest = text.partition(":")
    kernel = name.upper()
    if kernel not in HOLE_KERNELS:
        raise GeometryError(
            f"--fill-holes does not know the kernel {name!r}",
            remedy=f"use one of {', '.join(HOLE_KERNELS).lower()}, or none alone",
        )
    options = {OPTIONS[name]: name for name in HOLE_KERNELS[kernel]}
    values: dict[str, float] = {}
    for part in rest.split(",") if colon else ():
        option, _, value = part.partition("=")
        field = options.get(option, "")
        try:
            if not field or field in values:
                raise ValueError
            values[field] = int(value) if field in _WHOLE else float(value)
        except ValueError:
            raise GeometryError(
                f"--fill-holes {text} has {part!r}, which is unknown, given twice or not a number",
                remedy=f"give for {name} {', '.join(f'{option}=NUMBER' for option in options)}",
            ) from None
    element = HoleFilling(kernel, **values)  # type: ignore[arg-type]
    fault = impossible_value(element)
    if fault is not None:
        attribute, expected = fault
        raise GeometryError(
            f"--fill-holes {text} has {OPTIONS[attribute]} {getattr(element, attribute):g}",
            remedy=f"give {expected}",
        )
    return element
