"""Which column of a table is what: usual names, and the caller's word where they do not do."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from penchant.errors import TableError

Kind: TypeAlias = Literal["interactions", "items", "users", "graph", "requests"]
"""What a table of a folder is about."""
MapRole: TypeAlias = Literal["user", "item", "time", "value", "event", "title", "review", "weight"]
Names: TypeAlias = tuple[frozenset[str], ...]
"""Spelling-free names in tiers: a column of an earlier tier wins, two of one tier are ambiguous."""

MAP_FORM = "--map user=COL,item=COL,time=COL,value=COL,event=COL,title=COL,review=COL,weight=COL"


def _tiers(*tiers: str) -> Names:
    return tuple(frozenset(tier.split()) for tier in tiers)


USER = _tiers(
    "userid 用户id 用户编号",
    "用户 会员id 会员 顾客id 顾客 客户id 客户 "
    "user uid customerid customer visitorid memberid member reviewerid accountid clientid cid shopperid "
    "buyerid profileid personid playerid listenerid readerid patientid studentid useridx fromuserid",
    "username login email reviewername",
    "sessionid session visitid basketid",
)
ITEM = _tiers(
    "itemid 物品id 商品id 项目id 物品编号 商品编号",
    # Amazon: reviews name both; the catalogue is keyed by the parent
    "parentasin",
    "movieid productid asin bookid sku articleid stockcode isbn trackid songid gameid recipeid newsid "
    "videoid contentid offerid businessid jobid courseid adid filmid showid animeid artistid poiid "
    "postid docid documentid venueid restaurantid intentid topicid itemidx touserid skuid eventitemid",
    "图书id 电影id 文章id 歌曲id 书号",
    "item iid pid product movie book article track song film game video artist 物品 商品 项目",
)
TIME = _tiers(
    "timestamp ts unixtimestamp unixreviewtime timestampms timestamps unixtime epoch 时间戳",
    "时间 购买时间 下单时间 评论时间 评分时间 浏览时间 "
    "eventtime eventtimestamp datetime createdat time invoicedate purchasedate orderdate transactiondate "
    "reviewtime ratedat playedat clickedat viewedat eventdate created dateadded tdat orderedat watchedat "
    "sessionstart orderpurchasetimestamp timecreated playtime",
    "date day dt when 日期",
)
RATING = _tiers(
    "rating score stars overall bookrating grade reviewscore reviewrating userrating ratings 评分 打分 星级"
)
QUANTITY = _tiers(
    "quantity qty amount units plays playcount listencount playcounts listens count weight 数量 次数"
)
DWELL = _tiers(
    "dwell dwelltime duration watchtime watchduration listentime msplayed timespent readtime secondsplayed"
)
EVENT = _tiers(
    "event eventtype eventname 事件 事件类型",
    "action actiontype behavior behaviortype behaviour behaviourtype interactiontype "
    "activitytype feedbacktype 行为 行为类型",
    "kind type feedback",
)
REVIEW = _tiers(
    # one name a tier: of two texts the likelier one is read, and a table that has both is no error
    *("reviewtext", "reviewbody", "review", "text", "commenttext", "comment", "comments", "message", "body"),
    "评论 评论内容 短评",
    "feedback content",
)
TITLE = _tiers(
    "title 标题",
    "movietitle producttitle itemtitle booktitle newstitle articletitle tracktitle songtitle originaltitle "
    "书名 片名 电影名 电影名称 商品名 商品名称 歌名",
    "name productname itemname moviename bookname gamename trackname songname prodname "
    "animename appname coursename 名称 名字",
    "description",
)
TEXT = _tiers(
    "text query request 请求 查询 问题",
    "question utterance prompt searchterm searchquery keywords ask",
    "context messages",
)
TARGETS = _tiers(
    "targettitles targettitle", "items itemids targets targetitems", *[" ".join(t) for t in ITEM]
)
TARGETS_BY_TITLE = _tiers(*[" ".join(t) for t in TITLE[:3]], "titles")

ROLES: Mapping[Kind, Mapping[str, Names]] = {
    "interactions": {
        "user": USER,
        "item": ITEM,
        "time": TIME,
        "value": RATING + QUANTITY + DWELL + _tiers("eventvalue"),
        "event": EVENT,
        "review": REVIEW,
        "weight": _tiers("eventweight"),
    },
    "items": {"item": (*ITEM, frozenset({"id"})), "title": TITLE},
    "users": {"user": (*USER, frozenset({"id"}))},
    "graph": {
        "head": _tiers("head headid subject source"),
        "relation": _tiers("relation relationid predicate rel"),
        "tail": _tiers("tail tailid object target"),
    },
    "requests": {"text": TEXT, "item": TARGETS + TARGETS_BY_TITLE, "user": USER, "time": TIME},
}
REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    "interactions": ("user", "item"),
    "items": ("item",),
    "users": ("user",),
    "graph": ("head", "relation", "tail"),
    "requests": ("text",),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which column of a table has which role; `unused` are the columns that have none.

    `told` are the roles that the caller named, `weak` those whose column's name may mean something else.
    """

    columns: Mapping[str, str]
    unused: tuple[str, ...]
    told: frozenset[str] = frozenset()
    weak: tuple[str, ...] = ()

    def __getitem__(self, role: str) -> str:
        return self.columns[role]

    def get(self, role: str) -> str | None:
        """Return the column of a role, None where the table has none."""
        return self.columns.get(role)

    def __str__(self) -> str:
        taken = ", ".join(f"{role} = {column}" for role, column in self.columns.items())
        return f"{taken} (others: {', '.join(self.unused)})" if self.unused else taken


