/* torch 2.15.0: make_torch_accumulate.py */
static const struct {
    int tied;
    uint64_t input, grad;
} torch_accumulate[2] = {
    {0, 0x46284fac910863e4u, 0xf86cad832d8e9aa6u},
    {1, 0x102bb86b5a5604f4u, 0xbc203649d3d3f7e3u},
};
