#!/usr/bin/env python3
"""Golden values of lib/stat from scipy and numpy.

    python3 make.py > golden.txt

Each line: NAME, the argument values, "=", the expected values. Samples are
lists in brackets. tests/unit/stat_golden.c reads it.
"""
import numpy as np
import scipy
from scipy import stats as S
from scipy.special import comb

print(f"# scipy {scipy.__version__}, numpy {np.__version__}")


def num(v):
    if isinstance(v, (list, np.ndarray)):
        return "[ " + " ".join(repr(float(x)) for x in v) + " ]"
    return repr(float(v))


def line(name, args, want):
    print(name, *map(num, args), "=", *map(num, want))


for x in (-8.5, -3, -0.25, 0.5, 1.959963984540054, 5, 12, 30):
    line("normal", [x], [S.norm.sf(x), S.norm.cdf(x)])
for x in (-40, -2.5, -0.1, 0.3, 1, 4.604094871415897, 50):
    for df in (1, 2.7, 4, 8, 30.5, 200):
        line("t", [x, df], [S.t.sf(x, df), S.t.cdf(x, df)])
for x in (1e-3, 0.2, 1, 3.3, 6.388232908695868, 20, 500):
    for a, b in ((1, 1), (4, 4), (2.5, 7), (9, 4), (19, 19), (120, 60)):
        line("f", [x, a, b], [S.f.sf(x, a, b), S.f.cdf(x, a, b)])
for x in (1e-3, 0.5, 4, 11.1, 60):
    for df in (1, 4, 9.5, 40):
        line("chi2", [x, df], [S.chi2.sf(x, df), S.chi2.cdf(x, df)])
for q in (1e-6, 0.005, 0.025, 0.05, 0.2, 0.5, 0.8, 0.975):
    line("normal_isf", [q], [S.norm.isf(q)])
    for df in (1, 4, 5.8, 50):
        line("t_isf", [q, df], [S.t.isf(q, df)])
        line("chi2_isf", [q, df], [S.chi2.isf(q, df)])
    for a, b in ((4, 4), (1, 8), (19, 3)):
        line("f_isf", [q, a, b], [S.f.isf(q, a, b)])

rng = np.random.default_rng(20)
for nx, ny, sx in ((5, 5, 1), (5, 5, 4), (3, 8, 2), (2, 2, 1), (12, 9, 0.3)):
    x = np.round(rng.normal(0.4, 0.02 * sx, nx), 4)
    y = np.round(rng.normal(0.41, 0.02, ny), 4)
    line("describe", [x], [x.mean(), x.var(ddof=1), np.median(x),
                           np.quantile(x, 0.1), S.trim_mean(x, 0.25)])
    one = S.ttest_1samp(x, 0)
    ci = one.confidence_interval(0.95)
    line("one", [x], [one.statistic, one.pvalue, ci.low, ci.high])
    w = S.ttest_ind(x, y, equal_var=False)
    ci = w.confidence_interval(0.95)
    line("welch", [x, y], [w.statistic, w.df, w.pvalue, ci.low, ci.high])
    m = 0.02
    line("tost", [x, y, m],
         [S.ttest_ind(x + m, y, equal_var=False, alternative="greater").pvalue,
          S.ttest_ind(x - m, y, equal_var=False, alternative="less").pvalue])
    r = x.var(ddof=1) / y.var(ddof=1)
    line("var_f", [x, y],
         [r, S.f.sf(r, nx - 1, ny - 1),
          r / S.f.isf(0.025, nx - 1, ny - 1), r / S.f.isf(0.975, nx - 1, ny - 1)])
    v = x.var(ddof=1) * (nx - 1)
    line("var_ci", [x], [v / S.chi2.isf(0.025, nx - 1),
                         v / S.chi2.isf(0.975, nx - 1)])
    if min(nx, ny) > 2:
        bf = S.levene(x, y, center="median")
        line("bf", [x, y], [bf.statistic, bf.pvalue])
    if nx == ny and nx > 2:
        p = S.ttest_rel(x, y)
        ci = p.confidence_interval(0.95)
        line("paired", [x, y], [p.statistic, p.pvalue, ci.low, ci.high])
        line("tost_paired", [x, y, m],
             [S.ttest_rel(x + m, y, alternative="greater").pvalue,
              S.ttest_rel(x - m, y, alternative="less").pvalue])

for n in (3, 5, 8, 12):
    x = rng.normal(0.3, 1, n)
    y = rng.normal(0, 1, n)
    p = [S.permutation_test((x - y,), np.sum, permutation_type="samples",
                            vectorized=True, alternative=alt,
                            n_resamples=np.inf).pvalue
         for alt in ("greater", "less")]
    line("exchange", [x, y], p)

for b, c in ((0, 0), (5, 0), (3, 9), (40, 61), (2, 2), (1200, 1300)):
    line("mcnemar", [b, c],
         [S.binomtest(min(b, c), b + c, 0.5).pvalue if b + c else 1.0])

for ps in ([0.01, 0.04, 0.03, 0.005], [0.5, 0.2, 0.9], [0.02, 0.02, 0.02]):
    order = np.argsort(ps, kind="stable")
    adj, top = np.empty(len(ps)), 0.0
    for i, j in enumerate(order):
        top = max(top, min(1, (len(ps) - i) * ps[j]))
        adj[j] = top
    line("holm", [ps], [adj])

for n, c, k in ((64, 3, 1), (64, 3, 8), (64, 60, 8), (16, 0, 4), (5, 5, 5)):
    line("pass", [n, c, k], [1 - comb(n - c, k) / comb(n, k)])

# TOST at a true difference of 0 by simulation of the law of (mean, s^2) of
# equal-sized arms, 4e6 draws: three digits.
for n, margin, sd in ((5, 0.02, 0.01), (5, 0.02, 0.02), (10, 0.02, 0.015)):
    g = np.random.default_rng(7)
    df, se = 2 * n - 2, sd * np.sqrt(2 / n)
    d = g.normal(0, se, 4_000_000)
    s = se * np.sqrt(g.chisquare(df, 4_000_000) / df)
    line("tost_power", [margin, se, df],
         [np.mean(np.abs(d) < margin - S.t.isf(0.05, df) * s)])
