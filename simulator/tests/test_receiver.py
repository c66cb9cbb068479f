"""A receiver verifies, recognises and logs; every switch does what it says."""

import base64
import json
import socket
import ssl
import time
from urllib.parse import urlsplit

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulator import signature
from simulator.receiver import Receiver
from simulator.trouble import FAULTS, Trouble
from simulator.verification import Verifier

SECRET = signature.new_secret()


@pytest.fixture
def receiver(tmp_path):
    made = Receiver(
        "hub", tmp_path / "hub.jsonl", Verifier([SECRET]), keep_bodies=True
    ).start()
    yield made
    made.stop()


def event(number=1, sequence=1, name="Ace Concrete"):
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"e{number}-{sequence}",
            "type": "construction.vendor.v1",
            "subject": f"V-{number}",
            "odooid": str(number),
            "sequence": str(sequence),
            "data": {"name": name},
        }
    ).encode()


def post(receiver, body=None, delivery_id="d1", secret=SECRET, **keywords):
    body = body or event()
    headers = {"Content-Type": "application/cloudevents+json"}
    if secret:
        headers.update(
            signature.headers(
                secret, delivery_id, body, keywords.pop("timestamp", None)
            )
        )
    headers.update(keywords.pop("headers", {}))
    with requests.Session() as session:
        session.trust_env = False
        return session.post(
            receiver.address,
            data=body,
            headers=headers,
            allow_redirects=False,
            **{"timeout": 3, **keywords},
        )


def lines(receiver):
    receiver.log.close()
    return [json.loads(x) for x in receiver.log.path.read_text().splitlines()]


def test_a_signed_event_is_taken_and_logged(receiver):
    answer = post(receiver)
    assert (answer.status_code, answer.headers["X-Simulator"]) == (
        204,
        "construction-sync",
    )
    (line,) = lines(receiver)
    assert (line["id"], line["subject"], line["sequence"]) == ("d1", "V-1", "1")
    assert (line["proof"], line["received"], line["answer"]) == ("v1", True, 204)
    assert line["body"]["data"] == {"name": "Ace Concrete"}
    assert line["sha256"] and not line["duplicate"]
    assert "webhook-signature" not in json.dumps(line)


def test_what_is_not_signed_as_agreed_is_not_believed(receiver):
    assert post(receiver, secret=None).status_code == 401
    assert post(receiver, secret=signature.new_secret()).status_code == 401
    old = int(time.time()) - 3600
    assert post(receiver, timestamp=old).status_code == 401
    assert receiver.counts["refused"] == 3 and not receiver.known


def test_an_ed25519_signature_is_verified_with_the_public_key():
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    verifier = Verifier(public_keys=["whpk_" + base64.b64encode(public).decode()])
    receiver = Receiver("hub", verifier=verifier).start()
    try:
        body, at = event(), str(int(time.time()))
        signed = private.sign(f"d1.{at}.".encode() + body)
        headers = {
            "webhook-id": "d1",
            "webhook-timestamp": at,
            "webhook-signature": "v1,AAAA v1a," + base64.b64encode(signed).decode(),
        }
        assert post(receiver, body, secret=None, headers=headers).status_code == 204
        other = event(2)
        assert post(receiver, other, secret=None, headers=headers).status_code == 401
        assert receiver.log.recent()[0]["proof"] == "v1a"
    finally:
        receiver.stop()


def test_a_delivery_that_comes_again_is_recognised_by_its_id(receiver):
    post(receiver)
    post(receiver)
    assert receiver.counts["received"] == 1 and receiver.counts["duplicates"] == 1
    assert not receiver.counts["other_bytes"]
    post(receiver, event(name="Other"), "d1")
    assert receiver.counts["other_bytes"] == 1


def test_the_newest_state_of_an_object_stands_and_disorder_is_counted(receiver):
    post(receiver, event(1, 2, "New"), "d2")
    post(receiver, event(1, 1, "Old"), "d1")
    assert receiver.counts["out_of_order"] == 1
    assert receiver.objects()["vendor", "1"]["data"] == {"name": "New"}


def test_it_says_whether_something_arrived(receiver):
    post(receiver)
    base = receiver.address.removesuffix("/webhooks")
    found = requests.get(f"{base}/received/d1", timeout=3).json()
    assert found["received"] and found["sha256"]
    assert not requests.get(f"{base}/received/d2", timeout=3).json()["received"]
    receiver.change(probe="absent")
    assert requests.get(f"{base}/received/d1", timeout=3).status_code == 404
    receiver.change(probe="lost")
    with pytest.raises(requests.Timeout):
        requests.get(f"{base}/received/d1", timeout=0.3)


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("7", "7"),
        ("huge", "99999999999999999999"),
        ("negative", "-30"),
        ("junk", "as soon as possible"),
    ],
)
def test_it_asks_for_time_in_every_way(receiver, text, header):
    receiver.change(fault="status", status=429, retry_after=text)
    answer = post(receiver)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, header)
    assert not receiver.counts["received"]


def test_a_retry_after_date_follows_its_own_clock(receiver):
    receiver.change(fault="status", retry_after="date:60", clock_skew=120)
    answer = post(receiver)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"].endswith("GMT")


@pytest.mark.parametrize("status", [400, 408, 410, 500, 502, 504])
def test_any_status(receiver, status):
    receiver.change(fault="status", status=status)
    assert post(receiver).status_code == status


def test_a_redirect(receiver):
    receiver.change(fault="redirect", status=301, location="http://127.0.0.1:1/x")
    answer = post(receiver)
    assert (answer.status_code, answer.headers["Location"]) == (
        301,
        "http://127.0.0.1:1/x",
    )


