"""`jinku verify …`: the independent verifier, as it is; `python -m jinku.verify` is the same without the
rest."""

import typer

verify_app = typer.Typer(
    name="verify",
    help="Check receipts, proofs and logs without trusting who made them.",
    no_args_is_help=True,
)

_AS_IT_IS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def _pass_on(command: str, arguments: list[str]) -> None:
    from jinku.verify.command import main

    raise typer.Exit(main([command, *arguments]))


@verify_app.command(context_settings=_AS_IT_IS)
def receipt(context: typer.Context) -> None:
    """A receipt: one entry is in the log. Options: --key VKEY|@FILE, --leaf, --witness, --quorum, --json."""
    _pass_on("receipt", context.args)


@verify_app.command(context_settings=_AS_IT_IS)
def consistency(context: typer.Context) -> None:
    """A later checkpoint continues an earlier one. Options: --key VKEY|@FILE, --witness, --quorum, --json."""
    _pass_on("consistency", context.args)


@verify_app.command(context_settings=_AS_IT_IS)
def log(context: typer.Context) -> None:
    """A whole log directory, recomputed. Options: --key VKEY|@FILE, --earlier, --no-replay, --live,
    --json."""
    _pass_on("log", context.args)


@verify_app.command(context_settings=_AS_IT_IS)
def balance(context: typer.Context) -> None:
    """A customer's balance receipt. Options: --key VKEY|@FILE, --witness, --quorum, --list,
    --customer, --balance, --entity, --currency, --day, --json."""
    _pass_on("balance", context.args)


@verify_app.command(context_settings=_AS_IT_IS)
def attestations(context: typer.Context) -> None:
    """The published list of attestations, against the log. Options: --key VKEY|@FILE, --witness, --quorum, --json."""
    _pass_on("attestations", context.args)
