'use strict';
// base - the numbers, the colours, small helpers of the page's scripts
const read = id => JSON.parse(document.getElementById(id).textContent);
const data = read('data');
// The large parts of the numbers are read when something asks for them.
for (const part of ['metrics', 'divergence', 'questions'])
    Object.defineProperty(data, part, { configurable: true, get() {
        const value = read(`data-${part}`);

        Object.defineProperty(data, part, { value });
        return value;
    } });
const page = {
    hidden: new Set(),   // arms that are switched off
    redraw: [],          // charts, to be drawn again
    colour: a => `var(--a${a % 8})`,
    dash: a => ['', '7 3', '2 3', '9 3 2 3', '1 2', '5 2', '', '3 1'][a % 8],
};

// An element: make('p', {class: 'x'}, 'text', child, ...). Texts are texts.
function make(tag, attributes, ...children) {
    const e = document.createElement(tag);

    for (const [k, v] of Object.entries(attributes || {}))
        if (v === true)
            e.setAttribute(k, '');
        else if (v !== false && v !== null && v !== undefined)
            e.setAttribute(k, v);
    e.append(...children.filter(c => c !== null && c !== undefined));
    return e;
}

// 0.0312, 1.23e-7, 12300: four digits, for people
function digits(v) {
    if (v === null || v === undefined || Number.isNaN(v))
        return 'none';
    const a = Math.abs(v);

    if (v === 0 || Number.isInteger(v) && a < 1e6)
        return String(v);
    return a < 1e-3 || a >= 1e6 ? v.toExponential(2)
                                : String(Number(v.toPrecision(4)));
}

const mean = v => v.reduce((s, x) => s + x, 0) / v.length;
const shown = a => !page.hidden.has(a);
const armsShown = () => data.arms.map((_, a) => a).filter(shown);

function draw() {
    for (const f of page.redraw)
        f();
}

// ---- what is far below is made when it comes near ----------------------------
const unseen = new Map();
const near = new IntersectionObserver(list => {
    for (const e of list)
        if (e.isIntersecting)
            seen(e.target);
}, { rootMargin: '500px 0px' });

function whenSeen(element, f) {
    unseen.set(element, f);
    near.unobserve(element); // an element seen before is told of again
    near.observe(element);
}

function seen(element) {
    const f = unseen.get(element);

    if (!f)
        return;
    unseen.delete(element);
    near.unobserve(element);
    f(element);
}

// On paper everything is there.
function seeAll() {
    for (const d of document.querySelectorAll('details.paper'))
        d.open = true;
    while (unseen.size)
        for (const e of [...unseen.keys()])
            seen(e);
}

// ---- the box that says what is under the pointer or the cursor -------------
const tip = make('div', { id: 'tip', role: 'status', 'aria-live': 'polite' });

// rows: a string, or [colour or null, name, value, ...]
function showTip(x, y, title, rows) {
    tip.textContent = '';
    tip.append(make('strong', null, title));
    if (rows.length) {
        const t = make('table');

        for (const [colour, ...cells] of rows)
            t.append(make('tr', null,
                make('td', null, colour ? make('span', {
                    class: 'key', style: `background:${colour}` }) : ''),
                ...cells.map(c => make('td', null, c))));
        tip.append(t);
    }
    tip.style.display = 'block';
    const w = tip.offsetWidth, h = tip.offsetHeight;
    tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - w - 4)) + 'px';
    tip.style.top = (y + 14 + h > innerHeight ? Math.max(4, y - h - 10)
                                              : y + 14) + 'px';
}

function hideTip() {
    tip.style.display = 'none';
}

// ---- light and dark ---------------------------------------------------------
function startTheme() {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const root = document.documentElement;
    const button = make('button', { type: 'button', id: 'theme' });
    const set = on => {
        root.dataset.theme = on ? 'dark' : 'light';
        button.textContent = on ? 'Light' : 'Dark';
    };

    set(dark.matches);
    dark.addEventListener('change', () => set(dark.matches));
    button.addEventListener('click',
        () => set(root.dataset.theme !== 'dark'));
    document.getElementById('tools').append(button);
}

// ---- contents: the section being read ---------------------------------------
function startContents() {
    const links = new Map([...document.querySelectorAll('nav a')]
        .map(a => [a.getAttribute('href').slice(1), a]));
    const sections = [...document.querySelectorAll('main > section')];
    // the last one that has begun in the upper quarter
    const see = new IntersectionObserver(() => {
        const begun = sections.filter(s =>
            s.getBoundingClientRect().top <= innerHeight / 4);

        for (const a of links.values())
            a.removeAttribute('aria-current');
        links.get((begun.pop() ?? sections[0]).id)
            ?.setAttribute('aria-current', 'true');
    }, { rootMargin: '0px 0px -75% 0px' });

    for (const s of sections)
        see.observe(s);
    const arrive = () => {
        const at = document.getElementById(location.hash.slice(1));

        if (at)
            stayAt(at, 12);
    };

    addEventListener('hashchange', arrive);
    arrive();
}

// What comes into sight above a section that was jumped to takes another
// height than was reserved for it: the section is kept in its place.
function stayAt(section, frames) {
    if (Math.abs(section.getBoundingClientRect().top) > 1)
        section.scrollIntoView();
    if (frames)
        requestAnimationFrame(() => stayAt(section, frames - 1));
}

// ---- plots for papers fold away where a chart says the same ------------------
function foldPlots() {
    for (const f of document.querySelectorAll('figure.paper')) {
        if (!f.querySelector('svg'))
            continue;
        const d = make('details', { class: 'paper' },
            make('summary', null, 'The plot as it is printed'));

        f.replaceWith(d);
        d.append(f);
    }
}
