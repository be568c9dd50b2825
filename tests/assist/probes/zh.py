# ruff: noqa: E501 - a case is one line
"""Chinese probes."""

from __future__ import annotations

from collections.abc import Iterator

from tests.assist.probes.grammar import NOT_NOW, Probe, Wish, fill, lines

WISHES = (
    Wish("打开", "圆球灯", "打开"), Wish("关掉", "写字灯", "关掉"), Wish("解锁", "铁闸门", "解锁"), Wish("启动", "带锯", "启动"),
    Wish("关闭", "书房空调", "关闭"), Wish("停掉", "木工车床", "停掉"), Wish("打开", "遮阳篷", "打开"), Wish("锁上", "地窖门", "锁上"),
    Wish("打开", "电饭锅", "打开"), Wish("关上", "绒布帘", "关上"), Wish("打开", "小跑车后备箱", "打开"), Wish("启动", "胶压机", "启动"),
    Wish("关掉", "月亮灯", "关掉"), Wish("停止", "木屑带", "停止"), Wish("打开", "阁窗", "打开"),
)  # fmt: skip

NEGATED = """
别{verb}{thing}
不要{verb}{thing}
千万别把{thing}{verb}
{thing}不要{verb}
{thing}先别{verb}
请勿{verb}{thing}
不许{verb}{thing}
不用{verb}{thing}了
{thing}就不必{verb}了
谁让你{verb}{thing}的
我没让你{verb}{thing}
没必要{verb}{thing}
可别把{thing}给{verb}了
不准{verb}{thing}
严禁{verb}{thing}
现在不需要{verb}{thing}
我不想{verb}{thing}
我不希望{thing}被{verb}
甭{verb}{thing}
{thing}就别{verb}了吧
我不是让你{verb}{thing}
唔好{verb}{thing}
无论如何都不要{verb}{thing}
你给我记住，绝对不能{verb}{thing}
孩子在睡觉，别{verb}{thing}
犯不着{verb}{thing}
休想让我{verb}{thing}
先不{verb}{thing}
暂时不要把{thing}{verb}
麻烦你不要{verb}{thing}好吗
能不能不要{verb}{thing}
不可以{verb}{thing}哦
没有我的允许不得{verb}{thing}
{thing}，别{verb}
{thing}用不着{verb}
拜托别再{verb}{thing}了
请不要在晚上{verb}{thing}
我可没说要{verb}{thing}
把{thing}{verb}这事就免了
谁都不准{verb}{thing}
"""

SUPPOSED = """
如果{verb}{thing}会怎么样
假如把{thing}{verb}了呢
要是{verb}{thing}会不会费电
理论上能{verb}{thing}吗
我本来想{verb}{thing}的
早知道就{verb}{thing}了
要是当初{verb}了{thing}就好了
万一{thing}被{done}了怎么办
想象一下{thing}{done}了会是什么样
幸好{verb}了{thing}
差点就{verb}了{thing}
如果我{verb}{thing}，你会提醒我吗
假设有人{verb}{thing}，会有危险吗
按道理应该{verb}{thing}
倘若{verb}{thing}，电费会涨多少
或许可以{verb}{thing}
要不是他拦着，我就{verb}{thing}了
比方说我{verb}{thing}，然后呢
原本打算{verb}{thing}
如果明天{verb}{thing}，会不会太早
"""

REPORTED = """
他说{verb}{thing}
妈妈让我{verb}{thing}
老板昨天说要{verb}{thing}
说明书上写着要先{verb}{thing}
听说{thing}被{done}了
老板问谁{verb}了{thing}
据说{verb}{thing}可以省电
有人建议{verb}{thing}
我告诉过他{verb}{thing}
邻居抱怨我们{verb}{thing}
阿波说他想{verb}{thing}
物业要求{verb}{thing}
师傅说过{verb}{thing}之前要检查
新闻里说要{verb}{thing}
医生建议我{verb}{thing}
她问我能不能{verb}{thing}
他们以为我会{verb}{thing}
墙上的告示写着请{verb}{thing}
我跟你说过要{verb}{thing}
同事喊了一声{verb}{thing}
"""

