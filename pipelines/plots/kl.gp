# kl - KL to the base model by task and arm: a dot a seed and the mean; short
# bars mark the noise floor where it is above 0. The scale is logarithmic when
# the values spread over more than a factor of 20.
if (!exists("here")) here = 'pipelines/plots'
load here.'/style.gp'
if (!has_kl) exit

means = dir.'/plots/kl.dat'
dots = dir.'/plots/kl_seeds.dat'
floors = dir.'/plots/kl_floor.dat'
stats dots using 2 nooutput
least = STATS_min
set ylabel 'KL to the base model (nats per token)'
set xrange [-0.5:n_tasks - 0.5]
set margins 13, 3, 2.5, 4
if (n_tasks > 7) { set xtics rotate by 35 right; set bmargin 5 }
set xtics scale 0
set for [k = 1:n_tasks] xtics add (word(tasks, k) k - 1)
wide = least > 0 && STATS_max > 20 * least
if (!wide) set yrange [0:*]
if (wide) {
    set logscale y
    set format y '%.0e'
    set ytics 10
    set mytics 10
    set grid mytics linetype 1 linecolor rgb '#f0f2f4' linewidth 0.5
}
do for [k = 1:n_tasks:2] {
    set object k rectangle from first k - 1.5, graph 0 to first k - 0.5, graph 1 \
        fillcolor rgb '#f6f7f8' fillstyle solid 1 noborder behind
}
if (n_on > 0 && n_on < n_tasks) {
    set arrow 1 from n_on - 0.5, graph 0 to n_on - 0.5, graph 1 nohead \
        linetype 1 dashtype 2 linewidth 1 linecolor rgb '#666666' back
    set label 1 'on-task' at first n_on - 0.5, graph 1.03 right offset character -0.7, 0 textcolor rgb '#555555'
    set label 2 'off-task' at first n_on - 0.5, graph 1.03 left offset character 0.7, 0 textcolor rgb '#555555'
}
offset(a) = 0.7 / n_arms * (a - 1 - (n_arms - 1) / 2.0)
half = 0.3 / n_arms

do for [t = 1:2] {
    if (t == 1) {
        set terminal svg size 960,520 dynamic noenhanced rounded background rgb 'white' font FONT.','.SIZE
        set output dir.'/plots/kl.svg'
    } else {
        set terminal pngcairo size 1920,1040 noenhanced rounded font FONT.','.SIZE fontscale 1.7 linewidth 2 pointscale 1.8
        set output dir.'/plots/kl.png'
    }
    plot for [a = 1:n_arms] dots index a - 1 using 1:2 with points \
             pointtype 7 pointsize 0.5 linecolor rgb (0x90000000 + colour(a)) notitle, \
         for [a = 1:n_arms] means index a - 1 using 1:2 with points \
             pointtype mark(a) pointsize 1 linecolor rgb colour(a) title word(arms, a), \
         for [a = 1:(has_floor ? n_arms : 0)] floors index a - 1 \
             using ($1 + offset(a)):2:(half) with xerrorbars pointtype 0 \
             linewidth 2 linecolor rgb colour(a) notitle, \
         for [a = 1:(has_floor ? 1 : 0)] keyentry with lines linewidth 2 \
             linecolor rgb '#666666' title 'noise floor'
    unset output
}
done = finish('kl')
