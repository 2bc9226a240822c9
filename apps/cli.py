"""The `edge-sdk` command: its subcommands, its global switches, and the shape of every failure."""

from __future__ import annotations

import functools
import importlib
import io
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import edge_sdk
from apps.console import SWITCHES, follows
from edge_sdk.errors import EdgeSdkError

COMMANDS = (
    "demo",
    "simulate",
    "recover",
    "inspect",
    "calibrate-time",
    "reconstruct",
    "convert",
    "train",
    "compress",
    "compress-report",
    "export",
    "verify",
    "tune",
    "cost",
    "segment",
    "stream",
    "benchmark",
    "compare",
    "doctor",
)
"""Each is a module of `apps.commands` (dashes as underscores) with a function `command`; such a module imports what is
heavy when it runs."""

FAILED = 1
INTERRUPTED = 130
_SWITCHES = ("--debug", "--quiet")


class _Group(TyperGroup):
    """Takes the global switches wherever they stand, also behind the subcommand."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        found = [argument for argument in args[:end] if argument in _SWITCHES]
        rest = [argument for argument in args[:end] if argument not in _SWITCHES]
        return list(super().parse_args(ctx, [*found, *rest, *args[end:]]))


def _version(wanted: bool) -> None:
    if wanted:
        print(f"edge-sdk {edge_sdk.__version__}")
        raise typer.Exit


def _switches(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars and no messages.")] = False,
    version: Annotated[  # noqa: ARG001 (the callback has done all)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Compress EfficientMedNeXt, run it on three runtimes, and stream tracked ultrasound sweeps into segmented volumes.

    Exit status: 0 done, 1 failed (one line on stderr says what, where and the remedy), 2 wrong usage.
    """
    SWITCHES.debug, SWITCHES.quiet = debug, quiet or follows()


def _guarded(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with every failure as one line and its exit status."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        if not SWITCHES.debug:
            warnings.simplefilter("ignore")  # libraries' notes to programmers
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            _end("interrupted", INTERRUPTED)
        except EdgeSdkError as error:
            if follows():  # the leading process meets the same error
                raise typer.Exit(FAILED) from None
            _end(str(error), FAILED)
        except BrokenPipeError:
            # The reader of our output has gone, as with `| head`: nothing is left to say or to whom.
            sys.stderr.close()
            raise typer.Exit(FAILED) from None
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            _end(f"{place}{error.strerror or error}; check the path and its permissions", FAILED)
        except MemoryError:
            _end("out of memory; use a coarser spacing or a smaller volume", FAILED)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except Exception as error:
            message = " ".join(str(error).split())
            _end(f"a fault of edge-sdk ({type(error).__name__}: {message}); rerun with --debug and report it", FAILED)

    return run


def _end(line: str, status: int) -> None:
    if SWITCHES.debug:
        traceback.print_exc()
    print(f"edge-sdk: {line}", file=sys.stderr)
    raise typer.Exit(status)


def _build() -> typer.Typer:
    program = typer.Typer(
        cls=_Group, callback=_switches, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
    )
    for name in COMMANDS:
        module = importlib.import_module(f"apps.commands.{name.replace('-', '_')}")
        program.command(name)(_guarded(module.command))
    return program


app = _build()


def main() -> None:
    """Entry point of the `edge-sdk` command."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Where the terminal or the file takes other letters than UTF-8's, as on some carts, "×" is shown escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    app(prog_name="edge-sdk")
