"""The application: verbs put together, and what every error looks like."""

import os
import sys

import typer

from penchant.cli.adapt import adapt
from penchant.cli.ask import ask
from penchant.cli.check import check
from penchant.cli.data import data
from penchant.cli.demo import demo
from penchant.cli.evaluate import evaluate
from penchant.cli.fit import fit
from penchant.cli.predict import predict
from penchant.cli.recommend import recommend
from penchant.cli.similar import similar
from penchant.errors import PenchantError

app = typer.Typer(
    help="A recommender in which language models transfer what they know.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in (data, check, adapt, fit, recommend, ask, similar, predict, evaluate, demo):
    app.command()(verb)


def main() -> None:
    """Run the command line; exit status 2 for whatever the caller can mend."""
    try:
        app()
    except PenchantError as error:
        print(f"penchant: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # somebody read as much as they wanted, `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        print("penchant: stopped; nothing was half written", file=sys.stderr)
        sys.exit(130)
