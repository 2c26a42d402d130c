"""Put the measured numbers into both READMEs, between two comments: python bench/rig/readme.py."""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START, END = "<!-- measured -->", "<!-- /measured -->"
HEADS = {
    "README.md": ("data, protocol", "best baseline of the same run"),
    "README.zh-CN.md": ("数据与评测协议", "同一次运行中最好的基线"),
}


def main() -> None:
    """Replace what stands between the comments."""
    rows = [*movielens(read("movielens")), *windows(read("windows"))]
    for name, (what, best) in HEADS.items():
        lines = [f"| {what} | Penchant, NDCG@10 | {best} |", "| --- | --- | --- |", *rows]
        path = ROOT / name
        before, _, rest = path.read_text(encoding="utf-8").partition(START)
        after = rest.partition(END)[2]
        path.write_text("\n".join([before + START, *lines, END + after]), encoding="utf-8")


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


def _row(title: str, methods: dict[str, Any], ours: str) -> str:
    others = {name: value for name, value in methods.items() if name != ours}
    best = max(others, key=lambda name: float(others[name]["mean"]))
    return f"| {title} | {_shown(methods[ours])} | {best} {_shown(others[best])} |"


def _shown(value: dict[str, float]) -> str:
    return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


if __name__ == "__main__":
    main()
