"""Signatures against the vector of the Standard Webhooks specification."""

from simulator import signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'


def test_published_vector_gives_the_published_signature():
    signed = signature.sign(SECRET, MESSAGE, 1614265330, BODY)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_headers_carry_id_time_and_signature_of_this_try():
    headers = signature.headers(SECRET, MESSAGE, BODY, timestamp=1614265330)
    assert headers["webhook-id"] == MESSAGE
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"].startswith("v1,")
    later = signature.headers(SECRET, MESSAGE, BODY, timestamp=1614265331)
    assert later["webhook-signature"] != headers["webhook-signature"]
