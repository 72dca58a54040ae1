"""mismatch_verl.h: verl's figures of the mismatch on eight tokens.

    python make_mismatch.py >mismatch_verl.h

The formulas of verl 0.9.1 (trainer/ppo/rollout_corr_helper.py,
utils/debug/metrics.py) in float64.
"""
import numpy as np

p_log = np.array([-0.5, -1.25, -0.03125, -3, -2, -0.75, -6, -0.25])
q_log = np.array([-0.5, -1.0, -0.0625, -3.5, -2, -0.5, -4, -0.375])
x = p_log - q_log
p, q = np.exp(p_log), np.exp(q_log)
r = np.exp(np.clip(x, -20, 20))


def ess(w):
    return 1 / np.mean((w / w.mean()) ** 2)


for name, v in (("m.dp / 8", np.abs(p - q).mean()),
                ("m.dp_max", np.abs(p - q).max()),
                ("m.cov / sqrt(m.var_p * m.var_q)", np.corrcoef(p, q)[0, 1]),
                ("m.kl / 8", -x.mean()), ("m.k3 / 8", (r - x - 1).mean()),
                ("m.rho2 / 8 - 1", (r * r).mean() - 1),
                ("m.w * m.w / (8 * m.w2)", ess(r)),
                ("cut.w * cut.w / (8 * cut.w2)", ess(np.minimum(r, 1.25)))):
    print(f"    T_NEAR({name}, {float(v)!r}, 1e-12, 0);")
