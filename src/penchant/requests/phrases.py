"""What people say when they ask for something, in English and Chinese: tables without any rule.

A phrase is looked up word by word, a Chinese character counting as a word. To add a language, add its
phrases to these tables.
"""

from collections.abc import Mapping

from penchant.requests.reading import key


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CUES: Mapping[str, str] = {
    key(phrase): cue
    for cue, phrases in {
        # What follows is not wanted.
        "not": "not, no, without, except, except for, excluding, avoid, nothing with, anything but, other than,"
        " don't want, do not want, dont want, isn't, is not, aren't, are not, no more, non, hate, i hate,"
        " minus, free of, nor, not interested in, don't recommend, do not recommend, don't suggest, 不要, 不是, 没有, 不含, 除了, 避免, 不想要, 不想看, 别给我, 不带",
        # These hold a word of the above and refuse nothing.
        "plain": "never, not sure, not only, not just, no idea, no problem, no matter, not too, not so, not very,"
        " not really, not necessarily, not quite, not that, no doubt, no longer, not seen, not yet, not know,"
        " not a big, not much, no one, would like, i'd like, i would like, feel like, feels like, sounds like,"
        " looks like, like to, 不错, 没有问题, 不知道, 不太, 不要紧, 没关系",
        # A title that follows is liked.
        "like": "like, similar to, in the style of, in the vein of, along the lines of, as good as, i loved,"
        " i love, i liked, i enjoyed, i enjoy, loved, enjoyed, fan of, favorite is, favourite is, favorites are,"
        " favourites are, reminds me of, reminiscent of, more like, such as, same as, 像, 类似, 类似于, 喜欢, 如同, 好像",
        # A title that follows is disliked.
        "unlike": "not like, but not like, unlike, nothing like, didn't like, did not like, don't like,"
        " do not like, dont like, didnt like, hated, i hated, disliked, i dislike, not a fan of, not similar to,"
        " don't care for, 不喜欢, 讨厌, 不像, 不要像, 不同于",
        "varied": "something different, different from each other, surprise me, varied, variety, a mix of,"
        " diverse, mixed bag, out of the box, anything else, 换换口味, 不一样的, 惊喜, 多样, 多种多样, 各种各样",
        "recent": "recent, recently released, newest, latest, brand new, new releases, 最近的, 最新, 新出的, 近期",
        "cheap": "cheap, cheaper, inexpensive, low cost, low price, affordable, budget, 便宜, 便宜点, 实惠, 平价",
        "dear": "expensive, luxury, high end, pricey, premium, 昂贵, 高档, 贵的, 奢华",
        "below": "under, below, less than, lower than, cheaper than, less expensive than, at most, up to, no more than, not more than,"
        " maximum, max, shorter than, fewer than, within, 低于, 不超过, 少于, 小于, 最多, 不到",
        "above": "over, above, more than, more expensive than, at least, higher than, not less than, no less than, minimum, min,"
        " longer than, from at least, 高于, 超过, 至少, 大于, 多于, 不少于, 不低于, 最少",
        "between": "between, 介于",
        "before": "before, older than, earlier than, prior to, until, up until, 早于",
        "after": "after, newer than, later than, since, 晚于",
        "by": "by, starring, directed by, written by, played by, featuring, author, 由, 主演, 导演, 作者",
    }.items()
    for phrase in phrases.split(", ")
}  # fmt: skip
AFTER_NUMBER: Mapping[str, str] = {
    key(phrase): cue
    for cue, phrases in {
        "below": "or less, or under, or below, or fewer, at most, max, 以下, 以内, 之内",
        "above": "or more, or above, or higher, or over, and up, plus, 以上",
        "before": "or older, or earlier, and earlier, 以前, 之前",
        "after": "or newer, or later, and later, onwards, onward, 以后, 之后, 以来",
    }.items()
    for phrase in phrases.split(", ")
}
"""What may stand behind a number, or behind a number and its unit."""

