// start - the page comes to life

const charts = {
    curves: box => chartCurves(box, data.metrics, 'Metrics by training step', ''),
    divergence: box => chartCurves(box, data.divergence,
        'How noise draws part, by training step',
        'A run is a noise draw against draw 0 of its seed. '),
    variance: chartVariance, frontier: chartFrontier, profile: chartProfile,
    forest: chartForest,
    heat: chartHeat,
};

// One task after the other, so that the page can be read and scrolled meanwhile.
function inTurn(tasks) {
    const next = tasks.shift();

    if (next) {
        next();
        setTimeout(inTurn, 0, tasks);
    } else {
        document.documentElement.dataset.ready = 'true';
    }
}

function start() {
    document.body.append(tip);
    startTheme();
    startContents();
    startTables();
    const boxes = window.d3 ? [...document.querySelectorAll('.chart')] : [];

    inTurn([startQuestions,
        ...boxes.map(box => () => charts[box.dataset.chart](box)),
        ...(window.d3 ? [foldPlots, startWidth] : [])]);
}

// Charts are as wide as there is room.
function startWidth() {
    let width = innerWidth;

    addEventListener('resize', () => {
        if (Math.abs(innerWidth - width) < 40)
            return;
        width = innerWidth;
        draw();
    });
}

// after the first painting
setTimeout(start, 0);
