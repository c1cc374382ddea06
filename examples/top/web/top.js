"use strict";
// The page is built anew from each snapshot; only the plots remember earlier ones.

const kept = 120, history = []; // snapshots
const colors = ["--rx", "--tx", "--good", "--cache", "--warn", "--bad"];
let selected = decodeURIComponent(location.hash.slice(1));
const key = t => t.path + " " + t.name;

// make makes an element. Texts are never markup: the names come from other processes.
function make(name, className, ...children) {
  const e = document.createElement(name);
  if (className) e.className = className;
  e.append(...children.filter(c => c !== null && c !== undefined));
  return e;
}

const whole = n => n.toLocaleString("en-US");
const rate = (c, times = 1) => c.rate === undefined ? "–" : short(c.rate * times);
const percent = v => v === undefined || v === null || Number.isNaN(v) ? "–" : Math.round(v * 100) + " %";
const size = n => n < 2 ** 30 ? Math.round(n / 2 ** 20) + " MiB" : (n / 2 ** 30).toFixed(1) + " GiB";

function bar(total, ...parts) {
  const b = make("div", "bar");
  for (const [value, color] of parts) {
    const i = make("i");
    i.style.width = total > 0 ? value / total * 100 + "%" : 0;
    if (value > 0) i.style.minWidth = "2px";
    i.style.background = `var(${color})`;
    b.append(i);
  }
  return b;
}

// card is a titled table; the names of columns that start with < are aligned to the left.
function card(id, title, heads, rows, ...notes) {
  const table = make("table", "", make("thead", "", make("tr", "", ...heads.map(h => make("th", h[0] === "<" ? "l" : "", h.replace("<", ""))))),
    make("tbody", "", ...rows.map(r => make("tr", "", ...r.map((c, i) => make("td", heads[i][0] === "<" ? "l" : "", c))))));
  const c = make("section", "card", make("h2", "", title, ...notes), table);
  c.id = id;
  return c;
}

function legend(name, color) {
  const k = make("small", "key", name);
  k.style.setProperty("--of", `var(${color})`);
  return k;
}

const drawn = []; // what to plot once the page is laid out

function graph(id, title, series, options) {
  if (!series.length) return null;
  const canvas = make("canvas");
  drawn.push([canvas, series, options]);
  const c = make("section", "card", make("h2", "", title, ...series.map(s => legend(s.name, s.color))), canvas);
  c.id = id;
  return c;
}

// points returns the values of a target over time; a gap where there is none.
function points(target, value) {
  return history.map(s => {
    const t = s.targets.find(t => key(t) === target);
    const v = t && !t.error ? value(t) : undefined;
    return [Date.parse(s.time), v ?? null];
  });
}

function plots(t) {
  const of = (list, same, value) => old => { const o = (old[list] || []).find(same); return o && value(o); };
  const ports = (t.ports || []).slice(0, 3), line = (name, color, f) => ({name, color, points: points(key(t), f)});
  const series = ports.flatMap((p, i) => [["RX", "rxPackets", 0], ["TX", "txPackets", 1]].map(([name, counter, n]) => ({
    ...line(`${p.name} ${name}`, colors[2 * i + n], of("ports", o => o.id === p.id, o => o[counter].rate)), dash: n ? [5, 3] : []})));
  const pools = (t.pools || []).filter(p => p.inUse !== undefined).slice(0, 4);
  const rings = (t.rings || []).slice(0, 6);
  const lcores = (t.lcores || []).filter(l => l.busy !== undefined || l.cpu).slice(0, 6);
  return make("div", "row",
    graph("plot-ports", "Packets per second", series),
    graph("plot-rings", "Rings, % full", rings.map((r, i) => line(r.name, colors[i % 6], of("rings", o => o.name === r.name, o => o.used / o.capacity * 100))), {top: 100, unit: " %"}),
    graph("plot-pools", "Pools, objects in use", pools.map((p, i) => line(p.name, colors[i % 6], of("pools", o => o.name === p.name, o => o.inUse)))),
    graph("plot-lcores", "Lcores, % busy", lcores.map((l, i) => line(`lcore ${l.id}` + (l.busy === undefined ? " (CPU)" : ""), colors[i % 6],
      of("lcores", o => o.id === l.id, o => o.busy !== undefined ? o.busy * 100 : o.cpu?.rate === undefined ? undefined : o.cpu.rate / 10))), {top: 100, unit: " %"}));
}

