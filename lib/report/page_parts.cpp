#include "report/page_parts.hpp"

namespace fastbox::report {

// Colours are chosen so that neighbours differ in lightness too; lines also differ in dashes. The same blue, orange and ink
// as in eval/curve_plot.cpp stand for easy, moderate and hard.
const char* const page_style = R"(
:root {
  color-scheme: light;
  --ground: #ffffff; --raised: #f6f8fa; --ink: #1f2328; --quiet: #59636e; --rule: #d1d9e0; --grid: #e3e7eb; --axis: #818b98;
  --link: #0068a8; --good: #1a7f37; --going: #0068a8; --bad: #bc4c00;
  --k0: #0068a8; --k1: #bc4c00; --k2: #1a7f37; --k3: #8250df; --k4: #9a6700; --k5: #bf3989; --k6: #59636e; --k7: #0e7c86;
  --t0: #d4a72c; --t1: #0068a8; --t2: #6fb1dd; --t3: #bc4c00; --t4: #6e7781; --t5: #d0d7de;
}
@media (prefers-color-scheme: dark) {
  :root:not([data-scheme="light"]) {
    color-scheme: dark;
    --ground: #0d1117; --raised: #161b22; --ink: #e6edf3; --quiet: #9198a1; --rule: #30363d; --grid: #262c36; --axis: #656c76;
    --link: #58b4f0; --good: #5fc27a; --going: #58b4f0; --bad: #f0944d;
    --k0: #58b4f0; --k1: #f0944d; --k2: #5fc27a; --k3: #b596f5; --k4: #d9b13b; --k5: #f08fc4; --k6: #9198a1; --k7: #4fc3c7;
    --t0: #d9b13b; --t1: #2f81c4; --t2: #8cc8f2; --t3: #f0944d; --t4: #8b949e; --t5: #3d444d;
  }
}
:root[data-scheme="dark"] {
  color-scheme: dark;
  --ground: #0d1117; --raised: #161b22; --ink: #e6edf3; --quiet: #9198a1; --rule: #30363d; --grid: #262c36; --axis: #656c76;
  --link: #58b4f0; --good: #5fc27a; --going: #58b4f0; --bad: #f0944d;
  --k0: #58b4f0; --k1: #f0944d; --k2: #5fc27a; --k3: #b596f5; --k4: #d9b13b; --k5: #f08fc4; --k6: #9198a1; --k7: #4fc3c7;
  --t0: #d9b13b; --t1: #2f81c4; --t2: #8cc8f2; --t3: #f0944d; --t4: #8b949e; --t5: #3d444d;
}
* { box-sizing: border-box }
html { scroll-padding-top: 3.5rem; -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body {
  margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem) 4rem; max-width: 74rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", Arial, sans-serif;
}
header { position: relative; padding: 2rem 0 1rem }
.over { margin: 0; color: var(--quiet); font-size: .85rem; letter-spacing: .04em }
h1 { margin: 0; padding-right: 5rem; font-size: clamp(1.7rem, 5vw, 2.4rem); line-height: 1.2; overflow-wrap: anywhere }
h2 { margin: 0 0 1rem; font-size: 1.45rem; line-height: 1.3 }
h3 { margin: 2rem 0 .75rem; font-size: 1.1rem; overflow-wrap: anywhere }
h4 { margin: 1.5rem 0 .25rem; font-size: 1rem }
p { margin: 0 0 1rem; max-width: 46rem }
.path { margin: .25rem 0 0; color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere }
#scheme {
  position: absolute; top: 2rem; right: 0; min-height: 2.25rem; padding: .3rem .9rem; border: 1px solid var(--rule); border-radius: 2rem;
  background: var(--raised); color: var(--ink); font: inherit; font-size: .85rem; cursor: pointer;
}
nav { position: sticky; top: 0; z-index: 2; margin: 0 calc(-1 * clamp(1rem, 4vw, 2.5rem)); background: var(--ground); border-bottom: 1px solid var(--rule) }
nav ul { display: flex; gap: 1.25rem; margin: 0; padding: 0 clamp(1rem, 4vw, 2.5rem); overflow-x: auto; list-style: none; white-space: nowrap; scrollbar-width: none }
nav ul::-webkit-scrollbar { display: none }
nav a { display: block; padding: .65rem 0; color: var(--quiet); font-size: .9rem; text-decoration: none }
nav a:hover, nav a:focus { color: var(--link); text-decoration: underline }
section { padding-top: 2.25rem }
section + section { margin-top: 2.25rem; border-top: 1px solid var(--rule) }
.lead { max-width: none; color: var(--quiet) }
.status { display: inline-block; margin-right: .4rem; padding: 0 .6rem; border: 1px solid; border-radius: 1rem; font-size: .85rem; font-weight: 600 }
.status.finished { color: var(--good) } .status.running { color: var(--going) } .status.early { color: var(--bad) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1rem 1.5rem; margin: 0 0 1.25rem }
.tile { padding-top: .6rem; border-top: 2px solid var(--rule) }
.tile dt { color: var(--quiet); font-size: .85rem }
.tile dd { margin: 0; font-size: 1.6rem; font-weight: 600; line-height: 1.25; font-variant-numeric: tabular-nums }
.tile small { display: block; color: var(--quiet); font-size: .8rem; font-weight: 400 }
.problems { margin: 0 0 1rem; padding: .75rem 1rem .75rem 2rem; border-left: 4px solid var(--bad); background: var(--raised); overflow-wrap: anywhere }
.note { color: var(--quiet); font-size: .875rem; overflow-wrap: anywhere }
.scroll { margin: 0 0 .75rem; overflow-x: auto }
table { width: max-content; border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { padding: .35rem 1.1rem .35rem 0; border-bottom: 1px solid var(--grid); text-align: left; vertical-align: baseline }
th { color: var(--quiet); font-weight: 600; white-space: nowrap }
td { min-width: 3.5rem; max-width: 26rem }
.number { text-align: right; white-space: nowrap }
.sum td { border-top: 1px solid var(--axis); font-weight: 600 }
code, pre { font: .85rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
td code { white-space: nowrap }
pre { overflow-x: auto; padding: .75rem 1rem; background: var(--raised) }
details { margin: .75rem 0 1rem }
summary { padding: .35rem 0; color: var(--link); cursor: pointer }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 2rem 2.5rem; margin-bottom: 1.5rem; align-items: start }
figure { position: relative; min-width: 0; margin: 0 }
figcaption { margin-bottom: .4rem; font-size: .95rem; line-height: 1.4 }
figcaption span { color: var(--quiet); font-size: .85rem }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; margin: 0 0 .4rem; padding: 0; list-style: none; font-size: .85rem }
.legend li { display: flex; align-items: center; gap: .45rem; overflow-wrap: anywhere }
.swatch { flex: none }
.plot { display: block; width: 100%; height: auto; touch-action: pan-y }
.plot text { fill: var(--quiet); font-size: 12.5px }
.plot text.name { fill: var(--ink); font-size: 13px }
.plot .small { font-size: 12px }
.middle { text-anchor: middle } .end { text-anchor: end } .start { text-anchor: start }
.grid, .axis, .line, .mark, .hair { fill: none }
.grid { stroke: var(--grid) } .axis { stroke: var(--axis) }
.mark { stroke: var(--quiet); stroke-dasharray: 4 3 }
.hair { stroke: var(--axis); stroke-dasharray: 2 2 }
.line { stroke: var(--c); stroke-width: 2; stroke-linejoin: round }
.dot { fill: var(--c); stroke: var(--ground); stroke-width: .8 }
.bar { fill: var(--c) }
.k0 { --c: var(--k0) } .k1 { --c: var(--k1) } .k2 { --c: var(--k2) } .k3 { --c: var(--k3) }
.k4 { --c: var(--k4) } .k5 { --c: var(--k5) } .k6 { --c: var(--k6) } .k7 { --c: var(--k7) }
.t0 { --c: var(--t0) } .t1 { --c: var(--t1) } .t2 { --c: var(--t2) } .t3 { --c: var(--t3) } .t4 { --c: var(--t4) } .t5 { --c: var(--t5) }
.easy { --c: var(--k0) } .moderate { --c: var(--k1) } .hard { --c: var(--ink) }
.d1 .line, .moderate .line { stroke-dasharray: 9 4 } .d2 .line, .hard .line { stroke-dasharray: 2.5 3 }
.d3 .line { stroke-dasharray: 12 3 2.5 3 } .d4 .line { stroke-dasharray: 5 3 }
.scroll + .charts, .note + .charts { margin-top: 2rem }
.charts table { margin-top: 1rem }
.nothing { padding: 2rem 1rem; border: 1px dashed var(--rule); color: var(--quiet); text-align: center }
.readout {
  position: absolute; z-index: 1; padding: .35rem .6rem; border: 1px solid var(--rule); border-radius: 6px; background: var(--raised);
  font-size: .8rem; line-height: 1.4; white-space: pre; pointer-events: none; font-variant-numeric: tabular-nums;
}
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: 1.25rem 1.5rem; margin-bottom: 1rem }
.picture img { display: block; width: 100%; height: auto; margin-bottom: .35rem; border-radius: 4px }
@media (min-width: 74rem) {
  nav { margin: 0 }
  nav ul { padding: 0 }
}
@media (max-width: 34rem) {
  .plot text { font-size: 14px }
  .plot text.name { font-size: 14.5px }
  .plot .small { font-size: 13.5px }
  .tiles { grid-template-columns: repeat(3, 1fr); gap: .9rem }
  .tile dt { font-size: .8rem; white-space: nowrap }
  .tile dd { font-size: 1.1rem }
  .tile dd, .tile small { overflow-wrap: anywhere }
  table { font-size: .85rem }
  th, td { padding-right: .85rem }
}
@media print {
  nav, #scheme { display: none }
  figure, tr { break-inside: avoid }
}
)";

