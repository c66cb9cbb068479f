"""The archive's address is the machine's own main suite, and only that."""

from tools import debian_archive

LISTING = """\
https://other.example/apt/|cloud-sdk-bookworm|main||Packages
https://mirror.example/debian-security/|bookworm-security|main||Packages
https://mirror.example/debian/|bookworm-updates|main||Packages
https://mirror.example/debian/|bookworm|main||Contents-deb
https://mirror.example/debian/|bookworm|contrib||Packages
https://mirror.example/debian/|bookworm|main|/keys/debian.gpg|Packages
"""


def test_security_updates_and_other_vendors_are_passed_over():
    assert debian_archive.main_suite(LISTING, "bookworm") == (
        "https://mirror.example/debian/",
        "bookworm",
        "/keys/debian.gpg",
    )


def test_an_apt_that_does_not_know_the_keyring_field_names_none():
    listing = "https://mirror.example/debian/|sid|main|$(SIGNED_BY)|Packages\n"
    assert debian_archive.main_suite(listing, "bookworm")[2] == ""


def test_a_machine_of_another_distribution_has_no_main_suite(tmp_path):
    os_release = tmp_path / "os-release"
    os_release.write_text('ID=ubuntu\nVERSION_CODENAME="noble"\n')
    assert debian_archive.codename(os_release) is None


def test_a_debian_machine_is_known_by_its_release_name(tmp_path):
    os_release = tmp_path / "os-release"
    os_release.write_text(
        'PRETTY_NAME="Debian 12"\nID=debian\nVERSION_CODENAME=bookworm\n'
    )
    assert debian_archive.codename(os_release) == "bookworm"
