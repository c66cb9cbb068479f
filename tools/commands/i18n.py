"""Write the .pot file of every addon (or of those named) from its code."""

from tools import cli, places, set_up, suite, translations
from tools.atomically import write_whole
from tools.terminal import CannotGoOn, say

DATABASE = "construction_i18n"


def add_arguments(sub):
    """Add this command's options."""
    cli.add_database_arguments(sub)
    sub.add_argument("names", nargs="*", metavar="ADDON")


def main(arguments):
    """Install the addons on a fresh database, export, and drop it again."""
    addons, folders = suite.chosen(arguments.names)
    if arguments.names and folders:
        raise CannotGoOn("Only addons have translations; name addons, or nothing.")
    with set_up.workshop(arguments, "scratch") as workshop:
        configuration = workshop.configuration("i18n")
        workshop.install(configuration, DATABASE, addons, "Terms", "i18n.log")
        texts = translations.export(workshop, configuration, DATABASE, addons)
        workshop.drop(configuration, DATABASE)
    for addon, text in texts.items():
        path = translations.pot_file(addon)
        path.parent.mkdir(exist_ok=True)
        # The export carries its date: without a new term the file stays as it is.
        if translations.stale({addon: text}):
            write_whole(path, text)
        say(f"{path.relative_to(places.REPO)}: {len(translations.terms(text))} terms")
    return 0
