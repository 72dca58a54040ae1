// figures - variance, J against KL, profiles, ratios, maps of the weights

const taskName = k => data.tasks[k].name + (data.tasks[k].on ? ' (on)' : '');

// ---- bars of noise, seed and sampling variance ------------------------------
function chartVariance(box) {
    const parts = [['seed', 'between seeds', '1'], ['noise', 'floating-point noise',
        '.55'], ['sampling', 'sampling of one evaluation', '.25']];
    const tasks = [...new Set(data.variance.map(v => v.tasks))];
    const has = k => data.variance.some(v => v[k] !== null);

    if (!data.variance.length || !(has('total') || has('sampling')))
        return;
    const place = chartBox(box, 'Where the variance of accuracy comes from',
        'Squared points of accuracy (100 J). Full colour: between seeds; ' +
        'lighter: floating-point noise between draws of a seed; lightest: ' +
        'sampling. Where a seed has one draw, the upper bar is the variance over ' +
        'seeds with all of these in it, and the thin one is sampling alone.');
    const redraw = () => {
        const arms = armsShown(), bar = 13;
        const h = 50 + tasks.length * (arms.length * (bar + 3) + 12);
        const f = frame(wide(place), h, 'variance by task and arm');
        const rows = [], points = [];

        f.x0 = 150;
        for (const t of tasks)
            for (const a of arms)
                rows.push(data.variance.find(v => v.tasks === t && v.arm === a));
        const sizes = v => v.seed !== null && v.noise !== null ? parts.map(([k, n, o]) => [k, n, o,
            Math.max(0, v[k] ?? 0)]) : [['total', 'over seeds', '1', v.total ?? 0],
            ['sampling', parts[2][1], '.4', v.sampling ?? 0]];
        const most = Math.max(1e-9, ...rows.filter(Boolean).map(v => {
            const s = sizes(v);

            return s[0][0] === 'total' ? Math.max(s[0][3], s[1][3])
                                       : s.reduce((x, p) => x + p[3], 0);
        }));
        const x = d3.scaleLinear().domain([0, most]).nice()
            .range([f.x0, f.x1]);
        const y = d3.scaleLinear().domain([0, 1]).range([f.y0, f.y1]);

        axes(f, x, y, { yTicks: 0, xLabel: 'squared points of accuracy' });
        let at = f.y1 + 4;
        for (const t of tasks) {
            f.svg.append('text').attr('x', f.x0 - 8).attr('text-anchor', 'end')
                .attr('y', at + arms.length * (bar + 3) / 2 + 3).text(t);
            for (const a of arms) {
                const v = rows.find(r => r && r.tasks === t && r.arm === a);
                let from = 0;

                for (const [k, name, opacity, size] of v ? sizes(v) : []) {
                    // under the bar, where the bar already holds it
                    const beside = k === 'sampling' && v.seed === null;
                    const top = at + (beside ? bar - 4 : 0);
                    const thick = beside ? 4 : v.seed === null ? bar - 4 : bar;
                    const x0 = x(beside ? 0 : from);

                    f.svg.append('rect').attr('x', x0).attr('y', top)
                        .attr('width', Math.max(0, x(size) - x(0)))
                        .attr('height', thick).attr('class', 'bar')
                        .style('fill', page.colour(a)).attr('opacity', opacity);
                    points.push({ x: x0 + (x(size) - x(0)) / 2,
                        y: top + thick / 2,
                        title: `${t}, ${data.arms[a]}`,
                        rows: [[page.colour(a), name, digits(v[k])],
                            [null, 'seeds', String(v.seeds)],
                            [null, 'draws', String(v.draws)]] });
                    from += beside ? 0 : size;
                }
                at += bar + 3;
            }
            at += 12;
        }
        pointCursor(f, points);
        place.replaceChildren(f.svg.node());
    };
    page.redraw.push(redraw);
    redraw();
}

