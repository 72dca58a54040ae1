// start - the page comes to life

const charts = { curves: chartCurves, variance: chartVariance,
    frontier: chartFrontier, profile: chartProfile, forest: chartForest,
    heat: chartHeat };

function start() {
    document.body.append(tip);
    document.documentElement.classList.add('js');
    startTheme();
    startContents();
    startTables();
    startQuestions();
    if (window.d3) {
        for (const box of document.querySelectorAll('.chart'))
            charts[box.dataset.chart](box);
        foldPlots();
        let width = innerWidth;
        addEventListener('resize', () => {
            if (Math.abs(innerWidth - width) < 40)
                return;
            width = innerWidth;
            draw();
        });
    }
    document.documentElement.dataset.ready = 'true';
}

start();