QUOTED = """
“{verb}{thing}”用英语怎么说
“{verb}{thing}”是什么意思
把“{verb}{thing}”翻译成日语
他在纸上写了“{verb}{thing}”
帮我把“{verb}{thing}”这几个字写下来
「{verb}{thing}」怎麼寫
有一首歌叫《{verb}{thing}》
念一遍“{verb}{thing}”
电影里那句"{verb}{thing}"真好笑
{verb}{thing}这句话用德语怎么说
"""

PAST = """
我刚才{verb}了{thing}
{thing}已经{done}了
昨天{verb}过{thing}了
{thing}刚被{done}了
早上我把{thing}{verb}过一次
上个月我们{verb}过{thing}
{thing}昨晚就{done}了
我早就{verb}{thing}了
刚刚有人{verb}了{thing}
{thing}被阿波{verb}了
我把{thing}{verb}过了
前天夜里谁{verb}了{thing}
"""

ASKED = """
{thing}{done}了吗
谁{verb}了{thing}
为什么{thing}{done}了
什么时候{verb}的{thing}
你{verb}{thing}了没有
{thing}有没有{done}
是不是有人{verb}了{thing}
怎么{verb}{thing}啊
{verb}{thing}要多久
{verb}{thing}有什么用
要花多少电才能{verb}{thing}
"""

TIMED = """
明天早上八点{verb}{thing}
每天晚上十点{verb}{thing}
一小时后{verb}{thing}
过半个钟头{verb}{thing}
后天下午三点一刻{verb}{thing}
工作日七点半{verb}{thing}
日落的时候{verb}{thing}
等我回来再{verb}{thing}
阿波到家的时候{verb}{thing}
今晚十一点把{thing}{verb}
下周一早上九点{verb}{thing}
地窖一漏水就{verb}{thing}
等天黑了再{verb}{thing}
明天再{verb}{thing}
下次再{verb}{thing}
"""