// ---- change of J against KL ---------------------------------------------------
function chartFrontier(box) {
    const points = data.points.filter(p => p.kl !== null && p.dj !== null);
    let task = -1, log = true;

    if (!points.length)
        return;
    const names = ['mean over off-tasks', 'mean over on-tasks',
        ...data.tasks.map((_, k) => taskName(k))];
    const place = chartBox(box, 'What the change of accuracy costs in KL',
        'A mark is a run: its KL to the base model and the change of J from it.',
        chooser('tasks ', names, i => {
            task = i - 2;
            redraw();
        }), tickBox('logarithmic KL', true, v => {
            log = v;
            redraw();
        }));
    task = -2;
    const chosen = () => {
        const runs = new Map();

        for (const p of points)
            if (shown(p.arm) && (task >= 0 ? p.task === task
                : data.tasks[p.task].on === (task === -1))) {
                const k = `${p.arm}/${p.seed}/${p.draw}`;

                runs.set(k, (runs.get(k) ?? []).concat(p));
            }
        return [...runs.values()].map(v => ({ ...v[0],
            kl: mean(v.map(p => p.kl)), dj: mean(v.map(p => p.dj)) }));
    };
    const redraw = () => {
        const f = frame(Math.min(620, wide(place)), 340, 'change of J against KL');
        const v = chosen();

        if (!v.length) {
            place.replaceChildren(make('p', null, 'No runs.'));
            return;
        }
        const useLog = log && v.every(p => p.kl > 0);
        const x = (useLog ? d3.scaleLog() : d3.scaleLinear())
            .domain(d3.extent(v, p => p.kl)).nice().range([f.x0, f.x1]);
        const y = d3.scaleLinear().domain(d3.extent([...v.map(p => p.dj), 0]))
            .nice().range([f.y0, f.y1]);

        axes(f, x, y, { xLabel: 'KL to the base model, nats per token',
            yLabel: 'change of J', xTicks: useLog ? 4 : 6 });
        f.svg.append('line').attr('class', 'zero').attr('x1', f.x0)
            .attr('x2', f.x1).attr('y1', y(0)).attr('y2', y(0));
        for (const p of v)
            f.svg.append('path').attr('d', mark(p.arm, 50)).attr('class', 'run')
                .attr('transform', `translate(${x(p.kl)},${y(p.dj)})`)
                .style('fill', page.colour(p.arm)).attr('opacity', .8);
        pointCursor(f, v.map(p => ({ x: x(p.kl), y: y(p.dj),
            title: `${data.arms[p.arm]}, seed ${p.seed}` +
                (p.draw ? `, draw ${p.draw}` : ''),
            rows: [[page.colour(p.arm), 'change of J', digits(p.dj)],
                [null, 'KL', digits(p.kl)]] })));
        place.replaceChildren(f.svg.node());
    };
    page.redraw.push(redraw);
    redraw();
}

// ---- performance profiles -------------------------------------------------------
function chartProfile(box) {
    const off = data.tasks.some(t => !t.on);
    const points = data.points.filter(p => !off || !data.tasks[p.task].on);

    if (points.length < 2)
        return;
    const place = chartBox(box, 'Performance profile',
        `The share of runs and ${off ? 'off-tasks' : 'tasks'} whose accuracy J is ` +
        'above a threshold. A curve to the right of another is better at every threshold.');
    const redraw = () => {
        const f = frame(Math.min(620, wide(place)), 280, 'performance profile');
        const most = Math.max(1e-9, ...points.map(p => p.j));
        const x = d3.scaleLinear().domain([0, most]).nice().range([f.x0, f.x1]);
        const y = d3.scaleLinear().domain([0, 1]).range([f.y0, f.y1]);
        const marks = [];

        axes(f, x, y, { xLabel: 'threshold of J', yLabel: 'share above it' });
        for (const a of armsShown()) {
            const v = points.filter(p => p.arm === a).map(p => p.j)
                .sort(d3.ascending);
            const steps = [[0, v.filter(j => j > 0).length / v.length]];

            for (const t of new Set(v.filter(j => j > 0)))
                steps.push([t, v.filter(j => j > t).length / v.length]);
            f.svg.append('path').attr('fill', 'none').attr('class', 'mean')
                .attr('d', d3.line().curve(d3.curveStepAfter)
                    .x(p => x(p[0])).y(p => y(p[1]))(steps))
                .style('stroke', page.colour(a)).attr('stroke-width', 1.8)
                .attr('stroke-dasharray', page.dash(a));
            for (const [t, share] of steps)
                marks.push({ x: x(t), y: y(share), title: data.arms[a],
                    rows: [[page.colour(a), 'J above', digits(t)],
                        [null, 'share', digits(share)]] });
        }
        pointCursor(f, marks);
        place.replaceChildren(f.svg.node());
    };
    page.redraw.push(redraw);
    redraw();
}

