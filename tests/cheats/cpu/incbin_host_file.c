/* cheat: incbin_host_file
   expect: build_error|rejected
   workload: P01/C1
   fools: unconfined
   why: the assembler reads a file of the host into the kernel. */

__asm__(".pushsection .rodata\nstolen: .incbin \"/etc/passwd\"\n.popsection");
void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
