"use strict";
// A plot of lines over time on a canvas: series is [{color, points: [[milliseconds, value or null], …]}, …].

function short(v) {
  const prefixes = ["", "k", "M", "G", "T", "P"];
  let n = 0;
  while (Math.abs(v) >= 999.5 && n < prefixes.length - 1) { v /= 1000; n++; }
  return (n === 0 && Number.isInteger(v) || Math.abs(v) >= 99.95 ? v.toFixed(0) : Math.abs(v) >= 9.995 ? v.toFixed(1) : v.toFixed(2)) + prefixes[n];
}

// nice returns the number that is not below v, for the top of an axis.
function nice(v) {
  if (!(v > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(v));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find(f => f * power >= v * 0.999999) * power;
}

function plot(canvas, series, {top, unit = "", span = 120000} = {}) {
  const scale = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== width * scale || canvas.height !== height * scale) {
    canvas.width = width * scale;
    canvas.height = height * scale;
  }
  const style = getComputedStyle(document.documentElement), color = name => style.getPropertyValue(name).trim();
  const g = canvas.getContext("2d");
  g.setTransform(scale, 0, 0, scale, 0, 0);
  g.clearRect(0, 0, width, height);
  g.font = "11px " + getComputedStyle(document.body).fontFamily;
  const all = series.flatMap(s => s.points);
  const end = Math.max(...all.map(p => p[0]), 0);
  const begin = Math.max(end - span, Math.min(...all.map(p => p[0]), end - 10000));
  const most = top || nice(Math.max(...all.map(p => p[1] ?? 0), 0));
  const left = 52, right = width - 6, bottom = height - 18, head = 8;
  const x = t => left + (t - begin) / (end - begin) * (right - left);
  const y = v => bottom - v / most * (bottom - head);
  g.lineWidth = 1;
  g.textBaseline = "middle";
  for (const part of [0, 0.5, 1]) {
    g.strokeStyle = color("--line");
    g.beginPath(); g.moveTo(left, Math.round(y(part * most)) + 0.5); g.lineTo(right, Math.round(y(part * most)) + 0.5); g.stroke();
    g.fillStyle = color("--dim");
    g.textAlign = "right";
    g.fillText(short(part * most) + unit, left - 6, y(part * most));
  }
  g.textBaseline = "alphabetic";
  g.textAlign = "left";
  g.fillText(`${Math.round((begin - end) / 1000)} s`, left, height - 4);
  g.textAlign = "right";
  g.fillText("now", right, height - 4);
  g.lineWidth = 1.8;
  g.lineJoin = "round";
  for (const s of series) {
    g.strokeStyle = color(s.color) || s.color;
    g.setLineDash(s.dash || []);
    g.beginPath();
    let pen = false; // a value that is not known is a gap
    for (const [t, v] of s.points) {
      if (v === null || t < begin) { pen = false; continue; }
      if (pen) g.lineTo(x(t), y(v)); else g.moveTo(x(t), y(v));
      pen = true;
    }
    g.stroke();
  }
  g.setLineDash([]);
}
