"""Put the measured numbers into both READMEs and docs/, between two comments: python bench/rig/readme.py."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HEADS = {
    "README.md": ("data, protocol", "best baseline of the same run"),
    "README.zh-CN.md": ("数据与评测协议", "同一次运行中最好的基线"),
}


def main() -> None:
    """Replace what stands between the comments."""
    rows = [*movielens(read("movielens")), *windows(read("windows"))]
    for name, (what, best) in HEADS.items():
        lines = [f"| {what} | Penchant, NDCG@10 | {best} |", "| --- | --- | --- |", *rows]
        put(ROOT / name, "measured", lines)
    put(ROOT / "docs" / "evaluate.md", "peers", peers(read("peers")))
    put(ROOT / "docs" / "adapt.md", "methods", methods(read("adapt_methods")))
    for name in ("tricks", "few"):
        put(ROOT / "docs" / "adapt.md", name, ways(read(f"adapt_{name}")))
    put(ROOT / "docs" / "adapt.md", "later", later(read("adapt_later")))
    put(ROOT / "docs" / "serve.md", "serve", service(read("serve"), read("large"), read("live")))


def put(path: Path, mark: str, lines: list[str]) -> None:
    """Replace what stands between the comments of a mark."""
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, _, rest = path.read_text(encoding="utf-8").partition(start)
    after = rest.partition(end)[2]
    path.write_text("\n".join([before + start, *lines, end + after]), encoding="utf-8")


def read(name: str) -> dict[str, Any]:
    """Return a file of results."""
    found: dict[str, Any] = json.loads((ROOT / "bench" / "results" / f"{name}.json").read_text())
    return found


def movielens(found: dict[str, Any]) -> list[str]:
    """Return a row for each cut."""
    rows = []
    for cut in ("last20", "cold20"):
        methods = {name: method["ndcg@10"] for name, method in found[cut]["methods"].items()}
        rows.append(_row(f"MovieLens-100K, `{cut}`", methods, "Penchant"))
    return rows


def windows(found: dict[str, Any]) -> list[str]:
    """Return a row for each table of each data set."""
    rows = []
    for data, result in found["data"].items():
        for name, table in result["tables"].items():
            methods = {line["name"]: line["metrics"]["NDCG@10"] for line in table["slices"][0]["lines"]}
            rows.append(_row(f"{data}, `time`, {name}", methods, "penchant"))
    return rows


def peers(found: dict[str, Any]) -> list[str]:
    """Return a table of all methods, the best first, those that failed last."""
    methods = found["methods"]
    lines = [
        "| method | NDCG@10 | Recall@20 | Penchant's lead in NDCG@10 | search, fit, lists in seconds |",
        "| --- | --- | --- | --- | --- |",
    ]
    done = [name for name, method in methods.items() if "reason" not in method]
    for name in sorted(done, key=lambda name: -float(methods[name]["ndcg@10"]["mean"])):
        method = methods[name]
        lead = found["differences"].get(name)
        seconds = [method["seconds"].get(part) for part in ("search", "fit", "lists")]
        cells = [
            _titled(method),
            *(_shown(method[metric]) for metric in ("ndcg@10", "recall@20")),
            f"+{_shown(lead['ndcg@10'])}".replace("+-", "-") if lead else "",
            ", ".join("-" if value is None else f"{value:.1f}" for value in seconds),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    failed = [method for method in methods.values() if "reason" in method]
    lines += [f"| {_titled(method)} | no result: {_cell(method['reason'])} | | | |" for method in failed]
    return lines


def methods(found: dict[str, Any]) -> list[str]:
    """Return a row for each way to adapt: what it costs and what it gives."""
    lines = [
        "| method | numbers that learn | of the model | seconds of one core | peak MiB | best epoch "
        "| NDCG@10 | to frozen |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        f"| frozen | 0 | 0 % | | | | {_shown(found['methods']['frozen']['ndcg@10'])} | |",
    ]
    for name, cost in found["costs"].items():
        more = found["differences"].get(name) or found["differences"][f"{name} - frozen"]
        more = more["ndcg@10"]
        cells = [
            name,
            f"{cost['parameters']:,.0f}",
            f"{100 * cost['share']:.2f} %",
            f"{cost['processor_seconds']:.0f}",
            f"{cost['peak_mib']:.0f}",
            f"{cost['best']:g} of {cost['epochs']:g}",
            _shown(found["methods"][name]["ndcg@10"]),
            _more(more),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def ways(found: dict[str, Any]) -> list[str]:
    """Return a row for each way to teach: what it gives beside the untaught model and the plain way."""
    untaught = next(name for name in found["methods"] if name.startswith("untaught"))
    lines = ["| taught | NDCG@10 | to untaught | to full |", "| --- | --- | --- | --- |"]
    for name, row in found["methods"].items():
        more = [found["differences"].get(f"{name} - {other}") for other in (untaught, "full")]
        told = [_more(one["ndcg@10"]) if one else "" for one in more]
        lines.append(f"| {name} | {_shown(row['ndcg@10'])} | {' | '.join(told)} |")
    return lines


def later(found: dict[str, Any]) -> list[str]:
    """Return a row for each lesson with its marks on either half of the catalogue."""
    lines = ["| lessons | cold items of the old half | of the new half |", "| --- | --- | --- |"]
    return lines + [f"| {name} | {m['old']:.4f} | {m['new']:.4f} |" for name, m in found["marks"].items()]


def service(found: dict[str, Any], large: dict[str, Any], played: dict[str, Any]) -> list[str]:
    """Return what the service reaches under load, and what live adaptation gives."""
    empty, ratios = found["empty"], found["ratios"]
    lines = [
        "| 8 connections, 2 cores, k = 20 | requests a second | of an empty endpoint | p50 ms | p99 ms |",
        "| --- | --- | --- | --- | --- |",
        f"| empty endpoint of the same stack | {empty['per_second']:,.0f} | 1 | {empty['p50_ms']:.1f} | "
        f"{empty['p99_ms']:.1f} |",
    ]
    for name, title in (
        ("first", "lists of people asked for the first time"),
        ("warm", "lists of people asked for again, journaled"),
        ("first_explained", "with reasons, the first time"),
        ("explained", "with reasons, again"),
    ):
        row, part = found[name], found[name]["per_second"] / found["empty"]["per_second"]
        part = ratios.get(name, part)
        lines.append(
            f"| {title} | {row['per_second']:,.0f} | {part:.2f} | {row['p50_ms']:.1f} | {row['p99_ms']:.1f} |"
        )
    alone, bulk, single = (found[name] for name in ("one_by_one", "events_bulk_of_500", "events_single"))
    start, memory = (found["without_texts"][name] for name in ("start_seconds", "memory_mib"))
    texts = found["memory_with_texts_mib"]
    told = [
        "",
        f"Events: {bulk['events_per_second']:,.0f} a second in bulks, {single['per_second']:,.0f} one",
        "by one (16 connections), each in the journal before it is acknowledged. A list right after an event",
        f"of the same person takes {alone['after_event_ms']:.1f} ms, without one",
        f"{alone['without_ms']:.1f} ms.",
        f"The first answer comes {start:.1f} s after the start; memory is {memory:.0f} MiB, with",
        f"requests in words {texts:.0f} MiB.",
    ]
    if "soak" in found:
        track, n = found["soak"]["memory_mib"], found["soak"]["requests"]
        told.append(f"Over {n:,} requests it went from {track[0]:.0f} to {track[-1]:.0f} MiB.")
    alone, first = large["one_by_one"], large["first"]
    told += [
        "",
        f"With {large['items']:,} items and {large['events']:,} events (a made log, bench/large.py)",
        f"half of the first lists come within {first['p50_ms']:.1f} ms, 99 % within {first['p99_ms']:.1f};",
        f"right after an event {alone['after_event_ms']:.1f} ms; memory is {large['memory_mib']:,.0f} MiB.",
    ]
    lines += told
    lines += [
        "",
        "| a log played, hit rate at 10 | nothing new | live | refit each midnight, live histories | kept |",
    ]
    lines.append("| --- | --- | --- | --- | --- |")
    for name, row in played["data"].items():
        rates, kept = row["hit_rate@10"], row["kept"]
        cells = " | ".join(_more_or_less(rates[one]) for one in ("none", "live", "daily, live histories"))
        lines.append(f"| {name} | {cells} | {kept['mean']:.0%} [{kept['low']:.0%}, {kept['high']:.0%}] |")
    return lines


def _more_or_less(value: dict[str, float]) -> str:
    """Return a mean with its interval."""
    return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def _titled(method: dict[str, Any]) -> str:
    if method["library"] == "Penchant":
        return "**Penchant**"
    version = method.get("versions", {}).get(method["library"].lower(), "")
    return " ".join(part for part in (method["library"], version, method["method"]) if part)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _row(title: str, methods: dict[str, Any], ours: str) -> str:
    others = {name: value for name, value in methods.items() if name != ours}
    best = max(others, key=lambda name: float(others[name]["mean"]))
    return f"| {title} | {_shown(methods[ours])} | {best} {_shown(others[best])} |"


def _more(value: dict[str, float]) -> str:
    return f"{value['mean']:+.4f} [{value['low']:+.4f}, {value['high']:+.4f}]"


def _shown(value: dict[str, float]) -> str:
    return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


if __name__ == "__main__":
    main()
