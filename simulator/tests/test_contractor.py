"""The made-up contractor is whole: every reference leads somewhere."""

from simulator import contractor


def test_the_library_has_divisions_and_about_eighty_codes_below_them():
    codes = dict(contractor.cost_codes())
    divisions = {code for code, data in codes.items() if "parent" not in data}
    below = {code: data for code, data in codes.items() if "parent" in data}
    assert 70 <= len(below) <= 90
    assert {data["parent"] for data in below.values()} == divisions
    assert not any(codes[division]["postable"] for division in divisions)


def test_thirty_vendors_with_tax_ids_of_their_own():
    vendors = dict(contractor.vendors())
    assert len(vendors) == 30
    assert len({data["tax_id"] for data in vendors.values()}) == 30
    assert sum("bank_accounts" in data for data in vendors.values()) > 10


def test_every_project_has_three_levels_and_books_on_codes_of_the_library():
    library = {code for code, _data in contractor.cost_codes()}
    projects = dict(contractor.projects())
    assert len(projects) == 3
    for project_id, data in projects.items():
        assert set(data["cost_codes"]) <= library
        seen = set()
        for node_id, node in contractor.wbs_nodes(project_id):
            assert node.get("parent") is None or node["parent"] in seen
            seen.add(node_id)
        assert max(node_id.count("/") for node_id in seen) == 3


def test_short_codes_repeat_under_different_parents():
    codes = [data["code"] for _id, data in contractor.wbs_nodes("RMC")]
    assert len(set(codes)) < len(codes)


def test_the_main_area_of_a_project_is_a_segment_value():
    values = dict(contractor.segment_values())
    for project_id, _data in contractor.projects():
        assert values[contractor.main_area(project_id)]["segment"] == "area"