#: What denies, supposes, reports or puts off in ways that the frames above do not.
OTHERWISE = """
没有要你{verb}{thing}
谁要你{verb}{thing}了
哪个叫你{verb}{thing}的
又没人要你{verb}{thing}
我几时说过要{verb}{thing}
我什么时候让你{verb}{thing}了
你{verb}{thing}干什么
{thing}有什么好{verb}的
{verb}什么{thing}
犯得着{verb}{thing}吗
至于{verb}{thing}吗
非要{verb}{thing}不可吗
难道要{verb}{thing}
难道还{verb}{thing}不成
凭啥给他{verb}{thing}
哪能随便{verb}{thing}
哪敢{verb}{thing}
岂能{verb}{thing}
怎能{verb}{thing}
怎么可以{verb}{thing}
怎么能{verb}{thing}呢
{thing}才不要{verb}
{thing}坚决不{verb}
{verb}{thing}的事以后再说
{verb}{thing}的事先放一放
{verb}{thing}先缓缓
先不急着{verb}{thing}
先等等，别{verb}{thing}
慢着，{thing}不{verb}
{thing}打死也不{verb}
万万不可{verb}{thing}
不准你{verb}{thing}
我不许任何人{verb}{thing}
没人准你{verb}{thing}
未经允许不得{verb}{thing}
绝对禁止{verb}{thing}
{verb}{thing}免谈
{verb}{thing}就免了
不必{verb}{thing}啦
用不到{verb}{thing}
无须{verb}{thing}
千万莫{verb}{thing}
毋庸{verb}{thing}
甭管谁说都别{verb}{thing}
甭给我{verb}{thing}
懒得{verb}{thing}
舍不得{verb}{thing}
不舍得{verb}{thing}
不好意思{verb}{thing}
忍住没{verb}{thing}
我没{verb}{thing}
我还没{verb}{thing}呢
他们没{verb}{thing}
还没到{verb}{thing}的时候
{thing}还不到{verb}的时候
不到万不得已不{verb}{thing}
除非着火否则不{verb}{thing}
要不是下雨我就{verb}{thing}了
若不是你拦着我早{verb}{thing}了
如果当时{verb}{thing}就没事了
假使{verb}{thing}呢
倘使{verb}{thing}会如何
纵然{verb}{thing}也没用
就算{verb}{thing}也来不及
即便{verb}{thing}了也白搭
哪怕{verb}{thing}他也不会来
无论{verb}不{verb}{thing}都一样
不管{verb}不{verb}{thing}
与其{verb}{thing}不如睡觉
宁可饿着也不{verb}{thing}
恨不能{verb}{thing}
巴不得{verb}{thing}
但愿有人{verb}{thing}
真希望能{verb}{thing}
要能{verb}{thing}就好了
我在想要不要{verb}{thing}
我在犹豫{verb}不{verb}{thing}
我考虑一下要不要{verb}{thing}
商量一下{verb}{thing}的事
讨论{verb}{thing}
我们聊聊{verb}{thing}
研究一下{verb}{thing}
{verb}{thing}这主意怎么样
{verb}{thing}好不好呢你说
你觉得{verb}{thing}怎么样
你认为应该{verb}{thing}吗
有没有必要{verb}{thing}
值不值得{verb}{thing}
他非要{verb}{thing}
他死活要{verb}{thing}
他吵着要{verb}{thing}
孩子闹着要{verb}{thing}
奶奶念叨着{verb}{thing}
阿波提议{verb}{thing}
阿波主张{verb}{thing}
阿波催我{verb}{thing}
阿波求我{verb}{thing}
阿波托我{verb}{thing}
阿波怪我{verb}{thing}
阿波以为你{verb}{thing}
阿波打赌你不会{verb}{thing}
经理批示{verb}{thing}
通知上说{verb}{thing}
公告要求{verb}{thing}
合同约定{verb}{thing}
上级要求{verb}{thing}
领导的意思是{verb}{thing}
网上教人{verb}{thing}
攻略说先{verb}{thing}
剧本里写他{verb}{thing}
台词是{verb}{thing}
对方回复说{verb}{thing}
客服建议{verb}{thing}
视频里那人{verb}{thing}
他打电话来问能不能{verb}{thing}
有人冒充我让你{verb}{thing}
刚想{verb}{thing}就停电了
正想{verb}{thing}呢
正准备{verb}{thing}来着
我刚要{verb}{thing}
我差一点{verb}{thing}
好险没{verb}{thing}
还好没{verb}{thing}
幸好没{verb}{thing}
后悔{verb}{thing}
悔不该{verb}{thing}
早该{verb}{thing}
早晚得{verb}{thing}
迟早要{verb}{thing}
总有一天我要{verb}{thing}
改天再{verb}{thing}
过几天{verb}{thing}
过阵子{verb}{thing}
等天气好了{verb}{thing}
等他走了再{verb}{thing}
等我忙完{verb}{thing}
等有空{verb}{thing}
睡觉前{verb}{thing}
吃完饭{verb}{thing}
下班后{verb}{thing}
回头{verb}{thing}
到点{verb}{thing}
准备{verb}{thing}
考虑{verb}{thing}
学习{verb}{thing}
练习{verb}{thing}
负责{verb}{thing}
帮他{verb}{thing}的是谁
{verb}{thing}的规定
{verb}{thing}的样子
{verb}{thing}的话题
关于{verb}{thing}
说起{verb}{thing}
提到{verb}{thing}我就来气
听见{verb}{thing}的声音
看见他{verb}{thing}
看着他{verb}{thing}
陪我{verb}{thing}
想起来要{verb}{thing}
记得他{verb}{thing}
我记得{verb}{thing}了
好像{verb}{thing}了
似乎{thing}{done}了
可能{thing}{done}了
{thing}大概{done}了
{thing}居然{done}了
{thing}竟然没{done}
{thing}应该{done}了
{thing}八成{done}了
{thing}肯定{done}了
{thing}终于{done}了
{thing}总算{done}了
怪不得{thing}{done}了
原来{thing}{done}了
我说{thing}怎么{done}了
难怪{verb}{thing}
为了{verb}{thing}我跑了一趟
因为{verb}{thing}才吵架
由于{verb}{thing}电费高
自从{verb}{thing}
每次{verb}{thing}都跳闸
一{verb}{thing}就跳闸
只会{verb}{thing}
敢不敢{verb}{thing}
会不会{verb}{thing}
能{verb}{thing}就不错了
"""

