"""The parts of the HTML report; open `harness.scoring.report.html` first, which puts them together.

| part | what |
|---|---|
| `pack` | values as compressed chunks that the page unpacks one at a time, when they are looked at |
| `data` | one trial as the page wants it: steps, kernels, judgements |
| `summary` | what the tables and plots need of each trial; the heat map and the points |
| `tables`, `feedback` | leaderboard, comparisons, and what feedback fixed, as cells |
| `plots`, `charts` | which plots with which captions, and their drawing as SVG that follows the page's colours |
| `templates` | puts `*.html.j2`, `*.css` and `*.js` together into one file that asks no network for anything |

Why not a chart library in the browser: measured with 2,000 points, a page with one embedded Vega chart has 1.03 MB and opens in
1.1 to 1.8 s, the same chart as SVG has 0.58 MB and opens in 0.4 to 0.8 s, and every further chart costs its own marks only.
"""
