"""Every command and where it lives. Modules are named, not imported: only the one that runs is loaded."""

from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from openhearth import __version__

_COMMANDS = {
    "serve": "Start the platform and serve until stopped.",
    "check": "Validate the settings, show them without secrets, test the connections.",
    "usage": "Show what was used and what was charged for it.",
    "bench": "Measure this platform against a plain proxy and other gateways.",
    "explain": "Say how the amount of a call came about.",
    "reconcile": "Compare our costs with an upstream's bill, by day and model.",
}
_GROUPS = {
    "key": (
        "API keys of the running server.",
        {
            "create": "Make a key and print it.",
            "list": "List keys.",
            "change": "Change a key.",
            "set": "Change a key.",
            "disable": "Refuse a key from now on.",
            "enable": "Let a disabled key call again.",
            "rotate": "Give a key a new secret, and print it.",
        },
    ),
    "user": (
        "Who may sign in to the running server.",
        {
            "create": "Make a user.",
            "list": "List users.",
            "change": "Change a user.",
            "disable": "Refuse a user and all their keys from now on.",
            "enable": "Let a disabled user in again.",
            "password": "Give a user a new password.",
            "topup": "Add to what a user has paid in.",
            "delete": "Delete a user.",
        },
    ),
    "org": (
        "Organisations: tenants of the running server.",
        {
            "create": "Make an organisation.",
            "list": "List organisations.",
            "change": "Change an organisation.",
            "disable": "Refuse an organisation from now on.",
            "enable": "Let a disabled organisation in again.",
        },
    ),
    "project": (
        "Projects: keys that share files and a budget.",
        {
            "create": "Make a project.",
            "list": "List projects.",
            "change": "Change a project.",
            "archive": "Refuse the keys of a project from now on.",
            "restore": "Let the keys of an archived project call again.",
        },
    ),
    "group": (
        "Price groups: what users pay, and what they may use.",
        {
            "create": "Make a price group.",
            "list": "List price groups.",
            "change": "Change a price group.",
            "delete": "Delete a price group.",
        },
    ),
    "model": (
        "What models may be used by everybody together.",
        {"limit": "Bind a model.", "limits": "List models that are bound."},
    ),
    "audit": (
        "Who changed what on the running server.",
        {"list": "List administrative writes, newest first.", "check": "Prove that the log was not changed."},
    ),
    "secrets": (
        "The master key that seals credentials at rest.",
        {"rotate": "Make a new master key and seal every stored credential with it."},
    ),
    "redeem": (
        "Codes that pay into an account, once.",
        {
            "create": "Make codes and print them.",
            "list": "List codes and what became of them.",
            "disable": "Let nobody use a code from now on.",
        },
    ),
    "announce": (
        "What the running server tells everybody.",
        {
            "add": "Tell everybody something.",
            "list": "List announcements.",
            "remove": "Take an announcement back.",
        },
    ),
    "target": (
        "Places the running server sends calls to.",
        {
            "add": "Attach a place to send calls to.",
            "list": "List all targets.",
            "set": "Change a target.",
            "remove": "Send no further calls to a target and forget it.",
            "health": "Show how every target is doing.",
            "test": "Call one target, or all of them, and say what came back.",
        },
    ),
    "routing": (
        "How a model's targets are chosen on the running server, and what may answer in its place.",
        {
            "list": "List what is said of single models.",
            "set": "Say how a model's targets are chosen, and its fallbacks.",
            "remove": "Forget what was said of a model.",
        },
    ),
    "price": (
        "What calls cost on the running server.",
        {
            "list": "List prices in force and to come.",
            "set": "Say what a model costs.",
            "history": "Show what prices were and who changed them.",
            "import": "Add every price of a file.",
        },
    ),
    "ledger": (
        "The books of the running server.",
        {
            "check": "Prove that all entries sum to zero and every balance follows from them.",
            "balances": "List what accounts stand at.",
        },
    ),
    "receipt": (
        "Signed receipts of calls.",
        {
            "get": "Fetch the receipt of a call.",
            "verify": "Check a receipt, without a server.",
            "key": "Print the public key that the server signs receipts with.",
        },
    ),
    "database": (
        "The records of this installation, without a server.",
        {"copy": "Copy all records into another, empty database: from SQLite to PostgreSQL, or back."},
    ),
    "packs": (
        "Model packs of the embedded engines.",
        {
            "list": "List all packs and whether they are here.",
            "fetch": "Fetch packs, with their sizes and progress.",
            "verify": "Hash the files of installed packs again.",
            "remove": "Delete packs from this machine.",
        },
    ),
}
# Where a command's word is taken in Python.
_FUNCTIONS = {"list": "listing", "test": "probe", "set": "put", "import": "bring"}
_HELP = "One self-hosted, OpenAI-compatible API for every AI model."
_EPILOGUE = "Exit codes: 0 done, 1 failed, 2 wrong use or setting, 3 the server cannot be reached."


def run(words: Sequence[str]) -> int:
    """Run the command that ``words`` name; its exit code. A wrong use is explained on standard error and is 2."""
    try:
        result = build()(list(words), exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return 2
    return result if isinstance(result, int) else 0


def build() -> App:
    """The whole command line."""
    plain = Parameter(negative=(), show_default=False)
    top = App(name="openhearth", help=_HELP, help_epilogue=_EPILOGUE, version=__version__, default_parameter=plain)
    for name, summary in _COMMANDS.items():
        top.command(f"openhearth.commands.{name}:{name}", name=name, help=summary)
    for name, (about, verbs) in _GROUPS.items():
        group = App(name=name, help=about)
        for verb, summary in verbs.items():
            group.command(f"openhearth.commands.{name}:{_FUNCTIONS.get(verb, verb)}", name=verb, help=summary)
        top.command(group)
    return top