ABSENT = """
打开桑拿房的灯
关掉泳池的水泵
启动四号铣床
把屋顶花园的喷泉打开
解锁保险柜
打开阁楼的空调
关掉车库的卷帘门
把水晶吊灯调亮一点
打开地下停车场的灯
停掉激光切割机
把卧室的加湿器打开
打开二号电梯
给热水浴缸加热
关掉隔壁老王家的灯
打开鱼缸的灯
把猫门锁上
启动割草机
打开投影幕布
把微波炉停掉
打开圣诞树
关掉走廊的壁灯
把厨房的空调调到二十六度
打开花园的铁门
启动五号机
关上谷仓的门
打开暖气片
打开洗碗机
把浴室的窗户关上
把飞机引擎打开
关掉实验室的离心机
"""

UNCLEAR = """
打开空调
关掉空调
把壁灯打开
把机器停了
启动机器
把门打开
弄一下
调到五十
开一下那个
把那个关掉
调高
打开
关掉
换一个
把灯调一下
把空调设一下
锁上
再来
调到二十六度
弄舒服点
"""

CHATTER = """
今天天气真好
我爱吃打卤面
关于明天的会议我没意见
开心最重要
他把门关上就走了
我关心的是孩子的教育
这道题怎么开方
停车场在哪里
给我讲个关于灯塔的故事
灯红酒绿的生活不适合我
他的心情像没点着的炉子
开门见山地说吧
关公战秦琼是什么典故
打开天窗说亮话
别人家的孩子
你吃饭了吗
开什么玩笑
我打算下周去上海出差
这首歌真好听
关我什么事
昨天的球赛谁赢了
唱首歌给我听听
三加五等于几
北京到广州有多远
我的生日是几月几号
帮我写一封请假信
订一张明天去杭州的高铁票
附近有什么好吃的
股市今天跌了多少
谢谢你
晚安
我回来了
你是谁
你真聪明
他开灯的样子很帅
我喜欢关着灯睡觉
车开得太快了
开会的时候别开小差
停电的时候大家都很安静
那台旧空调早就卖了
灯光师是个好职业
锁匠一个小时收多少钱
电梯里有人按喇叭
打开课本第三十页
关闭浏览器窗口
打开微信
删除昨天的照片
把文件保存到桌面
打开手电筒应用
给老妈打个电话
"""

