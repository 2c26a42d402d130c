"""The application: verbs put together, and what every error looks like."""

import importlib
import os
import sys

import typer

from penchant.errors import PenchantError

VERBS = (
    "data", "check", "adapt", "write", "fit", "recommend", "ask", "similar", "predict", "explain", "evaluate",
    "serve", "refresh", "experiment", "export", "journal", "demo",
)  # fmt: skip


def application(*verbs: str) -> typer.Typer:
    """Put verbs together, by name, and import no other: imports are most of a short call."""
    made = typer.Typer(
        help="A recommender in which language models transfer what they know.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    made.callback()(_several)
    for verb in verbs:
        made.command()(getattr(importlib.import_module(f"penchant.cli.{verb}"), verb))
    return made


def _several() -> None:
    """A recommender in which language models transfer what they know."""


def main() -> None:
    """Run the command line; exit status 2 for whatever the caller can mend."""
    asked = sys.argv[1:2]
    try:
        application(*(asked if asked and asked[0] in VERBS else VERBS))()
    except PenchantError as error:
        print(f"penchant: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # somebody read as much as they wanted, `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        print("penchant: stopped; nothing was half written", file=sys.stderr)
        sys.exit(130)
