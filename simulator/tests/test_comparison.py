"""The checker notices what is missing, doubled or different."""

from simulator.comparison import differences, fold, leave_to_the_latest, names_of


def line(records, status=202, system="fieldbook", event="e1", at="08:00"):
    return {
        "at": at,
        "system": system,
        "status": status,
        "events": [{"id": event, "outcome": "accepted", "records": records}],
    }


def record(data, version=1, entity="vendor", person="", kept_out=()):
    return {
        "entity": entity,
        "external_id": "V-1",
        "version": version,
        "deleted": False,
        "data": data,
        "person": person,
        "kept_out": list(kept_out),
    }


KEY = ("fieldbook", "vendor", "V-1")


def test_the_newest_version_stands_whatever_the_order_of_sending():
    lines = [
        line([record({"name": "new"}, 2)], event="e2"),
        line([record({"name": "old", "phone": "1"}, 1)], event="e1"),
    ]
    assert fold(lines)[KEY].data == {"name": "new", "phone": "1"}


def test_what_was_not_taken_is_not_expected():
    assert not fold([line([record({"name": "x"})], status=503)])


def test_what_a_person_decides_is_held_and_counts_once_however_often_it_was_sent():
    held = record({"name": "x"}, person="unknown code", kept_out=("*",))
    sent = fold([line([held]), line([held])])[KEY]
    assert not sent.landed
    assert sent.held == {"e1": "unknown code"}


def test_after_the_decision_it_has_to_land():
    held = record({"name": "x"}, person="unknown code", kept_out=("*",))
    sent = fold([line([held])], decided=("unknown code",))[KEY]
    assert sent.landed
    assert not sent.held


def test_a_field_that_odoo_leads_is_not_compared():
    own = record({"name": "x", "phone": "1"}, kept_out=("name",))
    sent = fold([line([own])])[KEY]
    assert differences(sent, {"data": {"name": "y", "phone": "1"}}, {}) == []


def test_a_missing_object_and_a_different_field_are_told():
    sent = fold([line([record({"name": "x", "phone": None})])])[KEY]
    assert differences(sent, None, {}) == ["fieldbook vendor V-1 is not in Odoo"]
    (told,) = differences(sent, {"data": {"name": "y"}}, {})
    assert "name" in told


def test_references_are_equal_by_id_or_by_code_and_lists_in_any_order():
    project = record({"cost_codes": ["17", "03 30 00", "HOUSE"]}, entity="project")
    code = dict(record({"code": "05 12 00"}, entity="cost_code"), external_id="17")
    objects = fold([line([project], event="a"), line([code], event="b")])
    sent = objects[("fieldbook", "project", "V-1")]
    for external_id, text in (("18", "03 30 00"), ("19", "09 30 13")):
        other = dict(code, data={"code": text}, external_id=external_id)
        objects.update(fold([line([other], event=external_id)]))
    found = {
        ("fieldbook", "cost_code", external_id): {"odoo_id": int(external_id)}
        for external_id in ("17", "18", "19")
    }
    codes = names_of(objects, found, {"HOUSE": "09 30 13"})
    stands = [{"code": "09 30 13"}, {"code": "03 30 00"}, {"odoo_id": 17}]
    assert differences(sent, {"data": {"cost_codes": stands}}, codes) == []
    assert differences(sent, {"data": {"cost_codes": stands[:2]}}, codes)


def test_amounts_are_equal_by_value():
    sent = fold([line([record({"estimated_value": "100.00"})])])[KEY]
    assert differences(sent, {"data": {"estimated_value": "100"}}, {}) == []
    assert differences(sent, {"data": {"estimated_value": "100.01"}}, {})


def test_of_a_record_that_two_systems_tell_of_each_field_stands_as_told_last():
    lines = [
        line([record({"name": "early", "phone": "1"})], system="a", event="a"),
        line([record({"name": "late"})], system="b", event="b", at="09:00"),
    ]
    objects = fold(lines)
    leave_to_the_latest(objects, {key: {"odoo_id": 5} for key in objects})
    assert objects["a", "vendor", "V-1"].data == {"phone": "1"}
    assert objects["b", "vendor", "V-1"].data == {"name": "late"}
