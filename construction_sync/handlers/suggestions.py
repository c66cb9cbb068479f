"""Look-alikes for a person to choose from; never applied by themselves (R11)."""

from rapidfuzz import fuzz, process

#: below this likeness (0 to 100) a record is not worth a person's look
WORTH_A_LOOK = 45.0


def ranked(records, value, texts_of, limit=5):
    """Records most like ``value``, best first.

    :param texts_of: function of a record giving the texts it may be known by
    :return: ``[{res_model, res_id, name, evidence, score}]``
    """
    texts, owners = [], []
    for record in records:
        for text in texts_of(record):
            if text:
                texts.append(text.casefold())
                owners.append(record)
    found = process.extract(
        str(value).casefold(),
        texts,
        scorer=fuzz.WRatio,
        limit=limit * 3,
        score_cutoff=WORTH_A_LOOK,
    )
    result, seen = [], set()
    for _text, score, position in found:
        record = owners[position]
        if record.id in seen or len(result) == limit:
            continue
        seen.add(record.id)
        result.append(
            {
                "res_model": record._name,
                "res_id": record.id,
                "name": record.display_name,
                "evidence": record.env._("%(score)s %% alike", score=round(score)),
                "score": round(score, 1),
            }
        )
    return result
