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
    "禁止", "我从来不", "我忘了怎么", "幸亏你没", "谁会", "假如有人", "老板不让我", "从前有人",
)  # fmt: skip
#: Behind an order: it is asked about or judged.
BEHIND = (
    "的话会怎样", "是什么体验", "就好了", "是不可能的", "有什么用", "需要多久",
    "是谁干的", "是违法的", "才怪", "没意思", "的人是谁",
    "有危险吗", "为什么不行", "对不对啊", "的风险有多大", "是他的主意",
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
