// tables - each table of the report sorts by its columns and filters its rows

const cellText = (row, c) => row.cells[c]?.textContent.trim() ?? '';

// Numbers in front, by size; then words; what is missing last, both ways.
function compareCells(x, y, sign) {
    const missing = s => s === '' || s === '-' || s === 'n.c.';
    const number = s => /^[+-]?[\d.]/.test(s) ? parseFloat(s) : NaN;

    if (missing(x) || missing(y))
        return missing(x) - missing(y);
    const a = number(x), b = number(y);
    if (!Number.isNaN(a) && !Number.isNaN(b))
        return sign * (a - b);
    if (Number.isNaN(a) !== Number.isNaN(b))
        return Number.isNaN(a) ? 1 : -1;
    return sign * (x < y ? -1 : x > y);
}

// Third click: the order of the report again.
function sortable(table) {
    const body = table.tBodies[0], rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];

    heads.forEach((th, c) => {
        const button = make('button', { type: 'button',
            title: 'sort by this column' }, ...th.childNodes);

        th.append(button);
        th.setAttribute('scope', 'col');
        button.addEventListener('click', () => {
            const was = th.getAttribute('aria-sort');
            const now = was === 'ascending' ? 'descending'
                        : was === 'descending' ? null : 'ascending';

            for (const h of heads)
                h.removeAttribute('aria-sort');
            table.classList.toggle('sorted', now !== null);
            if (!now) {
                body.append(...rows);
                return;
            }
            th.setAttribute('aria-sort', now);
            const sign = now === 'ascending' ? 1 : -1;
            body.append(...rows.slice().sort((x, y) =>
                compareCells(cellText(x, c), cellText(y, c), sign)));
        });
    });
}

// Rows that hold every word; "-word" leaves out.
function filterable(table, box) {
    const rows = [...table.tBodies[0].rows];
    const count = make('output');
    const field = make('input', { type: 'search', placeholder: 'words, -words',
        'aria-label': `rows of the table ${table.id.slice(2)}` });

    field.addEventListener('input', () => {
        const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
        let n = 0;

        for (const row of rows) {
            const text = [...row.cells].map(c => c.textContent.toLowerCase())
                .join(' ');
            const hit = words.every(w => w.length > 1 && w[0] === '-' &&
                Number.isNaN(Number(w)) ? !text.includes(w.slice(1))
                                        : text.includes(w));

            row.hidden = !hit;
            n += hit;
        }
        table.classList.toggle('sorted', words.length > 0 ||
            !!table.querySelector('[aria-sort]'));
        count.textContent = words.length ? `${n} of ${rows.length} rows` : '';
    });
    box.before(make('div', { class: 'filter' },
        make('label', null, 'Filter ', field), count));
}

function startTables() {
    for (const box of document.querySelectorAll('.wide')) {
        const table = box.querySelector('table');

        if (!table?.tBodies[0] || table.tBodies[0].rows.length < 2)
            continue;
        box.tabIndex = 0;
        box.setAttribute('role', 'region');
        box.setAttribute('aria-label', `table ${table.id.slice(2)}`);
        if (table.tBodies[0].rows.length >= 6)
            filterable(table, box);
        whenSeen(box, () => sortable(table));
    }
}
