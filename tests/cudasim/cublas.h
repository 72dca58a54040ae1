/* cublas - what a test may set in the simulator's cuBLASLt, and ask of it */
#ifndef ULP_CUDASIM_CUBLAS_H
#define ULP_CUDASIM_CUBLAS_H

struct cudasim_cublas {
    int missing;   /* the loader does not find it */
    int stiff;     /* an algorithm serves only the sizes it was found for */
    long found;    /* calls of the heuristic so far */
    long products; /* matmuls so far */
    long split;    /* of them, those whose algorithm splits K */
    long alive;    /* handles, descriptors and layouts not yet destroyed */
};

#ifdef __cplusplus
extern "C" {
#endif
extern struct cudasim_cublas cudasim_cublas;
#ifdef __cplusplus
}
#endif

#endif
