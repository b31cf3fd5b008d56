"""`python -m cli` is `neuroevo`."""

from cli.main import main

main()
