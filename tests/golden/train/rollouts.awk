# rollouts - made-up rewarded rollouts as JSON lines: STEPS steps of P groups
# of N samples; SAME=1: every sample of a group alike (nothing to learn)
BEGIN {
    srand(SEED)
    for (s = 0; s < STEPS; s++)
        for (p = 0; p < P; p++) {
            np = 3 + int(rand() * 5)
            prompt = ""
            for (i = 0; i < np; i++)
                prompt = prompt (i ? "," : "") int(rand() * 400)
            for (k = 0; k < N; k++) {
                nr = 1 + int(rand() * 8)
                r = ""; lp = ""
                for (i = 0; i < nr; i++) {
                    r = r (i ? "," : "") int(rand() * 400)
                    lp = lp (i ? "," : "") "-" (5.5 + rand())
                }
                ok = SAME ? p % 2 : (p + k) % 3 == 0
                printf "{\"id\":\"p%d\",\"step\":%d,\"sample\":%d," \
                    "\"prompt_tokens\":[%s],\"response_tokens\":[%s]," \
                    "\"response_logprobs\":[%s],\"correct\":%s," \
                    "\"reward\":%d}\n", p, s, k, prompt, r, lp, \
                    ok ? "true" : "false", ok ? 1 : -1
            }
        }
}
