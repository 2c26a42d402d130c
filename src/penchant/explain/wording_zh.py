"""Reasons in Chinese: a table without any rule."""

from collections.abc import Mapping

SOURCES: Mapping[str, str] = {
    "popularity": "长期受欢迎",
    "trend": "近来受欢迎",
    "novelty": "新近程度与少见程度",
    "factors": "整个历史所显示的口味",
    "content": "其文字介绍与历史相合",
    "features": "与你情况相似的人选过",
    "similarity": "与整个历史相配",
    "transitions": "常接在这样的历史之后",
    "habit": "以前选过，而且常会再选",
    "had": "已经有过",
    "words": "与所说的话相近",
}
SAID: Mapping[str, str] = {
    "met": "你有过",
    "title": "“{title}”",
    "rest": "历史中的另外 {n} 项",
    "carried": "{text}：{words}",
    "word": "“{word}”",
    "comma": "、",
    "share": "{text}（{share:.0%}）",
    "stop": "；",
    "otherwise": "此外：",
}
