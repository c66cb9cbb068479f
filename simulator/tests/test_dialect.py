"""The bodies have the shape that the vendor of the platform publishes."""

import json

import pytest

from simulator.journal import Journal
from simulator.procore import Procore


@pytest.fixture
def procore(tmp_path):
    return Procore("http://127.0.0.1:1", Journal(tmp_path / "procore.jsonl"))


def test_exported_codes_name_their_parents_and_come_in_one_body(procore):
    (first, *_rest) = procore.cost_codes()
    payload = json.loads(procore.call(first).body)
    assert payload["request_name"] == "create_standard_cost_codes"
    rows = payload["request_data"]
    assert len(rows) == len(first.records)
    child = next(row for row in rows if row["parent_id"])
    assert child["full_code"] == f"{child['full_code'][:2]}-{child['code']}"


def test_an_exported_project_carries_its_codes(procore):
    for event in procore.projects():
        request = event.payload["request_data"]
        assert request["job"]["origin_code"] == event.records[0].data["number"]
        assert request["all_cost_codes"]


def test_webhooks_of_three_versions_have_the_words_of_their_version(procore):
    two, three, four = (
        procore.webhook(version, version, "RFIs", 1).payload for version in (2, 3, 4)
    )
    assert two["api_version"] == "v2.0" and "related_resources" not in two
    assert three["api_version"] == "v3.0" and "related_resources" in three
    assert "reason" in four and isinstance(four["resource_id"], str)


def test_a_merge_names_master_and_sources(procore):
    event = procore.vendors_merged("1", ["2", "3"])
    request = event.payload["request_data"]
    assert request["master_vendor"]["id"] == 1
    assert [source["id"] for source in request["source_vendors"]] == [2, 3]
