"""Odoo 19 from Debian's archive, without touching the machine's own apt.

A private apt folder with its own source list does the download, as any user; the
packages are only unpacked, never installed. The archive's address and keyring are
those that the machine already uses.
"""

import os
import shutil
import tarfile
from pathlib import Path

from tools.program import ProgramFailed, quietly, run_logged
from tools.terminal import say

PACKAGES_FOLDER = Path("usr/lib/python3/dist-packages")
ODOO = "odoo-19"
# Web assets that Debian's package leaves to other packages.
ASSETS = (
    "libjs-jquery",
    "libjs-underscore",
    "libjs-jquery-form",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "fonts-inconsolata",
)
ICONS = "fonts-font-awesome"
ICONS_SERIES = "4.7"
# Releases that still have font-awesome 4.7, for a machine that runs sid itself.
ICONS_RELEASES = ("bookworm", "trixie")
SEGMENTATION = "odoo/addons/mail/static/lib/selfie_segmentation"
PLACEHOLDER = "/* Background blur is not available: the npm package is missing. */\n"


def why_not():
    """Return why this machine cannot use Debian's archive, or None when it can."""
    for program in ("apt-get", "apt-cache", "dpkg"):
        if shutil.which(program) is None:
            return f"there is no {program} here"
    if main_suite() is None:
        return "apt has no Debian main suite configured"
    return None


def codename(os_release=Path("/etc/os-release")):
    """Return the release name of a Debian machine ("bookworm"), or None elsewhere."""
    try:
        said = dict(x.split("=", 1) for x in os_release.read_text().split() if "=" in x)
    except OSError:
        return None
    if said.get("ID", "").strip('"') != "debian":
        return None
    return said.get("VERSION_CODENAME", "sid").strip('"')


def main_suite(listing=None, own=None):
    """Return (address, release, keyring) of the configured Debian main suite.

    ``listing`` is the output of ``apt-get indextargets`` and ``own`` the machine's
    release name, both asked for when absent. Security, updates and other vendors'
    archives have other release names and do not count.
    """
    own = own or codename()
    if own is None:
        return None
    if listing is None:
        wanted = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)|$(CREATED_BY)"
        listing = quietly(["apt-get", "indextargets", "--format", wanted]) or ""
    releases = (own, "stable", "oldstable", "testing", "sid", "unstable")
    for line in listing.splitlines():
        address, release, component, keyring, created_by = line.split("|")
        if (created_by, component) != ("Packages", "main") or release not in releases:
            continue
        if "security" not in address:
            return address, release, "" if keyring.startswith("$") else keyring
    return None


def fetch(prefix):
    """Download and unpack Odoo with its web assets into the folder ``prefix``.

    Raises ProgramFailed.
    """
    address, release, keyring = main_suite()
    apt = prefix / ".apt"
    options = _private_apt(apt, address, release, keyring)
    run_logged(["apt-get", *options, "update"], "Odoo 19, list of packages")
    wanted = [f"{name}/sid" for name in (ODOO, *ASSETS)]
    icons = _icons_version(options)
    if icons:
        wanted.append(f"{ICONS}={icons}")
    debs = apt / "debs"
    debs.mkdir()
    run_logged(
        ["apt-get", *options, "download", *wanted], "Odoo 19, download", cwd=debs
    )
    for package in sorted(debs.glob("*.deb")):
        run_logged(["dpkg", "-x", package, prefix], f"unpacking {package.name}")
    _segmentation(prefix)
    shutil.rmtree(apt)


def _private_apt(apt, address, release, keyring):
    for folder in ("lists/partial", "cache/archives/partial", "preferences.d"):
        (apt / folder).mkdir(parents=True)
    keyring = keyring or "/usr/share/keyrings/debian-archive-keyring.gpg"
    signed = f"[signed-by={keyring}] " if Path(keyring).exists() else ""
    others = [release] if release not in ("sid", "unstable") else ICONS_RELEASES
    source_list = apt / "sources.list"
    source_list.write_text(
        "".join(f"deb {signed}{address} {name} main\n" for name in ("sid", *others))
    )
    return [
        *("-o", f"Dir::Etc::sourcelist={source_list}"),
        *("-o", "Dir::Etc::sourceparts=/dev/null"),
        *("-o", f"Dir::Etc::preferencesparts={apt / 'preferences.d'}"),
        *("-o", f"Dir::State::lists={apt / 'lists'}"),
        *("-o", f"Dir::Cache={apt / 'cache'}"),
        # Root would drop to apt's own user, who cannot read a folder of root's.
        *("-o", "APT::Sandbox::User=root"),
        *("-o", "Acquire::Retries=3"),
        # Without this, an update that reached nobody counts as done.
        *("-o", "APT::Update::Error-Mode=any"),
        *("-o", "Acquire::Languages=none"),
    ]


def _icons_version(options):
    listed = quietly(["apt-cache", *options, "madison", ICONS]) or ""
    for line in listed.splitlines():
        version = line.split("|")[1].strip()
        if ICONS_SERIES in version:
            return version
    say("Odoo 19: no font-awesome 4.7 in the archive; some icons will be blank")
    return None


def _segmentation(prefix):
    """Put back the one web asset that only npm has.

    The asset bundler fails without the file; the feature behind it (blurred
    backgrounds in video calls) is none of ours, so a placeholder does.
    """
    folder = prefix / PACKAGES_FOLDER / SEGMENTATION
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "selfie_segmentation.js"
    if target.exists():
        return
    name = "@mediapipe/selfie_segmentation"
    try:
        run_logged(["npm", "pack", name], "web asset from npm", cwd=prefix / ".apt")
        packed = next((prefix / ".apt").glob("*selfie_segmentation*.tgz"))
        with tarfile.open(packed) as archive:
            member = archive.extractfile("package/selfie_segmentation.js")
            target.write_bytes(member.read())
        os.chmod(target, 0o644)
    except (OSError, ProgramFailed, StopIteration, KeyError, AttributeError):
        target.write_text(PLACEHOLDER)
        say("Odoo 19: npm is not available, a placeholder stands for one web asset")
