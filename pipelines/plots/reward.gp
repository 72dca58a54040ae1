# reward - mean reward over training steps, a line an arm and a band over seeds
if (!exists("here")) here = 'pipelines/plots'
load here.'/style.gp'
if (!has_metrics) exit

set xlabel 'training step'
set ylabel 'mean reward of rollouts'
set margins 12, 3, 4, 3
file = dir.'/plots/reward.dat'
stats file using 1 nooutput
if (STATS_max < 10) { set xtics 1 }

do for [t = 1:2] {
    if (t == 1) {
        set terminal svg size 960,480 dynamic noenhanced rounded background rgb 'white' font FONT.','.SIZE
        set output dir.'/plots/reward.svg'
    } else {
        set terminal pngcairo size 1920,960 noenhanced rounded font FONT.','.SIZE fontscale 1.7 linewidth 2 pointscale 1.8
        set output dir.'/plots/reward.png'
    }
    plot for [a = 1:n_arms] file index a - 1 using 1:3:4 with filledcurves \
             linecolor rgb colour(a) notitle, \
         for [a = 1:n_arms] file index a - 1 using 1:2 with lines \
             linewidth 2 dashtype a linecolor rgb colour(a) title word(arms, a)
    unset output
}
done = finish('reward')
