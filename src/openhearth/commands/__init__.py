"""What the command line does, one module per command, and the ways in which a command can fail."""


class Trouble(Exception):
    """A command failed; the message says what happened and what to do."""

    exit_code = 1


class WrongUse(Trouble):
    """The command was given something it cannot work with."""

    exit_code = 2


class NoServer(Trouble):
    """The command needs the running server and there is none to reach."""

    exit_code = 3
