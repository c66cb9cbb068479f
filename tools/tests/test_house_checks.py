"""Each house check finds what it is for, and lets the rest alone."""

from tools import house_checks


def sentences(check, name, *lines):
    return [finding.sentence for finding in check(name, list(lines))]


def test_paths_of_one_machine_are_found():
    for path in ("/ro" + "ot/x", "/tm" + "p/x", "/ho" + "me/anna/x"):
        assert sentences(house_checks.check_words, "a.py", f'open("{path}")')
    assert not sentences(house_checks.check_words, "a.py", 'get("/api/work/tmpl")')


def test_unfinished_work_and_registries_are_found():
    assert sentences(house_checks.check_words, "a.py", "# TO" + "DO: later")
    assert sentences(house_checks.check_words, "a.rst", "see py" + "pi.org")
    assert not sentences(house_checks.check_words, "a.py", "mail_activity_todo")


def test_raised_rights_are_found_in_addons_but_not_in_their_tests(monkeypatch):
    monkeypatch.setattr(house_checks.suite, "addons", lambda: ["addon"])
    check = house_checks.check_privileges
    line = "self.env['x'].su" + "do().unlink()"
    assert sentences(check, "addon/models/a.py", line)
    assert not sentences(check, "addon/tests/test_a.py", line)
    assert not sentences(check, "addon/models/a.py", f"# {line}")
    assert not sentences(check, "simulator/a.py", line)
    assert not sentences(check, "addon/models/a.py", "# gateway: a reason", line)


def test_a_commit_outside_the_pipeline_is_found():
    check = house_checks.check_privileges
    line = "self.env.cr.com" + "mit()"
    assert sentences(check, "construction_sync/models/a.py", line)
    assert not sentences(check, "construction_sync/pipeline/drain.py", line)


def test_a_suppression_needs_its_reason():
    check = house_checks.check_suppressions
    assert sentences(check, "a.py", "x = 1  # no" + "qa: E501")
    assert sentences(check, "a.py", "x = 1  # no" + "qa")
    assert sentences(check, "a.py", "x()  # pylint: dis" + "able=eval-used")
    assert not sentences(
        check, "a.py", "x = 1  # no" + "qa: E501 - the address cannot be broken"
    )


def test_new_models_are_told_from_extended_and_abstract_ones(tmp_path):
    path = tmp_path / "models.py"
    path.write_text(
        'class A(models.Model):\n    _name = "a.b"\n'
        'class B(models.Model):\n    _inherit = "res.partner"\n'
        'class C(models.Model):\n    _name = "c"\n    _inherit = ["c", "mail.thread"]\n'
        'class D(models.AbstractModel):\n    _name = "d"\n'
        'class E(models.TransientModel):\n    _name = "e"\n    _inherit = "mixin"\n'
    )
    found = [model for _line, model in house_checks.stored_models(path)]
    assert found == ["a.b", "e"]


def test_a_model_without_access_rules_is_found(tmp_path):
    addon = tmp_path / "addon"
    (addon / "models").mkdir(parents=True)
    (addon / "security").mkdir()
    (addon / "models" / "a.py").write_text(
        'class A(models.Model):\n    _name = "a.b"\n'
        'class B(models.Model):\n    _name = "a.c"\n'
    )
    (addon / "security" / "ir.model.access.csv").write_text(
        "id,name,model_id:id,group_id:id\nx,x,addon.model_a_b,base.group_user\n"
    )
    (finding,) = house_checks.check_access(addon)
    assert "a.c has no line" in finding.sentence


def test_an_addon_without_its_folders_is_found(tmp_path):
    addon = tmp_path / "addon"
    (addon / "models").mkdir(parents=True)
    (addon / "models" / "__init__.py").touch()
    found = {finding.sentence for finding in house_checks.check_layout(addon)}
    assert "README.rst is missing or empty" in found
    assert "views is missing or empty" in found
    assert "models is missing or empty" not in found