MEANINGS: Mapping[str, str] = {
    word: meaning
    for meaning, words in {
        "price": "price, prices, cost, costs, amount, fee, dollar, dollars, euro, euros, pound, pounds, usd, eur,"
        " gbp, bucks, yuan, rmb, 价格, 售价, 元, 块, 块钱, 美元, 欧元",
        "rating": "rating, ratings, rated, star, stars, score, scored, 评分, 星, 分",
        "length": "minute, minutes, min, mins, duration, runtime, length, 分钟, 时长, 片长",
        "pages": "page, pages, pagecount, 页, 页数",
        "year": "year, years, released, published, 年, 年份",
        "size": "size, inch, inches, cm, 尺寸",
        "age": "age, aged, 年龄, 岁",
        "weight": "weight, gram, grams, kg, kilos, pounds weight, 重量, 公斤",
    }.items()
    for word in words.split(", ")
}  # fmt: skip
"""Words that name a column of numbers, or its unit, and what it means."""

SIGNS: Mapping[str, str] = {"$": "price", "€": "price", "£": "price", "¥": "price", "￥": "price"}

DECADES: Mapping[str, int] = {
    key(word): decade
    for decade, words in {
        1920: "twenties, 二十年代", 1930: "thirties, 三十年代", 1940: "forties, 四十年代",
        1950: "fifties, 五十年代", 1960: "sixties, 六十年代", 1970: "seventies, 七十年代",
        1980: "eighties, 八十年代", 1990: "nineties, 九十年代",
    }.items()
    for word in words.split(", ")
}  # fmt: skip

SAME: Mapping[str, tuple[str, ...]] = {
    "sci-fi": ("science fiction", "scifi", "sci fi", "科幻"),
    "romance": ("romantic", "love story", "爱情", "浪漫"),
    "animation": ("animated", "cartoon", "动画"),
    "children": ("kids", "for kids", "儿童"),
    "comedy": ("喜剧",),
    "action": ("动作",),
    "horror": ("恐怖",),
    "thriller": ("惊悚",),
    "drama": ("剧情",),
    "crime": ("犯罪",),
    "war": ("战争",),
    "documentary": ("纪录片",),
    "fantasy": ("奇幻",),
    "mystery": ("悬疑",),
    "musical": ("歌舞",),
    "adventure": ("冒险",),
    "western": ("西部片",),
}
"""Categories that go by several names, by the one that tables write most."""

VERBS = _words(
    "has have had hasn't haven't did didn't do does doesn't don't is isn't are aren't was wasn't were will won't"
    " would can can't could should am be i it my still yet"
)
"""A "not" after one of these belongs to a verb ("has not arrived") and refuses nothing by itself."""
JOINS = frozenset({"or", "nor", "and", ",", "/", "、", "和", "或", "或者", "与", "及"})
BREAKS = frozenset(
    {".", ";", "!", "?", ":", ",", "but", "。", "；", "！", "？", "，", "(", ")", "\n", "但", "的"}
)
ARTICLES = frozenset(
    {"a", "an", "the", "any", "some", "too", "much", "all", "kind", "of", "in", "color", "colour"}
)
KINDS = _words("the a an movie movies film films book books show shows game games title titles 电影 书")
"""Words that may stand between "like" and a title."""
STOPWORDS = _words(
    "a about after all also am an and any anything are as at be because been but by can could did do "
    "does for from get give got had has have he her him his how i if in into is it its just know "
    "like looking me movie movies film films book books more most my need no not of on one or other "
    "out please recommend recommendation recommendations see seen she show so some something suggest "
    "suggestion suggestions than that the their them then there these they thing things this those "
    "to too us very want was watch we were what when where which who will with would you your"
)
"""Words that tell nothing of what is wanted."""

