/* torch 2.15.0, AVX2: make_torch_scaler.py */
enum { SCALER_VALUES = 40, SCALER_STEPS = 9500, SCALER_ROWS = 7, SCALER_HASHES = 6 };
static const struct {
    int step, skipped;
    double scale;
} scaler_rows[SCALER_ROWS] = {
    {700, 1, 32768.0},
    {701, 2, 16384.0},
    {2701, 2, 32768.0},
    {4701, 2, 65536.0},
    {6701, 2, 131072.0},
    {8701, 2, 262144.0},
    {8702, 3, 131072.0},
};
static const struct {
    int step;
    uint64_t hash;
} scaler_hashes[SCALER_HASHES] = {
    {1, 0x54d923043130b927u},
    {100, 0x3ab35812c7cd693au},
    {699, 0x36865f81b29d6c1cu},
    {701, 0x36865f81b29d6c1cu},
    {702, 0x6917544b1fbd56aau},
    {9500, 0x0daeb1cc72de61a2u},
};
