"""Currencies: code, number, exponent and names (ISO 4217).

Rules:

1. `exponent` is the number of decimals of the minor unit: 2 for CNY (分), 0 for JPY, 3 for KWD.
2. `number` is ISO's numeric code; a ledger number may be derived from it.
3. A code that is not in the table is an error, never guessed.

Example::

    currency("KWD").exponent  # 3
"""

from dataclasses import dataclass

from jinku.base.errors import UnknownCurrency


@dataclass(frozen=True, slots=True)
class Currency:
    """One row of the table."""

    code: str
    number: int
    exponent: int
    name: str
    name_zh: str

    def __str__(self) -> str:
        return self.code


TABLE: tuple[Currency, ...] = (
    Currency("AED", 784, 2, "UAE dirham", "阿联酋迪拉姆"),
    Currency("AUD", 36, 2, "Australian dollar", "澳大利亚元"),
    Currency("BHD", 48, 3, "Bahraini dinar", "巴林第纳尔"),
    Currency("BRL", 986, 2, "Brazilian real", "巴西雷亚尔"),
    Currency("CAD", 124, 2, "Canadian dollar", "加拿大元"),
    Currency("CHF", 756, 2, "Swiss franc", "瑞士法郎"),
    Currency("CLP", 152, 0, "Chilean peso", "智利比索"),
    Currency("CNY", 156, 2, "Yuan renminbi", "人民币元"),
    Currency("CZK", 203, 2, "Czech koruna", "捷克克朗"),
    Currency("DKK", 208, 2, "Danish krone", "丹麦克朗"),
    Currency("EUR", 978, 2, "Euro", "欧元"),
    Currency("GBP", 826, 2, "Pound sterling", "英镑"),
    Currency("HKD", 344, 2, "Hong Kong dollar", "港元"),
    Currency("HUF", 348, 2, "Hungarian forint", "匈牙利福林"),
    Currency("IDR", 360, 2, "Indonesian rupiah", "印度尼西亚卢比"),
    Currency("INR", 356, 2, "Indian rupee", "印度卢比"),
    Currency("ISK", 352, 0, "Icelandic króna", "冰岛克朗"),
    Currency("JOD", 400, 3, "Jordanian dinar", "约旦第纳尔"),
    Currency("JPY", 392, 0, "Japanese yen", "日元"),
    Currency("KRW", 410, 0, "South Korean won", "韩元"),
    Currency("KWD", 414, 3, "Kuwaiti dinar", "科威特第纳尔"),
    Currency("MOP", 446, 2, "Macanese pataca", "澳门元"),
    Currency("MXN", 484, 2, "Mexican peso", "墨西哥比索"),
    Currency("MYR", 458, 2, "Malaysian ringgit", "马来西亚林吉特"),
    Currency("NOK", 578, 2, "Norwegian krone", "挪威克朗"),
    Currency("NZD", 554, 2, "New Zealand dollar", "新西兰元"),
    Currency("OMR", 512, 3, "Omani rial", "阿曼里亚尔"),
    Currency("PHP", 608, 2, "Philippine peso", "菲律宾比索"),
    Currency("PLN", 985, 2, "Polish złoty", "波兰兹罗提"),
    Currency("SAR", 682, 2, "Saudi riyal", "沙特里亚尔"),
    Currency("SEK", 752, 2, "Swedish krona", "瑞典克朗"),
    Currency("SGD", 702, 2, "Singapore dollar", "新加坡元"),
    Currency("THB", 764, 2, "Thai baht", "泰铢"),
    Currency("TND", 788, 3, "Tunisian dinar", "突尼斯第纳尔"),
    Currency("TRY", 949, 2, "Turkish lira", "土耳其里拉"),
    Currency("TWD", 901, 2, "New Taiwan dollar", "新台币"),
    Currency("USD", 840, 2, "US dollar", "美元"),
    Currency("VND", 704, 0, "Vietnamese đồng", "越南盾"),
    Currency("ZAR", 710, 2, "South African rand", "南非兰特"),
)

_BY_CODE = {row.code: row for row in TABLE}
_BY_NUMBER = {row.number: row for row in TABLE}


def currency(code: str) -> Currency:
    """The currency with this three-letter code. Raises UnknownCurrency."""
    try:
        return _BY_CODE[code]
    except KeyError:
        raise _unknown(code) from None


def currency_by_number(number: int) -> Currency:
    """The currency with this ISO number. Raises UnknownCurrency."""
    try:
        return _BY_NUMBER[number]
    except KeyError:
        raise _unknown(str(number)) from None


def _unknown(value: str) -> UnknownCurrency:
    return UnknownCurrency(
        "is not a currency that Jinku knows",
        field="currency",
        value=value[:16],
        remedy="use an ISO 4217 code of the table in jinku.base.currency",
    )
