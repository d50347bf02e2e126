"""Every status can be said in both languages, and no text says something about a status that there is not."""

import re

from jinku.ledger import status_text
from jinku.ledger.status_text import explain
from jinku.ledger.statuses import TRANSIENT_STATUSES, CreateAccountStatus, CreateTransferStatus

EVERY = [*CreateAccountStatus, *CreateTransferStatus]


def test_every_status_has_words_in_both_languages() -> None:
    for status in EVERY:
        text = explain(status)
        for english in (text.meaning, text.remedy):
            assert re.fullmatch(r"[A-Za-z_][ -~]+\.", english), (status, english)
            assert "{" not in english
        for chinese in (text.meaning_zh, text.remedy_zh):
            assert re.search(r"[\u4e00-\u9fff].*。$", chinese), (status, chinese)
            assert "{" not in chinese


def test_only_a_burned_id_is_said_to_be_used_up() -> None:
    for status in EVERY:
        burned = isinstance(status, CreateTransferStatus) and status in TRANSIENT_STATUSES
        assert ("used up" in explain(status).remedy) == burned, status
        assert ("作废" in explain(status).remedy_zh) == burned, status


def test_fields_are_named_as_the_model_spells_them() -> None:
    assert explain(CreateTransferStatus.EXISTS_WITH_DIFFERENT_USER_DATA_64).meaning == (
        "The id is taken by an event whose user_data_64 is another."
    )
    assert "debits_posted" in explain(CreateAccountStatus.DEBITS_POSTED_MUST_BE_ZERO).meaning
    assert "pending_id" in explain(CreateTransferStatus.PENDING_ID_MUST_NOT_BE_INT_MAX).meaning_zh


def test_no_text_is_left_over() -> None:
    assert set(status_text._SAME) <= {status.name for status in EVERY}
    for prefix, suffix, _ in status_text._PATTERNS:
        named = {status.name for status in EVERY} - set(status_text._SAME)
        assert any(name.startswith(prefix) and name.endswith(suffix) for name in named)
