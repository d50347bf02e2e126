"""The program `jinku`: mounts every command and turns errors into one line and an exit code.

Example::

    main(["ledger", "stat", "--json"])  # 0
"""

import logging
import sys
from collections.abc import Sequence

import typer

from jinku import __version__
from jinku.cli.access import access_app
from jinku.cli.agreement import agreement_app
from jinku.cli.attest import attest_app
from jinku.cli.audit import audit_app
from jinku.cli.balance import balance_app
from jinku.cli.bench import bench_app
from jinku.cli.breaks import breaks_app
from jinku.cli.close import close_app
from jinku.cli.demo import demo
from jinku.cli.drill import drill_app
from jinku.cli.failures import Exit, exit_code_of, report
from jinku.cli.importing import import_app
from jinku.cli.ledger import ledger_app
from jinku.cli.log import log_app
from jinku.cli.making import house_app
from jinku.cli.mandate import mandate_app, policy_app, project_app
from jinku.cli.order import order_app
from jinku.cli.pack import pack_app
from jinku.cli.party import party_app
from jinku.cli.position import position_app
from jinku.cli.recon import recon_app
from jinku.cli.report import report_app
from jinku.cli.retention import retention_app
from jinku.cli.risk import risk_app
from jinku.cli.risk_screening import screen_app
from jinku.cli.serve import serve
from jinku.cli.simulated import bank_app
from jinku.cli.structure import structure_app
from jinku.cli.verify import verify_app
from jinku.cli.witness import witness

app = typer.Typer(
    name="jinku",
    help="Keeps client money for internet-finance platforms and proves that it is all there.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"jinku {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Say the version."
    ),
) -> None:
    """Keeps client money for internet-finance platforms and proves that it is all there."""


app.command()(demo)
app.command()(serve)
app.add_typer(house_app)
app.add_typer(retention_app)
app.add_typer(import_app)
app.add_typer(ledger_app)
app.add_typer(structure_app)
app.add_typer(party_app)
app.add_typer(recon_app)
app.add_typer(close_app)
app.add_typer(breaks_app)
app.add_typer(balance_app)
app.add_typer(drill_app)
app.add_typer(position_app)
app.add_typer(order_app)
app.add_typer(mandate_app)
app.add_typer(project_app)
app.add_typer(policy_app)
app.add_typer(agreement_app)
app.add_typer(attest_app)
app.add_typer(bank_app)
app.add_typer(pack_app)
app.add_typer(report_app)
app.add_typer(log_app)
app.add_typer(verify_app)
app.add_typer(risk_app)
app.add_typer(screen_app)
app.add_typer(access_app)
app.add_typer(audit_app)
app.command()(witness)
app.add_typer(bench_app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code (see `jinku.cli.failures.Exit`). Errors end up on standard error."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    logging.getLogger("jinku").addHandler(logging.NullHandler())
    try:
        app(args=arguments, prog_name="jinku")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.OK
    # The outermost boundary of the program: known errors become one line; anything else is a fault of ours, said
    # as such by its type and place, since its message may quote data.
    except Exception as error:  # noqa: BLE001
        return _failed(error, as_json="--json" in arguments)
    return Exit.OK


def _failed(error: Exception, *, as_json: bool) -> int:
    from jinku.base.errors import JinkuError
    from jinku.verify.errors import Unreadable, VerifyError

    if isinstance(error, JinkuError):
        report(error.code, error.message, error.remedy, as_json=as_json)
        return exit_code_of(error.http_status)
    if isinstance(error, VerifyError):
        report(error.code, str(error), "", as_json=as_json)
        return Exit.USAGE if isinstance(error, Unreadable) else Exit.REFUSED
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError):
        report("file_unusable", f"{error.filename}: {error.strerror}", "check the path", as_json=as_json)
        return Exit.USAGE
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename.rpartition('/')[2]}:{place.tb_lineno}" if place else "?"
    report(
        "fault",
        f"{type(error).__name__} at {where}",
        "this is a fault of jinku; please report it",
        as_json=as_json,
    )
    return Exit.UNAVAILABLE


def run() -> None:
    """The entry point of the installed program."""
    sys.exit(main())


if __name__ == "__main__":
    run()
