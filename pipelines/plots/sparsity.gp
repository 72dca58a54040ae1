# sparsity - fraction of weights unchanged, by layer and by kind of weight
if (!exists("here")) here = 'pipelines/plots'
load here.'/style.gp'
if (!has_sparsity) exit

by_layer = dir.'/plots/sparsity_layers.dat'
by_kind = dir.'/plots/sparsity_kinds.dat'
stats by_layer using 1 nooutput
n_layers = STATS_max + 1
step = n_layers > 14 ? 4 : 1
n_kinds = words(kinds)
set yrange [0:1.02]
set ytics 0.2
offset(a) = 0.6 / n_arms * (a - 1 - (n_arms - 1) / 2.0)

do for [t = 1:2] {
    if (t == 1) {
        set terminal svg size 960,440 dynamic noenhanced rounded background rgb 'white' font FONT.','.SIZE
        set output dir.'/plots/sparsity.svg'
    } else {
        set terminal pngcairo size 1920,880 noenhanced rounded font FONT.','.SIZE fontscale 1.7 linewidth 2 pointscale 1.8
        set output dir.'/plots/sparsity.png'
    }
    set multiplot
    unset key
    # as style.gp has them; the key below does without
    set border 3 linecolor rgb '#444444' linewidth 1
    set ytics nomirror out scale 0.6 textcolor rgb '#222222' 0.2
    set grid ytics linetype 1 linecolor rgb '#e3e6e9' linewidth 1
    set tmargin at screen 0.86
    set bmargin at screen 0.21
    set lmargin at screen 0.1
    set rmargin at screen 0.40
    set xrange [-0.5:n_layers - 0.5]
    unset xtics
    set xtics nomirror out scale 0.6 norotate
    set xtics 0, step
    set xlabel 'layer'
    set ylabel 'fraction of weights unchanged'
    plot for [a = 1:n_arms] by_layer index a - 1 using 1:3:4 with filledcurves \
             linecolor rgb colour(a) notitle, \
         for [a = 1:n_arms] by_layer index a - 1 using 1:2 with linespoints \
             pointtype mark(a) pointsize 0.8 linewidth 1.6 linecolor rgb colour(a) notitle
    set lmargin at screen 0.47
    set rmargin at screen 0.985
    set xrange [-0.5:n_kinds - 0.5]
    unset xtics
    set xtics nomirror scale 0
    if (n_kinds > 9) { set xtics rotate by 40 right }
    set for [k = 1:n_kinds] xtics add (word(kinds, k) k - 1)
    set xlabel 'kind of weight'
    unset ylabel
    plot for [a = 1:n_arms] by_kind index a - 1 \
             using ($1 + offset(a)):2:3:4 with yerrorbars \
             pointtype mark(a) pointsize 0.9 linewidth 1.6 linecolor rgb colour(a) notitle
    # the key of both, as wide as the page
    set lmargin at screen 0.02
    set rmargin at screen 0.98
    unset border
    unset xtics
    unset ytics
    unset grid
    unset xlabel
    set key at screen 0.53, 0.975 center top horizontal Left reverse samplen 2
    plot for [a = 1:n_arms] NaN with linespoints pointtype mark(a) pointsize 0.9 \
             linewidth 1.6 linecolor rgb colour(a) title word(arms, a)
    unset multiplot
    unset output
}
done = finish('sparsity')
