"""The simulated Procore keeps to the published contract of its ERP integration."""

import json

import pytest
import requests

from simulator.procore_company import Company
from simulator.procore_erp import ProcoreErp
from simulator.procore_hooks import Hooks
from simulator.receiver import Receiver


@pytest.fixture
def procore(tmp_path):
    made = ProcoreErp(log=tmp_path / "procore.jsonl").start()
    yield made
    made.stop()


def token(procore, secret="erp-secret"):
    return requests.post(
        procore.token_address,
        data={
            "grant_type": "client_credentials",
            "client_id": "erp-client",
            "client_secret": secret,
        },
        timeout=5,
    )


def call(procore, method, path, body=None, **headers):
    known = token(procore).json()["access_token"]
    return requests.request(
        method,
        f"{procore.address}/rest/v1.0{path}",
        json=body,
        headers={
            "Authorization": f"Bearer {known}",
            "Procore-Company-Id": "8",
            **headers,
        },
        timeout=5,
    )


def stage(procore, *updates):
    return call(
        procore, "PATCH", "/companies/8/staged_records/sync", {"updates": updates}
    )


def vendor(origin_id="odoo-1", name="Ace Concrete", **values):
    return {
        "item_type": "vendor",
        "origin_id": origin_id,
        "data": {"name": name},
        **values,
    }


def test_without_a_token_or_company_nothing_is_said(procore):
    assert token(procore, "wrong").status_code == 401
    path = f"{procore.address}/rest/v1.0/companies/8/erp_requests"
    assert requests.get(path, timeout=5).status_code == 401
    other = call(procore, "GET", "/companies/8/erp_requests", **{
        "Procore-Company-Id": "9"
    })  # fmt: skip
    assert other.status_code == 403
    assert other.headers["X-Simulator"] == "construction-sync"


def test_an_import_waits_for_a_person_and_makes_one_object(procore):
    for _again in range(2):
        assert len(stage(procore, vendor()).json()["entities"]) == 1
    assert not procore.company.vendors
    number = procore.company.import_staged("vendor", "odoo-1")
    assert len(procore.company.vendors) == 1
    shown = call(procore, "GET", f"/companies/8/erp_requests/{number}").json()
    assert shown["request_name"] == "create_vendor_in_procore"
    assert shown["request_data"]["vendor"]["origin_id"] == "odoo-1"
    again = stage(procore, vendor(name="Ace Concrete Ltd")).json()["entities"]
    assert again[0]["status"] == "imported"


def test_a_sync_action_says_200_and_names_what_it_did_not_take(procore):
    answer = stage(procore, vendor(), vendor("odoo-2", " "))
    assert answer.status_code == 200
    assert [e["origin_id"] for e in answer.json()["entities"]] == ["odoo-1"]
    (error,) = answer.json()["errors"]
    assert (error["origin_id"], error["errors"]["base"]) == (
        "odoo-2",
        ["name can't be blank"],
    )


def test_an_export_is_closed_by_the_integrator(procore):
    company = procore.company
    request = company.accept_vendor(company.new_vendor("Bolt Steel"))
    data = company.requests[request]["request_data"]
    marked = call(procore, "PATCH", "/companies/8/external_data/sync", {
        "updates": [{"item_type": "vendor", "item_id": data["vendor"]["id"],
                     "origin_id": "odoo-7"}]
    })  # fmt: skip
    assert marked.json()["errors"] == []
    path = f"/companies/8/erp_request_details/{data['request_detail_id']}"
    closed = call(procore, "PATCH", path, {"request_detail": {"status": "success"}})
    assert closed.json()["status"] == "success"
    wrong = call(procore, "PATCH", path, {"request_detail": {"status": "done"}})
    assert wrong.status_code == 422


def test_cost_codes_are_found_by_id_and_then_by_origin(procore):
    body = {"company_id": 8, "standard_cost_code_list_id": 21, "updates": [
        {"code": "03", "name": "Concrete", "origin_id": "odoo-3"}
    ]}  # fmt: skip
    first = call(procore, "PATCH", "/standard_cost_codes/sync", body).json()
    again = call(procore, "PATCH", "/standard_cost_codes/sync", body).json()
    assert first["entities"][0]["id"] == again["entities"][0]["id"]
    body["updates"] = [{"code": "30", "name": "Slabs", "origin_id": "odoo-4",
                        "parent_id": first["entities"][0]["id"]}]  # fmt: skip
    below = call(procore, "PATCH", "/standard_cost_codes/sync", body).json()
    assert below["entities"][0]["full_code"] == "03-30"


def test_lists_are_paged_and_say_how_many_there_are(procore):
    for number in range(5):
        procore.company.press_sync("sync_vendors" if number % 2 else "sync_jobs")
    path = "/companies/8/erp_requests?per_page=2&page=2"
    answer = call(procore, "GET", path)
    assert (len(answer.json()), answer.headers["Total"]) == (2, "5")
    assert 'rel="next"' in answer.headers["Link"]
    assert "request_data" not in answer.json()[0]


def test_who_calls_too_often_is_told_until_when(tmp_path):
    procore = ProcoreErp(Company(), limit=2).start()
    try:
        answers = [call(procore, "GET", "/companies") for _n in range(3)]
    finally:
        procore.stop()
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[1].headers["X-Rate-Limit-Remaining"] == "0"
    assert int(answers[2].headers["X-Rate-Limit-Reset"]) > 0


def test_switches_over_http_and_a_log_without_secrets(procore):
    requests.post(
        f"{procore.control}/faults",
        json={"fault": "status", "status": 503, "retry_after": "7", "times": 1},
        timeout=5,
    )
    answer = stage(procore, vendor())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert not procore.company.staged
    assert stage(procore, vendor()).status_code == 200
    procore.log.close()
    text = procore.log.path.read_text()
    assert "erp-secret" not in text
    taken = [json.loads(line) for line in text.splitlines()]
    assert [x["answer"] for x in taken if "staged" in x["path"]] == [503, 200]
    page = requests.get(procore.control, timeout=5).text
    assert "Simulator" in page and "odoo-1" in page


def test_webhooks_come_twice_or_never(tmp_path):
    receiver = Receiver("hooks", keep_bodies=True).start()
    hooks = Hooks(8, receiver.address, "Bearer agreed")
    hooks.duplicate_every, hooks.discard_every = 2, 3
    procore = ProcoreErp(hooks=hooks).start()
    try:
        for _n in range(3):
            procore.company.press_sync("sync_vendors")
        procore.announce()
        hooks._waiting.put(None)
        hooks._thread.join(20)
    finally:
        procore.stop()
        receiver.stop()
    assert [line["body"]["resource_id"] for line in receiver.log.recent()] == [
        "501",
        "502",
        "502",
    ]
    assert hooks.discarded == [503]