def test_an_error_in_a_body_that_says_200(receiver):
    receiver.change(fault="error_in_body")
    answer = post(receiver)
    assert answer.status_code == 200 and answer.json()["errors"]
    assert not receiver.counts["received"]


@pytest.mark.parametrize(
    ("fault", "received"),
    [
        ("reset_before", 0),
        ("reset_after", 1),
        ("truncated", 1),
        ("closed", 1),
        ("silent", 1),
        ("silent_lost", 0),
        ("not_http", 0),
        ("huge_head", 1),
    ],
)
def test_answers_that_never_come_whole(receiver, fault, received):
    receiver.change(fault=fault)
    with pytest.raises(requests.RequestException):
        post(receiver, timeout=0.5)
    assert receiver.counts["received"] == received
    assert receiver.log.recent()[-1]["fault"] == fault
    receiver.change(fault="none")
    assert post(receiver).status_code == 204
    assert receiver.counts["duplicates"] == received


def test_received_although_it_said_otherwise(receiver):
    receiver.change(fault="status", status=500, received=True)
    assert post(receiver).status_code == 500
    assert receiver.counts["received"] == 1


def test_a_slow_answer_outlives_a_timeout_between_reads(receiver):
    receiver.change(fault="slow_loris")
    started = time.monotonic()
    with pytest.raises(requests.RequestException):
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                receiver.address,
                data=event(),
                headers=signature.headers(SECRET, "d1", event()),
                timeout=0.6,
                stream=True,
            )
            # the head alone takes longer than the timeout, and yet it comes
            for _piece in answer.iter_content(1):
                if time.monotonic() - started > 2:
                    raise requests.Timeout
    assert time.monotonic() - started > 1.5


def test_a_body_without_an_end(receiver):
    receiver.change(fault="endless")
    answer = post(receiver, stream=True)
    got = 0
    for piece in answer.iter_content(65536):
        got += len(piece)
        if got > 4 << 20:
            break
    answer.close()
    assert got > 4 << 20


def test_a_gzip_bomb_is_small_on_the_wire(receiver):
    receiver.change(fault="gzip_bomb")
    answer = post(receiver, stream=True)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.raw.read(decode_content=False)) < 200_000


def test_latency_and_only_some_calls(receiver):
    receiver.change(latency_ms=200)
    started = time.monotonic()
    assert post(receiver).status_code == 204
    assert time.monotonic() - started >= 0.2
    receiver.change(latency_ms=0, fault="status", status=500, every=2, times=1)
    assert [post(receiver).status_code for _try in range(4)] == [204, 500, 204, 204]


def test_down_is_refused_and_up_is_the_same_address(receiver):
    address = receiver.address
    receiver.change(down=True)
    with pytest.raises(requests.ConnectionError):
        post(receiver)
    receiver.change(down=False)
    assert receiver.address == address
    assert post(receiver).status_code == 204


def test_a_clock_that_is_wrong_believes_nobody(receiver):
    receiver.change(clock_skew=3600)
    assert post(receiver).status_code == 401


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("expired", "expired"),
        ("wrong_host", "mismatch"),
        ("self_signed", "self"),
    ],
)
def test_certificates_that_nobody_may_accept(receiver, kind, word):
    receiver.change(certificate=kind)
    with pytest.raises(requests.exceptions.SSLError) as refused:
        post(receiver, verify=str(receiver.authority_file))
    assert word in str(refused.value)
    assert not receiver.counts["calls"]


def test_a_good_certificate_and_back_to_plain(receiver):
    receiver.change(certificate="good")
    assert receiver.address.startswith("https://")
    assert post(receiver, verify=str(receiver.authority_file)).status_code == 204
    place = urlsplit(receiver.address)
    context = ssl.create_default_context(cafile=receiver.authority_file)
    with socket.create_connection((place.hostname, place.port)) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as door:
            assert door.getpeercert()["subject"]
    receiver.change(certificate="none")
    assert post(receiver, delivery_id="d2").status_code == 204


def test_switches_are_turned_and_read_over_http(receiver):
    session = requests.Session()
    session.trust_env = False
    control = receiver.control
    values = {"fault": "status", "status": 410}
    answer = session.post(f"{control}/faults", json=values, timeout=3)
    assert answer.json()["status"] == 410
    assert post(receiver).status_code == 410
    for wrong in ({"fault": "x"}, {"unknown": 1}, {"status": "410"}, []):
        answer = session.post(f"{control}/faults", json=wrong, timeout=3)
        assert answer.status_code == 400, wrong
    page = session.post(f"{control}/faults", data={"fault": "none", "status": "500"})
    assert page.status_code == 200 and "Simulator" in page.text
    assert session.get(f"{control}/counts", timeout=3).json()["calls"] == 1
    assert session.get(f"{control}/log", timeout=3).text.count("\n") == 1
    strange = {"Origin": "http://evil.example"}
    answer = session.post(f"{control}/faults", json=values, headers=strange, timeout=3)
    assert answer.status_code == 403
    session.post(f"{control}/forget", timeout=3)
    assert not receiver.known


def test_what_came_from_outside_is_escaped_on_the_page(receiver):
    post(receiver, event(name="x").replace(b"V-1", b"<script>alert(1)</script>"))
    page = requests.get(receiver.control, timeout=3).text
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_it_listens_on_loopback_only(receiver):
    for address in (receiver.address, receiver.control):
        assert urlsplit(address).hostname == "127.0.0.1"


def test_every_fault_has_a_switch_that_is_known():
    for fault in FAULTS:
        Trouble().change({"fault": fault})
    with pytest.raises(ValueError):
        Trouble().change({"retry_after": "1\r\nX: y"})
