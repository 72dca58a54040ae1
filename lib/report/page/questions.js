// questions - a list to search: what base and arms answered to each question

function taskRows(t) {
    const texts = new Map(t.texts.map(x => [x.q, x]));

    return t.ids.map((id, q) => {
        const p = t.p.map(v => v[q]), base = p[0];
        const change = p.slice(1).map(v =>
            v === null || base === null ? null : v - base);

        return { id, task: t.task, p, change, text: texts.get(q) ?? null,
            most: Math.max(0, ...change.map(c => Math.abs(c ?? 0))),
            words: null };
    });
}

// What a search looks in, made when it is first asked for.
const rowWords = r => r.words ??= [r.id, r.text?.prompt ?? '',
    r.text?.answer ?? '', ...(r.text?.by.map(b => b.text ?? '') ?? [])]
    .join('\n').toLowerCase();

const modelName = m => m ? data.arms[m - 1] : 'base';

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

function questionBox(row) {
    const words = [make('span', { class: 'id' }, row.id)];

    row.p.forEach((v, m) => {
        const c = m ? row.change[m - 1] : null;

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
        d.append(make('div', { class: 'sides' },
            ...row.text.by.map(b => answerBox(b, row.text.sample))));
    });
    return d;
}

// What the choice of the list lets through.
const directions = [
    ['all questions', () => true],
    ['right more often than the base', (r, a) => r.change[a] > 0],
    ['right less often than the base', (r, a) => r.change[a] < 0],
    ['right by the base alone', (r, a) => r.p[0] > 0 && r.p[a + 1] === 0],
    ['right by the arm alone', (r, a) => r.p[0] === 0 && r.p[a + 1] > 0],
    ['with answers', r => r.text !== null],
];

function startQuestions() {
    const box = document.querySelector('.questions');
    const rows = data.questions.flatMap(taskRows), step = 50;
    const o = { task: -1, arm: 0, way: 0, words: [], n: step };

    if (!box)
        return;
    if (!rows.length) {
        box.append(make('p', { class: 'none' }, 'No scores by question were given.'));
        return;
    }
    const list = make('div'), count = make('output');
    const more = make('button', { type: 'button', class: 'more' }, 'more');
    const search = make('input', { type: 'search', id: 'search-questions',
        placeholder: 'words in ids, questions, answers' });
    const set = (k, v) => {
        o[k] = v;
        o.n = step;
        fill();
    };
    const fill = () => {
        const hits = rows.filter(r => (o.task < 0 || r.task === o.task) &&
            directions[o.way][1](r, o.arm) &&
            o.words.every(w => rowWords(r).includes(w)))
            .sort((x, y) => y.most - x.most);

        list.replaceChildren(...hits.slice(0, o.n).map(questionBox));
        count.textContent = `${hits.length} of ${rows.length} questions`;
        more.hidden = hits.length <= o.n;
    };

    search.addEventListener('input', () => set('words',
        search.value.toLowerCase().split(/\s+/).filter(Boolean)));
    more.addEventListener('click', () => {
        o.n += step;
        fill();
    });
    box.append(make('p', { class: 'none' }, rows.some(r => r.text)
        ? `Answers are in the page for the ${data.texts.most} questions of each ` +
          'task that changed most, by the base and by the first seed of each ' +
          'arm: the lowest sample at which they differ. Texts are cut at ' +
          `${data.texts.bytes} bytes.`
        : 'The page holds no answers: stats --report had no --responses.'),
    make('div', { class: 'controls' }, make('label', null, 'Search ', search),
        chooser('task ', ['all', ...data.tasks.map(t => t.name)],
            i => set('task', i - 1)),
        chooser('show ', directions.map(d => d[0]), i => set('way', i)),
        chooser('of arm ', data.arms, i => set('arm', i)), count), list, more);
    fill();
}
