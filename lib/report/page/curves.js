// curves - every number of the training steps: means by arm, bands, single runs

const metricNames = {
    reward_mean: ['Reward', 'mean over rollouts'],
    accuracy: ['Accuracy', 'share of rollouts that are right'],
    response_length_mean: ['Response length', 'tokens, mean'],
    entropy: ['Entropy', 'nats per token'],
    approx_kl: ['KL to the policy that sampled', 'nats per token'],
    loss: ['Loss', 'mean over tokens'],
    grad_norm: ['Gradient norm', 'before clipping'],
    clip_low: ['Clipped below', 'share of tokens'],
    clip_high: ['Clipped above', 'share of tokens'],
    clip_dual: ['Dual clip', 'share of tokens'],
    changed_fraction: ['Weights changed', 'share of master weights'],
    visible_fraction: ['Weights changed as bf16 shows it', 'share of the sampler\'s weights'],
    sync_changed: ['Weights changed in some bit', 'share of the sampler\'s weights'],
    sync_ratio: ['Bytes of weights sent', 'by those of all weights'],
    divergence: ['Distance to draw 0', 'by the length of the update'],
    apart: ['Distance to draw 0', 'of the weights'],
    update: ['Length of the update', 'of the weights'],
    lr: ['Learning rate', ''],
    loss_scale: ['Loss scale', ''],
    tokens: ['Tokens trained on', ''],
    rollouts: ['Rollouts read', ''],
    gen_batches: ['Rounds of sampling', 'per step'],
    groups_kept: ['Groups trained on', ''],
    groups_surplus: ['Mixed groups beyond the batch', ''],
    groups_dropped: ['Groups all right or all wrong', ''],
    groups_missing: ['Groups that the batch lacked', ''],
    groups_one_response: ['Groups with one response', ''],
    groups_no_advantage: ['Groups kept without an advantage', ''],
    mismatch_compared: ['Log-probabilities compared', 'tokens'],
    logp_gap_max: ['Trainer against sampler', 'nats, largest gap'],
    mismatch_differing: ['Log-probabilities that differ', 'tokens'],
    mismatch_dp_mean: ['Gap of probabilities, mean', ''],
    mismatch_dp_max: ['Gap of probabilities, largest', ''],
    mismatch_pearson: ['Correlation of probabilities', ''],
    mismatch_kl: ['KL(sampler, trainer)', 'nats per token'],
    mismatch_k3: ['KL(sampler, trainer), k3', 'nats per token'],
    mismatch_chi2: ['Chi-square of the weights', ''],
    mismatch_ess: ['Effective sample size', 'per token'],
};
const metricGroups = [
    ['Learning', /^(reward_mean|accuracy|response_length_mean|entropy|loss)$/],
    ['Update', /^(approx_kl|grad_norm|clip_|changed|visible|sync_|lr|loss_scale|updates|skipped)/],
    ['Sampler against trainer', /^(mismatch_|logp_gap)/],
    ['Batches and the rest', /./],
];
const metricTitle = f => metricNames[f]?.[0] ??
    f.replace(/[_.]/g, ' ').replace(/^./, c => c.toUpperCase());

// One number of a run at the i-th of its steps.
const runValue = (run, f, i) =>
    Array.isArray(run.v[f]) ? run.v[f][i] : run.v[f];

// By arm: [{step, mean, lo, hi, n}] over its runs.
function armSeries(c, f) {
    return data.arms.map((_, a) => {
        const at = new Map();

        for (const run of c.runs)
            if (run.arm === a)
                run.step.forEach((s, i) => {
                    const v = runValue(run, f, i);

                    if (v === null)
                        return;
                    if (!at.has(s))
                        at.set(s, []);
                    at.get(s).push(v);
                });
        return [...at].sort((x, y) => x[0] - y[0]).map(([step, v]) => ({
            step, mean: mean(v), lo: Math.min(...v), hi: Math.max(...v),
            n: v.length }));
    });
}

function smoothed(series, k) {
    if (k <= 1)
        return series;
    return series.map((p, i) => {
        const part = series.slice(Math.max(0, i - k + 1), i + 1);

        return { ...p, mean: mean(part.map(q => q.mean)) };
    });
}

