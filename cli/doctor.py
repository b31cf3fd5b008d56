"""`neuroevo doctor`: what is wrong with this machine, and how to mend it."""

import typer

from cli.options import DEFAULT_DATA, DEFAULT_HOST, DEFAULT_PORT, Data, DatabaseUrl, Host, Json, Port, ServerUrl, Token

MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def doctor(
    data: Data = DEFAULT_DATA,
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    server: ServerUrl = None,
    token: Token = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Check this machine. Exit code 1 if something must be mended first."""
    from cli.checks import Place, checks
    from cli.output import print_json

    findings = []
    for check in checks(Place(data.resolve(), host, port, server, token, database_url)):
        finding = check()
        findings.append(finding)
        if not as_json:
            typer.echo(f"{MARKS[finding.state]}  {finding.name}: {finding.detail}")
            if finding.remedy:
                typer.echo(f"      → {finding.remedy}")
    if as_json:
        print_json([finding._asdict() for finding in findings])
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(1)
