"""Design rounds: ``embedlab design``, ``embedlab design CASE``, and designs that are built."""

from typing import Annotated

import typer

from embedlab.cli import design_run
from embedlab.cli.printing import Commands
from embedlab.study.faces import plain_errors


class CaseOrCommand(Commands):
    """A group whose first word may be a case: then ``round`` is meant; without words, ``cases``."""

    def parse_args(self, ctx, args):
        """Put the command in front that is meant."""
        if not args:
            args = ["cases"]
        elif args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["round", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=CaseOrCommand,
    help="Hold a system design interview by the clock: embedlab design CASE. Without a case, list them.",
)


@app.command()
def cases() -> None:
    """List the cases, and how your rounds went."""
    with plain_errors():
        from embedlab.study.faces import list_cases

        list_cases()


@app.command("round")
def round_(
    case: Annotated[str, typer.Argument(help="A case, or how its name begins.")],
    level: Annotated[
        str | None,
        typer.Option(help="junior, senior or staff: whose answer you want. Without, the case's."),
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="18 minutes instead of 45: fewer estimates, one topic.")
    ] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Begin anew; a round that was interrupted is dropped.")
    ] = False,
    read: Annotated[bool, typer.Option("--read", help="No round: print the case with all answers.")] = False,
) -> None:
    """Hold a round: clarify, estimate, draw, go deep, take a change, wrap up; each phase has its minutes.

    Your words are kept. After each step you see what a good answer holds, and tick which points you made.
    Ctrl-C or q stops; the same command goes on. Results stand in 'embedlab progress'.
    """
    with plain_errors():
        from embedlab.study.faces import hold_round, read_case

        if read:
            read_case(case)
        else:
            hold_round(case, level, fast=fast, new=new)


app.command()(design_run.run)
app.command()(design_run.template)
