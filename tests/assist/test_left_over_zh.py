"""Chinese orders with something more in them: what is said more is no part of an order, so none of it is carried out.

Each plain order of the strangers' tables that is carried out is said again with a few words put in: a part of the
thing that is not here, a doubt before it, a question or a judgement behind it.
"""

from __future__ import annotations

import re

from tests.assist.expected import House, cases
from tests.assist.test_strangers import HERE, TABLES
from unisono.assist import ACTING
from unisono.assist.languages.zh.cut import cut, names_of
from unisono.assist.languages.zh.letters import plain

#: Behind the thing that is named: it is about something else then.
OF_IT = (
    "的照片", "的价格", "的说明书", "旁边的柜子", "的密码", "的贴纸", "包装盒", "的新闻", "下面的地毯",
    "的味道", "维修师傅",
    "的影子", "模型", "的保修卡", "的遥控车", "后面的墙", "的主人", "说明", "的孩子", "的故事",
)  # fmt: skip
#: Before an order: it is not given.
BEFORE = (
    "我怀疑", "据我所知", "他们家", "去年", "我梦到", "在小说里",
    "你猜我有没有", "我不记得", "听说过", "学会了", "画一个", "讨厌",
    "要不是怕冷就", "打算", "计划", "准备", "考虑", "犹豫要不要", "巴不得", "宁可不", "与其", "看情况", "看心情",
    "必要时", "其实不用", "才不", "懒得", "不一定要", "谁会想", "可别", "哪能", "岂能", "休得", "严禁", "未经允许",
    "没有我同意不许", "除非我说", "等孩子睡了", "等天凉了", "大家投票", "客人问能不能", "妈妈想", "你觉得要",
    "想知道怎么", "演示怎么", "说明书第三页：", "剧情是", "比如", "例如", "好比", "相当于", "等于", "算不算",
    "区别是", "试想", "万一谁", "隔壁在", "楼下邻居", "电影里", "昨天", "前几天", "小时候", "当年", "曾经",
    "从来没", "差一点就", "险些", "据说", "传闻", "谣言说", "他答应", "我保证不", "发誓不", "拒绝", "反对", "抵制",
    "下次", "以后", "晚一点", "到了晚上", "天冷的时候", "过节", "周末", "月底", "等会", "要是他", "一旦", "只有在",
    "直到我", "每次", "总是", "通常", "一般", "平时", "我爸", "邻居", "他们", "小偷", "警察", "老师", "孩子想",
    "谁想", "为什么要", "凭什么", "难道要", "何不", "怎么能", "是否应该", "可不可以不", "能不能别", "千万不能",
    "绝对不要", "最好别", "尽量别", "暂时不", "先不", "还不能", "没必要", "无须", "犯不着", "不值得", "假装",
    "模拟", "练习", "学着", "学会", "教孩子", "怎么教人", "提醒他", "提醒自己", "忘记", "忘了", "记不记得", "后悔",
    "庆幸", "怀疑", "担心", "害怕", "梦想", "幻想", "想象",
    "禁止", "我从来不", "我忘了怎么", "幸亏你没", "谁会", "假如有人", "老板不让我", "从前有人",
)  # fmt: skip
#: Behind an order: it is asked about or judged.
BEHIND = (
    "的话会怎样", "是什么体验", "就好了", "是不可能的", "有什么用", "需要多久",
    "是谁干的", "是违法的", "才怪", "没意思", "的人是谁",
    "有危险吗", "为什么不行", "对不对啊", "的风险有多大", "是他的主意",
    "这件事再说", "的话你会听吗", "不太好吧", "会不会太早", "行得通吗", "合适吗", "是不是违规", "要多少钱",
    "能省电吗", "这事他知道", "的步骤", "的快捷键", "这种小事", "还是他来吧", "让他去", "改天", "缓一缓", "先等等",
    "等通知", "等我消息", "除外", "以外", "的除外", "免谈", "休想", "没门", "想得美", "做梦", "骗人的", "假的",
    "开个玩笑", "测试一下语音", "重复一遍这句话", "翻译成英文", "用粤语怎么说", "写成代码", "发给老婆",
    "记到备忘录", "念给我听", "的时候小心", "之前问我", "之前先等等", "还早", "就免了", "就不必了", "是谁的主意",
    "有必要吗", "真的好吗", "好不好看", "你敢吗", "他会生气", "算什么本事", "像话吗", "成何体统", "得经过我同意",
    "要密码", "要钥匙", "需要授权", "等我回来", "等他来", "等下雨", "等我说", "到时候", "以后再说", "下次吧",
    "明天吧", "晚上吧", "周末吧", "看情况", "再议", "待定", "了没", "了吗", "过没有", "过吗", "多久了", "几次了",
    "干嘛", "做什么", "有啥用", "有意义吗", "这种话", "这首歌", "这句话", "这个选项", "这个功能", "这个按钮",
    "的按钮在哪", "的人真多", "的感觉真好", "的声音", "的方法", "的后果", "的理由", "的权限",
    "是开玩笑的", "会吵到邻居吗", "多难看", "还是算了",
)  # fmt: skip
#: So few of them that nobody would say so; what these sentences come to is no matter.
MOST = 0.004


def test_what_is_said_more_than_an_order_is_not_passed_over() -> None:
    count, done = 0, []
    for name in (name for name in TABLES if name.endswith(".zh")):
        house = House(HERE / f"{re.split('[-.]', name)[0]}.yaml")
        names = names_of(house.world)
        for at, case in enumerate(cases(HERE / f"{name}.txt")):
            said = names.forms.plain(plain(case.said[0]))
            if len(case.said) > 1 or case.outcomes != {"act"} or "，" in said:
                continue
            if house.plan((said,), "zh").outcome not in ACTING:
                continue
            more = [BEFORE[at % len(BEFORE)] + said, said + BEHIND[at % len(BEHIND)]]
            things = [piece for piece in cut(said, house.world) if piece.things]
            if len(things) == 1:
                more.append(said[: things[0].end] + OF_IT[at % len(OF_IT)] + said[things[0].end :])
            for text in more:
                count += 1
                if house.plan((text,), "zh").outcome in ACTING:
                    done.append(text)
    assert count > 1000
    assert len(done) <= count * MOST, "\n".join(done)
