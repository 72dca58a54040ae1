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

function start() {
    document.body.append(tip);
    startTheme();
    startContents();
    startTables();
    whenSeen(document.querySelector('.questions'), startQuestions);
    if (window.d3) {
        foldPlots();
        for (const box of document.querySelectorAll('.chart')) {
            box.classList.add('waiting');
            whenSeen(box, () => {
                box.classList.remove('waiting');
                charts[box.dataset.chart](box);
            });
        }
        startWidth();
    }
    addEventListener('beforeprint', seeAll);
    matchMedia('print').addEventListener('change', e => e.matches && seeAll());
    requestAnimationFrame(() => setTimeout(() => {
        document.documentElement.dataset.ready = 'true';
    }, 0));
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
