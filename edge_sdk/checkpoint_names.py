"""Names of tensors in a checkpoint, without what a training framework put around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edge_sdk.errors import TrainingError

WRAPPERS = ("state_dict", "model_state_dict", "network_weights", "model", "network", "net")
"""Keys under which frameworks keep the state dict, the more specific ones first; they may be nested."""
_COMPILED = "_orig_mod."
"""`torch.compile` puts it before the names of what it compiled, at any depth."""
_FIRST = "stem.weight"
"""The tensor that every EfficientMedNeXt has once; what stands before its name stands before all the others."""


def unwrapped(stored: object) -> object:
    """The innermost mapping under the keys of `WRAPPERS`; `stored` itself where it has none of them."""
    while isinstance(stored, Mapping):
        inner = next((stored[key] for key in WRAPPERS if isinstance(stored.get(key), Mapping)), None)
        if inner is None:
            break
        stored = inner
    return stored


def published_names(names: Iterable[str], *, where: object = None) -> dict[str, str]:
    """Stored name → published name, of the tensors of the network.

    Prefixes such as "model.", "net." and "module." are dropped, nested ones too, and "_orig_mod." anywhere. Tensors
    beside a network with a prefix, such as the weights of a loss, are left out.

    Args:
        names: Names as stored.
        where: The checkpoint's file.

    Raises:
        TrainingError: The checkpoint holds several networks.
    """
    plain = {name: name.replace(_COMPILED, "") for name in names}
    # Numpy archives of the parity data keep the network under "state/", beside inputs and outputs.
    prefixes = {name.removesuffix(_FIRST) for name in plain.values() if _is_first(name)}
    if len(prefixes) > 1 or len(set(plain.values())) < len(plain):
        found = ", ".join(repr(prefix) for prefix in sorted(prefixes))
        raise TrainingError(
            f"holds more than one network (their names begin with {found})",
            where=where,
            remedy="save the state dict of the one to use in a file of its own",
        )
    prefix = next(iter(prefixes), "")
    return {stored: name.removeprefix(prefix) for stored, name in plain.items() if name.startswith(prefix)}


def _is_first(name: str) -> bool:
    return name == _FIRST or name.endswith((f".{_FIRST}", f"/{_FIRST}"))
