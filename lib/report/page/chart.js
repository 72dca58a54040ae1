// chart - what the charts share: a frame with axes, keys of arms, a cursor

// An svg of w x h with axes on scales x and y, either may be absent.
function frame(w, h, label) {
    const margin = { top: 8, right: 12, bottom: 34, left: 54 };
    const svg = d3.create('svg').attr('viewBox', `0 0 ${w} ${h}`)
        .attr('width', w).attr('height', h).attr('role', 'img')
        .attr('aria-label', label);

    return { svg, w, h, margin, x0: margin.left, x1: w - margin.right,
        y0: h - margin.bottom, y1: margin.top };
}

const tick = v => {
    const a = Math.abs(v);

    return v === 0 ? '0' : a >= 1e4 || a < 1e-3
        ? v.toExponential(0).replace('e+', 'e') : String(Number(v.toPrecision(3)));
};

// Of a logarithmic scale 1, 2 and 5 of each power of ten are written, 1 alone
// where there are many.
function tickOf(scale, format) {
    if (!scale.base)
        return format;
    const [a, b] = scale.domain();
    const written = Math.log10(b / a) > 2.5 ? ['1'] : ['1', '2', '5'];

    return v => written.includes(v.toExponential()[0]) &&
        !v.toExponential().slice(1).match(/^\.\d*[1-9]/) ? format(v) : '';
}

function axes(f, x, y, o = {}) {
    const ax = d3.axisBottom(x).ticks(o.xTicks ?? 6).tickSizeOuter(0);
    // no half steps
    if (o.whole)
        ax.tickValues(x.ticks(o.xTicks ?? 6).filter(Number.isInteger));
    const ay = d3.axisLeft(y).ticks(o.yTicks ?? 5).tickSizeOuter(0);

    ax.tickFormat(tickOf(x, tick));
    ay.tickFormat(tickOf(y, tick));
    f.svg.append('g').attr('class', 'grid')
        .attr('transform', `translate(${f.x0},0)`)
        .call(d3.axisLeft(y).ticks(o.yTicks ?? 5).tickSize(f.x0 - f.x1)
            .tickFormat('')).select('.domain').remove();
    f.svg.append('g').attr('transform', `translate(0,${f.y0})`).call(ax)
        .attr('font', null).attr('font-size', null).attr('font-family', null);
    f.svg.append('g').attr('transform', `translate(${f.x0},0)`).call(ay)
        .attr('font-size', null).attr('font-family', null);
    if (o.xLabel)
        f.svg.append('text').attr('x', (f.x0 + f.x1) / 2).attr('y', f.h - 3)
            .attr('text-anchor', 'middle').text(o.xLabel);
    if (o.yLabel)
        f.svg.append('text').attr('transform',
            `translate(11,${(f.y0 + f.y1) / 2}) rotate(-90)`)
            .attr('text-anchor', 'middle').text(o.yLabel);
}

// A mark of its own for each arm, besides its colour.
const symbols = () => [d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle,
    d3.symbolDiamond, d3.symbolCross, d3.symbolStar, d3.symbolWye];
const mark = (a, size) => d3.symbol().type(symbols()[a % 7]).size(size)();

// Buttons that switch arms off and on, in all charts at once.
function armKeys() {
    const box = make('div', { class: 'keys', role: 'group',
        'aria-label': 'arms' });

    data.arms.forEach((name, a) => {
        const b = make('button', { type: 'button', class: 'arm',
            'aria-pressed': 'true', 'data-arm': a });
        const s = d3.create('svg').attr('width', 26).attr('height', 12)
            .attr('aria-hidden', 'true');

        s.append('line').attr('x1', 0).attr('x2', 26).attr('y1', 6)
            .attr('y2', 6).style('stroke', page.colour(a))
            .attr('stroke-width', 2).attr('stroke-dasharray', page.dash(a));
        s.append('path').attr('transform', 'translate(13,6)')
            .attr('d', mark(a, 42)).style('fill', page.colour(a));
        b.append(s.node(), name);
        b.addEventListener('click', () => {
            if (page.hidden.has(a))
                page.hidden.delete(a);
            else
                page.hidden.add(a);
            for (const k of document.querySelectorAll(`[data-arm="${a}"]`))
                k.setAttribute('aria-pressed', String(shown(a)));
            draw();
        });
        box.append(b);
    });
    return box;
}

function chooser(label, names, change) {
    const s = make('select', null,
        ...names.map((n, i) => make('option', { value: i }, n)));

    s.addEventListener('change', () => change(Number(s.value)));
    return make('label', null, label, s);
}

function tickBox(label, on, change) {
    const c = make('input', { type: 'checkbox', checked: on });

    c.addEventListener('change', () => change(c.checked));
    return make('label', null, c, label);
}

// Calls move(e) as the pointer moves, hide() as it leaves and at Escape or when
// the focus goes, and key(step) for arrow keys. A page that scrolls under a
// pointer that rests moves no pointer, and what the keys show stays.
function watchCursor(node, move, hide, key) {
    let byPointer = false;

    node.tabIndex = 0;
    node.addEventListener('pointermove', e => {
        if (e.movementX || e.movementY) {
            byPointer = true;
            move(e);
        }
    });
    node.addEventListener('pointerleave', () => byPointer && hide());
    node.addEventListener('blur', hide);
    node.addEventListener('keydown', e => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1,
            ArrowUp: -1 }[e.key];

        if (e.key === 'Escape')
            hide();
        if (!step)
            return;
        e.preventDefault();
        byPointer = false;
        key(step);
    });
}

// Points of a chart under the pointer, the nearest first, and one after the
// other by the arrow keys. points: [{x, y, title, rows}] in the svg's units.
function pointCursor(f, points) {
    const ring = f.svg.append('circle').attr('r', 7).attr('fill', 'none')
        .style('stroke', 'var(--ink)').style('display', 'none');
    const node = f.svg.node();
    let at = -1;

    const show = (i, x, y) => {
        const p = points[i];

        at = i;
        ring.attr('cx', p.x).attr('cy', p.y).style('display', null);
        if (x === undefined) {
            const box = node.getBoundingClientRect(), k = box.width / f.w;

            x = box.left + p.x * k;
            y = box.top + p.y * k;
        }
        showTip(x, y, p.title, p.rows);
    };
    const hide = () => {
        ring.style('display', 'none');
        hideTip();
    };

    watchCursor(node, e => {
        const box = node.getBoundingClientRect(), k = f.w / box.width;
        const x = (e.clientX - box.left) * k, y = (e.clientY - box.top) * k;
        let best = -1, least = 30 * 30;

        points.forEach((p, i) => {
            const d = (p.x - x) ** 2 + (p.y - y) ** 2;

            if (d < least) {
                least = d;
                best = i;
            }
        });
        if (best >= 0)
            show(best, e.clientX, e.clientY);
        else
            hide();
    }, hide, step => {
        if (points.length)
            show((at + step + points.length) % points.length);
    });
}

// The box of a chart: a heading, a line of text, controls, a place to draw.
function chartBox(box, title, text, ...controls) {
    const place = make('div', { class: 'scroll' });

    box.append(make('h3', null, title), make('p', null, text));
    if (controls.length)
        box.append(make('div', { class: 'controls' }, ...controls));
    box.append(armKeys(), place);
    return place;
}

const wide = place => Math.max(320, Math.min(820, place.clientWidth || 820));
