// questions - a list to search: what base and arms answered to each question
//
// An arm stands beside another model: the reference, or the base.

function taskRows(t) {
    const texts = new Map(t.texts.map(x => [x.q, x]));

    return t.ids.map((id, q) => {
        return { id, task: t.task, p: t.p.map(v => v[q]),
            text: texts.get(q) ?? null, words: null };
    });
}

// What a search looks in, made when it is first asked for.
const rowWords = r => r.words ??= [r.id, r.text?.prompt ?? '',
    r.text?.answer ?? '', ...(r.text?.by.map(b => b.text ?? '') ?? [])]
    .join('\n').toLowerCase();

const modelName = m => m ? data.arms[m - 1] : 'base';

// How a model's share differs from that of the model beside it; null: unknown.
const changeOf = (r, model, beside) =>
    r.p[model] === null || r.p[beside] === null ? null
                                                : r.p[model] - r.p[beside];

function answerBox(b, sample) {
    const box = make('div', null, make('h4', { class: b.correct ? 'right'
        : 'wrong' }, `${modelName(b.model)}, sample ${sample}`),
        make('pre', null, b.text ?? ''));

    if (b.extracted !== undefined)
        box.append(make('p', { class: 'none' }, `extracted: ${b.extracted}`));
    if (b.cut)
        box.append(make('p', { class: 'none' },
            `${b.cut} more bytes are not in the page`));
    return box;
}

// o.arm beside o.beside: these two come first, then the others.
function questionBox(row, o) {
    const words = [make('span', { class: 'id' }, row.id)];
    const order = [o.beside, o.arm, ...row.p.keys()]
        .filter((m, i, all) => all.indexOf(m) === i);

    order.forEach(m => {
        const v = row.p[m], c = m === o.beside ? null : changeOf(row, m, o.beside);

        words.push(make('span', { class: c > 0 ? 'up' : c < 0 ? 'down' : null },
            `${modelName(m)} ${digits(v)}` + (c > 0 ? ' \u25b2' : c < 0
                                                  ? ' \u25bc' : '')));
    });
    words.push(make('span', { class: 'none' }, row.text ? 'answers' : ''));
    const d = make('details', { class: 'question', 'data-id': row.id },
        make('summary', null, ...words));

    d.addEventListener('toggle', () => {
        if (!d.open || d.childElementCount > 1)
            return;
        if (!row.text) {
            d.append(make('p', { class: 'none' },
                'The answers to this question are not in the page.'));
            return;
        }
        d.append(make('h3', null, 'Question'), make('pre', null,
            row.text.prompt ?? ''));
        if (row.text.answer !== undefined)
            d.append(make('p', null, `Right answer: ${row.text.answer}`));
        const boxes = order.map(m => row.text.by.find(b => b.model === m))
            .filter(Boolean).map(b => answerBox(b, row.text.sample));

        d.append(make('div', { class: 'sides' }, ...boxes.slice(0, 2)),
            make('div', { class: 'sides' }, ...boxes.slice(2)));
    });
    return d;
}

// What the choice of the list lets through. a: the arm, b: the model beside it.
const directions = [
    ['all questions', () => true],
    ['won: the arm is right more often', (r, a, b) => changeOf(r, a, b) > 0],
    ['lost: the arm is right less often', (r, a, b) => changeOf(r, a, b) < 0],
    ['tied', (r, a, b) => changeOf(r, a, b) === 0],
    ['never right by the arm, but by the other', (r, a, b) =>
        r.p[b] > 0 && r.p[a] === 0],
    ['right by the arm, never by the other', (r, a, b) =>
        r.p[b] === 0 && r.p[a] > 0],
    ['with answers', r => r.text !== null],
];

function tally(rows, a, b) {
    const change = rows.map(r => changeOf(r, a, b)).filter(c => c !== null);
    const count = f => change.filter(f).length;

    return `${modelName(a)} against ${modelName(b)}: ${count(c => c > 0)} won, ` +
        `${count(c => c < 0)} lost, ${count(c => c === 0)} tied`;
}

function startQuestions() {
    const box = document.querySelector('.questions');
    const rows = data.questions.flatMap(taskRows), step = 50;
    const others = data.arms.map((_, a) => a + 1)
        .filter(m => m !== data.reference + 1);
    // models: 0 is the base
    const o = { task: -1, arm: others[0] ?? 1, way: 0, words: [], n: step,
        beside: others.length ? data.reference + 1 : 0 };

    if (!box)
        return;
    if (!rows.length) {
        box.append(make('p', { class: 'none' }, 'No scores by question were given.'));
        return;
    }
    const list = make('div'), count = make('output');
    const score = make('p', { class: 'tally' });
    const more = make('button', { type: 'button', class: 'more' }, 'more');
    const search = make('input', { type: 'search', id: 'search-questions',
        placeholder: 'words in ids, questions, answers' });
    const set = (k, v) => {
        o[k] = v;
        o.n = step;
        fill();
    };
    const fill = () => {
        const most = r => Math.abs(changeOf(r, o.arm, o.beside) ?? 0);
        const mine = rows.filter(r => o.task < 0 || r.task === o.task);
        const hits = mine.filter(r =>
            directions[o.way][1](r, o.arm, o.beside) &&
            o.words.every(w => rowWords(r).includes(w)))
            .sort((x, y) => most(y) - most(x) ||
                (y.text !== null) - (x.text !== null));

        score.textContent = tally(mine, o.arm, o.beside);
        list.replaceChildren(...hits.slice(0, o.n)
            .map(r => questionBox(r, o)));
        count.textContent = `${hits.length} of ${rows.length} questions`;
        more.hidden = hits.length <= o.n;
    };

    search.addEventListener('input', () => set('words',
        search.value.toLowerCase().split(/\s+/).filter(Boolean)));
    more.addEventListener('click', () => {
        o.n += step;
        fill();
    });
    const arms = chooser('of ', data.arms, i => set('arm', i + 1));
    const beside = chooser('against ', ['base', ...data.arms],
        i => set('beside', i));

    arms.querySelector('select').value = o.arm - 1;
    beside.querySelector('select').value = o.beside;
    box.append(make('p', { class: 'none' }, rows.some(r => r.text)
        ? `Answers are in the page for ${data.texts.most} questions of each ` +
          'task: those that moved most between the reference and an arm, and ' +
          'from the base to an arm. They are of the first seed: the lowest ' +
          `sample at which they differ. Texts are cut at ${data.texts.bytes} ` +
          'bytes.'
        : 'The page holds no answers: stats --report had no --responses.'),
    make('div', { class: 'controls' }, make('label', null, 'Search ', search),
        chooser('task ', ['all', ...data.tasks.map(t => t.name)],
            i => set('task', i - 1)),
        chooser('show ', directions.map(d => d[0]), i => set('way', i)),
        arms, beside, count), score, list, more);
    fill();
}
