"""What people say in English when they ask for something, and what is said back: tables without any rule.

The tables are explained where they are joined, in `penchant.requests.phrases`.
"""

from collections.abc import Mapping

CUES: Mapping[str, str] = {
    "not": "not, no, without, except, except for, excluding, avoid, nothing with, anything but, other than,"
    " don't want, do not want, dont want, isn't, is not, aren't, are not, no more, non, hate, i hate,"
    " minus, free of, nor, not interested in, don't recommend, do not recommend, don't suggest",
    "plain": "never, not sure, not only, not just, no idea, no problem, no matter, not too, not so, not very,"
    " not really, not necessarily, not quite, not that, no doubt, no longer, not seen, not yet, not know,"
    " not a big, not much, no one, would like, i'd like, i would like, feel like, feels like, sounds like,"
    " looks like, like to",
    "like": "like, similar to, in the style of, in the vein of, along the lines of, as good as, i loved,"
    " i love, i liked, i enjoyed, i enjoy, loved, enjoyed, fan of, favorite is, favourite is, favorites are,"
    " favourites are, reminds me of, reminiscent of, more like, such as, same as",
    "unlike": "not like, but not like, unlike, nothing like, didn't like, did not like, don't like,"
    " do not like, dont like, didnt like, hated, i hated, disliked, i dislike, not a fan of, not similar to,"
    " don't care for",
    "varied": "something different, different from each other, surprise me, varied, variety, a mix of,"
    " diverse, mixed bag, out of the box, anything else",
    "recent": "recent, recently released, newest, latest, brand new, new releases",
    "cheap": "cheap, cheaper, inexpensive, low cost, low price, affordable, budget",
    "fair": "not too expensive, not expensive, not so expensive, reasonably priced",
    "dear": "expensive, luxury, high end, pricey, premium",
    "below": "under, below, less than, lower than, cheaper than, less expensive than, at most, up to, no more than,"
    " not more than, maximum, max, shorter than, fewer than, within",
    "above": "over, above, more than, more expensive than, at least, higher than, not less than, no less than,"
    " minimum, min, longer than, from at least",
    "between": "between",
    "before": "before, older than, earlier than, prior to, until, up until",
    "after": "after, newer than, later than, since",
    "by": "by, starring, directed by, written by, played by, featuring, author",
}
AFTER_NUMBER: Mapping[str, str] = {
    "below": "or less, or under, or below, or fewer, at most, max",
    "above": "or more, or above, or higher, or over, and up, plus",
    "before": "or older, or earlier, and earlier",
    "after": "or newer, or later, and later, onwards, onward",
}
AFTER_LIKING = ""
AFTER_REFUSAL = ""
AFTER_RANGE = ""
MAKERS = ""
MEANINGS: Mapping[str, str] = {
    "price": "price, prices, cost, costs, amount, fee, dollar, dollars, euro, euros, pound, pounds, usd, eur,"
    " gbp, bucks, yuan, rmb",
    "rating": "rating, ratings, rated, star, stars, score, scored",
    "length": "minute, minutes, min, mins, duration, runtime, length",
    "pages": "page, pages, pagecount",
    "year": "year, years, released, published",
    "size": "size, inch, inches, cm",
    "age": "age, aged",
    "weight": "weight, gram, grams, kg, kilos, pounds weight",
}
NAMES: Mapping[str, str] = {}
DECADES: Mapping[int, str] = {
    1920: "twenties", 1930: "thirties", 1940: "forties", 1950: "fifties", 1960: "sixties", 1970: "seventies",
    1980: "eighties", 1990: "nineties",
}  # fmt: skip
PARTS: Mapping[str, str] = {"early": "early", "mid": "mid", "late": "late"}
SAME: Mapping[str, str] = {
    "sci-fi": "science fiction, scifi, sci fi",
    "romance": "romantic, love story",
    "animation": "animated, cartoon",
    "children": "kids, for kids",
}
VERBS = (
    "has have had hasn't haven't did didn't do does doesn't don't is isn't are aren't was wasn't were will won't"
    " would can can't could should am be i it my still yet"
)
OR, AND = "or nor", "and"
BREAKS = "but"
ARTICLES = "a an the any some too much all kind of in color colour"
KINDS = "the a an movie movies film films book books show shows game games title titles"
FILLERS = "the year about around of a"
FROM, TO = "from in of", "to and"
ENDS = "from with in by only please set before after under over"
COUNTERS = ""
STOPWORDS = (
    "a about after all also am an and any anything are as at be because been but by can could did do "
    "does for from get give got had has have he her him his how i if in into is it its just know "
    "like looking me movie movies film films book books more most my need no not of on one or other "
    "out please recommend recommendation recommendations see seen she show so some something suggest "
    "suggestion suggestions than that the their them then there these they thing things this those "
    "to too us very want was watch we were what when where which who will with would you your"
)
STOP_PHRASES = ""
EVERYDAY = (
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
)  # fmt: skip
AGAIN = "start again, start over, forget it, forget that, reset, new request"
POINTING: Mapping[str, str] = {
    "refuse": "not, no, without, anything but, skip, remove, leave out, i know, i have seen, i've seen, seen",
    "like": "more like, like, similar to, i like, i love, i liked, as",
    "others": "others, show others, other ones, show me others, show more, more please, next, none of these,"
    " none of them, something else, anything else, more",
}
NUMBER_WORDS = "the number no"
ORDINALS: Mapping[int, str] = {
    0: "first, first one, that one, this one, that, this, it", 1: "second, second one", 2: "third, third one",
    3: "fourth, fourth one", 4: "fifth, fifth one", 5: "sixth, sixth one", 6: "seventh", 7: "eighth",
    8: "ninth", 9: "tenth", -1: "last, last one",
}  # fmt: skip
CHANGES: Mapping[tuple[str, int], str] = {
    ("price", -1): "cheaper, less expensive, lower price",
    ("price", 1): "more expensive, pricier, dearer, higher price",
    ("year", 1): "newer, more recent, more modern",
    ("year", -1): "older, earlier ones",
    ("length", -1): "shorter",
    ("length", 1): "longer",
    ("rating", 1): "better rated, higher rated",
    ("diversity", 1): "more varied, more variety, more diverse, more different",
    ("diversity", -1): "less varied, less variety, less diverse, more alike",
}
SAID: Mapping[str, str] = {
    "understood": "understood: {what}",
    "text": "a text like “{text}”",
    "like": "like {items}",
    "unlike": "unlike {items}",
    "naming": "naming {items}",
    "without": "without {words}",
    "hidden": "{n} left out",
    "diversity": "diversity {degree:g}",
    "unclear": "unclear: {what}",
    "nothing": "nothing in particular",
    "one of": "{column}: {tokens}",
    "none of": "{column}: not {tokens}",
    "or": " or ",
    "range": "{column} {range}",
    "not range": "{column} not {range}",
    "holds": "holds {words}",
    "no item": "no item meets all the conditions",
    "no fit": "nothing in the catalogue fits this request; what follows is merely nearest",
    "untold": "{n:,} of {all:,} items tell no {column}: left out",
    "unheld": "“{word}”: no item's text holds it, so nothing was left out",
    "same title": "{n} items go by that name, taken as “{title}”",
    "too long": "conditions after the first {n:,} characters",
    "no year": "a year, but the catalogue tells none",
    "no years": "the years {first}–{last}, but the catalogue tells none",
    "number": "{value}: {why}",
    "no column": "the catalogue has no column {about}",
    "which column": "of {columns}?",
    "no numbers": "the catalogue has no column of numbers",
    "to": "{low:g} to {high:g}",
    "no number": "there is no number {n} in a list of {k}",
    "catalogue silent": "the catalogue tells no {what}",
    "list silent": "the list shows no {what}",
    "nothing beyond": "nothing goes beyond a {column} of {value:.6g}",
    "nothing between": "nothing is left between {range} and what was shown",
}