const char* const page_script = R"(
'use strict';
(() => {
  const root = document.documentElement, button = document.getElementById('scheme');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const keep = {
    get() { try { return localStorage.getItem('fastbox-scheme'); } catch { return null; } },
    // A file opened from disk may have no storage. What the reader's system says anyway is not kept.
    set(value, own) {
      try {
        if (own) localStorage.setItem('fastbox-scheme', value);
        else localStorage.removeItem('fastbox-scheme');
      } catch { /* then it holds until the page is left */ }
    },
  };
  const current = () => root.dataset.scheme || (dark.matches ? 'dark' : 'light');
  const show = () => { button.textContent = current() === 'dark' ? 'Light' : 'Dark'; };
  const kept = keep.get();
  if (kept === 'dark' || kept === 'light') root.dataset.scheme = kept;
  button.hidden = false;
  button.addEventListener('click', () => {
    root.dataset.scheme = current() === 'dark' ? 'light' : 'dark';
    keep.set(root.dataset.scheme, (root.dataset.scheme === 'dark') !== dark.matches);
    show();
  });
  dark.addEventListener('change', show);
  show();

  // A read-out of the nearest points under the pointer.
  for (const plot of document.querySelectorAll('svg.plot')) {
    const all = [...plot.querySelectorAll('.series')].reverse().map((group) => ({
      name: group.dataset.name,
      points: group.dataset.points.split(' ').map((point) => {
        const [x, y, at, value] = point.split(',');
        return {x: +x, y: +y, at, value};
      }),
    }));
    if (all.length === 0) continue;
    const hair = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    hair.setAttribute('class', 'hair');
    const words = document.createElement('div');
    words.className = 'readout';
    const hide = () => { hair.remove(); words.remove(); };
    const near = (points, x) => points.reduce((a, b) => (Math.abs(b.x - x) < Math.abs(a.x - x) ? b : a));
    plot.addEventListener('pointermove', (event) => {
      const box = plot.getBoundingClientRect(), scale = plot.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * scale;
      const nearest = all.map((series) => ({name: series.name, ...near(series.points, x)}));
      const first = near(nearest, x);
      const shown = nearest.filter((point) => Math.abs(point.x - first.x) < 1);
      hair.setAttribute('d', `M${first.x} 28V${plot.viewBox.baseVal.height - 48}`);
      plot.append(hair);
      words.textContent = [first.at, ...shown.map((point) => `${point.name}  ${point.value}`)].join('\n');
      plot.parentElement.append(words);
      const left = plot.offsetLeft || 0, frame = plot.parentElement.getBoundingClientRect();
      const at = first.x / scale + box.left - frame.left;
      words.style.left = `${Math.max(left, at + 12 + words.offsetWidth > frame.width ? at - 12 - words.offsetWidth : at + 12)}px`;
      words.style.top = `${box.top - frame.top + 12}px`;
    });
    plot.addEventListener('pointerleave', hide);
  }
})();
)";

}  // namespace fastbox::report
