"""`python -m apps` is `edge-sdk`: for torchrun, which starts modules."""

from __future__ import annotations

from apps.cli import main

if __name__ == "__main__":
    main()
