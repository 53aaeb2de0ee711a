.section .text._start, "ax"
.globl _start
_start:
    la sp, 0x18000
    call kernel
    .word 0x08000073