ABOUT = """
圆球灯还是先关着吧
铁闸门还是锁着好
带锯先停着别开
带锯不能随便开
小孩子不能碰带锯
没有师傅在场带锯不许启动
带锯坏了不能用
带锯正在维修，禁止启动
检修期间勿启动胶压机
严禁无证人员启动胶压机
胶压机启动前请确认安全
启动胶压机需要戴手套
启动胶压机的步骤是什么
启动胶压机之前要做什么
我可以启动胶压机吗
谁可以启动胶压机
谁有权限打开铁闸门
铁闸门能自动打开吗
铁闸门打不开
铁闸门锁不上
圆球灯关不掉
圆球灯打开不了
我打不开铁闸门
帮我看看铁闸门为什么打不开
铁闸门好像被人打开了
铁闸门不会自己打开吧
铁闸门千万不要给陌生人打开
陌生人来了别开铁闸门
有人敲门也别打开铁闸门
除了我谁来都别打开铁闸门
铁闸门要是没锁我会担心的
如果铁闸门没锁我会担心
要是铁闸门开着小偷会进来的
想不想打开圆球灯
你想打开圆球灯吗
你猜我想不想打开圆球灯
不知道要不要打开圆球灯
看情况再打开圆球灯
到时候再说打开圆球灯的事
圆球灯打开的话会不会太亮
圆球灯打开会影响睡觉
圆球灯打开着挺好的
圆球灯打开了真漂亮
圆球灯一打开就跳闸
圆球灯一开就闪
每次打开圆球灯都跳闸
自从打开圆球灯以后就有虫子
打开圆球灯后记得关
打开圆球灯的感觉真好
打开圆球灯看见了蟑螂
不打开圆球灯也看得见
用不用打开圆球灯
圆球灯有必要打开吗
怎么又把圆球灯打开了
圆球灯怎么又打开了
干嘛打开圆球灯
你干嘛打开圆球灯
谁让打开圆球灯的
叫阿波打开圆球灯
让阿波去打开圆球灯
告诉阿波打开圆球灯
跟阿波说打开圆球灯
通知阿波打开圆球灯
问问阿波圆球灯打开了没
阿波打开圆球灯了吗
阿波会打开圆球灯的
阿波打开圆球灯
阿宁和阿波打开了圆球灯
我来打开圆球灯
我自己打开圆球灯就行
我去打开圆球灯
我打开圆球灯了
我先打开圆球灯再说
我正在打开圆球灯
我们一起打开圆球灯的那天
你打开圆球灯干嘛
电视里说打开圆球灯
歌词里有打开圆球灯
这游戏叫打开圆球灯
暗号是打开圆球灯
密码是打开圆球灯
口令“打开圆球灯”不管用
打开圆球灯四个字
写一首关于打开圆球灯的诗
假装没听见，打开圆球灯
反正别打开圆球灯
总之不要打开圆球灯
打开圆球灯？不要
打开圆球灯，不，别打开
打开圆球灯……等等，别
先打开，不，先别打开圆球灯
圆球灯，别
圆球灯不
不圆球灯
勿开圆球灯
莫开圆球灯
毋须打开圆球灯
打开圆球灯是不可能的
打开圆球灯门都没有
没门，不开圆球灯
带锯还不能启动
带锯现在可不能开
没我同意谁都别碰带锯
禁止任何人启动胶压机
铁闸门千万锁着
铁闸门保持锁着别打开
让铁闸门锁着吧，别动
圆球灯不急着关
圆球灯不用现在关
先把圆球灯留着
我还没想好要不要开圆球灯
圆球灯开不开无所谓
开不开圆球灯你说了算
你敢打开铁闸门试试
谁敢打开铁闸门
我不同意打开铁闸门
反对打开铁闸门
拒绝打开铁闸门
打开铁闸门是不对的
打开铁闸门很危险
打开铁闸门会有什么后果
打开铁闸门需要密码吗
打开铁闸门之前要先看看外面
在打开铁闸门之前先问我
除非我说可以，否则不要打开铁闸门
直到我回来都别开圆球灯
等我通知再打开铁闸门
等我说开始再启动带锯
我说开的时候再开圆球灯
我没说打开铁闸门
我说的是不要打开铁闸门
刚才那个打开铁闸门不算
打开铁闸门这个命令取消
取消打开铁闸门
别听他的，别打开铁闸门
他让你打开铁闸门你也别开
如果有人让你打开铁闸门，不要理他
阿波想让你打开铁闸门
阿波：打开铁闸门
阿波说：“打开铁闸门”
阿波刚刚喊打开铁闸门
小偷打开了铁闸门
风把铁闸门吹开了
铁闸门自己开了
铁闸门怎么开了
我看见铁闸门开着
好像铁闸门没锁
铁闸门是不是该锁了
铁闸门应该一直锁着
铁闸门以前是锁着的
铁闸门本来是锁着的
忘了锁铁闸门
我忘记关圆球灯了
你忘了关圆球灯
圆球灯忘关了
我想知道怎么打开铁闸门
教我打开铁闸门
演示一下怎么启动带锯
解释一下为什么要启动带锯
介绍一下圆球灯
圆球灯多少钱
买个新的圆球灯
圆球灯换个灯泡
修一下圆球灯
圆球灯该换了
圆球灯上面落灰了
画一个圆球灯
搜索圆球灯
打开圆球灯的说明书
关闭圆球灯的通知
把圆球灯改名叫大灯
把圆球灯删了
添加一个新的圆球灯
给圆球灯拍张照
谢谢你打开圆球灯
多亏你打开了圆球灯
打开圆球灯的人是谁
打开圆球灯的那个开关坏了
打开圆球灯的时候小心点
打开圆球灯后我看到一只猫
我梦到打开了铁闸门
假装打开铁闸门
模拟一下启动带锯
测试一下你会不会打开铁闸门
要是我叫你打开铁闸门你会吗
你能打开铁闸门吗
你会打开铁闸门吧
你可以打开铁闸门对吗
打开铁闸门可以吗
可以打开铁闸门吗
要打开铁闸门吗
需要我打开铁闸门吗
不打开铁闸门行吗
为啥不打开铁闸门
凭什么打开铁闸门
何必打开铁闸门
哪有打开铁闸门的道理
打开铁闸门？开什么玩笑
打开铁闸门，才怪
打开铁闸门吗？算了
打开铁闸门……还是算了吧
打开铁闸门，开玩笑的
打开铁闸门，逗你的
打开圆球灯，算了不用了
本来要打开圆球灯，后来没开
一会儿打开圆球灯
待会儿关圆球灯
晚点再关圆球灯
有空的时候打开圆球灯
哪天打开圆球灯看看
偶尔打开圆球灯也不错
我平时晚上打开圆球灯
我每天都会打开圆球灯
阿波每天晚上关圆球灯
通常十点关圆球灯
上次是十点关的圆球灯
"""

