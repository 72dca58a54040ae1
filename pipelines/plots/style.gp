# style - what all plots share: terminals, colours, axes
#
# A plot's script is called as  gnuplot -e "dir='results/analysis'" NAME.gp ,
# loads this and dir/plots/params.gp (arms, tasks), and writes
# dir/plots/NAME.svg and NAME.png. Colours are Okabe and Ito's, which the
# colour-blind tell apart; each arm has a mark of its own besides.

if (!exists("dir")) dir = 'results/analysis'
load dir.'/plots/params.gp'

array COLOUR[8] = [0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, \
                   0x56B4E9, 0x000000, 0x999999]
array MARK[8] = [7, 5, 9, 13, 11, 15, 4, 6]
colour(a) = COLOUR[(a - 1) % 8 + 1]
mark(a) = MARK[(a - 1) % 8 + 1]

# 16 of a width of 960 are 8 points on a page 17 cm wide
FONT = 'DejaVu Sans'
SIZE = '16'

# An SVG's <title> is what browsers show under the pointer. gnuplot names curves
# without an entry in the key gnuplot_plot_N, and the whole Gnuplot.
finish(name) = system("sed -i -e 's|<title>gnuplot_plot_[0-9]*[a-z]*</title>||' ".\
    "-e 's|<title>Gnuplot</title>|<title>".name."</title>|' '".dir."/plots/".name.".svg'")

set encoding utf8
set border 3 linecolor rgb '#444444' linewidth 1
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set grid ytics linetype 1 linecolor rgb '#e3e6e9' linewidth 1
set key outside top center horizontal Left reverse samplen 2 spacing 1.2 textcolor rgb '#222222'
set style fill transparent solid 0.18 noborder
unset mouse
