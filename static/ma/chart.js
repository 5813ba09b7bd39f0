"use strict";

// Draws the chart of a spool over its picture, from the figures at data-ma-chart, and again when the
// page took something new. Without this file the picture stays.

// In a block of its own: ma.js has names of its own for other things.
{
  const charts = new WeakMap();
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function span(seconds) {
    if (seconds === null || seconds === undefined) return "—";
    if (seconds < 60) return `${Math.round(seconds)} s`;
    if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
    if (seconds < 86400) return `${Math.round(seconds / 360) / 10} h`;
    return `${Math.round(seconds / 8640) / 10} d`;
  }

  const amount = (value) => (value === null || value === undefined ? "—" : String(Math.round(value * 10) / 10));
  const two = (value) => String(value).padStart(2, "0");

  function clock(seconds) {
    const at = new Date(seconds * 1000);
    return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  }

  function day(seconds) {
    return new Date(seconds * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  }

  /* What lies under the figures: times that nobody looked at, hatched. */

  function hatch(context) {
    const size = 8 * devicePixelRatio;
    const tile = document.createElement("canvas");
    tile.width = tile.height = size;
    const pen = tile.getContext("2d");
    pen.strokeStyle = token("--ma-unk-edge");
    pen.globalAlpha = 0.45;
    pen.lineWidth = devicePixelRatio;
    for (const shift of [-size, 0, size]) {
      pen.beginPath();
      pen.moveTo(shift, size);
      pen.lineTo(shift + size, 0);
      pen.stroke();
    }
    return context.createPattern(tile, "repeat");
  }

  function drawGaps(chart) {
    const { ctx, bbox } = chart;
    ctx.save();
    for (const [begun, ended] of chart.maFigures.gaps) {
      const left = Math.max(bbox.left, chart.valToPos(begun, "x", true));
      const right = Math.min(bbox.left + bbox.width, chart.valToPos(ended, "x", true));
      if (right <= left) continue;
      ctx.fillStyle = token("--ma-unk-tint");
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.fillStyle = hatch(ctx);
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
    ctx.restore();
  }

  /* What was done: a push is a dashed line, a run through the spool a pale band under a thick line. */

  const isRun = (mark) => mark.until !== null;

  function ends(chart, mark) {
    const { left, width } = chart.bbox;
    const narrowest = 3 * devicePixelRatio;
    const from = Math.max(left, chart.valToPos(mark.at, "x", true));
    const to = Math.min(left + width, chart.valToPos(mark.until, "x", true));
    return [Math.min(from, left + width - narrowest), Math.max(to, from + narrowest)];
  }

  function drawRuns(chart) {
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.fillStyle = token("--ma-ink");
    ctx.globalAlpha = 0.08;
    for (const mark of chart.maFigures.marks.filter(isRun)) {
      const [from, to] = ends(chart, mark);
      ctx.fillRect(from, bbox.top, to - from, bbox.height);
    }
    ctx.restore();
  }

  /* Text that a line under it does not strike out. */

  function write(chart, text, x, y) {
    const { ctx } = chart;
    ctx.save();
    ctx.setLineDash([]);
    ctx.lineJoin = "round";
    ctx.lineWidth = 4 * devicePixelRatio;
    ctx.strokeStyle = token("--ma-card");
    ctx.strokeText(text, x, y);
    ctx.restore();
    ctx.fillText(text, x, y);
  }

  function drawMarks(chart) {
    const { ctx, bbox } = chart;
    const dot = devicePixelRatio;
    const right = bbox.left + bbox.width;
    const free = { push: bbox.left, run: bbox.left };
    ctx.save();
    ctx.lineWidth = dot;
    ctx.font = `${12 * dot}px ${token("--ma-font")}`;
    ctx.setLineDash([4 * dot, 4 * dot]);
    for (const mark of [...chart.maFigures.marks].reverse()) {
      let [from, to] = [0, 0];
      if (isRun(mark)) {
        [from, to] = ends(chart, mark);
        ctx.fillStyle = token("--ma-ink");
        ctx.fillRect(from, bbox.top + 20 * dot, to - from, 4 * dot);
      } else {
        from = to = chart.valToPos(mark.at, "x", true);
        ctx.strokeStyle = ctx.fillStyle = token("--ma-muted");
        ctx.beginPath();
        ctx.moveTo(to, bbox.top);
        ctx.lineTo(to, bbox.top + bbox.height);
        ctx.stroke();
      }
      // Behind it where there is room, else before it.
      const room = 4 * dot;
      const width = ctx.measureText(mark.text).width + 2 * room;
      const line = bbox.top + (isRun(mark) ? 26 : 12) * dot;
      if (to >= free[mark.kind] && to + width <= right) {
        write(chart, mark.text, to + room, line);
        free[mark.kind] = to + width;
      } else if (from - width >= free[mark.kind]) {
        write(chart, mark.text, from - width + room, line);
        free[mark.kind] = to;
      } else {
        free[mark.kind] = Math.max(free[mark.kind], to);
      }
    }
    ctx.restore();
  }

  /* The figures under the pointer. */

  function tip(chart) {
    const box = chart.maTip;
    const at = chart.cursor.idx;
    const figures = chart.maFigures;
    if (at === null || at === undefined || chart.cursor.left < 0) {
      box.hidden = true;
      return;
    }
    const lines =
      figures.depth[at] === null
        ? [clock(figures.at[at]), "no scan"]
        : [
            `${day(figures.at[at])} ${clock(figures.at[at])}`,
            `${amount(figures.depth[at])} waiting`,
            `oldest ${span(figures.oldest[at])}`,
            `${amount(figures.in[at])} in, ${amount(figures.out[at])} out a minute`,
          ];
    const next = figures.at[at + 1] ?? figures.ends;
    const done = figures.marks.filter((mark) => mark.at < next && (mark.until ?? mark.at) >= figures.at[at]);
    lines.push(...done.map((mark) => mark.text));
    box.replaceChildren(
      ...lines.map((text) => {
        const line = document.createElement("div");
        line.textContent = text;
        return line;
      }),
    );
    box.hidden = false;
    const left = chart.cursor.left + chart.over.offsetLeft;
    const room = chart.root.clientWidth - box.offsetWidth - 8;
    box.style.left = `${Math.max(0, left + 16 > room ? left - box.offsetWidth - 16 : left + 16)}px`;
    box.style.top = "8px";
  }

  function axis(more) {
    return {
      stroke: token("--ma-muted"),
      font: `12px ${token("--ma-font")}`,
      ticks: { show: false },
      grid: { show: false },
      ...more,
    };
  }

  // Steps of an age that people count in; the finest that leaves room is taken.
  const STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 345600, 604800];

  function options(box, figures) {
    const long = figures.ends - figures.begins > 2 * 86400;
    const top = (chart, low, high) => [0, Math.max(1, high || 0) * 1.08];
    return {
      width: box.clientWidth,
      height: 220,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: true, size: 6 } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: {
        x: { time: true, range: () => [box.maFigures.begins, box.maFigures.ends] },
        depth: { range: top },
        age: { range: top },
      },
      axes: [
        axis({ values: (chart, splits) => splits.map(long ? day : clock), space: 64, size: 28 }),
        axis({ scale: "depth", size: 48, grid: { show: true, stroke: token("--ma-line"), width: 1 }, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000] }),
        axis({ scale: "age", side: 1, size: 56, incrs: STEPS, values: (chart, splits) => splits.map(span) }),
      ],
      series: [
        {},
        { scale: "depth", stroke: token("--ma-work-edge"), fill: token("--ma-heat-2"), width: 1.5, points: { show: single } },
        { scale: "age", stroke: token("--ma-warn-edge"), width: 1.5, points: { show: false } },
      ],
      hooks: { drawClear: [drawGaps, drawRuns], draw: [drawMarks], setCursor: [tip] },
    };
  }

  // A figure between two gaps has no line to be on.
  function single(chart, series) {
    return chart.data[series].filter((value) => value !== null).length < 3;
  }

  function draw(box, figures) {
    const columns = [figures.at, figures.depth, figures.oldest];
    box.maFigures = figures;
    const known = charts.get(box);
    if (known) known.destroy();
    box.replaceChildren();
    const settings = options(box, figures);
    settings.hooks.init = [
      (made) => {
        made.maFigures = figures;
        made.maTip = document.createElement("div");
        made.maTip.className = "ma-chart-tip";
        made.maTip.hidden = true;
        box.append(made.maTip);
      },
    ];
    charts.set(box, (box.maChart = new uPlot(settings, columns, box)));
  }

  async function load(box) {
    try {
      const answer = await fetch(box.dataset.maChart, { headers: { "HX-Request": "true" }, cache: "no-store" });
      if (answer.ok) draw(box, await answer.json());
    } catch {
      // The picture, or the chart as it was, stays; the page says that the server is away.
    }
  }

  const boxes = () => document.querySelectorAll("[data-ma-chart]");

  for (const box of boxes()) load(box);
  document.addEventListener("htmx:afterSettle", () => boxes().forEach(load));

  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (const box of boxes()) if (box.maFigures) draw(box, box.maFigures);
    }, 150);
  });

  // Colours are read when a chart is drawn.
  new MutationObserver(() => {
    for (const box of boxes()) if (box.maFigures) draw(box, box.maFigures);
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
}