def plain(name: str) -> str:
    """Return a name without case, spaces, underscores, dashes and dots: User_ID, userId → userid."""
    return re.sub(r"[\W_]+", "", name).lower()


def is_quantity(column: str) -> bool:
    """Tell whether a value column counts things rather than rates them."""
    return plain(column) in QUANTITY[0]


def is_dwell(column: str) -> bool:
    """Tell whether a value column says how long somebody stayed."""
    return plain(column) in DWELL[0]


def parse_map(text: str) -> dict[str, str]:
    """Read what follows --map: `user=COL,item=COL`.

    Raises:
        TableError: a role that does not exist, or a part that is not ROLE=COLUMN.
    """
    mapping: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        role, sign, column = (piece.strip() for piece in part.partition("="))
        if not sign or not column:
            raise TableError(f"--map: '{part}' is not ROLE=COLUMN", hint=f"write {MAP_FORM}")
        if role in mapping:
            raise TableError(f"--map: the role '{role}' is named twice", hint=f"write {MAP_FORM}")
        mapping[role] = column
    check_roles(mapping)
    return mapping


def check_roles(mapping: Mapping[str, str]) -> None:
    """Raise a TableError for a role that --map does not know."""
    for role in mapping:
        if role not in get_args(MapRole):
            seen = ", ".join(get_args(MapRole))
            raise TableError(f"--map: unknown role '{role}'; the roles are {seen}", hint=f"write {MAP_FORM}")


def choose(table: str, kind: Kind, columns: Iterable[str], mapping: Mapping[str, str]) -> Choice:
    """Decide which column of `table` has which role: the mapping first, then the usual names.

    Raises:
        TableError: two columns fit one role equally well, or a role that must be there has no column.
    """
    columns, roles = list(columns), ROLES[kind]
    taken = {role: column for role in roles if (column := _named(mapping.get(role), columns)) is not None}
    told = frozenset(taken)
    for role, tiers in roles.items():
        free = [column for column in columns if column not in taken.values()]
        if role not in taken and (column := _usual(table, role, tiers, free)) is not None:
            taken[role] = column
    for role in REQUIRED[kind]:
        if role not in taken:
            raise TableError(_missing(table, role, columns), hint=_way_out(role))
    unused = tuple(column for column in columns if column not in taken.values())
    weak = tuple(
        role for role, tiers in roles.items() if role in taken.keys() - told and _weak(taken[role], tiers)
    )
    return Choice({role: taken[role] for role in roles if role in taken}, unused, told, weak)


def _weak(column: str, tiers: Names) -> bool:
    return len(tiers) > 1 and plain(column) in tiers[-1]


def _named(wanted: str | None, columns: list[str]) -> str | None:
    """Find a column of the mapping: as written, else without regard to spelling where that is one column."""
    if wanted is None or wanted in columns:
        return wanted
    alike = [column for column in columns if plain(column) == plain(wanted)]
    return alike[0] if len(alike) == 1 else None


def _usual(table: str, role: str, tiers: Names, columns: list[str]) -> str | None:
    for tier in tiers:
        fitting = [column for column in columns if plain(column) in tier]
        if len(fitting) > 1:
            raise TableError(
                f"{table}: more than one column could be the {role}: {', '.join(fitting)}",
                hint=f"say which: --map {role}={fitting[0]}" if role in get_args(MapRole) else "rename one",
            )
        if fitting:
            return fitting[0]
    return None


def _missing(table: str, role: str, columns: list[str]) -> str:
    said = f"{table}: no column was recognised as the {role}; its columns are {', '.join(columns)}"
    bare = all(re.fullmatch(r"[\d.:-]+", column) for column in columns)
    return f"{said}: does its first line hold no names?" if bare else said


def _way_out(role: str) -> str:
    if role in get_args(MapRole):
        return f"name it: --map {role}=COL (the whole form: {MAP_FORM})"
    return f"name the column '{role}'"


def check_mapping(mapping: Mapping[str, str], tables: Mapping[str, tuple[Kind, list[str]]]) -> None:
    """Raise a TableError if a column of the mapping is in no table that has its role."""
    check_roles(mapping)
    for role, wanted in mapping.items():
        fitting = {name: columns for name, (kind, columns) in tables.items() if role in ROLES[kind]}
        if not any(_named(wanted, columns) for columns in fitting.values()):
            seen = "; ".join(f"{name}: {', '.join(columns)}" for name, columns in fitting.items())
            raise TableError(
                f"--map: no table has a column '{wanted}' for the {role}; seen: {seen or 'no fitting table'}",
                hint=f"write {MAP_FORM}",
            )