function target(t) {
  const ports = t.ports || [];
  const about = make("div", "about", make("b", "", t.name), make("span", "dim", [t.path, t.version, t.via && `through ${t.via} in ${t.tookMs.toFixed(1)} ms`].filter(Boolean).join(" · ")));
  const notes = [...(t.error ? [make("div", "error", t.error)] : []), ...(t.notes || []).map(n => make("div", "dim", n))];
  const state = s => make("span", s.replace(" ", "-"), s);
  const cpu = c => c && c.rate !== undefined ? percent(c.rate / 1000) : "–";
  const sum = (...c) => c.reduce((a, b) => ({total: a.total + b.total, rate: a.rate === undefined || b.rate === undefined ? undefined : a.rate + b.rate}));
  const tables = [];
  const add = (id, title, heads, rows, ...more) => { if (rows.length) tables.push(card(id, title, heads, rows, ...more)); };
  add("processes", "Processes", ["PID", "<role", "<state", "CPU", "<command"], t.processes.map(p => [p.pid || "?", p.role, state(p.state), cpu(p.cpu), p.command || ""]));
  const traffic = ports.map(p => {
    const drops = sum(p.missed, p.noMbuf, p.rxErrors, p.txErrors);
    const link = !p.started ? make("span", "dim", "stopped") : p.linkUp ? make("span", "running", "up" + (p.speed ? " " + short(p.speed * 1e6) : "")) : make("span", "stopped", "down");
    return [p.id, p.name, link, rate(p.rxPackets), rate(p.txPackets), rate(p.rxBytes, 8), rate(p.txBytes, 8), make("span", drops.rate > 0 ? "dead" : "", rate(drops)),
      whole(p.rxPackets.total), whole(p.txPackets.total), whole(drops.total)];
  });
  add("queues", "Queues", ["port/queue", "RX/s", "TX/s", "RX", "TX"],
    ports.flatMap(p => (p.queues || []).map(q => [`${p.id}/${q.id}`, rate(q.rxPackets), rate(q.txPackets), whole(q.rxPackets.total), whole(q.txPackets.total)])));
  add("rings", "Rings", ["<name", "<", "full", "used", "capacity", "<sync"],
    (t.rings || []).map(r => [r.name, bar(r.capacity, [r.used, r.used > 0.9 * r.capacity ? "--bad" : "--rx"]), percent(r.used / r.capacity), whole(r.used), whole(r.capacity), r.sync || ""]));
  add("pools", "Pools", ["<name", "<", "in use", "in caches", "objects"],
    (t.pools || []).map(p => [p.name, p.inUse === undefined ? "" : bar(p.size, [p.inUse, p.inUse > 0.9 * p.size ? "--bad" : "--rx"], [p.cached || 0, "--cache"]),
      p.inUse === undefined ? "–" : whole(p.inUse), p.cached === undefined ? "–" : whole(p.cached), whole(p.size)]), legend("in use", "--rx"), legend("in caches", "--cache"));
  add("heaps", "Heaps", ["<name", "<", "used", "of"], (t.heaps || []).map(h => [h.name, bar(h.size, [h.used, "--good"]), size(h.used), size(h.size)]));
  add("lcores", "Lcores", ["ID", "<", "busy", "CPU", "<role", "<CPUs"],
    (t.lcores || []).map(l => [l.id, l.busy === undefined ? "" : bar(1, [l.busy, "--good"]), percent(l.busy), cpu(l.cpu), l.role || "", (l.cpus || []).join(",")]));
  return [about, ...notes, plots(t),
    ...(traffic.length ? [card("ports", "Ports", ["ID", "<name", "<link", "RX/s", "TX/s", "RX bit/s", "TX bit/s", "drops/s", "RX", "TX", "drops"], traffic)] : []),
    make("div", "row", ...tables)];
}

function draw() {
  const now = history.at(-1);
  if (!now) return;
  const shown = now.targets.find(t => key(t) === selected) || now.targets[0];
  document.getElementById("tabs").replaceChildren(...now.targets.map(t => {
    const state = (t.processes[0] || {state: "unknown"}).state;
    const b = make("button", t === shown ? "on" : "", make("span", state.replace(" ", "-"), "● "), t.name);
    b.title = state;
    b.onclick = () => { selected = key(t); location.hash = encodeURIComponent(selected); draw(); };
    return b;
  }));
  drawn.length = 0;
  document.getElementById("page").replaceChildren(...(now.notes || []).map(n => make("div", "error", n)),
    ...(shown ? target(shown) : [make("div", "dim", "No DPDK process runs.")]));
  for (const d of drawn) plot(...d);
}

let pending = 0; // the redraw that is requested
const events = new EventSource("events");
events.onopen = () => { history.length = 0; };
events.onmessage = e => {
  history.push(JSON.parse(e.data));
  history.splice(0, history.length - kept);
  document.getElementById("clock").textContent = new Date(history.at(-1).time).toLocaleTimeString("en-GB");
  pending ||= requestAnimationFrame(() => { pending = 0; draw(); }); // once for all snapshots of a new page
};
events.onerror = () => { document.getElementById("clock").textContent = "no connection to top"; };
window.onresize = draw;