function drawCurve(c, f, field, series, o) {
    const title = metricTitle(field);
    const g = frame(300, 180, `${title} by training step`);
    const runs = c.runs.filter(r => shown(r.arm));
    const all = [];

    g.margin.left = 46;
    g.x0 = 46;
    for (const a of armsShown())
        for (const p of series[a])
            all.push(...(o.bands || o.single ? [p.lo, p.hi] : [p.mean]));
    if (!all.length)
        return g.svg.node();
    const steps = series.flatMap(s => s.map(p => p.step));
    const x = d3.scaleLinear().domain(d3.extent(steps)).range([g.x0, g.x1]);
    const [least, most] = d3.extent(all), flat = least === most;
    const room = Math.abs(least) / 10 || 1;
    const y = (o.log && least > 0 ? d3.scaleLog() : d3.scaleLinear())
        .domain(flat ? [least - room, most + room] : [least, most])
        .nice().range([g.y0, g.y1]);

    axes(g, x, y, { xTicks: 5, yTicks: 4, xLabel: o.step,
        whole: true });
    if (new Set(steps).size === 1)
        drawStep(g, f, runs, x(steps[0]), y, series, o);
    else
        drawLines(g, f, runs, x, y, series, o);
    stepCursor(g, x, series, title);
    return g.svg.node();
}

// Where there is one step only, lines would have no length: a point is the
// mean, a bar reaches from the least run to the greatest.
function drawStep(g, f, runs, middle, y, series, o) {
    const arms = armsShown();

    arms.forEach((a, i) => {
        const at = middle + 14 * (i - (arms.length - 1) / 2);

        for (const p of o.bands ? series[a] : [])
            g.svg.append('line').attr('class', 'band').attr('x1', at).attr('x2', at)
                .attr('y1', y(p.lo)).attr('y2', y(p.hi)).attr('opacity', .4)
                .style('stroke', page.colour(a)).attr('stroke-width', 5);
        for (const r of o.single ? runs.filter(q => q.arm === a) : [])
            if (runValue(r, f, 0) !== null)
                g.svg.append('circle').attr('class', 'single').attr('cx', at)
                    .attr('cy', y(runValue(r, f, 0))).attr('r', 2)
                    .style('fill', page.colour(a)).attr('opacity', .45);
        for (const p of series[a])
            g.svg.append('circle').attr('class', 'mean').attr('cx', at)
                .attr('cy', y(p.mean)).attr('r', 3.5).style('fill', page.colour(a));
    });
}

function drawLines(g, f, runs, x, y, series, o) {
    const line = d3.line().x(p => x(p.step)).y(p => y(p.mean));
    const area = d3.area().x(p => x(p.step)).y0(p => y(p.lo)).y1(p => y(p.hi));
    for (const a of armsShown()) {
        if (o.bands)
            g.svg.append('path').attr('d', area(series[a])).attr('class', 'band')
                .style('fill', page.colour(a)).attr('opacity', .16);
    }
    if (o.single)
        for (const r of runs)
            g.svg.append('path').attr('class', 'single').attr('fill', 'none')
                .style('stroke', page.colour(r.arm)).attr('opacity', .45)
                .attr('d', d3.line().defined(p => p.mean !== null)
                    .x(p => x(p.step)).y(p => y(p.mean))(
                    r.step.map((s, i) => ({ step: s,
                        mean: runValue(r, f, i) }))));
    for (const a of armsShown())
        g.svg.append('path').attr('class', 'mean').attr('fill', 'none')
            .attr('d', line(smoothed(series[a], o.smooth)))
            .style('stroke', page.colour(a)).attr('stroke-width', 1.8)
            .attr('stroke-dasharray', page.dash(a));
}