EXCEPTED = (
    ("除了月亮灯，所有的灯都关掉", "night"),
    ("把全部灯关了，月亮灯别关", "night"),
    ("所有灯都关掉，月亮灯除外", "night"),
    ("灯全关，留着写字灯", "desk"),
    ("除了圆球灯以外的灯全部关掉", "globe"),
    ("作坊的机器都停掉，带锯别动", "saw"),
    ("作坊的机器全停，除了木工车床", "lathe"),
    ("除开木屑带，作坊的机器都停", "chips"),
    ("把所有灯都关上，只有串灯不要关", "fairy"),
    ("全部灯关掉，但是月亮灯不要关", "night"),
    ("月亮灯别关，其他灯都关了", "night"),
    ("写字灯不用关，其余的灯全关掉", "desk"),
    ("除了书房的灯，其他灯都关掉", "desk"),
    ("所有的灯都打开，弧形灯就不用了", "arc"),
    ("把灯都关了，书房的壁灯留着", "study_wall"),
    ("会客室的灯都打开，弧形灯别开", "arc"),
    ("关掉所有灯，不包括月亮灯", "night"),
    ("唯独月亮灯别关，别的灯都关", "night"),
    ("机器都停了吧，吸尘风机别停", "dust_fan"),
    ("除木工车床外，作坊里的机器全部停下", "lathe"),
)


def probes() -> Iterator[Probe]:
    """All of them."""
    yield from fill("zh", "negation", NEGATED, WISHES, each=3)
    yield from fill("zh", "hypothesis", SUPPOSED, WISHES, each=3)
    yield from fill("zh", "report", REPORTED, WISHES, each=3)
    yield from fill("zh", "quotation", QUOTED, WISHES, each=3)
    yield from fill("zh", "past", PAST, WISHES, each=3)
    yield from fill("zh", "question", ASKED, WISHES, each=3)
    yield from fill("zh", "schedule", TIMED, WISHES, each=3, allowed=NOT_NOW, timed=True)
    yield from fill("zh", "said otherwise", OTHERWISE, WISHES, each=3)
    yield from lines("zh", "absence", ABSENT)
    yield from lines("zh", "ambiguity", UNCLEAR)
    yield from lines("zh", "chatter", CHATTER)
    yield from lines("zh", "spoken about", ABOUT)
    for text, spared in EXCEPTED:
        yield Probe("zh", "exception", text, NOT_NOW | {"act"}, frozenset({spared}))
