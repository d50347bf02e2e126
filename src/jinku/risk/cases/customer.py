"""All that a customer is told where an order does not go through at once: neutral words, the same for every reason.

Rules (K7):

1. The words depend on the action alone (0 allow, 1 challenge, 2 hold, 3 deny), never on rules, scores, lists, alerts,
   cases or reports: whoever compares two answers learns nothing.
2. Whoever builds an answer to a customer takes it from here, and nothing of a decision's reasons.

Example::

    customer_answer(2, "zh")  # 您的指令正在处理中。
"""

from jinku.base.errors import InputError

_ANSWERS = (
    ("Your order was carried out.", "您的指令已办理。"),
    ("Please confirm this order once more.", "请再次确认该指令。"),
    ("Your order is being processed.", "您的指令正在处理中。"),
    ("We cannot carry out this order.", "该指令无法办理。"),
)


def customer_answer(action: int, language: str = "en") -> str:
    """What a customer is told of an order that was decided so, ``en`` or ``zh``. Raises InputError."""
    if not 0 <= action < len(_ANSWERS):
        raise InputError("is no action", field="action", value=str(action), remedy="0 to 3")
    return _ANSWERS[action][1 if language == "zh" else 0]
