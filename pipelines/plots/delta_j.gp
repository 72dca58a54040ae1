# delta_j - change of accuracy by task and arm: a dot a seed, mean and interval
if (!exists("here")) here = 'pipelines/plots'
load here.'/style.gp'
if (!has_scores) exit

set ylabel 'change of J from the base model'
set xrange [-0.5:n_tasks - 0.5]
set margins 11, 3, 2.5, 4
if (n_tasks > 7) { set xtics rotate by 35 right; set bmargin 5 }
set xtics scale 0
set for [k = 1:n_tasks] xtics add (word(tasks, k) k - 1)
set xzeroaxis linetype 1 linewidth 1.5 linecolor rgb '#444444'
# every other task stands on a tint; a line divides on-task from off-task
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
dots = dir.'/plots/delta_j_seeds.dat'
means = dir.'/plots/delta_j.dat'

do for [t = 1:2] {
    if (t == 1) {
        set terminal svg size 960,520 dynamic noenhanced rounded background rgb 'white' font FONT.','.SIZE
        set output dir.'/plots/delta_j.svg'
    } else {
        set terminal pngcairo size 1920,1040 noenhanced rounded font FONT.','.SIZE fontscale 1.7 linewidth 2 pointscale 1.8
        set output dir.'/plots/delta_j.png'
    }
    plot for [a = 1:n_arms] dots index a - 1 using 1:2 with points \
             pointtype 7 pointsize 0.5 linecolor rgb (0x90000000 + colour(a)) notitle, \
         for [a = 1:n_arms] means index a - 1 using 1:2:3:4 with yerrorbars \
             pointtype mark(a) pointsize 0.9 linewidth 1.6 linecolor rgb colour(a) \
             title word(arms, a)
    unset output
}
done = finish('delta_j')
