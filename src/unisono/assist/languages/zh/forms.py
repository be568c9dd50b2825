"""Spoken forms brought to the ones that the words are written in: 琴日 is 昨天, 断个电 is 断电, 关一关 is 关一下.

Knows ``spoken.yaml``. What is part of a name of the place is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from unisono.thing.files import yaml_loader

__all__ = ["Forms", "called", "doors", "measures", "rooms"]

_SPOKEN = Path(__file__).parent / "spoken.yaml"
#: 关一关, 开一开: a verb of one character said twice.
_TWICE = re.compile(r"([开关锁停调拉扫拖充听放擦亮热洗])一\1(?!起)")


#: 拧亮, 整大点: turned this or that way.
_TURNED = re.compile(r"(?:[拧捻扭拨推搞整校]|(?<!比)较)(?=[高低大小亮暗强弱]|细声)")
#: 开强一点
_OPENED = re.compile(r"开(?=[强弱高低亮暗](?:一?点|一?些|到|啲|$))")
#: 开二段: a step, in Taiwan
_STEP = re.compile(r"(?<=[开调到转至])(第?[一二两三四五1-5])段")
#: 啥都关: all of it.
_WHATEVER = re.compile(r"(?:啥|什么)都(?=[关停开熄灭打])")
#: 切hdmi2
_SOURCE = re.compile(r"(?:切换?|[转换])(?=hdmi|av|usb|vga|dp|dvi)|切换?(?=[^到成换为歌片菜，。]{1,4}模式)")
#: 左边的床头灯 for 左床头灯.
_SIDE = re.compile(r"([左右前后东西南北上下])(?:手边|边|侧|面)(?:的|[那这][个盏台扇])*(?=(..))")
#: 二十一度就行: that is enough.
_ENOUGH = re.compile(r"(?<!着)就(?:行了?|好|可以了?|够了?|成了?|得了?|中)[吧啊呀]?$")
#: 先把电视关了再说: first that, whatever comes after it
_FIRST = re.compile(r"^(先[^，。]{3,}[了掉上好开停])再(?:说|讲)$")
#: 不光关灯, 把电视也关了: this and that.
_BOTH = re.compile(r"不(?:光|止|仅仅|仅|但|单|只)(?=(?:是|要)?[^，。]{1,12}[，,])(?:是|要)?")
#: 烧点热水, 煮一壶水
_WATER = re.compile(r"[烧煮煲](?:点儿|点|些|一?壶|一?锅)?(?:热|开)水|烧[上开好]水|[煮煲](?:点儿|点|些|一?壶|一?锅)?水")
#: 高不高, 正不正常: whether it is so.
_WHETHER = re.compile(r"([高低大小多快慢亮暗冷热湿干响吵满远重闷潮正强弱])不\1(?=(.?))")


#: 几远, 几热: how far, in Cantonese. 开紧: it is on, there.
_HOW = re.compile(r"几(?=[远热冻重快亮嘈]|高(?!档))")
_ONGOING = re.compile(r"(?<=[开用放播洗充录])紧")


#: 从明天起每天: what begins now or with the next day; nothing of it is left to say.
_FROM_NOW = re.compile(
    r"(?:从|自|打)?(?:今天|今儿个?|今日|今晚|明天|明儿个?|明日|明早|现在|今后|以后|往后)(?:起|开始|往后|以后|之后)?[，,]?(?=(?:每|天天|工作日|周末|逢))"
)
#: 水烧到八十度, 水多热了: its temperature.
_HOT_WATER = re.compile(
    r"(?<![热开烧放浇洒喷喝饮排进漏冷])水(?=(?:烧|加热|热)?到(?:[0-9零一二两三四五六七八九十百]|多少|几)|不?够热|几度|太?[凉烫])"
)
_HOW_HOT = re.compile(r"(?<![热开])水(?:现在)?多[热烫]了?")
#: 空调低一度: made lower by so much, where nothing is compared or asked.
_BY_SO_MUCH = re.compile(
    r"(?<![最偏太过提升降更越再加变拉到了个很打较校拧捻扭拨推搞整弄])(?<!(?<!空)调)([高低])(?=(?:上|个)?[0-9一二两三四五六七八九十半]+(?:个?(?:度|档|格|成)|个点)半?(?!以|的|就|时|，?就))"
)
#: 亮度从八十降到六十: what it is, and then what it is to be
_FROM = re.compile(
    r"(?:从|由|(?<=[亮温湿速]度)|(?<=[音风]量)|(?<=声音))(?:百分之)?[0-9零一二两三四五六七八九十百点]+(?:度|%|成|档|个)?(?=[降升调提减加涨改换]到)"
)
#: 贴标机慢五个
_FASTER = re.compile(
    r"(?<![最偏太过变加放减更越再拉到了个很打较校弄搞])[开调跑]?([快慢])(?=(?:上|个)?[0-9一二两三四五六七八九十百]+(?:个|转|米|档|成|格)(?!多|以))"
)
#: 俩钟头, 仨月
_TWO = re.compile(r"[俩仨](?=个?(?:半|小时|钟头|月|星期|礼拜)|(?:分钟|天(?!窗)))")
_TWO_OF = {"俩": "两", "仨": "三"}
#: 慢着点
_SO_MUCH = re.compile(r"([慢快轻大小亮暗高低响])着(?=点)")
#: 停了吧水满了: why, and no mark before it.
_AND_WHY = re.compile(r"(?<=[了掉上着下好])吧(?=雨停了$|[^，。！？!?吧关开停锁]{1,4}[了啦]$)")
#: 定二十二度
_FIXED = re.compile(r"(?<![设一决])定(?=(?:个)?[0-9零一二两三四五六七八九十]+(?:度|%|成|档|$|[吧，,。]))(?:个)?")
#: 降到零下
_BELOW_ZERO = re.compile(r"(?:[降跌掉低到]到?|是|在|到了?)零下(?![0-9零一二两三四五六七八九十半几])")
#: 声音大两格
_BY_SO_MANY = re.compile(r"(?<=[音声风量力度])([大小快慢])(?=[0-9一二两三四五六七八九]个?[格档挡])")
#: 音箱小五个, 音量低十: by so many of whatever it counts in.
_BY_A_NUMBER = re.compile(
    r"(?<![最偏太过提升降更越再加变拉到了个很打较校拧捻扭拨推搞整弄开关放给把])(?<!(?<!空)调)(?<=[^，,。 ])([高低大小])"
    r"(?=[0-9一二两三四五六七八九十]+个?[格档挡级]?(?:$|[吧，,。]))"
)
#: 只要百分之十: no more than that.
_ONLY_SO_MUCH = re.compile(
    r"(?:^|(?<=[^，,。如]))(?:只要|[只就光]留)(?=百分之|一半$|[0-9零一二两三四五六七八九十百]+(?:%|成|度|档|格|分之))"
)
#: 抽十五分钟水: for how long, within a verb that opens.
_FOR_SO_LONG = r"(?:[0-9]+|[一二两三四五六七八九十百半]+)(?:个?半?(?:小时|钟头)|分钟|秒钟?)"
_COMPARED = re.compile(r"比(?!现在|刚才|这会儿)|吗|[?？]|多少|几度|如果|要是|的话")
#: 没锁锁上: if not, do.
_IF_NOT = re.compile(r"(?<=[，, ])没([关开锁停拉充])[上好]?(?=(?:帮我|给我|就)?\1)")
#: 就亮走廊灯: lit
_LIT = re.compile(r"(?:^|(?<=[就再，,]))亮(?=[^，。着了的点红黄绿蓝白紫]{1,6}灯)")
#: 小黑啲窗: those of it, in Cantonese
_SOME = re.compile(r"(?<![咗晒开关熄闩着灭点])啲(?=[窗灯门帘座车])")
#: 嗰条灯带: that one, in Cantonese.
_THAT = re.compile(r"嗰(?=[盏台个条扇部只间幅])")
#: 开起嘛, 转起没; 还能跑好远; 锁了没得: in the south-west
_UP = re.compile(r"(?<=[开关锁停点亮转放])起(?=$|[嘛吧哈咯没，。])")
_FAR = re.compile(r"(?<=[剩])好多|(?<=[跑开走有])好(?=[远久多长](?:$|[?？啊哦]))")
_NOT_SO_YET = re.compile(r"(?<=[了着上好家来完开关锁停亮])没得(?=$|[?？啊哦])")
#: 灯都关掉就留落地灯
_ONLY_LEFT = re.compile(r"(?<=[关停熄灭掉了上，,])[，,]?(?:就|光|单|仅)留(?:下|着)?(?=[^，。着]{2,8}$)")
#: 快递到了开一下大门, 外面下雨了把窗户关上: why, and no mark behind it.
_WHY_FIRST = re.compile(
    r"^(?:[^，。把将没不别]{0,4}(?:到|来|睡|睡着|走|醒)|[水冰菜饭电油料面粉]够|(?:外[面头边])?(?:下|落|刮|起|打|飘)[大小]?(?:雨|雪|风|雾|雷|冰雹)|(?:我|俺|咱)?(?:困|饿|渴|累))(?:了|啦)"
    r"(?=把|将|帮|给|麻烦|开|关|打开|锁|拉|停|调|放|快|请)"
)
#: 今天降温: the weather turns cold.
_COLD_SNAP = re.compile(r"(?<=[天儿面头温])(?:突然|一下子|大|又|要)*降温(?=了|$|[，,])")
#: 还大，再小点: not enough yet.
_STILL = re.compile(
    r"^(?:还是?|仍然?)(?:有点儿?|太|不够|嫌)?[大小高低响亮暗热冷慢快吵闷潮干轻][了啊]?[，,](?=(?:再|更|往))"
)
#: 切外出
_SWITCHED_TO = re.compile(r"切换?(?=(?:外出|离家|在家|居家)(?:模式)?(?:$|[，,吧]))")
#: 车窗是不是忘了关
_FORGOTTEN = re.compile(r"(?:是不是|有没有|会不会)(?:又)?忘(?:了|记了?)?([关锁开拉停])(?:上|了)?(?=$|[，,?？啊呀])")
#: 别闷着, 别冻着孩子: what an order is to prevent, and no denial of it.
_LEST = re.compile(
    r"[，,](?:可|千万)?别(?:再|给|把[^，,]{1,3})*(?:闷|冻|热|吵|淋|晒|憋|呛|烫|凉|熏|着凉|摔|磕|渴|饿)(?:着|到|坏|醒|死)?"
    r"(?:了|我|人|他|她|它|孩子|宝宝|娃|老人|大家|客人)*$"
)
#: 吹会儿冷气: air that is to blow.
_BLOW = re.compile(
    r"(?:^|(?<=[给把帮先，,上里]|车))吹(?:会儿|一会儿|点儿?|一下|上|上点)?(?=冷气|冷风|暖风|热风|暖气|空调)|(?<=[\u3400-\u9fff])吹(?:会儿|一会儿|点儿?|上点?)(?=冷气|冷风|暖风|热风|暖气)"
)
#: 警铃响起来!
_RING = re.compile(r"(?<=[铃笛报器])响起来(?=$|[吧!！])")
_PULLED = re.compile(r"拉(?=(?:报?警|火警|紧急)(?:铃|报|笛))")
#: 我找不到车，响一下喇叭: why.
_LOST = re.compile(r"^[^，,]{0,6}找不(?:到|着)(?P<what>[^，,了]{1,6})了?[，,](?P<then>.{3,})$")
#: 停下来快点: we are in a hurry.
_HURRY = re.compile(
    r"(?:(?<=[停关锁闭][了掉上住下])|(?<=停下来|关起来|停一下))[，,]?(?:快点儿?|快些|赶紧的?|赶快|快快快?|快)[啊呀吧]?$"
)
#: 两个屋的地热: one of each room.
_OF_ROOMS = re.compile(
    r"([两俩三四])[个间]?(?:屋子?|房间|房|棚|库|仓|舍|车间|教室|楼层)里?的(?=[^，,的]{1,6}[都全也统]|空调|灯|窗|地[热暖])"
)
#: 快点把窗关上, 快快关火: we are in a hurry.
_QUICK = re.compile(
    r"^(?:快点儿?|快些|快+(?!要)|赶紧的?|麻利的?)+[，,]?(?=.*[关停开锁打拉放收].*)(?=.{4,})(?![点些一])"
)
#: 一盏不留: all of them.
_NOT_ONE = re.compile(r"[，,]?一(?:盏|个|台|扇|件|样)(?:都|也)?(?:不|别)(?:留|剩|落|要)[，,]?[地的]?")
#: 变频那台: the one whose name begins so.
_OF_A_NAME = re.compile(
    r"([\u3400-\u9fff]{2,4})[那这](?:个|台|盏|扇|只|款|部)(?=$|[也都开关调停呢吗别先再，,。打设升降])"
)
#: 八十度慢慢焙: how it is done at that heat.
_SLOWLY = re.compile(r"慢慢儿?地?(?=[焙烤烘炖煮煲熬焖])")
#: 三十七度五, 听见没: half a degree; whether it was heard.
_TENTHS = re.compile(r"([0-9一二三四五六七八九十百]+)度([1-9一二三四五六七八九])(?=$|[，,。吧呢了])")
_HEARD = re.compile(r"(?<=[^，,]{4})[，,]?(?:听[见到懂]了?|明白|知道|懂)了?(?:吗|没有?|不)[?？]?$")
#: 让驱鸟器叫: it is to sound.
_CRIES = re.compile(r"让([^，,它他她]{2,8})[叫响](?:起来|唤|一下)?$")
#: 刮到零下三度: as cold as that.
_BLOWN_TO = re.compile(r"[刮冻冷]到(?=零下[0-9一二三四五六七八九十])")
#: 今天太累了不想动帮我把: how somebody is, before what is wanted.
_PREFACE = re.compile(
    r"^(?:我|今天|俺|咱|现在)[^，,开关锁停调点早晚午后时等说让别如要果怎么前从]{3,12}(?=你?帮我(?:把|将|打|开|关|拉|放))"
)
#: 再加两个: by a number, and not both.
_BY_TWO = re.compile(r"(?<=[加减升降])两个(?=$|[吧，,])")
#: 加湿机加湿: it is to do what it is called after.
_MOISTENS = re.compile(r"(?<=[器机])(?:开始)?加湿(?:一下)?$")
#: 天要是黑了
_WHEN_DARK = re.compile(r"天(?:要是|如果|一旦)(?=[黑亮])")
#: 锁车了没, 关灯了吗: the lamp, and whether it is off.
_DONE_TO = re.compile(r"(?<![把将])([锁关开停])上?([车门窗灯机])了(?=(?:没有?|吗|么)[啊呀?？]*$)")
#: 全都关, 就星星灯别动
_BUT = re.compile(r"[，,]就(?=[^，。]{1,8}(?:别动|别关|别开|不关|不动|不用|留着|除外|例外|先留))")
#: Words of English in a Chinese sentence.
_ENGLISH = {
    "turn on": "打开", "switch on": "打开", "turn off": "关掉", "switch off": "关掉", "open": "打开", "close": "关上", "lock": "锁上",
    "play": "播放", "stop": "停止", "pause": "暂停", "mute": "静音", "start": "启动", "off": "关", "light": "灯", "lights": "灯",
    "set to": "调到", "set": "调", "up": "调高", "down": "调低", "tv": "电视",
    "ac": "空调", "curtain": "窗帘", "on": "开", "volume": "音量", "brightness": "亮度", "please": "请", "pls": "请", "max": "最大", "min": "最小",
}  # fmt: skip
_FOREIGN = re.compile(rf"(?<![a-z])(?:{'|'.join(sorted(_ENGLISH, key=len, reverse=True))})(?![a-z])")
#: 左边那盏, with nothing behind it: one of those that were just spoken of.
_ONE_SIDE = re.compile(
    r"[，,]?([左右前后东西南北])(?:手?边|侧|面|首)(?:的|那[个盏台扇]|这[个盏台扇])+(?=$|[，。！!,]|[也都吧啊呢开关调亮暗打])"
)
_SIDES = "左右前后东西南北"
#: 一号和三号打印机: the noun is said once.
_NUMBERS = re.compile(
    r"((?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})[号#])(?=[和跟与、及]|还有|以及|(?:也|都)?[停关开启停]|[，,])"
)


#: What is read as what, one after the other.
_READ_AS = (
    (_FORGOTTEN, r"是不是没\1"), (_SWITCHED_TO, "切到"), (_COLD_SNAP, "冷"), (_BY_TWO, "二"), (_MOISTENS, "打开"), (_STILL, ""), (_PREFACE, ""), (_HEARD, ""), (_SLOWLY, ""), (_QUICK, ""),
    (_NOT_ONE, "全都"), (_TENTHS, r"\1点\2度"), (_BLOWN_TO, "低于"), (_CRIES, r"打开\1"), (_HURRY, ""), (_OF_ROOMS, r"\1个"), (_LEST, ""),
    (_BLOW, "打开"), (_PULLED, "拉响"), (_RING, "打开"),
)  # fmt: skip


#: Signs of no script, that stand for names while a text is read.
_PRIVATE = 0xE000
#: Names of two characters are too often parts of what was said.
_SHORTEST_KEPT, _LONGEST_KEPT = 3, 12


class _Table(msgspec.Struct):
    same: dict[str, str]
    separable: list[str]
    inside: list[str]
    measures: str
    rooms: list[list[str]]
    doors: list[str]
    called: dict[str, list[str]]


@lru_cache(maxsize=1)
def _table() -> _Table:
    import yaml

    return msgspec.convert(yaml.load(_SPOKEN.read_bytes(), Loader=yaml_loader()), _Table)


def measures() -> str:
    """The characters that stand between a number and what is counted."""
    return _table().measures


def rooms() -> list[list[str]]:
    """Names of rooms that mean the same, in rows."""
    return _table().rooms


def doors() -> list[str]:
    """What the door of a home is called."""
    return _table().doors


def called(word: str) -> tuple[str, ...]:
    """What is in the names of those that a word for a kind means; empty where it means all of the kind."""
    return tuple(_table().called.get(word, ()))


class _Apart(NamedTuple):
    """What stands between the two characters of a verb: 抽一下水. Of any two that open and end one; which they are is
    looked up, for a pattern of them all takes ten times as long to compile."""

    verbs: frozenset[str]
    counted: re.Pattern[str]
    lasting: re.Pattern[str]
    opened: re.Pattern[str]


@lru_cache(maxsize=1)
def _apart() -> _Apart:
    table = _table()
    verbs = frozenset(verb[:2] for verb in table.separable)
    first, second = ("".join(sorted({verb[at] for verb in verbs})) for at in range(2))
    within = "|".join(sorted(table.inside, key=len, reverse=True))
    return _Apart(
        verbs,
        re.compile(f"(?<=[{first}])了?(?:[几多][^，。]{{0,2}}[次回趟])(?=[{second}])"),
        re.compile(rf"([{first}])({_FOR_SO_LONG})的?([{second}])"),
        re.compile(f"(?<=[{first}])(?:{within})(?=[{second}])"),
    )


def _joined(found: re.Match[str]) -> str:
    """The verb without what stood in it."""
    return "" if found.string[found.start() - 1] + found.string[found.end()] in _apart().verbs else found[0]


def _lasting(found: re.Match[str]) -> str:
    """抽水十分钟 for 抽十分钟的水."""
    return found[1] + found[3] + found[2] if found[1] + found[3] in _apart().verbs else found[0]


class Forms:
    """The forms that are read another way where these names are."""

    def __init__(self, names: Iterable[str]) -> None:
        every = tuple(names)
        table, self._exact, all_names = _table(), frozenset(every), "\n".join(every)
        self._names = all_names
        self._same = {form: word for form, word in table.same.items() if form not in all_names}
        self._form = re.compile("|".join(sorted(map(re.escape, self._same), key=len, reverse=True)))

    def plain(self, text: str) -> str:
        """The text in the forms that are known, each name in it as it is."""
        read = self._plain(text)
        if read == text or not (lost := self._lost(text, read)):
            return read
        hidden = {chr(_PRIVATE + i): name for i, name in enumerate(lost)}
        for sign, name in hidden.items():
            text = text.replace(name, sign)
        read = self._plain(text)
        for sign, name in hidden.items():
            read = read.replace(sign, name)
        return read

    def _lost(self, text: str, read: str) -> list[str]:
        """The names in a text that were written otherwise: 煮水器, where 煮水 is read as 烧水."""
        spans = {
            text[at:end]
            for at in range(len(text))
            for end in range(at + _SHORTEST_KEPT, min(at + _LONGEST_KEPT, len(text)) + 1)
        }
        return sorted((s for s in spans & self._exact if s not in read), key=len, reverse=True)

    def _plain(self, text: str) -> str:
        text = _UP.sub(
            "", _FAR.sub(lambda found: "多少" if found[0] == "好多" else "多", _NOT_SO_YET.sub("没有", text))
        )
        text = _ONLY_LEFT.sub("，只留", _WHY_FIRST.sub(lambda found: found[0] + "，", text))
        for pattern, said in _READ_AS:
            text = pattern.sub(said, text)
        text = _LOST.sub(lambda found: found["then"].replace("它", found["what"]), text)
        text = _OF_A_NAME.sub(self._begun, text)
        text = _WHEN_DARK.sub("天", _THAT.sub("那", _SOME.sub("的", text)))
        text = _AND_WHY.sub("吧，", _SO_MUCH.sub(r"\1", _TWO.sub(lambda found: _TWO_OF[found[0]], text)))
        text = _FIXED.sub("定到", _BELOW_ZERO.sub("低于零度", text))
        text = _BUT.sub("，", _DONE_TO.sub(r"\2\1了", _FROM_NOW.sub("", _WHATEVER.sub("全都", text))))
        text = _FOREIGN.sub(lambda found: found[0] if found[0] in self._exact else _ENGLISH[found[0]], text)
        text = _SOURCE.sub("切到", self._form.sub(lambda found: self._same[found[0]], text))
        text = _ONGOING.sub("着", _HOW.sub("多", text))
        text = _SIDE.sub(lambda found: found[1] if found[1] + found[2] in self._names else found[0], text)
        if not _COMPARED.search(text):
            text = _BY_A_NUMBER.sub(self._by_so_many, text)
            text = _BY_SO_MANY.sub(r"调\1", _BY_SO_MUCH.sub(r"调\1", text))
            text = _FASTER.sub(lambda found: "加快" if found[1] == "快" else "放慢", text)
        text = _IF_NOT.sub(r"没\1就", text.replace("充电充", "充"))
        text = _ONLY_SO_MUCH.sub("调到", _apart().lasting.sub(_lasting, text))
        text = self._numbered(self._beside(_LIT.sub("点亮", _HOT_WATER.sub("水温", _HOW_HOT.sub("水温多少度", text)))))
        text = _WATER.sub(
            "烧水", _BOTH.sub("", _ENOUGH.sub("", _TURNED.sub("调", _OPENED.sub("调", _STEP.sub(r"\1档", text)))))
        )
        text = _FROM.sub("", _FIRST.sub(r"\1", text))
        asked = _apart().counted.sub(_joined, text)
        text = asked + "几次" if asked != text else text  # 录了几次像
        text = _TWICE.sub(r"\1一下", _apart().opened.sub(_joined, text))
        asks = _WHETHER.search(text) is not None
        return _WHETHER.sub(r"\1", text) + "吗" if asks and text[-1:] not in "吗?？" else _WHETHER.sub(r"\1", text)

    def _by_so_many(self, found: re.Match[str]) -> str:
        """调小五个 for 小五个, where nobody is called 小五."""
        called = found.string[found.start() : found.end() + 1] in self._names
        return found[0] if called else f"调{found[1]}"

    def _begun(self, found: re.Match[str]) -> str:
        """变频空调 for 变频那台: the one name that begins so, or ends behind it."""
        for at in range(len(found[1]) - 1):
            begun = found[1][at:]
            if begun in self._exact:
                break
            names = [name for name in self._exact if name.startswith(begun)]
            if names and len({name[-2:] for name in names}) == 1 and all(min(names, key=len) in n for n in names):
                return found[1][:at] + max(names, key=len)
        return found[0]

    def _beside(self, text: str) -> str:
        """开左壁灯 for 壁灯开左边的, where there is a 左壁灯."""
        found = _ONE_SIDE.search(text)
        if found is None:
            return text
        side = found[1]
        for name in sorted((n for n in self._names.split("\n") if n[:1] == side and len(n) > 2), key=len, reverse=True):
            at = text.rfind(name[1:], 0, found.start())
            if at < 0:
                continue
            if text[at - 1 : at] in _SIDES and at:
                return text[: found.start()] + found[0][: found[0].index(side)] + name + text[found.end() :]
            return text[:at] + name + text[at + len(name) - 1 : found.start()] + text[found.end() :]
        return text

    def _numbered(self, text: str) -> str:
        """一号打印机和三号打印机 for 一号和三号打印机."""

        def whole(found: re.Match[str]) -> str:
            nouns = {
                n[len(found[1]) :]
                for n in self._names.split("\n")
                if n.startswith(found[1]) and len(n) > len(found[1]) + 1
            }
            said = [noun for noun in nouns if noun in text]
            return found[1] + said[0] if len(said) == 1 else found[1]

        return _NUMBERS.sub(whole, text)
