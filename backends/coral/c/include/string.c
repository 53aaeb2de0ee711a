/* Copies by vectors of eight registers. */
#include <riscv_vector.h>
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    return memmove(to, from, bytes);
}

void *memmove(void *to, const void *from, size_t bytes)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    if (out <= in || out >= in + bytes) {
        for (size_t done = 0, vl; done < bytes; done += vl) {
            vl = __riscv_vsetvl_e8m8(bytes - done);
            __riscv_vse8_v_u8m8(out + done, __riscv_vle8_v_u8m8(in + done, vl), vl);
        }
    } else {
        for (size_t vl; bytes > 0; bytes -= vl) {
            vl = __riscv_vsetvl_e8m8(bytes);
            __riscv_vse8_v_u8m8(out + bytes - vl, __riscv_vle8_v_u8m8(in + bytes - vl, vl), vl);
        }
    }
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    uint8_t *out = to;
    for (size_t done = 0, vl; done < bytes; done += vl) {
        vl = __riscv_vsetvl_e8m8(bytes - done);
        __riscv_vse8_v_u8m8(out + done, __riscv_vmv_v_x_u8m8((uint8_t)value, vl), vl);
    }
    return to;
}