// The step under the pointer, or moved by the arrow keys.
function stepCursor(g, x, series, title) {
    const node = g.svg.node();
    const steps = [...new Set(series.flatMap(s => s.map(p => p.step)))]
        .sort((a, b) => a - b);
    const rule = g.svg.append('line').attr('y1', g.y0).attr('y2', g.y1)
        .style('stroke', 'var(--soft)').style('display', 'none');
    let at = -1;

    const show = (i, cx, cy) => {
        const step = steps[i], box = node.getBoundingClientRect();

        at = i;
        rule.attr('x1', x(step)).attr('x2', x(step)).style('display', null);
        const rows = armsShown().map(a => {
            const p = series[a].find(q => q.step === step);

            return p && [page.colour(a), data.arms[a], digits(p.mean),
                p.n > 1 ? `${digits(p.lo)} to ${digits(p.hi)}` : '',
                `${p.n} run${p.n === 1 ? '' : 's'}`];
        }).filter(Boolean);
        showTip(cx ?? box.left + x(step) * box.width / g.w, cy ?? box.top,
            `${title}, step ${step}`, rows);
    };
    const hide = () => {
        rule.style('display', 'none');
        hideTip();
    };

    watchCursor(node, e => {
        const box = node.getBoundingClientRect();
        const s = x.invert((e.clientX - box.left) * g.w / box.width);

        show(d3.scan(steps.map(t => Math.abs(t - s)), d3.ascending),
            e.clientX, e.clientY);
    }, hide, step => show(Math.max(0, Math.min(steps.length - 1, at + step))));
}

// Fields that are one number in all runs are named, not drawn.
function constantFields(c) {
    return c.fields.map((_, f) => f).filter(f => {
        const v = c.runs.map(r => r.v[f]);

        return v.every(x => !Array.isArray(x) && x === v[0]);
    });
}

function chartCurves(box, c, title, text) {
    const o = { bands: true, single: false, log: false,
        smooth: 1, step: 'training step' };

    if (!c.runs.length) {
        box.append(make('p', null, 'No such records were given.'));
        return;
    }
    const constant = new Set(constantFields(c));
    const known = Object.keys(metricNames);
    const rank = f => known.includes(c.fields[f]) ? known.indexOf(c.fields[f])
                                                  : known.length;
    const left = c.fields.map((_, f) => f).filter(f => !constant.has(f))
        .sort((x, y) => rank(x) - rank(y));
    const series = new Map();
    const seriesOf = f => {
        if (!series.has(f))
            series.set(f, armSeries(c, f));
        return series.get(f);
    };
    const set = (k, v) => {
        o[k] = v;
        redraw();
    };
    const note = c.stride > 1 ? ` Every ${c.stride}th step is in the page.` : '';
    const place = chartBox(box, title, text +
        'Line: mean over the runs of an arm. Band: least to greatest run. ' +
        'The pointer or the arrow keys show a step.' + note,
        tickBox('bands', true, v => set('bands', v)),
        tickBox('single runs', false, v => set('single', v)),
        tickBox('logarithmic where above 0', false, v => set('log', v)),
        chooser('mean over steps ', ['1', '5', '20'],
            i => set('smooth', [1, 5, 20][i])));
    const drawn = new Map();

    for (const [name, pattern] of metricGroups) {
        const mine = left.filter(f => pattern.test(c.fields[f]) &&
            !drawn.has(f));

        if (!mine.length)
            continue;
        const grid = make('div', { class: 'multiples' });
        place.append(mine.length < left.length
            ? make('p', { class: 'group' }, name) : '', grid);
        for (const f of mine) {
            const field = c.fields[f];
            const spot = make('div', { class: 'spot', style: 'min-height:180px' });

            grid.append(make('div', { 'data-field': field },
                make('h4', null, metricTitle(field)),
                make('p', { class: 'unit' }, metricNames[field]?.[1] ?? ''),
                spot));
            drawn.set(f, spot);
        }
    }
    if (constant.size)
        place.append(make('p', null, 'The same in every step of every run: ' +
            [...constant].map(f => `${c.fields[f]} ${digits(c.runs[0].v[f])}`)
                .join(', ') + '.'));
    const redraw = () => {
        for (const [f, spot] of drawn)
            whenSeen(spot, () => spot.replaceChildren(drawCurve(c, f,
                c.fields[f], seriesOf(f), o)));
    };
    page.redraw.push(redraw);
    redraw();
}
