"""How the dashboard looks: colours for light and dark, one column on a phone and three on a desk."""

STYLE = """
:root { color-scheme: light dark; --back: #f6f7f9; --card: #ffffff; --ink: #1c2430; --dim: #5a6675;
  --line: #0062a3; --limit: #8a94a0; --page: #c43c00; --ticket: #9a6a00; --event: #3d5a80; --edge: #dfe3e8;
  --quiet: #1d7a4c; }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --card: #1b212a; --ink: #e8edf3;
  --dim: #a3afbd; --line: #6cb8f0; --limit: #8a94a0; --page: #ff8a5c; --ticket: #e6b84d; --event: #9bb8dc;
  --edge: #2c3541; --quiet: #63cf98; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1320px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 16px; margin: 0; }
h2.part { font-size: 18px; margin: 28px 0 12px; } .lead { margin: 0 0 16px; color: var(--dim); }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(370px, 1fr)); }
section { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 14px 16px; }
section header { display: flex; justify-content: space-between; gap: 8px; align-items: baseline; }
section p { margin: 6px 0 0; font-size: 14px; } .now { color: var(--dim); }
.now b { font-size: 20px; color: var(--ink); } .dim { color: var(--dim); }
section p > b:first-child { margin-right: 4px; }
svg { width: 100%; height: auto; display: block; margin-top: 8px; }
.line { fill: none; stroke: var(--line); stroke-width: 1.8; stroke-linejoin: round; }
.axis { stroke: var(--edge); } .limit { stroke: var(--limit); stroke-dasharray: 5 4; stroke-width: 1.4; }
.tick { fill: var(--dim); font-size: 12px; } .strong { font-weight: 600; fill: var(--ink); }
.fires { opacity: 0.28; } .fires.page { fill: var(--page); } .fires.ticket { fill: var(--ticket); }
.badge { font-size: 12px; font-weight: 600; padding: 1px 9px; border-radius: 20px; border: 1px solid;
  white-space: nowrap; } .badge.page { color: var(--page); } .badge.ticket { color: var(--ticket); }
.badge.event { color: var(--event); } .badge.quiet { color: var(--quiet); }
.log ol { list-style: none; margin: 8px 0 0; padding: 0; columns: 2 460px; column-gap: 32px; }
.log li { display: flex; gap: 10px; padding: 3px 0; align-items: baseline; break-inside: avoid; }
time { color: var(--dim); min-width: 112px; font-variant-numeric: tabular-nums; }
"""
