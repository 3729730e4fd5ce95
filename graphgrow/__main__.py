"""`python -m graphgrow` is `graphgrow`."""

from graphgrow.cli import main

main()
