"""What holds of a Chinese sentence before anything in it is matched: negated, supposed, told, quoted, past, asked.

Knows the small words that decide it. Names, times and amounts are masked first, so that a lamp called 别墅灯 negates
nothing. When in doubt it bars: a sentence that is not acted on can be said again.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unisono.assist.languages.zh.cut import Piece

__all__ = [
    "NEGATION",
    "bar_of",
    "decides",
    "is_occasion",
    "is_question",
    "is_quoted",
    "is_vague_time",
    "mask",
    "unquoted",
]

NAME, TIME, PAST, AMOUNT = "Ｎ", "Ｔ", "Ｐ", "Ｑ"
WHOLE = "Ｗ"
#: Words that may hold a 不 or 别 which denies nothing: 不到, 睁不开眼, 别的.
_WHOLE = frozenset({"below", "rest", "other"})
#: Periods of the past that a command may also speak of: "today".
_PRESENT = ("today", "this week", "this month", "last 7 days", None)

_PAIRS = (("“", "”"), ("「", "」"), ("『", "』"), ('"', '"'), ("‘", "’"), ("《", "》"), ("【", "】"), ("'", "'"))
_QUOTED = re.compile("|".join(f"{re.escape(a)}[^{re.escape(b)}]*{re.escape(b)}" for a, b in _PAIRS))
_ABOUT_WORDS = re.compile(
    r"(?:这|那)(?:句|个|几个?|一)?(?:话|词|字|句子|命令|指令|短语|说法)|怎么(?:说|写|念|读|拼|翻)|翻译|用(?:英|日|法|德|俄|韩|粤|中)[语文]|是什么意思|什么意思"
    r"|(?:写|念|读|拼|抄|打)(?:一下|出来|下来|一遍)|标题|歌名|书名|片名|台词|造句|成语|这首歌|一首歌叫|有首歌|这首歌|电影里|小说|剧本|谜语|念作|叫作"
)

_WHO = (
    r"(?:他们?|她们?|人家|别人|有人|大家|谁|老[板师婆公爸妈王李张]|妈妈?|爸爸?|爷爷|奶奶|外婆|外公|姥姥|姥爷|哥哥?|姐姐?|弟弟?|妹妹?|儿子|女儿|孩子|宝宝|媳妇|丈夫|太太|"
    r"师傅|组长|班长|主任|经理|厂长|领导|同事|同学|朋友|邻居|房东|物业|保安|保姆|阿姨|叔叔|医生|客人|客户|工人|电工|师兄|师弟|专家|新闻|报纸|电视[上里]|广告|网上|书[上里]|"
    r"手册|说明书?|说明书上|规程|规定|规章|操作规程|操作手册|制度|合同|通知|短信|邮件|微信|群里|墙上|纸条|告示|牌子|标语|小[王李张刘陈杨赵黄周吴徐孙马朱胡林郭何高罗]|"
    r"[^，。Ｔ]{0,4}(?:先生|女士|太太|老师|师傅|经理)|Ｎ+)"
)
_SAY = (
    r"(?:刚才|刚刚|刚|昨天|以前|Ｐ+|之前|总|老|经常|常|每次|曾经?|上次|上回|一直|都|也|还|又|跟我|对我|和我|给我|同我|Ｔ+)*(?:说(?!明书)|讲|告诉(?!我)|告诉我(?:说|过)|写(?:着|的|了|道)?|提到|提过|提起|建议|要求|规定|嘱咐|吩咐|交代|"
    r"问(?!题)|喊|嚷|叫|让(?!它|他们)|劝|骂|抱怨|回答|报道|声称|承认|保证|发誓|记得|答应|(?:想|希望|打算|觉得|认为|以为)(?=[^，。]*(?:把|开|关|停|锁|调|启动|应该|该|得))|发(?:消息|短信|微信)|讲过|说过|喊过|梦见|梦到)"
)
_REPORTED = re.compile(
    rf"(?:^|[，。,;；:： ]|听|据|按照?|根据){_WHO}{_SAY}|据说|听说|听{_WHO}?(?:说|讲)|据(?:报道|悉|称)|按(?:照)?(?:规程|手册|规定|说明书?)|有人(?:说|喊|讲|让|叫)"
    r"|按[^，。]{1,6}(?:说法|讲法|意思)|(?:照|据)[^，。]{1,6}(?:说|讲|看)|用[^，。]{1,6}的话(?:说|讲)|(?:他|她|他们|人家|Ｎ)的意思是"
    r"|我(?:之前|以前|刚才|刚刚|昨天|上次|早就|曾|曾经|早|已经|Ｐ+|Ｔ+)?(?:跟|和|对|同)(?:你|您)?[^，]{0,3}说过|我(?:[之以]前|刚才|刚刚|昨天|上次|早就|曾经?|已经|Ｐ+|Ｔ+)?(?:说|讲|提|问|写|告诉)过"
    r"|(?:上|里|中)(?:写|说|讲|印|贴|画|标)(?:着|的|了|道|是)|写(?:的|着)是|说的是(?=[“「『\"])|梦见|梦到|做梦|话说从前|故事里"
)
_SUPPOSED = re.compile(
    r"设想|试想|真希望|多希望|但愿|学习(?=[打开关停启锁解])|想起来(?=要|得|该)|(?:可能|大概|应该(?!把|让)|肯定|估计|想必|没准|多半|恐怕|好像|似乎|貌似)[^，。]*了$|Ｎ+Ｑ+[打开关停锁解][^，。]{0,2}了$|想象|理论上|原则上|按理说|按道理|要不是|早知道|本来(?:想|要|打算|应该|可以|该)|原本|原来(?:想|打算)|幸好|幸亏|差点|险些|"
    r"恨不得|说不定|也许|或许|可能会|大概会|如果当时|要是当时|当初|要是[^，]*就好了|如果[^，]*就好了|就好了$|比方说|打个比方|好比|像[^，]*似的|像[^，]*一样|如同|仿佛|犹如|宛如|^好像|(?:该|要|得|需要|快)(?:洗|换|修|擦|保养|清洗|清理|检修|维修|更换)(?:一下)?了|洒(?:了|出)|心情|玩笑|闹着玩|逗你玩"
)
#: 关什么灯啊, 哪有半夜开洗衣机的, 谁要你开的: asked, and no answer wanted.
_RHETORICAL = re.compile(
    r"[开关锁停放调拉充洗扫]什么(?![时模])|哪有[^，。]*的|有(?:什么|啥)用|有本事|谁家|又要[^。]*又要|敢不敢|只会|(?:谁|哪个|哪位)(?:要|让|叫|准|许|允许)你|何必|何苦|难不成|你敢|凭什么|凭啥"
    r"|[开关锁停拉]了(?:[^，。]{1,6})(?:多(?![少久长远大高低一几])|太|真|很|更|不就|岂不)"
)
_IF = re.compile(r"如果|要是|假如|假使|假设|假定|倘使|若是|若|倘若|的话|一旦|只要|万一|要不")
_OUTCOME_ASKED = re.compile(
    r"会(?:怎[么样]|咋|如何|有多|不会|发生|出现|坏|不|多|更|很|[^，。]{0,8}[吗么?？])|会[^，。]{0,10}[吗么?？呢]|怎么办|咋办|咋整|怎么样[?？]?$|会[^，。]*$|能[^，。]{0,8}[吗么]|行吗|可以吗|好吗|吗[?？]?$|么[?？]$|呢[?？]?$|多少|Ｎ能|就能"
)
# 教我打开门, 打开门很危险, 打开灯的那个开关, 你会打开门吧: it is spoken about, not told
_ABOUT = re.compile(
    # 关灯就太黑了, 关不关都行: what would be, or that it does not matter
    r"就(?:太|会|很|更|显得|Ｗ|[看听睡]不|没法|不能|没[法人有])|着[就也](?:行|好|成|可以|挺)|无所谓|都行|都可以|怎样都好|随便|随你|^(?:谢谢|感谢|多谢)(?:你|您)?(?=打|开|关|把|帮)|[开关停锁启了]会[^，。]|教(?:我|你|他|她|教|会)|演示|解释|介绍|[开关停锁启]\w{0,3}Ｎ+的(?:那|这)|Ｎ的(?:人|声音|方法|样子|办法|按钮|开关|说明|通知|动作|权限|密码|钥匙|时候|后果|理由|道理)"
    r"|^(?:你|您)(?:会|该|应该)(?!不)[^，。]*吧$|[开关停锁动放调][^，。]{0,8}(?:是[^，。]{0,8}的$|很|非常|没用|有用|不对|危险|不错|不好|也行$|有好处|有坏处|没意义)|模拟|假装"
)
_TAKEN_BACK = re.compile(
    r"(?:算了吧?|才怪|逗你的?|骗你的?|开玩笑的?|玩笑|说着玩的?|不用了|还是别了|还是不了|当我没说|不必了)[。!！~ ]*$"
)
_SOME_TIME = re.compile(
    r"(?<![歇停息播放玩看])一会儿?|待会儿?|等会儿?|过会儿?|晚点|晚些|稍后|回头|改天|改日|(?<!所)有空(?!调)|有时间|以后再|下次|下回|迟点|过一阵|等一?下再|到点|到时间|到时候|哪天|偶尔"
)
_OCCASION = re.compile(
    r"(?:上班|下班|上学|放学|上课|下课|睡觉?|睡着|起床|醒来|醒|出门|出去|回家|到家|回来|离开|走|吃[完过]?(?:早|午|晚)?[饭餐]?|[早午晚]饭|饭|洗[完过好]?澡|做[完好]?饭|收工|开工|完工|交班|接班|"
    r"换班|打烊|关店|开店|散会|开[完]?会|看[完]?(?:书|电视|电影|新闻)|打[完]?(?:电话|游戏)|忙完|弄完|搞定|下雨|雨停|天晴|天气好|降温|停电|来电|客人[来走])[了完]?"
    r"(?:(?:之|以)?(?:前|后)(?!面|门|院|排|台|灯|座|备)|的?(?:时候|时(?!间|候钟))|再)"
)
_PAST = re.compile(
    # 锁不上, 关不掉; 我来打开, 我正在打开, 我打开灯了: how it is, or who does it
    r"[开关锁停拉打升降调动合]开?不(?:上|掉|了|着|紧|严|住|动|起来|开(?!灯|门|窗|车))|^我(?:来|去|自己|正在?|先|刚刚?|马上|这就|已经)(?!想|要)[^，。]*[开关停锁启调放]"
    r"|^我(?:把|将)?(?:打开|关|开|停|锁|启动|调)[^，。]*了$|后记得|我记得[^，。]*了$|"
    r"(?<!别)(?<!要)(?<!勿)(?<!莫)忘(?:了|记|(?=[关开锁停拔收]))|多亏|幸亏|(?:谢谢|感谢)[^，。]*了|Ｎ(?:自己|突然|自动|又|怎么|莫名其妙)[^，。]{0,6}了|"
    r"(?:我|我们|咱们?|他们?|她们?|谁|有人|Ｎ+|早|灯|车|门|窗)?(?:已经|早就|早已|刚才|刚刚|刚|方才|曾经|曾|Ｐ+)[^，。]{0,16}(?:了|过|好|上|掉)|Ｐ+(?!的温度|的)"
    r"|被[^，。]{0,6}(?:关|开|停|锁|打开|关掉|启动|调|拉|砸|弄|拔)[^，。]{0,3}(?:了|过|掉)"
    r"|(?:^|[，。ＴＰ早晚上午]|之前|以前)(?:我|我们|他|她|他们|妈妈?|爸爸?|老[公婆板])(?:把|将)?[^，。要想得]{1,12}(?:关|开|停|锁|打开|关掉|调|点|启动|放)(?:掉|上|好|完|到[^，]{1,5})?(?:了|过)(?:一[次回遍]|$|[，。!！])"
    r"|(?<![给帮替让为跟和叫要等])(?:我|他|她|人家)(?:都|也|已|早)?(?:打开|关|开|锁|停|拉)[上掉好]?了|(?:老是?|总是?|又|突然|经常|动不动就?)(?:自己|自动|莫名)|是[开关亮停锁转]着的?$"
    r"|[开关停锁调放转跑烧吹](?:得|的)(?:太|很|真|好|有点|这么|那么|更|不|挺|特别)"
    r"|(?:开|关|停|锁|打开|关掉|停止|关闭|开启|解锁|录|调|启动|放|用|动|点|烧|充)过(?!来|去|滤|道|Ｑ|Ｔ)"
)
# 别 in its other uses: 别的, 别墅, 特别, 区别, 别忘了 (do!)
NEGATION = re.compile(
    r"(?<![特区分级性个告])别(?!的|墅|处|人家|忘|忘记|克|样|具|致|说)|不要(?!忘|紧)|不用(?!说)|不必|不许|不准|不能(?!不)|不可以|不可(?!不|或缺|思议)|不该|不应|不得(?!不|了|已)|禁止|严禁|切勿|请勿|勿|莫(?!名)|甭|休想"
    r"|用(?:不[着到]|Ｗ{2})|还不到|还Ｗ+[^，。ＱＴ]*时候|没必要|没有必要|犯不着|不需要|不太?想|不大想|不怎么想|不是很想|不希望|不打算|不愿|不肯|不让|不舍得|免了|谁(?:也|都)?(?:没)?(?:让|叫|说|准|允许|要你)|没有?(?:人|谁)?(?:让|叫|说要|说|准|允许|想|要|打算)"
    r"|(?<!是)不是(?:要|让|叫|想|说|(?=Ｎ))|^(?:我)?不是(?=[^，。吗么?？]+$)|无需|无须|毋须|毋需|不急着?|不着急|唔好|唔使|唔要|唔准|咪(?!咪|呢)|拒绝|制止|阻止|防止|避免|省得|免得|以免|取消不了|取消(?=打开|关|开|启动|停|锁|解锁|播|调|运行|执行)|不会|绝不|决不|从不|并不|并没|才不|偏不|死活不|坚决不"
    r"|不(?=再?(?:打开|开启|关闭|关掉|启动|停|锁|解锁|调|动(?!了)|放|播|升|降|充电|录|撤|布防|开(?!心)|关(?!心|系|于)))(?<!要不)(?<!差不)"
    r"|没(?=必要)|不(?:可以?|能|许)"
)
_DONT_FORGET = re.compile(r"(?:别|不要|莫|勿)忘(?:了|记)?|千万记得|不要忘记")
_WHETHER = re.compile(r"(.)不\1|是否|能不能|可不可以|要不要|好不好|行不行")
_STOP_IT = re.compile(
    r"别(?:再|老|总)?(吹|转|响|唱|闹|扫|播放?|放|充电?|录|吵|加热|烧|摇|跑|震|闪|滴|叫|喷|浇|洒|烘|煮|动)(?:歌|音乐|声|地|像|花|水)?了|别出声"
)

_ASKING = re.compile(
    r"[吗么](?:[?？!！。]|$)|[?？]|呢(?:[?？]|$)|什么|啥|干嘛|干什么|为何|为什么|怎么(?!都)|咋|几(?!个人都|乎)|多少|多(?:[久长远]|[高低热冷大亮快响湿重](?!了|点|一点))|哪(?!怕|[个儿里]?[也都])|谁(?!都|也)|何时|是不是|有没有|是否|会不会|要不要|该不该|需不需要"
    r"|[^一-龥]?(?:了|着|好|上|严|在|开|关|锁|停|亮)(?:没有?|不)(?:[?？。啊呀]|$)|(?:开没开|关没关|锁没锁|亮没亮|停没停|在不在|够不够|[冷热亮暗湿干]不[冷热亮暗湿干])|边度|点解|未(?:[?？]|$)|还剩多|有多"
    r"|[开关亮灭锁停]着?还是[没开关亮灭锁停]|(?:想不想|用不用|愿不愿)|是[^，。]+还是|(?:都|已经|应该)[^，。把将]*[好上了]了吧|[^还]没有?[啊呀]?(?:[?？。]|$)|在家不|在[^，。]{1,4}不$|在吗|(?:开着|关着|亮着|锁着|转着)(?:呢)?没"
)


def mask(text: str, pieces: Sequence[Piece]) -> str:
    """The text with names, times and amounts written over, each character by one sign."""
    out = list(text)
    for piece in pieces:
        past = piece.moment is not None and piece.moment.over not in _PRESENT
        sign = (
            PAST
            if past
            else TIME
            if piece.moment
            else AMOUNT
            if piece.quantity
            else NAME
            if piece.named and not piece.senses
            else None
        )
        if sign is None and any(sense in _WHOLE or sense.startswith("complaint:") for sense in piece.senses):
            sign = WHOLE
        if sign is not None:
            out[piece.start : piece.end] = [sign] * (piece.end - piece.start)
    return "".join(out)


def unquoted(text: str, known: Container[str]) -> str:
    """Quotation marks around what is only a name taken off."""
    for left, right in _PAIRS:
        text = re.sub(
            f"{re.escape(left)}([^{re.escape(right)}]{{1,16}}){re.escape(right)}",
            lambda found: found[1] if found[1] in known or re.fullmatch(r".{1,6}模式", found[1]) else found[0],
            text,
        )
    return text


def is_quoted(text: str) -> bool:
    """Whether it is about words: something stands in quotation marks, or how it is said is asked."""
    return bool(_QUOTED.search(text) or _ABOUT_WORDS.search(text))


def is_vague_time(masked: str) -> bool:
    """一会儿, 晚点, 有空的时候: later, but nobody says when."""
    return _SOME_TIME.search(masked) is not None


def is_occasion(pieces: Sequence[Piece]) -> bool:
    """下班后, 睡觉前, 吃饭的时候: at a time that no clock here knows."""
    text = "".join(piece.text for piece in pieces)
    return _OCCASION.search(text) is not None


def bar_of(masked: str) -> str | None:
    """Why the sentence must not be acted on: reported, hypothetical, past, negated - or None."""
    if _TAKEN_BACK.search(masked):
        return "negated"
    if _ABOUT.search(masked):
        return "hypothetical"
    if _REPORTED.search(masked):
        return "reported"
    if _SUPPOSED.search(masked) or _RHETORICAL.search(masked):
        return "hypothetical"
    if _IF.search(masked) and _OUTCOME_ASKED.search(masked):
        return "hypothetical"
    if _PAST.search(masked):
        return "past"
    return None


def decides(text: str) -> bool:
    """Whether a text is nothing but words that turn a sentence around: 不要, 如果, 他说."""
    return any(pattern.fullmatch(text) for pattern in (NEGATION, _IF, _REPORTED, _SUPPOSED, _TAKEN_BACK, _SOME_TIME))


def is_negated(masked: str) -> bool:
    """Whether a clause says not to do something. 别忘了 and 能不能 do not."""
    masked = _WHETHER.sub("□", _DONT_FORGET.sub("□", masked))
    masked = _STOP_IT.sub("□", masked)
    return bool(NEGATION.search(masked))


def is_stop(masked: str) -> bool:
    """别吹了, 别响了: what it does shall end."""
    return bool(_STOP_IT.search(masked))


def is_question(masked: str) -> bool:
    """Whether something is asked (politely asking to do something is also a question here)."""
    return bool(_ASKING.search(masked))
