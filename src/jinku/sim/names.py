"""Common characters of Chinese names with their pinyin, and how names are put together from them."""

from random import Random

_SURNAMES = """
王 Wang 李 Li 张 Zhang 刘 Liu 陈 Chen 杨 Yang 黄 Huang 赵 Zhao 吴 Wu 周 Zhou 徐 Xu 孙 Sun 马 Ma 朱 Zhu
胡 Hu 郭 Guo 何 He 高 Gao 林 Lin 罗 Luo 郑 Zheng 梁 Liang 谢 Xie 宋 Song 唐 Tang 许 Xu 韩 Han 冯 Feng
邓 Deng 曹 Cao 彭 Peng 曾 Zeng 肖 Xiao 田 Tian 董 Dong 袁 Yuan 潘 Pan 于 Yu 蒋 Jiang 蔡 Cai 余 Yu 杜 Du
叶 Ye 程 Cheng 苏 Su 魏 Wei 吕 Lü 丁 Ding 任 Ren 沈 Shen 姚 Yao 卢 Lu 姜 Jiang 崔 Cui 钟 Zhong 谭 Tan
陆 Lu 汪 Wang 范 Fan 金 Jin 石 Shi 廖 Liao 贾 Jia 夏 Xia 韦 Wei 付 Fu 方 Fang 白 Bai 邹 Zou 孟 Meng
"""
_GIVEN = """
伟 wei 芳 fang 娜 na 敏 min 静 jing 丽 li 强 qiang 磊 lei 军 jun 洋 yang 勇 yong 艳 yan 杰 jie 娟 juan
涛 tao 明 ming 超 chao 秀 xiu 霞 xia 平 ping 刚 gang 桂 gui 英 ying 华 hua 玉 yu 兰 lan 建 jian 国 guo
志 zhi 文 wen 红 hong 梅 mei 玲 ling 春 chun 燕 yan 鹏 peng 辉 hui 浩 hao 宇 yu 欣 xin 雨 yu 晨 chen
婷 ting 雪 xue 佳 jia 子 zi 轩 xuan 涵 han 睿 rui 博 bo 思 si 琪 qi 嘉 jia 怡 yi 俊 jun 峰 feng 凯 kai
"""
_TRADES = (
    ("商贸", "Trading"),
    ("家电", "Appliances"),
    ("装饰", "Interiors"),
    ("教育科技", "Learning"),
    ("汽车服务", "Motor Services"),
    ("融资担保", "Guarantee"),
)
GUARANTEE_TRADE = len(_TRADES) - 1


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    words = text.split()
    return tuple(zip(words[::2], words[1::2], strict=True))


SURNAMES = _pairs(_SURNAMES)
GIVEN = _pairs(_GIVEN)


def person_name(rng: Random) -> tuple[str, str]:
    """A person's name in characters and in pinyin, surname first: ``("王晨宇", "Wang Chenyu")``."""
    surname, latin = rng.choice(SURNAMES)
    given = rng.choices(GIVEN, k=1 if rng.random() < 0.2 else 2)
    return surname + "".join(one[0] for one in given), f"{latin} {''.join(one[1] for one in given).title()}"


def company_name(rng: Random, trade: int) -> tuple[str, str]:
    """A company's name in characters and in pinyin, marked as made up (演示, Yanshi: for show)."""
    chosen = rng.choices(GIVEN, k=2)
    chinese, english = _TRADES[trade]
    name = "演示" + "".join(one[0] for one in chosen) + f"{chinese}有限公司"
    return name, f"Yanshi {''.join(one[1] for one in chosen).title()} {english} Co., Ltd."


def shop_trade(rng: Random) -> int:
    """A trade of a merchant."""
    return rng.randrange(GUARANTEE_TRADE)
