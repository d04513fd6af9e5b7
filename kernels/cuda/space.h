#pragma once
// The kernels and the backend over them are compiled twice: by nvcc for a card, and as C++ for the emulation of the tests
// (SCALEWRIGHT_SIMT, tests/testkit/simt). The two live in namespaces of their own, so that a program can hold both.

#ifdef SCALEWRIGHT_SIMT
#define SCALEWRIGHT_CUDA_SPACE cuda_emulated
#else
#define SCALEWRIGHT_CUDA_SPACE cuda
#endif
