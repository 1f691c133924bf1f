/* What a page does by itself: say how old it is, pause, and draw the chart. Everything else comes as HTML. */
"use strict";
(() => {
  const OLD_MS = 5000;
  const body = document.body, heard = document.getElementById("heard"), pause = document.getElementById("pause");
  let heardAt = null, paused = false;
  const waiting = new Map(); // what came while paused, by the element that it is for

  function tellAge() {
    if (!heard) return;
    const age = heardAt === null ? null : Date.now() - heardAt;
    const old = age === null || age > OLD_MS;
    body.dataset.old = old ? "yes" : "no";
    const words = age === null ? "nothing heard yet" : `last heard ${Math.max(0, Math.round(age / 1000))} s ago`;
    heard.textContent = paused ? `paused · ${words}` : old ? words : `live · ${words}`;
  }

  function tellTimes(root) {
    for (const each of root.querySelectorAll("time[data-ms]"))
      each.textContent = new Date(Number(each.dataset.ms))[each.dataset.date ? "toLocaleString" : "toLocaleTimeString"]("en-GB");
  }

  function beat(data) {
    const age = JSON.parse(data).age_ms;
    heardAt = age === null ? null : Date.now() - age;
    tellAge();
  }

  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    const { type, data } = event.detail;
    if (type === "beat") { event.preventDefault(); beat(data); return; }
    if (paused) { event.preventDefault(); waiting.set(event.target, data); return; }
    if (type === "point") { event.preventDefault(); add(data); }
  });
  document.addEventListener("htmx:afterSettle", (event) => tellTimes(event.target.parentElement || document));

  if (pause) pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "go on" : "pause";
    pause.setAttribute("aria-pressed", String(paused));
    if (!paused) {
      for (const [element, data] of waiting)
        if (element.id !== "point") htmx.swap(element, data, { swapStyle: "innerHTML" });
      waiting.clear();
      load();
    }
    tellAge();
  });

  /* A key for a button, while nobody types. */
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.matches("input, select, textarea")) return;
    for (const button of document.querySelectorAll("button[data-key]")) if (button.dataset.key === event.key) { event.preventDefault(); button.click(); }
  });

  /* The charts: quantiles of freshness with the target, a small one for each other figure, and in all of them what
     changed as upright lines. */
  const KEPT = 900, LEAST_S = 120;
  const box = document.getElementById("chart");
  const smalls = [...document.querySelectorAll(".small")];
  let plot = null, shown = null, plots = [];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const hours = box ? Number(box.dataset.hours) : 0, AGAIN_MS = 60000; // of a Prometheus; 0 is what the console remembers
  const missing = document.getElementById("missing");
  const DAY = { day: "2-digit", month: "2-digit" }, MINUTE = { hour: "2-digit", minute: "2-digit" };
  const form = hours > 24 ? { ...DAY, ...MINUTE } : hours ? MINUTE : undefined;

  const clock = (at) => hours ? new Date(at * 1000).toLocaleString("en-GB", form) : new Date(at * 1000).toLocaleTimeString("en-GB");

  function line(u, x0, y0, x1, y1, stroke, dash) {
    u.ctx.save();
    u.ctx.strokeStyle = stroke; u.ctx.lineWidth = devicePixelRatio; u.ctx.setLineDash(dash);
    u.ctx.beginPath(); u.ctx.moveTo(x0, y0); u.ctx.lineTo(x1, y1); u.ctx.stroke();
    u.ctx.restore();
  }

  function marks(u) {
    const { left, top, width, height } = u.bbox;
    for (const [at, kind] of shown.marks) {
      const x = u.valToPos(at, "x", true);
      if (x >= left && x <= left + width) line(u, x, top, x, top + height, colour(kind === "bad" ? "--bad" : "--calm"), []);
    }
  }

  function target(u) {
    const { left, width } = u.bbox, at = u.valToPos(shown.target, "y", true);
    line(u, left, at, left + width, at, colour("--faint"), [4, 4]);
    u.ctx.save();
    u.ctx.fillStyle = colour("--soft"); u.ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`; u.ctx.textAlign = "right";
    u.ctx.fillText(`target ${shown.target} s`, left + width - 4, at - 5 * devicePixelRatio);
    u.ctx.restore();
  }

  const axis = () => ({ stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" });
  const together = { key: "overview", setSeries: false };
  const times = (_, first, last) => [Math.min(first, last - LEAST_S), last];

  function options() {
    const series = (label, name, width) => ({ label, stroke: colour(name), width, points: { show: false }, value: (_, v) => v === null ? "-" : `${v.toFixed(2)} s` });
    return {
      width: box.clientWidth, height: 210, hooks: { draw: [target, marks] }, cursor: { y: false, sync: together },
      scales: { x: { range: times }, y: { range: (_, __, most) => [0, Math.max(most || 0, shown.target) * 1.15] } },
      axes: [{ ...axis(), space: 80, values: (_, all) => all.map(clock) }, { ...axis(), size: 44, values: (_, all) => all.map((v) => `${v} s`) }],
      series: [{ label: "at", value: (_, v) => v === null ? "" : clock(v) }, series("p50", "--fresh", 2), series("p95", "--slow", 1.8), series("p99", "--faint", 1.2)],
    };
  }

  const short = (v) => v >= 1e6 ? `${(v / 1e6).toFixed(1)} M` : v >= 1e4 ? `${(v / 1e3).toFixed(0)} k` : v.toLocaleString("en", { maximumFractionDigits: v < 10 ? 1 : 0 });
  const UNITS = { // how a number reads, and the least that the upper edge of its chart is
    "/s": [(v) => `${short(v)} /s`, 1], count: [(v) => short(v), 10],
    share: [(v) => `${(v * 100).toFixed(v > 0 && v < 0.1 ? 1 : 0)} %`, 0.1], money: [(v) => v < 0.1 ? v.toFixed(3) : v.toFixed(2), 0.01],
  };

  function small(each) {
    const [words, least] = UNITS[each.dataset.unit], div = each.lastElementChild;
    return new uPlot({
      width: div.clientWidth, height: 84, padding: [8, 2, 8, 0], legend: { show: false }, hooks: { draw: [marks] }, cursor: { y: false, sync: together, points: { size: 5 } },
      scales: { x: { range: times }, y: { range: (_, __, most) => [0, Math.max(most || 0, least) * 1.1] } },
      axes: [{ show: false }, { ...axis(), size: 48, space: 24, values: (_, all) => all.map(words) }],
      series: [{}, { stroke: colour("--calm"), width: 1.6, points: { show: false } }],
    }, [shown.columns[0], shown.columns[4 + Number(each.dataset.line)]], div);
  }

  function draw() {
    if (!shown || !shown.columns.length) return;
    const four = shown.columns.slice(0, 4);
    if (plot === null) { plot = new uPlot(options(), four, box); plots = smalls.map(small); } else plot.setData(four);
    smalls.forEach((each, at) => {
      const values = shown.columns[4 + Number(each.dataset.line)], last = values.at(-1);
      plots[at].setData([shown.columns[0], values]);
      each.querySelector("b").textContent = last === null || last === undefined ? "-" : UNITS[each.dataset.unit][0](last);
    });
  }

  function clear() {
    for (const each of [plot, ...plots]) if (each !== null) each.destroy();
    plot = null; plots = [];
  }

  /* All of it, at first and after every gap; then a point a look. */
  function load() {
    if (box) fetch(hours ? `/points?hours=${hours}` : "/points").then((answer) => answer.json()).then((all) => {
      shown = all;
      if (missing) missing.textContent = all.missing;
      if (!all.columns.length) clear();
      draw();
    }, () => {});
  }

  function add(html) {
    if (hours) return;
    const point = JSON.parse(new DOMParser().parseFromString(html, "text/html").body.textContent);
    if (!shown || !shown.columns.length) { load(); return; }
    if (point[0] <= shown.columns[0].at(-1)) return;
    shown.columns.forEach((column, at) => { column.push(point[at]); if (column.length > KEPT) column.shift(); });
    draw();
  }

  function anew() { if (plot !== null) { clear(); draw(); } }

  if (hours) setInterval(() => { if (!paused) load(); }, AGAIN_MS);
  document.addEventListener("htmx:sseOpen", load);
  document.addEventListener("htmx:sseMessage", (event) => { if (event.detail.type === "changes") load(); });
  addEventListener("resize", anew);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", anew);
  const here = document.querySelector("nav a[aria-current]");
  if (here) here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 40; // on a phone it may stand outside
  tellTimes(document);
  tellAge();
  setInterval(tellAge, 1000);
})();
