"""What the stories of a day with crime in it are called, in English and Chinese."""

STORIES = {
    "account_takeover": ("an account taken over", "账户被盗用"),
    "card_testing": ("stolen cards tried out", "盗卡试刷"),
    "compromised_terminal": ("a terminal that copies cards", "终端被改装"),
    "persuaded_customer": ("a customer talked into paying", "受骗自愿付款"),
    "structuring": ("cash brought in below the threshold", "拆分规避报告"),
    "fan_in": ("many pay one", "集中转入"),
    "scatter_gather": ("spread out and gathered again", "分散后再集中"),
    "cycle": ("money that comes back to its payer", "循环转账"),
    "dormant_mule": ("a sleeping account that wakes", "休眠账户突用"),
    "listed_payee": ("paid to a listed name", "付给名单人员"),
    "new_phone": ("a customer's new phone", "客户换手机"),
    "house_bought": ("a house bought", "购房"),
    "wedding": ("a wedding's gifts", "婚礼礼金"),
    "wages": ("an employer's wages", "发放工资"),
    "shopkeeper": ("a shop's takings", "商户收款"),
    "namesake": ("somebody named like a listed one", "与名单人员同名"),
    "ordinary": ("all other custom", "其余普通交易"),
}
COLUMNS = (
    ("stories", "stories 情节数", "how often it was played · 出现次数"),
    (
        "noticed",
        "noticed 发现",
        "stories of which a movement was kept back or an alert tells · 有交易被截留或有预警的情节数",
    ),
    ("movements", "movements 笔数", "all of its movements · 全部交易"),
    ("stopped", "stopped 拦截", "denied: never booked · 拒绝，不入账"),
    ("held", "held 暂停", "reserved until two persons have spoken · 冻结，待两人复核"),
    ("asked", "asked 询问", "asked back until the customer confirms · 待客户确认"),
    ("passed", "passed 放行", "booked at once: missed where it was a crime · 直接入账；若为犯罪即漏过"),
    ("amount", "amount 金额", "of all its movements, in yuan · 全部交易金额，元"),
    ("kept", "kept back 截留", "of it stopped, held or asked back, in yuan · 其中拦截、暂停与询问的金额，元"),
)
"""Columns of the reckoning: name, heading, meaning."""
