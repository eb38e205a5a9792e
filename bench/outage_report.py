# SPDX-License-Identifier: Apache-2.0
"""The results of outage.py as tables and as a picture."""
import collections
import math
import statistics
from xml.sax.saxutils import escape

# Of the picture: panels of one failure each, a line for each mechanism, a dot for each run, time to the right; lost
# queries instead of time where answers get through now and then.
COLUMNS, PANEL_WIDTH, LABEL, PLOT, LINE, HEAD, FOOT = 2, 490, 200, 260, 17, 30, 34
MIN_MS, MAX_MS = 3, 3000
ZERO = 14  # where runs without a gap are, left of the axis
LOST = ("30 % loss",)
PAUSE_MS = 10  # of the load itself: more, and the run tells of the machine
COLORS = (("bondd", "#0b57d0"), ("teamd", "#2e7d32"), ("arp", "#b26a00"), ("", "#555"))


def is_sound(r):
    """A run, and one in which the load was sent as it should."""
    return "failure" in r and r["pause_ms"] <= PAUSE_MS


def cells_of(results):
    cells = collections.defaultdict(list)
    for r in results:
        if is_sound(r):
            cells[r["failure"], r["mechanism"]].append(r)
    return cells


def p95(values):
    """The smallest that 95 % of all do not exceed."""
    return sorted(values)[math.ceil(len(values) * .95) - 1]


def table(results, failures, mechanisms):
    cells = cells_of(results)
    print("| failure | monitor | runs | longest gap, ms: median | p95 | max | lost: median | p95 | max "
          "| moves: max |\n|---|---|---|---|---|---|---|---|---|---|")
    for failure in failures:
        for mechanism in mechanisms:
            runs = cells.get((failure, mechanism))
            if runs:
                gaps, lost = [r["gap_ms"] for r in runs], [r["lost"] for r in runs]
                print(f"| {failure} | {mechanism} | {len(runs)} | {statistics.median(gaps):.0f} | {p95(gaps):.0f} "
                      f"| {max(gaps):.0f} | {statistics.median(lost):.0f} | {p95(lost):.0f} | {max(lost)} "
                      f"| {max(r['moves'] for r in runs)} |")
    idle_table(cells, mechanisms)
    cost_table(results)
    runs = [r for of_cell in cells.values() for r in of_cell]
    if runs:
        print(f"\nLongest pause between two queries that the load made itself, ms: median "
              f"{statistics.median(r['pause_ms'] for r in runs):.1f}, p95 {p95([r['pause_ms'] for r in runs]):.1f}. "
              f"A run took {statistics.mean(r['took_s'] for r in runs):.1f} s, all "
              f"{sum(r['took_s'] for r in runs) / 60:.0f} minutes. "
              f"{sum('failure' in r and not is_sound(r) for r in results)} runs more, in which the load itself paused "
              f"for over {PAUSE_MS} ms, do not count and were repeated.")


def idle_table(cells, mechanisms):
    """What moves though nothing is broken."""
    print("\n| monitor | time without failure, s | moves | runs started while unsettled | daemon died |\n"
          "|---|---|---|---|---|")
    for mechanism in mechanisms:
        runs = [r for (_, other), of_cell in cells.items() if other == mechanism for r in of_cell]
        if runs:
            print(f"| {mechanism} | {sum(r['idle_s'] for r in runs):.0f} | {sum(r['idle_moves'] for r in runs)} "
                  f"| {sum(r['restless'] for r in runs)} | {sum(r.get('deaths', 0) for r in runs)} |")


def cost_table(results):
    costs = [r for r in results if "cost" in r]
    if not costs:
        return
    print("\n| daemon | CPU, % of one emulated core | ratio | memory, MB | ratio |\n|---|---|---|---|---|")
    base = costs[0]
    for r in costs:
        print(f"| {r['cost']} | {r['cpu_percent']:.2f} | {r['cpu_percent'] / base['cpu_percent']:.2f} "
              f"| {r['rss_kb'] / 1024:.1f} | {r['rss_kb'] / base['rss_kb']:.2f} |")


def x_of(ms):
    if ms < MIN_MS:
        return LABEL
    return LABEL + ZERO + (PLOT - ZERO) * math.log(min(ms, MAX_MS) / MIN_MS) / math.log(MAX_MS / MIN_MS)


def panel(failure, rows):
    key, unit = ("lost", "") if failure in LOST else ("gap_ms", " ms")
    out = [f'<text x="{LABEL}" y="16" class="t">{escape(failure)}{"" if unit else ": queries lost"}</text>']
    bottom = HEAD + LINE * len(rows)
    for ms, text in ((0, "0"), (10, "10"), (100, "100"), (1000, "1000" + unit)):
        x = x_of(ms)
        out.append(f'<path d="M{x:.0f} {HEAD - 6}V{bottom}" class="g"/>'
                   f'<text x="{x:.0f}" y="{bottom + 13}" class="a">{text}</text>')
    for number, (mechanism, runs) in enumerate(rows):
        y = HEAD + LINE * number + LINE // 2
        color = next(color for word, color in COLORS if word in mechanism)
        out.append(f'<text x="{LABEL - 10}" y="{y + 4}" class="m" fill="{color}">{escape(mechanism)}</text>')
        if runs:
            dots = "".join(f"M{x} {y}h0" for x in sorted(round(x_of(r[key])) for r in runs))
            median = x_of(statistics.median(r[key] for r in runs))
            out.append(f'<path d="{dots}" class="d" stroke="{color}"/>'
                       f'<path d="M{median:.0f} {y - 6}v12" class="n" stroke="{color}"/>')
    return "".join(out)


def draw(results, failures, mechanisms, path):
    cells = cells_of(results)
    failures = [f for f in failures if any((f, m) in cells for m in mechanisms)]
    height = HEAD + LINE * len(mechanisms) + FOOT
    lines = -(-len(failures) // COLUMNS)
    width, total = COLUMNS * PANEL_WIDTH, lines * height + 40
    panels = "\n".join(
        f'<g transform="translate({number % COLUMNS * PANEL_WIDTH} {40 + number // COLUMNS * height})">'
        f"{panel(f, [(m, cells.get((f, m))) for m in mechanisms])}</g>" for number, f in enumerate(failures))
    with open(path, "w", encoding="utf-8") as out:
        out.write(f'''<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" font-family="sans-serif">
<style>.t{{font-size:14px;font-weight:bold}}.m{{font-size:12px;text-anchor:end}}.a{{font-size:11px;text-anchor:middle;\
fill:#555}}.g{{stroke:#ddd;fill:none}}.d{{stroke-width:6;stroke-linecap:round;stroke-opacity:.35;fill:none}}\
.n{{stroke-width:2;fill:none}}</style>
<rect width="{width}" height="{total}" fill="#fff"/>
<text x="16" y="22" font-size="13">Longest time without an answer, by failure and by what watches the legs. \
A dot is a run, the bar their median; 0: under {MIN_MS} ms.</text>
{panels}
</svg>
''')