// ---- forest plot of ratios --------------------------------------------------------
function forestRows() {
    const rows = data.ratios.filter(r => r.ratio > 0).map(r => ({ arm: r.arm,
        name: taskName(r.task), est: r.ratio, lo: r.lo, hi: r.hi, all: false }));

    for (const f of data.findings)
        if (['H2', 'H3'].includes(f.test) && f.est > 0)
            rows.push({ arm: f.arm, est: f.est, lo: f.lo, hi: f.hi, all: true,
                name: f.test === 'H2' ? 'H2: off-tasks together'
                                      : 'H3: KL off-task by on-task' });
    return rows;
}

function chartForest(box) {
    const all = forestRows();

    if (!all.length)
        return;
    const place = chartBox(box, `Ratios to ${data.arms[data.reference]}`,
        'Variance over seeds by the reference\'s, task by task (F interval, 95%, ' +
        'which assumes normal values), and the ratios that the tests of H2 and ' +
        'H3 estimate, with their intervals. An arrow: the interval goes on.');
    const redraw = () => {
        const rows = all.filter(r => shown(r.arm));
        const f = frame(wide(place), 50 + 19 * Math.max(1, rows.length),
            'ratios with intervals');
        const ends = rows.flatMap(r => [r.est, r.lo, r.hi])
            .filter(v => v > 0).concat(1);
        const x = d3.scaleLog().domain([Math.max(1e-3, Math.min(...ends)),
            Math.min(1e3, Math.max(...ends))]).nice().clamp(true);
        const y = d3.scaleLinear().domain([0, 1]).range([f.y0, f.y1]);
        const points = [];

        f.x0 = 195;
        x.range([f.x0, f.x1]);
        axes(f, x, y, { yTicks: 0, xTicks: 5,
            xLabel: 'ratio, logarithmic' });
        f.svg.append('line').attr('class', 'zero').attr('x1', x(1))
            .attr('x2', x(1)).attr('y1', f.y0).attr('y2', f.y1);
        rows.forEach((r, i) => {
            const at = f.y1 + 10 + 19 * i;
            const lo = x(r.lo > 0 ? r.lo : 1e-9), hi = x(r.hi > 0 ? r.hi : 1e9);

            f.svg.append('text').attr('x', f.x0 - 8).attr('y', at + 4)
                .attr('text-anchor', 'end')
                .attr('font-weight', r.all ? 600 : null).text(r.name);
            f.svg.append('line').attr('x1', lo).attr('x2', hi).attr('y1', at)
                .attr('y2', at).style('stroke', page.colour(r.arm))
                .attr('stroke-width', r.all ? 2.6 : 1.5);
            f.svg.append('path').attr('d', mark(r.arm, r.all ? 80 : 45))
                .attr('transform', `translate(${x(r.est)},${at})`)
                .style('fill', page.colour(r.arm)).attr('class', 'run');
            if (!(r.hi > 0 && r.hi <= x.domain()[1]))
                f.svg.append('text').attr('x', hi + 1).attr('y', at + 4)
                    .text('\u2192');
            points.push({ x: x(r.est), y: at,
                title: `${data.arms[r.arm]}: ${r.name}`,
                rows: [[page.colour(r.arm), 'ratio', digits(r.est)],
                    [null, 'interval', `${r.lo > 0 ? digits(r.lo) : 'none'} to ` +
                        `${r.hi > 0 ? digits(r.hi) : 'none'}`]] });
        });
        pointCursor(f, points);
        place.replaceChildren(f.svg.node());
    };
    page.redraw.push(redraw);
    redraw();
}