EVERYDAY: Mapping[str, tuple[str, ...]] = {
    "en": (
        "how tall is the eiffel tower", "what is the square root of nine hundred", "turn the lights off",
        "will it rain in the afternoon", "my knee hurts when I climb stairs", "who won the election last year",
        "translate good morning into italian", "the train to the airport leaves at seven",
        "remind me to water the plants", "how many litres are in a gallon", "the meeting was moved to thursday",
        "what is the capital of mongolia", "my printer does not find the network",
        "how long do eggs have to boil", "the roof of the garage is leaking", "do bees sleep at night",
        "the tax office wants a form from me", "which side of the road do they drive on in japan",
        "my brother's dog is ill", "convert ten miles to kilometres", "the carpet needs cleaning again",
        "what does this rash on my arm mean", "the neighbours are drilling a hole", "set an alarm for six",
        "where did I leave the keys", "the soil is too dry for tomatoes", "how do magnets work",
        "I have to renew my passport", "the server returned an error", "he sprained his ankle at football",
    ),
    "zh": (
        "埃菲尔铁塔有多高", "九百的平方根是多少", "把灯关掉", "下午会下雨吗", "我爬楼梯时膝盖疼", "去年谁赢了选举",
        "提醒我给植物浇水", "会议改到星期四了", "蒙古的首都是哪里", "我的打印机找不到网络", "鸡蛋要煮多久",
        "车库的屋顶漏水了", "税务局要我填一张表", "把十英里换算成公里", "地毯又要清洗了", "定一个六点的闹钟",
        "我把钥匙放在哪里了", "磁铁是怎么工作的", "我要更新护照", "服务器返回了一个错误",
    ),
}  # fmt: skip
"""Sentences about everything under the sun: what they score is what a request scores that nothing fits."""

AGAIN: Mapping[str, bool] = {
    key(phrase): True
    for phrase in (
        "start again",
        "start over",
        "forget it",
        "forget that",
        "reset",
        "new request",
        "重新开始",
        "算了",
    )
}
"""What ends a conversation and begins another."""
POINTING: Mapping[str, str] = {
    key(phrase): kind
    for kind, phrases in {
        "refuse": "not, no, without, anything but, skip, remove, leave out, i know, i have seen, i've seen, seen, 不要, 除了,"
        " 看过",
        "like": "more like, like, similar to, i like, i love, i liked, as, 像, 类似, 喜欢, 更像",
        "others": "others, show others, other ones, show me others, show more, more please, next, none of these,"
        " none of them, something else, anything else, more, 别的, 其他的, 换一批, 都不要, 下一批",
    }.items()
    for phrase in phrases.split(", ")
}  # fmt: skip
"""What speaks of the list that was shown; "more" alone asks for the next of it."""
ORDINALS: Mapping[str, int] = {
    key(phrase): place
    for place, phrases in {
        0: "first, first one, that one, this one, that, this, it, 这个, 那个, 一个, 一",
        1: "second, second one, 二个, 二", 2: "third, third one, 三个, 三", 3: "fourth, fourth one, 四个, 四",
        4: "fifth, fifth one, 五个, 五", 5: "sixth, sixth one, 六个, 六", 6: "seventh, 七个, 七", 7: "eighth, 八个, 八",
        8: "ninth, 九个, 九", 9: "tenth, 十个, 十", -1: "last, last one, 最后一个, 最后",
    }.items()
    for phrase in phrases.split(", ")
}  # fmt: skip
CHANGES: Mapping[str, tuple[str, int, tuple[str, ...]]] = {
    key(phrase): (meaning, side, tuple(key(phrase).split()))
    for (meaning, side), phrases in {
        ("price", -1): "cheaper, less expensive, lower price, 便宜点, 便宜一点, 更便宜, 便宜",
        ("price", 1): "more expensive, pricier, dearer, higher price, 贵一点, 更贵",
        ("year", 1): "newer, more recent, more modern, 新一点, 更新",
        ("year", -1): "older, earlier ones, 老一点, 更老, 旧一点",
        ("length", -1): "shorter, 短一点, 更短",
        ("length", 1): "longer, 长一点, 更长",
        ("rating", 1): "better rated, higher rated, 评分更高",
        ("diversity", 1): "more varied, more variety, more diverse, more different, 多样一点, 更多样",
        ("diversity", -1): "less varied, less variety, less diverse, more alike, 少点变化",
    }.items()
    for phrase in phrases.split(", ")
}  # fmt: skip
"""Comparatives: they compare with the list that was shown."""