// ---- layer x kind of weight ----------------------------------------------------------
const fieldNames = {
    sparsity: 'weights unchanged, bf16-aware',
    sparsity_f32: 'weights unchanged, fp32 values',
    'sparsity_abs1e-5': 'weights unchanged, |w - w\'| <= 1e-5',
    nss: 'spectrum: drift of the singular values',
    angle_left_max: 'spectrum: largest angle of left vectors, degrees',
    angle_right_max: 'spectrum: largest angle of right vectors, degrees',
    norm_delta: 'spectrum: norm of the update',
    stable_rank_delta: 'spectrum: stable rank of the update',
    overlap_principal: 'spectrum: changes in the principal weights',
};

// Viridis, cividis and their like keep their order for every eye.
function heatMap(grid, a, range) {
    const h = data.heat, rows = h.layers + 1, size = Math.max(13,
        Math.min(26, 420 / rows));
    const f = frame(70 + h.parts.length * 44, 52 + rows * size,
        `${grid.field} of ${data.arms[a]} by layer and kind of weight`);
    const colour = d3.scaleSequential(d3.interpolateCividis).domain(range);
    const points = [];

    h.parts.forEach((name, k) => {
        f.svg.append('text').attr('x', 62 + 44 * k + 22).attr('y', 14)
            .attr('text-anchor', 'middle').text(name);
        grid.v[a][k].forEach((v, l) => {
            if (v === null)
                return;
            const x = 62 + 44 * k, y = 20 + size * l;

            f.svg.append('rect').attr('x', x).attr('y', y).attr('width', 43)
                .attr('height', size - 1).attr('class', 'cell')
                .attr('fill', colour(v));
            if (size >= 16)
                f.svg.append('text').attr('x', x + 21).attr('y', y + size / 2 + 4)
                    .attr('text-anchor', 'middle')
                    .style('fill', d3.hsl(colour(v)).l > .5 ? '#000' : '#fff')
                    .attr('font-size', 10).text(digits(Number(v.toPrecision(3))));
            points.push({ x: x + 21, y: y + size / 2,
                title: `${data.arms[a]}, ${name}` + (l ? `, layer ${l - 1}` : ''),
                rows: [[null, fieldNames[grid.field] ?? grid.field,
                    digits(v)]] });
        });
    });
    for (let l = 0; l < rows; l++)
        f.svg.append('text').attr('x', 56).attr('y', 20 + size * (l + .5) + 4)
            .attr('text-anchor', 'end').text(l ? l - 1 : 'no layer');
    pointCursor(f, points);
    return f.svg.node();
}

function chartHeat(box) {
    const grids = data.heat.grids;
    let at = Math.max(0, grids.findIndex(g => g.field === 'sparsity'));

    if (!grids.length)
        return;
    const place = chartBox(box, 'By layer and kind of weight',
        'Mean over the runs of an arm, each tensor by its number of weights.',
        chooser('quantity ', grids.map(g => fieldNames[g.field] ?? g.field),
            i => {
                at = i;
                redraw();
            }));
    box.querySelector('select').value = at;
    const redraw = () => {
        const all = grids[at].v.flat(2).filter(v => v !== null);
        const range = d3.extent(all);

        place.replaceChildren(...armsShown().map(a => make('div', null,
            make('h4', null, data.arms[a]), heatMap(grids[at], a, range))));
    };
    page.redraw.push(redraw);
    redraw();
}
